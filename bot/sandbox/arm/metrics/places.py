"""Where traffic leaves from and through: nodes, subnets, frontends, next hops."""

from collections import defaultdict
from ipaddress import ip_network
from weakref import WeakKeyDictionary

from bot.sandbox.arm.egress import in_node_group
from bot.sandbox.arm.ids import CLUSTER, parse_id
from bot.sandbox.arm.links import reference
from bot.sandbox.arm.store import ResourceStore
from bot.sandbox.arm.template import NODE_SUBNET, node_network
from bot.sandbox.arm.wire import Json
from bot.sandbox.arm.world import World

TIERS = ((50, 1024), (100, 512), (200, 256), (400, 128), (800, 64), (1000, 32))
"""Ports of a node by the number of nodes
(https://learn.microsoft.com/azure/load-balancer/load-balancer-outbound-connections, read 2026-11)."""

RESERVED = 4
"""The first addresses of a subnet are Azure's own."""


class Leaving:
    """Which clusters leave through what; valid for one revision of the store."""

    def __init__(self, world: World) -> None:
        self.revision = world.store.revision
        self.by_group: dict[str, list[Json]] = defaultdict(list)
        self.by_subnet: dict[str, list[Json]] = defaultdict(list)
        self.by_hop: dict[tuple[str, str], list[Json]] = defaultdict(list)
        for cluster in world.store.of_type(CLUSTER).values():
            subscription = str(cluster["id"]).split("/")[2].lower()
            self.by_group[f"{subscription}/{cluster['properties']['nodeResourceGroup']}".lower()].append(cluster)
            for subnet in subnets(cluster):
                self.by_subnet[subnet].append(cluster)
            for hop in next_hops(world, cluster):
                self.by_hop[subscription, hop].append(cluster)


_KNOWN: WeakKeyDictionary[ResourceStore, Leaving] = WeakKeyDictionary()


def leaving(world: World) -> Leaving:
    """Which clusters leave through what, as of now."""
    known = _KNOWN.get(world.store)
    if known is None or known.revision != world.store.revision:
        known = _KNOWN[world.store] = Leaving(world)
    return known


def nodes(world: World, cluster: Json) -> list[str]:
    """The private addresses of a cluster's nodes, in the order of its pools."""
    found: list[str] = []
    taken: dict[str, int] = {}
    for pool in _pools(cluster):
        written = _range(world, str(pool.get("vnetSubnetID") or ""))
        first, count = taken.get(written, RESERVED), int(pool.get("count") or 0)
        found += [str(ip_network(written)[first + number]) for number in range(count)]
        taken[written] = first + count
    return found


def _range(world: World, subnet_id: str) -> str:
    subnet = parse_id(subnet_id)
    inner = ((world.view(subnet) if subnet else None) or {"properties": {}})["properties"]
    return str(inner.get("addressPrefix") or (inner.get("addressPrefixes") or [NODE_SUBNET])[0])


def subnets(cluster: Json) -> set[str]:
    """The lower-case ids of the subnets of a cluster's pools, or of the one that AKS made."""
    own = {str(pool["vnetSubnetID"]).lower() for pool in _pools(cluster) if pool.get("vnetSubnetID")}
    managed = in_node_group(cluster, "virtualNetworks", node_network(cluster)).key
    return own or {f"{managed}/subnets/aks-subnet"}


def next_hops(world: World, cluster: Json) -> set[str]:
    """The addresses that the routes of a cluster's subnets lead to."""
    views = [world.view(rid) for key in subnets(cluster) if (rid := parse_id(key))]
    names = {reference(body, "routeTable") for body in views if body} - {""}
    tables = [world.store.get(name) for name in sorted(names)]
    routes = [route["properties"] for table in tables if table for route in table["properties"].get("routes", [])]
    return {str(route["nextHopIpAddress"]) for route in routes if route.get("nextHopIpAddress")}


def frontends(world: World, balancer: Json) -> list[str]:
    """The IPv4 addresses of the frontends that outbound rules name; of a prefix, each one."""
    found: list[str] = []
    for frontend in balancer["properties"].get("frontendIPConfigurations", []):
        target = reference(frontend, "publicIPAddress") or reference(frontend, "publicIPPrefix")
        inner = (world.store.get(target) or {}).get("properties", {}) if target else {}
        written = inner.get("ipAddress") or inner.get("ipPrefix") or ""
        if "outboundRules" in frontend["properties"] and written and ":" not in written:
            found += [str(one) for one in ip_network(written)]
    return found


def allocated_ports(balancer: Json, count: int) -> int:
    """The ports of each of so many nodes: those of the outbound rule, or of Azure's table."""
    rules = balancer["properties"].get("outboundRules") or [{"properties": {}}]
    explicit = int(rules[0]["properties"].get("allocatedOutboundPorts") or 0)
    return explicit or next((ports for most, ports in TIERS if count <= most), TIERS[-1][1])


def private_ips(firewall: Json) -> set[str]:
    """The addresses at which a firewall is a next hop."""
    inner = firewall["properties"]
    private = [one["properties"].get("privateIPAddress") for one in inner.get("ipConfigurations") or ()]
    return {str(one) for one in (*private, (inner.get("hubIPAddresses") or {}).get("privateIPAddress")) if one}


def public_ips(firewall: Json) -> int:
    """How many public addresses a firewall has."""
    inner = firewall["properties"]
    hub = ((inner.get("hubIPAddresses") or {}).get("publicIPs") or {}).get("count")
    return int(hub or len(inner.get("ipConfigurations") or ()) or 1)


def _pools(cluster: Json) -> list[Json]:
    return list(cluster["properties"].get("agentPoolProfiles") or [])
