"""What must hold before Azure takes a change of the outbound type.

Sources, read 2026-11: https://learn.microsoft.com/azure/aks/egress-outboundtype#limitations,
https://learn.microsoft.com/azure/aks/nat-gateway and https://learn.microsoft.com/azure/nat-gateway/nat-sku.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bot.domain.egress import ClusterEgress, NodeSubnet, OutboundType
from bot.domain.outbound_migration.consequences import leaving
from bot.domain.phrases import listed

WITHOUT_V2 = frozenset(
    {"canadaeast", "indonesiacentral", "israelnorthwest", "qatarcentral", "swedensouth", "westindia"}
)
"""Regions without NAT gateways of the SKU StandardV2.

Source: https://learn.microsoft.com/azure/nat-gateway/nat-sku, read 2026-11.
"""


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """Something that must hold first.

    Args:
        is_met: Whether it does; None where that could not be read, which is never taken for a yes.
        sentence: What was found.
        way_out: What to do; empty where it holds.
    """

    is_met: bool | None
    sentence: str
    way_out: str = ""


def prerequisites(egress: ClusterEgress, after: OutboundType) -> tuple[Prerequisite, ...]:
    """Everything that must hold before a cluster can change to another outbound type."""
    found = [_at_rest(egress), _balancer(egress), _pools(egress)]
    if after in (OutboundType.LOAD_BALANCER, OutboundType.USER_ASSIGNED_NAT_GATEWAY):
        found += list(_in_the_way(egress, after))
    if after is OutboundType.USER_ASSIGNED_NAT_GATEWAY:
        found += list(_on_subnets(egress, _nat_gateway))
    if after is OutboundType.USER_DEFINED_ROUTING:
        found += list(_on_subnets(egress, _default_route))
    if after is OutboundType.MANAGED_NAT_GATEWAY_V2:
        found.append(_region(egress))
    if after in (OutboundType.NONE, OutboundType.BLOCK) and leaving(egress, after):
        found.append(_api_server(egress))
    return tuple(found)


def _at_rest(egress: ClusterEgress) -> Prerequisite:
    if not egress.is_running:
        return Prerequisite(False, "The cluster is stopped.", "Start it first.")
    if egress.is_converging:
        return Prerequisite(False, f"Azure is updating the cluster ({egress.state}).", "Wait until it has finished.")
    if egress.state.lower() != "succeeded":
        text = f"Azure reports the cluster as {egress.state}: its last update did not finish."
        return Prerequisite(False, text, "Repair it first, for example with `az aks update` without other options.")
    return Prerequisite(True, "The cluster is running, and Azure is not changing it.")


def _balancer(egress: ClusterEgress) -> Prerequisite:
    if egress.is_basic:
        return Prerequisite(False, "Its load balancer is of the SKU Basic.", "Move to a standard load balancer first.")
    return Prerequisite(True, "Its load balancer SKU is Standard.")


def _pools(egress: ClusterEgress) -> Prerequisite:
    others = [pool.name for pool in egress.pools if not pool.is_scale_set]
    if others:
        text = f"Not a virtual machine scale set: node pool {listed(others, 5)}."
        return Prerequisite(False, text, "Azure changes the outbound type only where all node pools are scale sets.")
    if not egress.pools:
        return Prerequisite(None, "Azure shows no node pool.", "Check that all node pools are scale sets.")
    return Prerequisite(True, "All node pools are virtual machine scale sets.")


def _region(egress: ClusterEgress) -> Prerequisite:
    region = egress.ref.location
    if egress.ref.region in WITHOUT_V2:
        return Prerequisite(False, f"{region} has no NAT gateways of the SKU StandardV2.", "Use managedNATGateway.")
    return Prerequisite(True, f"{region} has NAT gateways of the SKU StandardV2.")


def _api_server(egress: ClusterEgress) -> Prerequisite:
    """Azure does not ask for it, but without it the nodes are lost.

    Source: https://learn.microsoft.com/azure/aks/egress-outboundtype (API server traffic), read 2026-11.
    """
    if egress.reaches_api_inside:
        return Prerequisite(True, "Nodes reach the API server inside the network.")
    text = "Nodes reach the public API server through the outbound type, and lose it without a way out."
    return Prerequisite(False, text, "Use a private cluster, or turn on API server VNet integration.")


def _on_subnets(egress: ClusterEgress, check: Callable[[NodeSubnet], Prerequisite]) -> Iterator[Prerequisite]:
    """One for each subnet; what is not known of a subnet is said of it."""
    for subnet in egress.subnets:
        if subnet.is_known:
            yield check(subnet)
        else:
            text = f"The subnet {name_of(subnet.id)} could not be read."
            yield Prerequisite(None, text, "Give the bot read access to its virtual network.")
    if not egress.subnets:
        yield Prerequisite(None, "The subnets of its nodes are not known.", "Look at the cluster again.")


def _in_the_way(egress: ClusterEgress, after: OutboundType) -> Iterator[Prerequisite]:
    """A route comes before a NAT gateway, and both come before the load balancer: the traffic would stay on them.

    Source: https://learn.microsoft.com/azure/nat-gateway/nat-overview#how-azure-nat-gateway-works, read 2026-11.
    """
    for subnet in egress.subnets:
        if subnet.has_default_route and subnet.route_table:
            text = f"The route for 0.0.0.0/0 in {name_of(subnet.route_table)} comes first on {name_of(subnet.id)}."
            yield Prerequisite(False, text, "Remove it, or traffic keeps taking it.")
        if subnet.nat_gateway and after is OutboundType.LOAD_BALANCER:
            text = f"The NAT gateway {name_of(subnet.nat_gateway)} comes first on the subnet {name_of(subnet.id)}."
            yield Prerequisite(False, text, "Detach it, or traffic keeps leaving through it.")


def _nat_gateway(subnet: NodeSubnet) -> Prerequisite:
    if subnet.nat_gateway:
        text = f"The subnet {name_of(subnet.id)} has the NAT gateway {name_of(subnet.nat_gateway)}."
        return Prerequisite(True, text)
    text = f"The subnet {name_of(subnet.id)} has no NAT gateway."
    return Prerequisite(False, text, "Attach one with public IPs first; it carries traffic at once.")


def _default_route(subnet: NodeSubnet) -> Prerequisite:
    if subnet.route_table is None:
        return Prerequisite(
            False,
            f"The subnet {name_of(subnet.id)} has no route table.",
            "Attach one with a route for 0.0.0.0/0 first; it carries traffic at once.",
        )
    table = f"The route table {name_of(subnet.route_table)} of the subnet {name_of(subnet.id)}"
    if subnet.has_default_route is None:
        return Prerequisite(None, f"{table} could not be read.", "Give the bot read access to it.")
    if not subnet.has_default_route:
        return Prerequisite(False, f"{table} has no route for 0.0.0.0/0.", "Add one to your firewall or appliance.")
    return Prerequisite(True, f"{table} has a route for 0.0.0.0/0.")


def unmet(found: Sequence[Prerequisite]) -> tuple[Prerequisite, ...]:
    """What does not hold, or is not known to."""
    return tuple(one for one in found if one.is_met is not True)


def name_of(id_: str) -> str:
    """The last part of a resource id."""
    return id_.rsplit("/", 1)[-1]
