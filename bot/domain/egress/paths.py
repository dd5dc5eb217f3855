"""Determines a subnet's egress path: Azure's precedence as a table of questions, asked in order.

A default route to an appliance or gateway comes before a NAT gateway, that before public IPs of the nodes, those before
outbound rules of the load balancer.
Source: https://learn.microsoft.com/azure/nat-gateway/nat-overview#outbound-connectivity-order, read 2026-11.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from bot.domain.egress.facts import SubnetFacts, group_of
from bot.domain.egress.firewalls import name_of, nat_ips, outbound_ips
from bot.domain.egress.path_query import MANAGED_NAT, PathQuery, is_managed
from bot.domain.egress.routed import by_hub, by_route
from bot.domain.egress.routes import routed_internet
from bot.domain.egress.values import EgressPath, OutboundType, PathKind, is_settling


def effective_paths(question: PathQuery) -> tuple[EgressPath, ...]:
    """The paths of one subnet: one, but for routes that divide the internet."""
    ways = routed_internet(question.network, question.subnet).ways
    paths = joined(effective_path(replace(question, way=way)) for way in ways)
    return paths if len(paths) > 1 else tuple(replace(path, destinations=()) for path in paths)


def effective_path(question: PathQuery) -> EgressPath:
    """The path, by the first rule of Azure's precedence that applies."""
    bare = EgressPath(
        subnet_id=question.subnet_id,
        pools=tuple(pool.name for pool in question.pools),
        kind=PathKind.UNKNOWN,
        sources=tuple(sorted(set(question.subnet.ranges))) if question.subnet else (),
        carries=question.carries,
        destinations=question.way.prefixes,
    )
    found = (rule(question, bare) for rule in _PRECEDENCE)
    return next((path for path in found if path), replace(bare, kind=PathKind.NONE, why=_nothing(question)))


def joined(paths: Iterable[EgressPath]) -> tuple[EgressPath, ...]:
    """Paths of the same pools that lead out alike, as one."""
    found: list[EgressPath] = []
    for path in paths:
        alike = next((other for other in found if _is_alike(path, other)), None)
        if alike is None:
            found.append(path)
        else:
            found[found.index(alike)] = _both(alike, path)
    return tuple(found)


def _is_alike(a: EgressPath, b: EgressPath) -> bool:
    def facts(path: EgressPath) -> tuple[object, ...]:
        return path.pools, path.kind, path.ips, path.target, path.nat_gateway, path.firewall, path.behind, path.next_hop

    is_divided = a.carries != b.carries and a.destinations != b.destinations
    return facts(a) == facts(b) and not is_divided and "virtualNodes" not in (a.carries, b.carries)


def _both(a: EgressPath, b: EgressPath) -> EgressPath:
    return replace(
        a,
        sources=tuple(sorted({*a.sources, *b.sources})),
        carries=a.carries if a.carries == b.carries else "all",
        destinations=tuple(dict.fromkeys((*a.destinations, *b.destinations))),
    )


def _nothing(question: PathQuery) -> str:
    private = "the subnet is private (it has no default outbound access), so nothing leaves"
    if question.declared is OutboundType.NONE:
        return f"The outbound type is none, nothing on the subnet handles outbound traffic, and {private}."
    return f"Nothing on the subnet handles outbound traffic, and {private}."


def _by_block(question: PathQuery, bare: EgressPath) -> EgressPath | None:
    if question.declared is not OutboundType.BLOCK:
        return None
    return replace(bare, kind=PathKind.BLOCKED, why="The outbound type is block: AKS denies all outbound traffic.")


def _by_unread_subnet(question: PathQuery, bare: EgressPath) -> EgressPath | None:
    if question.subnet is not None or question.subnet_id is None:
        return None
    return replace(bare, why="The subnet could not be read, so the egress path is unknown.")


def _by_hidden_pools(question: PathQuery, bare: EgressPath) -> EgressPath | None:
    """Handle clusters whose system pools AKS hosts: no pool names a subnet."""
    if question.pools or question.carries != "all" or question.declared not in _OF_SUBNETS:
        return None
    return replace(bare, why="AKS lists no node pools for the cluster, so its subnet and egress path are unknown.")


_OF_SUBNETS = (OutboundType.USER_DEFINED_ROUTING, OutboundType.USER_ASSIGNED_NAT_GATEWAY)
"""Outbound types that say nothing without a subnet."""


def _by_nat(question: PathQuery, bare: EgressPath) -> EgressPath | None:
    if question.subnet is None:
        return _by_managed_nat(question, bare) if question.declared in MANAGED_NAT else None
    gateway = question.subnet.nat_gateway
    if gateway is None:
        return None
    if question.declared in MANAGED_NAT and is_managed(question.cluster, gateway):
        return _by_managed_nat(question, replace(bare, nat_gateway=gateway))
    ips = nat_ips(question.network, question.network.nat_gateways.get(gateway))
    why = f"The subnet has the NAT gateway {name_of(gateway)}."
    return replace(bare, kind=PathKind.NAT_GATEWAY, ips=ips, nat_gateway=gateway, why=why)


