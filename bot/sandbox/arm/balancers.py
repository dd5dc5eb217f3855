"""The load balancer and NAT gateway that AKS keeps in a cluster's node resource group."""

from collections.abc import Sequence
from typing import Any

from bot.sandbox.arm import etags
from bot.sandbox.arm.ids import BALANCER, NAT, NETWORK, PREFIX, PUBLIC_IP, ResourceId, parse_id
from bot.sandbox.arm.wire import Json
from bot.sandbox.arm.writes import with_state

_STANDARD = {"name": "Standard", "tier": "Regional"}


def network_id(subscription: str, group: str, kind: str, name: str) -> ResourceId:
    """The id of a top-level Microsoft.Network resource."""
    return ResourceId(subscription, group, NETWORK, (kind,), (name,))


def settled(rid: ResourceId, body: Json) -> Json:
    """A body at rest: Succeeded, with an etag that follows from what is in it."""
    return with_state(rid, body, "Succeeded", etags.guid_of(rid.key, body))


def public_ip(rid: ResourceId, location: str, address: str, *, tags: Json | None = None) -> Json:
    """A static standard public IP address."""
    version = "IPv6" if ":" in address else "IPv4"
    properties = {
        "resourceGuid": etags.guid_of(rid.key, "guid"),
        "ipAddress": address,
        "publicIPAddressVersion": version,
        "publicIPAllocationMethod": "Static",
        "idleTimeoutInMinutes": 4,
        "ipTags": [],
        "ddosSettings": {"protectionMode": "VirtualNetworkInherited"},
    }
    body = {"name": rid.name, "id": rid.text, "location": location, "type": f"{NETWORK}/publicIPAddresses"}
    return settled(rid, {**body, "sku": _STANDARD, **({"tags": tags} if tags else {}), "properties": properties})


def load_balancer(rid: ResourceId, location: str, frontends: Sequence[Json], *, ports: int = 0, idle: int = 30) -> Json:
    """The ``kubernetes`` load balancer: egress frontends are those that an outbound rule refers to.

    Args:
        rid: Its id.
        location: Azure region.
        frontends: As ``egress_frontend`` and ``ingress_frontend`` make them.
        ports: Allocated outbound ports per node; 0 is automatic.
        idle: Idle timeout in minutes.
    """
    pool = {"id": f"{rid.text}/backendAddressPools/aksOutboundBackendPool"}
    egress = [f for f in frontends if "outboundRules" in f["properties"]]
    rules = [f for f in frontends if "loadBalancingRules" in f["properties"]]
    outbound = [_outbound_rule(rid, name, of, pool, (ports, idle)) for name, of in _by_version(egress).items()]
    names = ("kubernetes", "aksOutboundBackendPool") if egress else ("kubernetes",)
    properties = {
        "resourceGuid": etags.guid_of(rid.key, "guid"),
        "frontendIPConfigurations": list(frontends),
        "backendAddressPools": [{"name": name, "properties": {}} for name in names],
        "loadBalancingRules": [_inbound_rule(rid, frontend) for frontend in rules],
        "probes": [],
        "inboundNatRules": [],
        "outboundRules": outbound,
        "inboundNatPools": [],
    }
    body = {
        "name": rid.name,
        "id": rid.text,
        "type": f"{NETWORK}/loadBalancers",
        "location": location,
        "sku": _STANDARD,
    }
    return settled(rid, {**body, "properties": properties})


def egress_frontend(balancer: ResourceId, target: str) -> Json:
    """A frontend that nodes leave through: ``target`` is the id of a public IP or a prefix."""
    parsed = parse_id(target)
    name = target.rsplit("/", 1)[-1]
    field = "publicIPPrefix" if parsed and parsed.type_key == PREFIX else "publicIPAddress"
    rule = "aksOutboundRuleIPv6" if "-ipv6" in name else "aksOutboundRule"
    rules = [{"id": f"{balancer.text}/outboundRules/{rule}"}]
    return {
        "name": name,
        "properties": {"privateIPAllocationMethod": "Dynamic", field: {"id": target}, "outboundRules": rules},
    }


def ingress_frontend(balancer: ResourceId, service: str, address_id: str) -> Json:
    """A frontend of a public service."""
    rules = [{"id": f"{balancer.text}/loadBalancingRules/{service}-TCP-80"}]
    inner = {"privateIPAllocationMethod": "Dynamic", "publicIPAddress": {"id": address_id}, "loadBalancingRules": rules}
    return {"name": service, "properties": inner}


def nat_gateway(rid: ResourceId, location: str, addresses: Sequence[str], **settings: Any) -> Json:
    """A NAT gateway over public IPs; ``settings``: ``sku``, ``idle`` in minutes, ``prefixes``, ``tags``, ``v6``."""
    properties: Json = {
        "resourceGuid": etags.guid_of(rid.key, "guid"),
        "idleTimeoutInMinutes": settings.get("idle", 4),
        "publicIpAddresses": [{"id": address} for address in addresses],
    }
    for field, name in (("prefixes", "publicIpPrefixes"), ("v6", "publicIpAddressesV6")):
        if settings.get(field):
            properties[name] = [{"id": target} for target in settings[field]]
    sku = {"name": settings.get("sku") or "Standard", "tier": "Regional"}
    tags = {"tags": settings["tags"]} if settings.get("tags") else {}
    body = {
        "name": rid.name,
        "id": rid.text,
        "type": f"{NETWORK}/natGateways",
        "location": location,
        **tags,
        "sku": sku,
    }
    return settled(rid, {**body, "properties": properties})


def _by_version(frontends: Sequence[Json]) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    for frontend in frontends:
        rule = frontend["properties"]["outboundRules"][0]["id"].rsplit("/", 1)[-1]
        found.setdefault(rule, []).append(frontend)
    return found


def _outbound_rule(rid: ResourceId, name: str, frontends: list[Json], pool: Json, limits: tuple[int, int]) -> Json:
    references = [{"id": f"{rid.text}/frontendIPConfigurations/{frontend['name']}"} for frontend in frontends]
    ports, idle = limits
    inner = {
        "allocatedOutboundPorts": ports,
        "protocol": "All",
        "enableTcpReset": True,
        "idleTimeoutInMinutes": idle,
        "frontendIPConfigurations": references,
        "backendAddressPool": pool,
    }
    return {"name": name, "properties": inner}


def _inbound_rule(rid: ResourceId, frontend: Json) -> Json:
    pool = {"id": f"{rid.text}/backendAddressPools/kubernetes"}
    inner = {
        "frontendIPConfiguration": {"id": f"{rid.text}/frontendIPConfigurations/{frontend['name']}"},
        "frontendPort": 80,
        "backendPort": 80,
        "protocol": "Tcp",
        "enableFloatingIP": True,
        "disableOutboundSnat": True,
        "backendAddressPool": pool,
        "backendAddressPools": [pool],
    }
    return {"name": f"{frontend['name']}-TCP-80", "properties": inner}


__all__ = [
    "BALANCER",
    "NAT",
    "PUBLIC_IP",
    "egress_frontend",
    "ingress_frontend",
    "load_balancer",
    "nat_gateway",
    "network_id",
    "public_ip",
    "settled",
]
