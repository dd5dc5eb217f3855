"""The way that a cluster's traffic takes: its nodes' addresses, its route, the firewall that the route leads to."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, ip_address, ip_network

from bot.sandbox.arm import template
from bot.sandbox.arm.egress import in_node_group
from bot.sandbox.arm.ids import CLUSTER, FIREWALL, HUB, ResourceId, parse_id
from bot.sandbox.arm.links import reference
from bot.sandbox.arm.wire import Json
from bot.sandbox.arm.world import World

_FIRST_HOST = 4
"""Azure keeps the first four addresses of a subnet for itself."""
_PODS_FROM = 40
"""Where the addresses of pods begin in the simulated pod subnets."""


@dataclass(frozen=True, slots=True)
class Way:
    """How the traffic of one pod leaves.

    Args:
        source: The address that a firewall on the way sees.
        firewall: The id of the firewall, in lower case; empty if there is none.
        outbound: The cluster's outbound type.
    """

    source: str
    firewall: str
    outbound: str


def way_out(world: World, cluster: str, *, address: str, node: int = 0) -> Way:
    """The way from a node of a cluster to an address.

    Args:
        world: The tenant.
        cluster: The cluster's id in lower case.
        address: The destination.
        node: The number of the node, from 0; beyond the last node they are counted again.
    """
    body = world.view_key(cluster)
    if body is None:
        return Way("", "", "none")
    profile = body["properties"]["networkProfile"]
    subnet = parse_id(subnet_of(body, node))
    source = _source(world, body, subnet, node)
    hop = _next_hop(world, subnet, address) if subnet and profile["outboundType"] == "userDefinedRouting" else ""
    return Way(source, _firewall(world, subnet, hop) if subnet and hop else "", profile["outboundType"])


def cluster_key(world: World, name: object) -> str:
    """The id, in lower case, of the cluster with this name or id.

    Raises:
        ValueError: If there is none, or several.
    """
    wanted = str(name or "").lower()
    found = [key for key, body in world.views(CLUSTER) if wanted in (key, str(body["name"]).lower())]
    if len(found) != 1:
        raise ValueError(f"There {'are several clusters' if found else 'is no cluster'} {name}.")
    return found[0]


def _pool_of(cluster: Json, node: int) -> tuple[Json, int]:
    """The pool that holds a node, and the node's number among all."""
    pools = cluster["properties"]["agentPoolProfiles"]
    total = sum(pool.get("count") or 0 for pool in pools) or 1
    number = left = node % total
    for pool in pools:
        if left < (pool.get("count") or 0):
            return pool, number
        left -= pool.get("count") or 0
    return pools[0], number


def subnet_of(cluster: Json, node: int) -> str:
    """The id of the subnet that a node is in."""
    pool, _number = _pool_of(cluster, node)
    own: str = pool.get("vnetSubnetID") or ""
    return own or f"{in_node_group(cluster, 'virtualNetworks', template.node_network(cluster)).text}/subnets/aks-subnet"


def _source(world: World, cluster: Json, subnet: ResourceId | None, node: int) -> str:
    """A pod has an address of its own only with a pod subnet; else the node's address is seen outside the network.

    https://learn.microsoft.com/azure/aks/concepts-network-cni-overview (read 2026-11).
    """
    pool, number = _pool_of(cluster, node)
    pods = parse_id(pool.get("podSubnetID") or "")
    block = _block(world, pods or subnet)
    return str(block[min(number + (_PODS_FROM if pods else _FIRST_HOST), block.num_addresses - 1)])


def _block(world: World, subnet: ResourceId | None) -> IPv4Network:
    inner = ((world.view(subnet) if subnet else None) or {"properties": {}})["properties"]
    blocks = [inner.get("addressPrefix"), *(inner.get("addressPrefixes") or ())]
    return IPv4Network(next((block for block in blocks if block and ":" not in block), template.NODE_SUBNET))


def _next_hop(world: World, subnet: ResourceId, address: str) -> str:
    """The appliance that the longest matching route names; empty if it leads elsewhere."""
    inside = world.view(subnet)
    table = parse_id(reference(inside, "routeTable")) if inside else None
    routes = [
        each["properties"]
        for each in ((world.view(table) if table else None) or {}).get("properties", {}).get("routes", [])
    ]
    fitting = [route for route in routes if _covers(route["addressPrefix"], address)]
    if not fitting:
        return ""
    best = max(fitting, key=lambda route: ip_network(route["addressPrefix"]).prefixlen)
    return str(best.get("nextHopIpAddress") or "") if best["nextHopType"] == "VirtualAppliance" else ""


def _covers(prefix: str, address: str) -> bool:
    try:
        return ip_address(address) in ip_network(prefix)
    except ValueError:
        return False


def _firewall(world: World, subnet: ResourceId, hop: str) -> str:
    """The firewall with this private address in the network, in a network that it is peered with, or in its hub."""
    network = subnet.parent.key if subnet.parent else ""
    body = world.view_key(network) or {"properties": {}}
    peers = {reference(each, "remoteVirtualNetwork") for each in body["properties"].get("virtualNetworkPeerings") or []}
    for key, firewall in world.views(FIREWALL):
        inner = firewall["properties"]
        if (inner.get("hubIPAddresses") or {}).get("privateIPAddress") == hop and _is_in_hub(world, firewall, network):
            return key
        if any(network_of(each) in {network, *peers} for each in _configurations(inner, hop)):
            return key
    return ""


def _configurations(inner: Json, hop: str) -> Iterator[Json]:
    yield from (
        each for each in inner.get("ipConfigurations") or [] if each["properties"].get("privateIPAddress") == hop
    )


def network_of(configuration: Json) -> str:
    """The network that a firewall's configuration lies in, in lower case."""
    return reference(configuration, "subnet").split("/subnets/")[0]


def _is_in_hub(world: World, firewall: Json, network: str) -> bool:
    hub = world.view_key(reference(firewall, "virtualHub")) or {"properties": {}}
    for key, body in world.views(f"{HUB}/hubvirtualnetworkconnections"):
        if key.startswith(f"{str(hub.get('id', '')).lower()}/") and reference(body, "remoteVirtualNetwork") == network:
            return True
    return False
