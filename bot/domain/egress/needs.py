"""Works out which resources are still to be read to determine a cluster's egress; pure, so adapters only fetch.

The adapter asks ``missing``, fetches everything named in parallel, and asks again until nothing is missing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.egress.facts import (
    DELETED,
    AzureNetwork,
    ClusterFacts,
    Firewall,
    group_of,
    hub_name_of,
    is_prefix,
    subscription_of,
    vnet_of,
)
from bot.domain.egress.firewalls import firewall_at, name_of
from bot.domain.egress.path_query import MANAGED_NAT, is_managed, subnet_ids
from bot.domain.egress.routed import firewalls_of, hubs_of
from bot.domain.egress.routes import APPLIANCES, routed_internet
from bot.domain.egress.values import OutboundType


class ResourceKind(StrEnum):
    """A kind of resource, as its type is written in an id (provider ``Microsoft.Network``)."""

    ADDRESSES = "publicIPAddresses"
    PREFIXES = "publicIPPrefixes"
    VNETS = "virtualNetworks"
    ROUTE_TABLES = "routeTables"
    NAT_GATEWAYS = "natGateways"
    FIREWALLS = "azureFirewalls"
    LOAD_BALANCERS = "loadBalancers"
    HUBS = "virtualHubs"


@dataclass(frozen=True, slots=True, order=True)
class Need:
    """One thing to read.

    Args:
        kind: What.
        scope: The lower-case id of the resource; or of a resource group or subscription, for a list of all in it.
    """

    kind: ResourceKind
    scope: str

    @property
    def is_list(self) -> bool:
        """Whether it is a list."""
        return "/providers/" not in self.scope


def missing(cluster: ClusterFacts, network: AzureNetwork, asked: frozenset[Need]) -> frozenset[Need]:
    """List the resources to read next.

    Args:
        cluster: The cluster.
        network: What was read so far.
        asked: What was asked for so far, whether or not it could be read.
    """
    if cluster.outbound_type is OutboundType.BLOCK:
        return frozenset({Need(ResourceKind.ADDRESSES, cluster.node_group_id)}) - asked
    wanted = set(_vnets(cluster)) | set(_behind_subnets(cluster, network)) | set(_beside(cluster))
    if all(need in asked for need in wanted):
        wanted |= set(_leftovers(cluster, network, asked))
    return frozenset(wanted) - asked


def _vnets(cluster: ClusterFacts) -> Iterator[Need]:
    """A routed cluster needs its hub's VNet too: one list has both."""
    is_routed = cluster.outbound_type is OutboundType.USER_DEFINED_ROUTING
    for id_ in subnet_ids(cluster):
        yield Need(ResourceKind.VNETS, subscription_of(id_) if is_routed else vnet_of(id_))


def _beside(cluster: ClusterFacts) -> Iterator[Need]:
    """The addresses, and the load balancer where its rules tell ingress from egress."""
    type_ = cluster.outbound_type
    if type_ in (OutboundType.USER_DEFINED_ROUTING, OutboundType.USER_ASSIGNED_NAT_GATEWAY):
        yield Need(ResourceKind.ADDRESSES, subscription_of(cluster.ref.id))
        return
    ids = [*cluster.effective, *cluster.own, *([cluster.application_gateway] if cluster.application_gateway else [])]
    outside = [id_ for id_ in ids if not is_prefix(id_) and not is_managed(cluster, id_)]
    inside = all(subscription_of(id_) == subscription_of(cluster.ref.id) for id_ in outside)
    is_wide = outside and inside
    yield Need(ResourceKind.ADDRESSES, subscription_of(cluster.ref.id) if is_wide else cluster.node_group_id)
    if type_ is not OutboundType.NONE:
        yield Need(ResourceKind.LOAD_BALANCERS, cluster.node_group_id)
    elif not subnet_ids(cluster):
        yield Need(ResourceKind.VNETS, cluster.node_group_id)
    yield from _needs_of_prefixes(id_ for id_ in {*cluster.effective, *cluster.own} if is_prefix(id_))


def _behind_subnets(cluster: ClusterFacts, network: AzureNetwork) -> Iterator[Need]:
    for id_ in subnet_ids(cluster):
        subnet = network.subnet(id_)
        if subnet is None:
            continue
        if subnet.route_table:
            yield Need(ResourceKind.ROUTE_TABLES, subnet.route_table)
        if subnet.nat_gateway and not _is_told_by_aks(cluster, subnet.nat_gateway):
            yield Need(ResourceKind.NAT_GATEWAYS, subnet.nat_gateway)
        yield from _towards_firewalls(network, id_)


