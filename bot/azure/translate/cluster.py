"""Managed clusters, as facts."""

from urllib.parse import urlsplit

from bot.azure.translate.shapes import Json, dig, ids, items, minutes, texts, whole
from bot.domain.egress.facts import ClusterFacts
from bot.domain.egress.fleet import RequiredEndpoint
from bot.domain.egress.pools import NodePool
from bot.domain.egress.values import ClusterRef
from bot.errors import UnknownShape


def cluster_from_json(body: Json) -> ClusterFacts:
    """A managed cluster, from ARM or from Resource Graph.

    Raises:
        UnknownShape: The body has no id.
    """
    properties = body.get("properties")
    network = dig(properties, "networkProfile")
    balancer, nat = dig(network, "loadBalancerProfile"), dig(network, "natGatewayProfile")
    declared = str(dig(network, "outboundType") or "")
    profile = nat if "nat" in declared.lower() else balancer
    counts = dig(profile, "managedOutboundIPs") or dig(profile, "managedOutboundIPProfile")
    idle = dig(profile, "idleTimeoutInMinutes")
    return ClusterFacts(
        ref=ref_from_json(body),
        declared=declared,
        state=str(dig(properties, "provisioningState") or ""),
        etag=dig(body, "eTag"),
        pools=tuple(pool_from_json(pool) for pool in items(properties, "agentPoolProfiles")),
        effective=ids(items(profile, "effectiveOutboundIPs")),
        own=_own(profile),
        desired_ip_count=whole(dig(counts, "count")),
        desired_ipv6_count=whole(dig(counts, "countIPv6")),
        idle_timeout=minutes(idle) if idle is not None else DEFAULT_IDLE.get(declared.lower()),
        allocated_ports=_allocated(declared, balancer),
        nat_sku=_nat_sku(declared, nat),
        ip_families=texts(network, "ipFamilies") or ("IPv4",),
        http_proxy=_proxy(properties),
        is_private=bool(dig(properties, "apiServerAccessProfile", "enablePrivateCluster")),
        is_running=str(dig(properties, "powerState", "code") or "Running").lower() == "running",
        node_resource_group=str(dig(properties, "nodeResourceGroup") or ""),
        application_gateway=_application_gateway(properties),
        virtual_nodes=_text(dig(_addon(properties, "aciConnectorLinux"), "SubnetName")),
    )


DEFAULT_IDLE = {
    "loadbalancer": minutes(30),
    "managednatgateway": minutes(4),
    "managednatgatewayv2": minutes(4),
}
"""Idle timeouts where the cluster sets none.

Sources, read 2026-11: https://learn.microsoft.com/azure/aks/load-balancer-standard and
https://learn.microsoft.com/azure/aks/nat-gateway.
"""


def ref_from_json(body: Json) -> ClusterRef:
    """Which cluster a body is of.

    Raises:
        UnknownShape: The id is missing or is no resource id.
    """
    id_ = str(body.get("id", ""))
    parts = id_.split("/")
    if len(parts) < 9:
        raise UnknownShape(f"Azure listed a cluster without a usable id: {id_ or 'none'}.")
    found = body.get("tags")
    tags = found if isinstance(found, dict) else {}
    return ClusterRef(
        id=id_.lower(),
        name=str(body.get("name") or parts[8]),
        subscription=parts[2].lower(),
        resource_group=parts[4],
        location=str(body.get("location") or ""),
        tags=tuple(sorted((str(key), str(value)) for key, value in tags.items())),
    )


def pool_from_json(body: Json) -> NodePool:
    """A node pool."""
    surge = dig(body, "upgradeSettings", "maxSurge")
    return NodePool(
        name=str(body.get("name", "")),
        subnet_id=_lower(body.get("vnetSubnetID")),
        pod_subnet_id=_lower(body.get("podSubnetID")),
        count=whole(body.get("count")) or 0,
        min_count=whole(body.get("minCount")),
        max_count=whole(body.get("maxCount")),
        autoscaling=bool(body.get("enableAutoScaling")),
        max_surge=str(surge) if surge else None,
        mode=str(body.get("mode") or "User"),
        os=str(body.get("osType") or "Linux"),
        node_public_ip=bool(body.get("enableNodePublicIP")),
        node_ip_prefix_id=_lower(body.get("nodePublicIPPrefixID")),
        gateway_prefix_size=whole(dig(body, "gatewayProfile", "publicIPPrefixSize")),
        is_running=str(dig(body, "powerState", "code") or "Running").lower() == "running",
    )


def _lower(id_: object) -> str | None:
    return str(id_).lower() if id_ else None


def _own(profile: object) -> tuple[str, ...]:
    """Addresses and prefixes that the customer brought; load balancer and NAT gateway profiles nest them alike."""
    addresses = items(profile, "outboundIPs", "publicIPs") or items(profile, "outboundIPs")
    prefixes = items(profile, "outboundIPPrefixes", "publicIPPrefixes") or items(profile, "outboundIPPrefixes")
    return ids([*addresses, *prefixes])


def _allocated(declared: str, balancer: object) -> int | None:
    if declared.lower() != "loadbalancer":
        return None
    return whole(dig(balancer, "allocatedOutboundPorts")) or 0


def _nat_sku(declared: str, nat: object) -> str | None:
    """Its SKU in one spelling; the preview outbound type carries it in its name."""
    if "managednat" not in declared.lower():
        return None
    sku = str(dig(nat, "sku") or ("StandardV2" if declared.lower().endswith("v2") else "Standard"))
    return {"standard": "Standard", "standardv2": "StandardV2"}.get(sku.lower(), sku)


def _proxy(properties: object) -> str | None:
    """The proxy without the password that its URL may carry."""
    settings = dig(properties, "httpProxyConfig")
    url = dig(settings, "httpsProxy") or dig(settings, "httpProxy")
    if not url or dig(settings, "enabled") is False:
        return None
    parts = urlsplit(str(url))
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else str(url).rpartition("@")[2]


def _application_gateway(properties: object) -> str | None:
    settings = _addon(properties, "ingressApplicationGateway")
    return _lower(dig(settings, "effectiveApplicationGatewayId") or dig(settings, "applicationGatewayId"))


def _addon(properties: object, wanted: str) -> object:
    """The settings of an add-on that is on; Azure writes its name in more than one case."""
    addons = dig(properties, "addonProfiles")
    found = addons.items() if isinstance(addons, dict) else ()
    addon = next((addon for name, addon in found if name.lower() == wanted.lower()), None)
    return dig(addon, "config") if dig(addon, "enabled") else None


def _text(value: object) -> str | None:
    return str(value) if value else None


def endpoints_from_json(rows: list[Json]) -> tuple[RequiredEndpoint, ...]:
    """The published outbound dependencies; an endpoint without a port is shown with port 443, HTTPS's own."""
    return tuple(
        RequiredEndpoint(
            category=str(row.get("category", "")),
            domain=str(endpoint.get("domainName", "")).lower(),
            port=whole(detail.get("port")) or 443,
            protocol=str(detail.get("protocol") or "Https"),
        )
        for row in rows
        for endpoint in items(row, "endpoints")
        for detail in items(endpoint, "endpointDetails") or [{}]
    )
