"""The changes of an AKS egress update in the node resource group, decided when it is accepted."""

import hashlib
from dataclasses import dataclass

from bot.sandbox.arm import balancers, etags, template
from bot.sandbox.arm.addresses import allocate
from bot.sandbox.arm.balancers import network_id
from bot.sandbox.arm.ids import ResourceId, parse_id
from bot.sandbox.arm.wire import Json
from bot.sandbox.arm.world import World

Writes = dict[str, Json | None]

PROFILES = {
    "loadBalancer": "loadBalancerProfile",
    "managedNATGateway": "natGatewayProfile",
    "managedNATGatewayV2": "natGatewayProfile",
}
"""The profile that an outbound type reads."""


@dataclass(frozen=True, slots=True)
class Wish:
    """The addresses that a network profile asks for: counts of managed ones, or ids of one's own."""

    v4: int = 0
    v6: int = 0
    own: tuple[str, ...] = ()


def effective(network: Json) -> list[str]:
    """The ids of the outbound IPs (or prefixes) that a network profile reports."""
    profile = network.get(PROFILES.get(network["outboundType"], "")) or {}
    return [entry["id"] for entry in profile.get("effectiveOutboundIPs") or []]


def wish(network: Json) -> Wish:
    """Read what is asked for; a NAT gateway's own IPs are plain strings, a load balancer's are references."""
    profile = network.get(PROFILES.get(network["outboundType"], "")) or {}
    managed = profile.get("managedOutboundIPs") or profile.get("managedOutboundIPProfile")
    if managed:
        return Wish(managed.get("count") or 0, managed.get("countIPv6") or 0)
    own = (profile.get("outboundIPs") or {}).get("publicIPs") or []
    prefixes = (profile.get("outboundIPPrefixes") or {}).get("publicIPPrefixes") or []
    return Wish(own=tuple(entry if isinstance(entry, str) else entry["id"] for entry in (*own, *prefixes)))


def plan(world: World, old: Json, new: Json) -> tuple[list[str], Writes]:
    """The outbound ids after an update from one cluster body to another, and all writes that it takes.

    Addresses that stay keep their place and new ones are appended; which ones go is AKS's choice, not the last ones.
    """
    network = new["properties"]["networkProfile"]
    wanted = wish(network)
    before = effective(old["properties"]["networkProfile"]) if _same_carrier(old, new) else []
    leaving = [target for target in effective(old["properties"]["networkProfile"]) if target not in before]
    group = new["properties"]["nodeResourceGroup"]
    managed = _managed(before, group)
    writes: Writes = {}
    kept: list[str] = list(wanted.own)
    if not wanted.own:
        for version, count in (("IPv4", wanted.v4), ("IPv6", wanted.v6)):
            kept += _grown(world, new, [m for m in managed if _version(world, m) == version], (version, count), writes)
    kept = [target for target in before if target in kept] + [target for target in kept if target not in before]
    writes |= {target.lower(): None for target in (*managed, *_managed(leaving, group)) if target not in kept}
    writes |= _carriers(world, new, kept)
    return kept, writes


def _same_carrier(old: Json, new: Json) -> bool:
    """Return whether outbound IPs stay where they are: on another carrier, or another SKU of it, all are new."""
    kinds = []
    for body in (old, new):
        network = body["properties"]["networkProfile"]
        name = PROFILES.get(network["outboundType"])
        kinds.append((name, str((network.get(name or "") or {}).get("sku") or "Standard").lower()))
    return kinds[0] == kinds[1]


def _managed(targets: list[str], group: str) -> list[str]:
    return [target for target in targets if f"/resourcegroups/{group}/".lower() in target.lower()]


def _grown(world: World, cluster: Json, have: list[str], goal: tuple[str, int], writes: Writes) -> list[str]:
    version, count = goal
    stay = sorted(have, key=lambda target: hashlib.sha256(target.lower().encode()).hexdigest())[:count]
    for _ in range(count - len(stay)):
        rid, body = _new_address(world, cluster, version, writes)
        writes[rid.key] = body
        stay.append(rid.text)
    return stay


def _new_address(world: World, cluster: Json, version: str, writes: Writes) -> tuple[ResourceId, Json]:
    name = etags.new_guid() + ("-ipv6" if version == "IPv6" else "")
    cluster_id = parse_id(cluster["id"])
    subscription = cluster_id.subscription if cluster_id else ""
    rid = network_id(subscription, cluster["properties"]["nodeResourceGroup"], "publicIPAddresses", name)
    taken = [str(body["properties"].get("ipAddress")) for body in writes.values() if body]
    reserved = [*world.reserved_addresses(), *taken]
    address = allocate(world.store, rid.key, version, reserved=reserved)
    return rid, balancers.public_ip(rid, cluster["location"], address, tags=managed_tags(cluster))