def _is_told_by_aks(cluster: ClusterFacts, gateway: str) -> bool:
    return cluster.outbound_type in MANAGED_NAT and is_managed(cluster, gateway)


def _towards_firewalls(network: AzureNetwork, subnet_id: str) -> Iterator[Need]:
    vnet = vnet_of(subnet_id)
    peers = network.peers_of(vnet)
    ways = routed_internet(network, network.subnet(subnet_id)).ways
    hops = [hop for way in ways if way.route and way.route.hop_type.lower() in APPLIANCES for hop in way.route.hops]
    hubs = [name for peer in peers if (name := hub_name_of(peer)) and any(way.route is None for way in ways)]
    if not hops and not hubs:
        return
    for scope in {subscription_of(id_) for id_ in (vnet, *peers) if not hub_name_of(id_)}:
        yield Need(ResourceKind.FIREWALLS, scope)
    yield from _behind_firewalls(network, vnet, hops)
    yield from (Need(ResourceKind.HUBS, f.hub) for f in network.firewalls.values() if f.hub and name_of(f.hub) in hubs)
    for firewall in firewalls_of(network, vnet, subnet_id):
        yield from _of_firewall(network, firewall)
    pushed = [hub.internet_hop(vnet) or "" for hub in hubs_of(network, vnet)] if hubs else []
    yield from (
        Need(ResourceKind.FIREWALLS, hop)
        for hop in pushed
        if "/azurefirewalls/" in hop and hop not in network.firewalls
    )


def _behind_firewalls(network: AzureNetwork, vnet: str, hops: Iterable[str]) -> Iterator[Need]:
    """An address that no reached firewall has may be a hub's, or that of a stopped firewall in a peer."""
    for hop in hops:
        if firewall_at(network, vnet, hop):
            continue
        yield from (
            Need(ResourceKind.HUBS, f.hub) for f in network.firewalls.values() if f.hub and hop in f.private_addresses
        )
        if any(firewall.is_stopped for firewall in network.firewalls.values()):
            peers = network.peers_of(vnet)
            yield from (
                Need(ResourceKind.VNETS, id_) for id_ in peers if not hub_name_of(id_) and id_ not in network.vnets
            )


def _of_firewall(network: AzureNetwork, firewall: Firewall) -> Iterator[Need]:
    if firewall.subnet and vnet_of(firewall.subnet) not in network.vnets:
        yield Need(ResourceKind.VNETS, vnet_of(firewall.subnet))
    subnet = network.subnet(firewall.subnet)
    if subnet and subnet.nat_gateway:
        yield Need(ResourceKind.NAT_GATEWAYS, subnet.nat_gateway)
    if subnet and subnet.route_table:
        yield Need(ResourceKind.ROUTE_TABLES, subnet.route_table)


def _leftovers(cluster: ClusterFacts, network: AzureNetwork, asked: frozenset[Need]) -> Iterator[Need]:
    """Public IPs and prefixes that something refers to and no list has shown."""
    used = set(_addresses_in_use(cluster, network))
    yield from _needs_of_prefixes(id_ for id_ in used if is_prefix(id_) and id_ not in network.prefixes)
    unknown = [id_ for id_ in used if not is_prefix(id_) and id_ not in network.addresses]
    is_told = all(reason == DELETED for reason in network.unreadable.values())
    for id_ in unknown if is_told else ():
        is_listed = {
            Need(ResourceKind.ADDRESSES, subscription_of(id_)),
            Need(ResourceKind.ADDRESSES, group_of(id_)),
        } & asked
        yield Need(ResourceKind.ADDRESSES, id_ if is_listed else group_of(id_))


def _addresses_in_use(cluster: ClusterFacts, network: AzureNetwork) -> Iterator[str]:
    yield from (*cluster.effective, *cluster.own)
    yield from (pool.node_ip_prefix_id for pool in cluster.pools if pool.node_ip_prefix_id)
    for gateway in network.nat_gateways.values():
        yield from (*gateway.addresses, *gateway.prefixes)
    for balancer in network.load_balancers.values():
        yield from (frontend.address for frontend in balancer.frontends)
    for id_ in subnet_ids(cluster):
        yield from (ip for firewall in firewalls_of(network, vnet_of(id_), id_) for ip in firewall.addresses)


def _needs_of_prefixes(ids: Iterable[str]) -> Iterator[Need]:
    """One prefix is read alone; several are read as a list of their subscription."""
    wanted = list(ids)
    scopes = wanted if len(wanted) == 1 else [subscription_of(id_) for id_ in wanted]
    return (Need(ResourceKind.PREFIXES, scope) for scope in scopes)
