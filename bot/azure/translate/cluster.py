"""Managed clusters, as facts."""

from urllib.parse import urlsplit

from bot.azure.translate.shapes import Json, dig, ids, items, minutes, references, texts, whole
from bot.domain.egress.facts import ClusterFacts
from bot.domain.egress.fleet import RequiredEndpoint
from bot.domain.egress.pools import NodePool
from bot.domain.egress.values import ClusterRef, PathKind
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
    state = str(dig(properties, "provisioningState") or "")
    profile, leaves_yet = _profile(declared, state, balancer, nat)
    wanted = nat if "managednat" in declared.lower() else balancer
    counts = dig(wanted, "managedOutboundIPs") or dig(wanted, "managedOutboundIPProfile")
    idle, access = dig(profile, "idleTimeoutInMinutes"), dig(properties, "apiServerAccessProfile")
    return ClusterFacts(
        ref=ref_from_json(body),
        declared=declared,
        state=state,
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
        is_private=bool(dig(access, "enablePrivateCluster")),
        reaches_api_inside=bool(dig(access, "enablePrivateCluster") or dig(access, "enableVnetIntegration")),
        authorized_ranges=texts(access, "authorizedIPRanges"),
        is_running=str(dig(properties, "powerState", "code") or "Running").lower() == "running",
        node_resource_group=str(dig(properties, "nodeResourceGroup") or ""),
        application_gateway=_application_gateway(properties),
        is_basic=str(dig(network, "loadBalancerSku")).lower() == "basic",
        is_unbounded=_is_unbounded(properties),
        pod_network=str(dig(network, "networkPluginMode") or dig(network, "networkPlugin") or "").lower(),
        leaves_yet=leaves_yet,
        virtual_nodes=_text(dig(_addon(properties, "aciConnectorLinux"), "SubnetName")),
    )


def _profile(declared: str, state: str, balancer: object, nat: object) -> tuple[object, PathKind | None]:
    """The profile that tells the outbound IPs, and what they belong to where that is not the declared type's.

    Until a change of the outbound type has succeeded, the IPs in use stand in the profile of the one before.
    """
    is_nat = "managednat" in declared.lower()
    profile, other = (nat, balancer) if is_nat else (balancer, nat)
    kind = PathKind.LOAD_BALANCER if is_nat else PathKind.NAT_GATEWAY
    has_ips = [bool(items(each, "effectiveOutboundIPs")) for each in (profile, other)]
    is_between = bool(state) and state.lower() != "succeeded"
    if has_ips[0] and is_between and declared.lower() in ("none", "block"):
        return profile, PathKind.LOAD_BALANCER
    if is_between and has_ips == [False, True]:
        return other, kind
    return profile, None


def _is_unbounded(properties: object) -> bool:
    """Whether nodes come and go that no pool shows: node auto-provisioning, or system pools that AKS hosts.

    Sources, read 2026-11: https://learn.microsoft.com/azure/aks/node-auto-provisioning and
    https://learn.microsoft.com/azure/aks/automatic/aks-automatic-managed-system-node-pools-about.
    """
    mode = str(dig(properties, "nodeProvisioningProfile", "mode") or "")
    return mode.lower() == "auto" or not items(properties, "agentPoolProfiles")


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
    """Read the cluster reference from a body.

    Raises:
        UnknownShape: The id is missing or is not a resource id.
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
        uid=dig(body, "properties", "resourceUID"),
    )


def pool_from_json(body: Json) -> NodePool:
    """A node pool; one of virtual machines shows its nodes by size."""
    surge = dig(body, "upgradeSettings", "maxSurge")
    count, most, is_scaled = _size(body)
    return NodePool(
        name=str(body.get("name", "")),
        subnet_id=_lower(body.get("vnetSubnetID")),
        pod_subnet_id=_lower(body.get("podSubnetID")),
        count=count,
        max_count=most,
        autoscaling=is_scaled,
        max_surge=str(surge) if surge else None,
        mode=str(body.get("mode") or "User"),
        node_public_ip=bool(body.get("enableNodePublicIP")),
        node_ip_prefix_id=_lower(body.get("nodePublicIPPrefixID")),
        gateway_prefix_size=whole(dig(body, "gatewayProfile", "publicIPPrefixSize")),
        is_running=str(dig(body, "powerState", "code") or "Running").lower() == "running",
        is_spot=str(body.get("scaleSetPriority")).lower() == "spot",
        is_scale_set=str(body.get("type") or "VirtualMachineScaleSets").lower() == "virtualmachinescalesets",
    )


def _size(body: Json) -> tuple[int, int | None, bool]:
    """Nodes that are wanted, the autoscaler's most, and whether it is on; a pool of virtual machines counts by size.

    Such a pool says what is there, what is wanted by hand, and what an autoscaler may reach.
    Source: https://learn.microsoft.com/azure/aks/virtual-machines-node-pools, read 2026-11.
    """
    scale = dig(body, "virtualMachinesProfile", "scale")
    if str(body.get("type")).lower() != "virtualmachines" or not isinstance(scale, dict):
        return whole(body.get("count")) or 0, whole(body.get("maxCount")), bool(body.get("enableAutoScaling"))
    by_hand = sum(whole(one.get("count")) or 0 for one in items(scale, "manual"))
    found = scale.get("autoscale")
    profiles = items(scale, "autoscale") or ([found] if isinstance(found, dict) else [])
    least, most = (sum(whole(one.get(key)) or 0 for one in profiles) for key in ("minCount", "maxCount"))
    there = items(body, "virtualMachineNodesStatus")
    count = sum(whole(one.get("count")) or 0 for one in there) if there else by_hand + least
    return count, by_hand + most if profiles else None, bool(profiles)


def _lower(id_: object) -> str | None:
    return str(id_).lower() if id_ else None


def _own(profile: object) -> tuple[str, ...]:
    """Addresses and prefixes that the customer brought, nested or not; a NAT gateway's are plain strings."""
    addresses = references(profile, "outboundIPs", "publicIPs") or references(profile, "outboundIPs")
    prefixes = references(profile, "outboundIPPrefixes", "publicIPPrefixes") or references(
        profile, "outboundIPPrefixes"
    )
    return (*addresses, *prefixes)


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
