"""Which way out a subnet has: Azure's precedence as a table of questions, asked in order.

A default route to an appliance or gateway comes before a NAT gateway, that before public IPs of the nodes, those before
outbound rules of the load balancer.
Source: https://learn.microsoft.com/azure/nat-gateway/nat-overview#outbound-connectivity-order, read 2026-11.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from bot.domain.egress.facts import (
    AzureNetwork,
    ClusterFacts,
    Firewall,
    Route,
    SubnetFacts,
    vnet_of,
)
from bot.domain.egress.firewalls import (
    firewall_at,
    firewall_ips,
    name_of,
    nat_ips,
    nat_of_firewall,
    outbound_ips,
    reaches_hub,
    target_of,
)
from bot.domain.egress.values import (
    EgressPath,
    NodePool,
    OutboundType,
    PathKind,
    outbound_type_from,
)

Default = Literal["0.0.0.0/0", "::/0"]

APPLIANCES = ("virtualappliance", "virtualapplianceecmp")
"""Next hop types that carry addresses.

Source: https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview, read 2026-11.
"""

MANAGED_NAT = (OutboundType.MANAGED_NAT_GATEWAY, OutboundType.MANAGED_NAT_GATEWAY_V2)


@dataclass(frozen=True, slots=True)
class Question:
    """Everything that decides the path of the pools of one subnet.

    Args:
        cluster: The cluster.
        network: What was read of the network.
        subnet: The subnet that pods leave from; None in a managed VNet, or when it could not be read.
        pools: The pools on it, alike in what counts.
    """

    cluster: ClusterFacts
    network: AzureNetwork
    subnet: SubnetFacts | None
    pools: tuple[NodePool, ...]

    @property
    def declared(self) -> OutboundType | None:
        """The declared outbound type."""
        return outbound_type_from(self.cluster.declared)


def default_route(network: AzureNetwork, subnet: SubnetFacts | None, prefix: Default = "0.0.0.0/0") -> Route | None:
    """The route of a subnet's own route table for everything, if it has one."""
    table = network.route_tables.get(subnet.route_table or "") if subnet else None
    return next((route for route in table.routes if route.prefix == prefix), None) if table else None


def effective_path(question: Question) -> EgressPath:
    """The path, by the first rule of Azure's precedence that applies."""
    bare = EgressPath(
        subnet_id=_subnet_id(question.pools[0]) if question.pools else None,
        pools=tuple(pool.name for pool in question.pools),
        kind=PathKind.UNKNOWN,
        sources=_sources(question),
    )
    found = (rule(question, bare) for rule in _PRECEDENCE)
    return next((path for path in found if path), replace(bare, kind=PathKind.NONE, why=_nothing(question)))


def _subnet_id(pool: NodePool) -> str | None:
    return pool.pod_subnet_id or pool.subnet_id


def _sources(question: Question) -> tuple[str, ...]:
    ids = {id_ for pool in question.pools for id_ in (pool.subnet_id, pool.pod_subnet_id) if id_}
    subnets = [question.network.subnet(id_) for id_ in sorted(ids)]
    return tuple(sorted({cidr for subnet in subnets if subnet for cidr in subnet.ranges}))


def _nothing(question: Question) -> str:
    if question.declared is OutboundType.NONE:
        return "The outbound type is none, and nothing on the subnet carries traffic out."
    return "Nothing on the subnet carries traffic out."


def _by_block(question: Question, bare: EgressPath) -> EgressPath | None:
    if question.declared is not OutboundType.BLOCK:
        return None
    return replace(bare, kind=PathKind.BLOCKED, why="The outbound type is block: AKS denies all outbound traffic.")


def _by_unread_subnet(question: Question, bare: EgressPath) -> EgressPath | None:
    if question.subnet is not None or bare.subnet_id is None:
        return None
    return replace(bare, why="The subnet could not be read, so the way out is not known.")


def _by_route(question: Question, bare: EgressPath) -> EgressPath | None:
    route = default_route(question.network, question.subnet)
    hop = route.hop_type.lower() if route else ""
    if route is None or hop in ("internet", "vnetlocal"):
        return None
    if hop in APPLIANCES:
        return _by_appliance(question, bare, route)
    if hop == "virtualnetworkgateway":
        why = "The default route leads to a virtual network gateway; what comes after it is not visible in Azure."
        return replace(bare, kind=PathKind.VNET_GATEWAY, next_hop=route.hop_type, why=why)
    if hop == "none":
        why = "The default route drops everything (next hop None)."
        return replace(bare, kind=PathKind.NONE, next_hop=route.hop_type, why=why)
    why = f"The default route has the next hop {route.hop_type}, which this bot does not know."
    return replace(bare, next_hop=route.hop_type, why=why)