def _by_managed_nat(question: PathQuery, bare: EgressPath) -> EgressPath | None:
    cluster = question.cluster
    if not cluster.effective and not bare.nat_gateway:
        return None
    used = [question.network.addresses.get(id_) for id_ in cluster.effective]
    gateway = bare.nat_gateway or next((address.nat_gateway for address in used if address), None)
    ips = outbound_ips(question.network, cluster.effective, "own" if cluster.own else "managed")
    why = "AKS manages a NAT gateway for the cluster."
    return replace(bare, kind=PathKind.NAT_GATEWAY, ips=ips, nat_gateway=gateway, why=why)


def _by_instance(question: PathQuery, bare: EgressPath) -> EgressPath | None:
    if not any(pool.node_public_ip for pool in question.pools):
        return None
    prefixes = tuple(pool.node_ip_prefix_id for pool in question.pools if pool.node_ip_prefix_id)
    ips = outbound_ips(question.network, prefixes, "instance")
    why = "Every node uses its own public IP; these IPs come and go with the nodes."
    return replace(bare, kind=PathKind.INSTANCE, ips=ips, why=why)


def _by_former(question: PathQuery, bare: EgressPath) -> EgressPath | None:
    """Until a change of the outbound type has succeeded, what the cluster has left with still carries the traffic."""
    cluster = question.cluster
    if cluster.leaves_yet is None or question.subnet_id is not None:
        return None
    ips = outbound_ips(question.network, cluster.effective, "own" if cluster.own else "managed")
    is_busy = is_settling(cluster.state)
    changing = f"Azure is changing the outbound type to {cluster.declared}; until then these are the addresses."
    halfway = (
        f"Half-way: the change to {cluster.declared} ended as {cluster.state}, and Azure still lists these addresses."
    )
    why = changing if is_busy else halfway
    return replace(bare, kind=cluster.leaves_yet, ips=ips, why=why)


def _by_basic_balancer(question: PathQuery, bare: EgressPath) -> EgressPath | None:
    """A basic load balancer has no outbound rules: one of its public frontends, if any, carries the traffic.

    Source: https://learn.microsoft.com/azure/load-balancer/load-balancer-outbound-connections, read 2026-11.
    """
    cluster = question.cluster
    if not cluster.is_basic or question.carries == "virtualNodes":
        return None
    balancers = question.network.balancers_in(cluster.node_group_id)
    ips = outbound_ips(question.network, (f.address for lb in balancers for f in lb.frontends), "managed")
    if not ips:
        return None
    why = "A basic load balancer: Azure picks one of its public frontends, and AKS does not report it as an egress IP."
    return replace(bare, kind=PathKind.LOAD_BALANCER, ips=ips, why=why)


def _by_load_balancer(question: PathQuery, bare: EgressPath) -> EgressPath | None:
    cluster = question.cluster
    if cluster.is_basic and not cluster.effective:
        return None
    if question.declared is not OutboundType.LOAD_BALANCER and not cluster.effective:
        return None
    is_other = question.declared in MANAGED_NAT and cluster.leaves_yet is None
    if is_other or question.carries == "virtualNodes":
        return None
    ips = outbound_ips(question.network, cluster.effective, "own" if cluster.own else "managed")
    why = "The outbound rules of the cluster's load balancer apply: nothing on the subnet overrides them."
    return replace(bare, kind=PathKind.LOAD_BALANCER, ips=ips, why=why)


def _by_unknown_type(question: PathQuery, bare: EgressPath) -> EgressPath | None:
    if question.declared is not None:
        return None
    ips = outbound_ips(question.network, question.cluster.effective, "managed")
    why = f"Azure reports the outbound type {question.cluster.declared}, which this bot does not know."
    return replace(bare, ips=ips, why=why)


def _by_default_outbound(question: PathQuery, bare: EgressPath) -> EgressPath | None:
    """Without any explicit way out Azure gives one of its own, but for private subnets.

    Source: https://learn.microsoft.com/azure/virtual-network/ip-services/default-outbound-access, read 2026-11.
    """
    subnets = [question.subnet] if question.subnet else _managed_subnets(question)
    if subnets and all(subnet.default_outbound is False for subnet in subnets):
        return None
    why = (
        "Nothing on the subnet handles outbound traffic, so it may leave through an address that Azure "
        "chooses (default outbound access)."
    )
    return replace(bare, kind=PathKind.DEFAULT_OUTBOUND, why=why)


def _managed_subnets(question: PathQuery) -> list[SubnetFacts]:
    group = question.cluster.node_group_id
    vnets = [vnet for vnet in question.network.vnets.values() if group_of(vnet.id) == group]
    return [subnet for vnet in vnets for subnet in vnet.subnets]


Rule = Callable[[PathQuery, EgressPath], EgressPath | None]

_PRECEDENCE: tuple[Rule, ...] = (
    _by_former,
    _by_block,
    _by_unread_subnet,
    _by_hidden_pools,
    by_route,
    by_hub,
    _by_nat,
    _by_instance,
    _by_unknown_type,
    _by_basic_balancer,
    _by_load_balancer,
    _by_default_outbound,
)