def managed_tags(cluster: Json) -> Json:
    """The tags that AKS puts on addresses that it manages."""
    rid = parse_id(cluster["id"])
    return {
        "aks-managed-cluster-name": cluster["name"],
        "aks-managed-cluster-rg": rid.group if rid else "",
        "aks-managed-type": "aks-slb-managed-outbound-ip",
    }


def _version(world: World, target: str) -> str:
    body = world.store.get(target.lower()) or {"properties": {}}
    return str(body["properties"].get("publicIPAddressVersion", "IPv4"))


def _carriers(world: World, cluster: Json, outbound: list[str]) -> Writes:
    network = cluster["properties"]["networkProfile"]
    through_nat = PROFILES.get(network["outboundType"]) == "natGatewayProfile"
    balancer = _balancer(world, cluster, [] if through_nat else outbound)
    nat = _nat(world, cluster, outbound if through_nat else [])
    return {**balancer, **nat, **_attached(world, cluster, nat)}


def _attached(world: World, cluster: Json, nat: Writes) -> Writes:
    """The network that AKS made for the nodes, with its subnet on the NAT gateway, or on none."""
    network = in_node_group(cluster, "virtualNetworks", template.node_network(cluster))
    body = world.store.get(network.key)
    if body is None or not nat:
        return {}
    gateway = next((made["id"] for made in nat.values() if made), None)
    subnets = [_on_gateway(subnet, gateway) for subnet in body["properties"]["subnets"]]
    changed = {**body, "properties": {**body["properties"], "subnets": subnets}}
    return {network.key: balancers.settled(network, changed)}


def _on_gateway(subnet: Json, gateway: str | None) -> Json:
    inner = {name: value for name, value in subnet["properties"].items() if name != "natGateway"}
    return {**subnet, "properties": {**inner, **({"natGateway": {"id": gateway}} if gateway else {})}}


def _balancer(world: World, cluster: Json, outbound: list[str]) -> Writes:
    rid = in_node_group(cluster, "loadBalancers", "kubernetes")
    old = world.store.get(rid.key)
    frontends = (old or {"properties": {}})["properties"].get("frontendIPConfigurations", [])
    ingress = [frontend for frontend in frontends if "outboundRules" not in frontend["properties"]]
    egress = [balancers.egress_frontend(rid, target) for target in outbound]
    if not ingress and not egress:
        return {rid.key: None} if old else {}
    profile = cluster["properties"]["networkProfile"].get("loadBalancerProfile") or {}
    ports, idle = profile.get("allocatedOutboundPorts") or 0, profile.get("idleTimeoutInMinutes") or 30
    return {rid.key: balancers.load_balancer(rid, cluster["location"], [*egress, *ingress], ports=ports, idle=idle)}


def _nat(world: World, cluster: Json, outbound: list[str]) -> Writes:
    group = f"/resourcegroups/{cluster['properties']['nodeResourceGroup']}/".lower()
    old = [key for key in world.store.of_type(balancers.NAT) if group in key]
    if not outbound:
        return dict.fromkeys(old)
    found = world.store.get(old[0]) if old else None
    name = found["name"] if found else f"aks-agentpool-{int(etags.guid_of(cluster['id'])[:6], 16)}-natgateway"
    rid = in_node_group(cluster, "natGateways", name)
    profile = cluster["properties"]["networkProfile"].get("natGatewayProfile") or {}
    prefixes = [target for target in outbound if "/publicipprefixes/" in target.lower()]
    v6 = [target for target in outbound if "-ipv6" in target]
    v4 = [target for target in outbound if target not in (*v6, *prefixes)]
    sku = "StandardV2" if str(profile.get("sku", "")).lower() == "standardv2" else "Standard"
    idle = profile.get("idleTimeoutInMinutes") or 4
    return {rid.key: balancers.nat_gateway(rid, cluster["location"], v4, v6=v6, prefixes=prefixes, sku=sku, idle=idle)}


def in_node_group(cluster: Json, kind: str, name: str) -> ResourceId:
    """The id of a network resource that AKS keeps for a cluster."""
    rid = parse_id(cluster["id"])
    return network_id(rid.subscription if rid else "", cluster["properties"]["nodeResourceGroup"], kind, name)