def _by_appliance(question: Question, bare: EgressPath, route: Route) -> EgressPath:
    vnet = vnet_of(question.subnet.id) if question.subnet else ""
    found = [firewall_at(question.network, vnet, hop) for hop in route.hops]
    firewalls = [firewall for firewall in found if firewall]
    hops = ", ".join(route.hops) or "an address that Azure does not show"
    if not firewalls or len(firewalls) < len(found):
        return replace(bare, kind=PathKind.APPLIANCE, next_hop=hops, why=_unknown_hop(question.network, hops, route))
    return _through(question.network, replace(bare, next_hop=hops), firewalls, f"The default route leads to {hops}")


def _unknown_hop(network: AzureNetwork, hops: str, route: Route) -> str:
    elsewhere = [f for f in network.firewalls.values() if set(f.private_addresses) & set(route.hops)]
    text = f"Egress leaves via {hops}, which is no Azure Firewall that the cluster's VNet reaches: its IPs are unknown."
    if elsewhere:
        text += f" {name_of(elsewhere[0].id)} has the same address in a network that is not connected."
    return text


def _by_routing_intent(question: Question, bare: EgressPath) -> EgressPath | None:
    vnet = vnet_of(question.subnet.id) if question.subnet else ""
    hubs = [hub for hub in question.network.hubs.values() if reaches_hub(question.network, vnet, hub.id)]
    hops = [hub.internet_next_hop for hub in hubs if hub.internet_next_hop]
    firewalls = [question.network.firewalls[hop] for hop in hops if hop in question.network.firewalls]
    if not firewalls:
        return None
    return _through(question.network, bare, firewalls, "Routing intent of the virtual hub sends internet traffic")


def _through(network: AzureNetwork, bare: EgressPath, firewalls: list[Firewall], why: str) -> EgressPath:
    targets = {target_of(firewall) for firewall in firewalls}
    gateways = [gateway for firewall in firewalls if (gateway := nat_of_firewall(network, firewall))]
    ips = [ip for firewall in firewalls for ip in firewall_ips(network, firewall)]
    names = " and ".join(name_of(firewall.id) for firewall in firewalls)
    behind = "; a NAT gateway on its subnet carries the traffic out" if gateways else ""
    return replace(
        bare,
        kind=PathKind.HUB_FIREWALL if firewalls[0].hub else PathKind.FIREWALL,
        ips=tuple(dict.fromkeys(ips)),
        nat_gateway=gateways[0] if gateways else None,
        firewall=firewalls[0].id,
        target=targets.pop() if len(targets) == 1 else None,
        why=f"{why}: Azure Firewall {names}{behind}.",
    )


def _by_nat(question: Question, bare: EgressPath) -> EgressPath | None:
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


def is_managed(cluster: ClusterFacts, id_: str) -> bool:
    """Whether AKS made a resource: it lies in the cluster's node resource group."""
    return id_.startswith(cluster.node_group_id + "/")


def _by_managed_nat(question: Question, bare: EgressPath) -> EgressPath:
    cluster = question.cluster
    used = [question.network.addresses.get(id_) for id_ in cluster.effective]
    gateway = bare.nat_gateway or next((address.nat_gateway for address in used if address), None)
    ips = outbound_ips(question.network, cluster.effective, "own" if cluster.own else "managed")
    why = "AKS keeps a NAT gateway for the cluster."
    return replace(bare, kind=PathKind.NAT_GATEWAY, ips=ips, nat_gateway=gateway, why=why)


def _by_instance(question: Question, bare: EgressPath) -> EgressPath | None:
    if not any(pool.node_public_ip for pool in question.pools):
        return None
    prefixes = tuple(pool.node_ip_prefix_id for pool in question.pools if pool.node_ip_prefix_id)
    ips = outbound_ips(question.network, prefixes, "instance")
    why = "Every node leaves with a public IP of its own; they come and go with the nodes."
    return replace(bare, kind=PathKind.INSTANCE, ips=ips, why=why)


def _by_load_balancer(question: Question, bare: EgressPath) -> EgressPath | None:
    cluster = question.cluster
    if question.declared is not OutboundType.LOAD_BALANCER and not cluster.effective:
        return None
    if question.declared in MANAGED_NAT:
        return None
    ips = outbound_ips(question.network, cluster.effective, "own" if cluster.own else "managed")
    why = "Outbound rules of the cluster's load balancer apply: nothing on the subnet comes before them."
    return replace(bare, kind=PathKind.LOAD_BALANCER, ips=ips, why=why)


def _by_unknown_type(question: Question, bare: EgressPath) -> EgressPath | None:
    if question.declared is not None:
        return None
    ips = outbound_ips(question.network, question.cluster.effective, "managed")
    why = f"Azure calls the outbound type {question.cluster.declared}, which this bot does not know."
    return replace(bare, ips=ips, why=why)


Rule = Callable[[Question, EgressPath], EgressPath | None]

_PRECEDENCE: tuple[Rule, ...] = (
    _by_block,
    _by_unread_subnet,
    _by_route,
    _by_routing_intent,
    _by_nat,
    _by_instance,
    _by_unknown_type,
    _by_load_balancer,
)
