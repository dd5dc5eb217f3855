"""Each setting that can be planned: its range, and what Azure would refuse."""

from bot.domain.egress import ClusterEgress
from bot.domain.phrases import counted
from bot.domain.snat.capacity import LB_PORTS_PER_IP, capacities, max_nodes, needed_ips
from bot.domain.snat.changes import CountChange, IdleChange, OwnIpsChange, PortsChange, addresses_there, wanted_count
from bot.domain.snat.goals import CountGoal, OwnIpsGoal
from bot.domain.snat.own_ips import own_change
from bot.domain.snat.scalable import Carrier, carrier_of, where
from bot.domain.snat.tiers import tier_ports
from bot.errors import InvalidInput, NotScalable

IDLE_MINUTES = range(4, 121)
"""Idle timeouts of a load balancer and of a NAT gateway.

Sources, read 2026-11: https://learn.microsoft.com/azure/aks/load-balancer-standard and
https://learn.microsoft.com/azure/aks/nat-gateway.
"""

PORT_STEP = 8
"""Allocated ports are a multiple of this.

Source: https://learn.microsoft.com/azure/aks/load-balancer-standard#configure-the-allocated-outbound-ports,
read 2026-11.
"""

MOST_OWN_IPS = 100
"""Own IPs and prefixes of a load balancer; a NAT gateway takes 16 public IPs. Sources as above."""


def refused(sentence: str) -> InvalidInput:
    """A wish that cannot be met."""
    return InvalidInput(sentence, field="count")


def possible_goals(egress: ClusterEgress) -> tuple[tuple[str, str], ...]:
    """What can be typed behind ``/egress scale CLUSTER``, and what it does.

    Raises:
        NotScalable: AKS does not manage what the cluster leaves through, or is changing it right now.
    """
    carrier = carrier_of(egress)
    is_counted, may_own = egress.desired_ip_count is not None and not egress.has_own_ips, egress.has_own_ips
    first, last = carrier.counts.start, carrier.counts.stop - 1
    offered = (
        (is_counted, "COUNT", f"{first} to {last} outbound IPs"),
        (is_counted and bool(egress.desired_ipv6_count), "ipv6 COUNT", f"{first} to {last} outbound IPv6 IPs"),
        (carrier.is_balancer, "ports N", f"SNAT ports per node, a multiple of {PORT_STEP}; 0 for Azure's table"),
        (True, "idle MINUTES", f"idle timeout, {IDLE_MINUTES.start} to {IDLE_MINUTES.stop - 1} minutes"),
        (carrier.is_balancer or may_own, "ips +ID -ID", "your own public IPs and prefixes, by ARM id"),
        (True, "for N nodes", "the least change that has room for N nodes"),
        (True, "for N ports per node", "the least change that gives each node N SNAT ports"),
    )
    return tuple((typed, meaning) for is_possible, typed, meaning in offered if is_possible)


def count_change(egress: ClusterEgress, carrier: Carrier, goal: CountGoal) -> CountChange:
    """Another number of managed outbound IPs.

    Raises:
        NotScalable: AKS does not manage the IPs of this cluster.
        InvalidInput: The count is out of range, the same as now, or too low for the allocated ports.
    """
    _refuse_uncounted(egress, carrier)
    before, there = wanted_count(egress, ipv6=goal.ipv6), len(addresses_there(egress, ipv6=goal.ipv6))
    name, version = egress.ref.name, "IPv6" if goal.ipv6 else "IPv4"
    if goal.ipv6 and not before:
        raise refused(f"{name} has no managed outbound IPv6 addresses: it is not dual-stack.")
    if goal.count not in carrier.counts:
        first, last = carrier.counts.start, carrier.counts.stop - 1
        raise refused(f"{goal.count} outbound IPs are not possible: Azure accepts {first} to {last} here.")
    if goal.count == before == there:
        addresses = "address" if there == 1 else "addresses"
        raise refused(f"{name} already has {there} managed outbound {version} {addresses}.")
    need = needed_ips(egress) if carrier.is_balancer else 1
    if goal.count < need and not goal.ipv6:
        raise refused(
            f"{goal.count} outbound IPs are too few: {egress.allocated_ports} ports for each of up to "
            f"{max_nodes(egress)} nodes need {need}. Allocate fewer ports first: `/egress scale {name} ports N`."
        )
    return CountChange(before, goal.count, there, goal.ipv6)


def _refuse_uncounted(egress: ClusterEgress, carrier: Carrier) -> None:
    name, there = egress.ref.name, len(egress.ips)
    if egress.has_own_ips:
        flag = "--load-balancer-outbound-ips" if carrier.is_balancer else "--nat-gateway-outbound-ips"
        raise NotScalable(
            f"{name} uses your own outbound IPs or prefixes; setting a count would replace them all. Add one of "
            f"your own: `/egress scale {name} ips +ID`, or `az aks update {where(egress)} {flag} <all ids>`."
        )
    if egress.desired_ip_count is None:
        has = f"it leaves with {there} now" if there else "none is known"
        flag = (
            "--load-balancer-managed-outbound-ip-count"
            if carrier.is_balancer
            else "--nat-gateway-managed-outbound-ip-count"
        )
        raise NotScalable(
            f"AKS reports no managed outbound IPs for {name} ({has}), so the effect of a count is unknown. Set "
            f"the count once in Azure, `az aks update {where(egress)} {flag} N`; after that you can change it here."
        )


def ip_count(egress: ClusterEgress, carrier: Carrier) -> int:
    """Outbound IPv4 addresses of the carrier, those in prefixes counted one by one."""
    return next((one.ip_count for one in capacities(egress) if one.kind is carrier.path), 0)


def ports_change(egress: ClusterEgress, carrier: Carrier, ports: int, ips: CountChange | None = None) -> PortsChange:
    """Another allocation of ports to each node.

    Args:
        egress: The cluster as it is now.
        carrier: What carries its traffic.
        ports: A multiple of 8; 0 for Azure's table.
        ips: The outbound IPs that come with it.

    Raises:
        NotScalable: It has no load balancer.
        InvalidInput: No multiple of 8, the same as now, or more than the outbound IPs have.
    """
    name = egress.ref.name
    require_balancer(egress, carrier)
    if ports % PORT_STEP or ports > LB_PORTS_PER_IP:
        near = min(ports + -ports % PORT_STEP, LB_PORTS_PER_IP)
        raise refused(
            f"Azure allocates multiples of {PORT_STEP}, up to {LB_PORTS_PER_IP:,}: not {ports:,}, but {near:,}."
        )
    before = egress.allocated_ports or 0
    if ports == before and ips is None:
        what = f"{ports:,} ports to each node" if ports else "ports by Azure's table"
        raise refused(f"{name} already allocates {what}.")
    count, most = ips.after if ips else ip_count(egress, carrier), max_nodes(egress)
    if ports * most > count * LB_PORTS_PER_IP:
        have = f"{counted(count, 'outbound IP')} {'has' if count == 1 else 'have'}"
        fitting = count * LB_PORTS_PER_IP // most // PORT_STEP * PORT_STEP
        raise refused(
            f"{ports:,} ports × {counted(most, 'node')} = {ports * most:,}, and {have} "
            f"{count * LB_PORTS_PER_IP:,}: Azure would refuse it. At most {fitting:,} fit; "
            f"`/egress scale {name} for {ports} ports per node` plans the IPs as well."
        )
    nodes = sum(pool.nodes for pool in egress.pools)
    return PortsChange(before, ports, before or tier_ports(nodes), ports or tier_ports(nodes), ips)


def require_balancer(egress: ClusterEgress, carrier: Carrier) -> None:
    """Refuse a number of ports for each node where there is none.

    Raises:
        NotScalable: A NAT gateway gives out ports on demand.
    """
    if not carrier.is_balancer:
        name = egress.ref.name
        raise NotScalable(
            f"{name} leaves through a NAT gateway, which gives out ports on demand: none are allocated to a node. "
            f"Add outbound IPs instead: `/egress scale {name} COUNT`."
        )


def idle_change(egress: ClusterEgress, minutes: int) -> IdleChange:
    """Another idle timeout.

    Raises:
        InvalidInput: Out of range, or the same as now.
    """
    if minutes not in IDLE_MINUTES:
        first, last = IDLE_MINUTES.start, IDLE_MINUTES.stop - 1
        raise refused(
            f"An idle timeout of {counted(minutes, 'minute')} is not possible: Azure accepts {first} to {last}."
        )
    if egress.idle_timeout is None:
        raise refused(f"The idle timeout of {egress.ref.name} is not known.")
    before = int(egress.idle_timeout.total_seconds() // 60)
    if before == minutes:
        raise refused(f"{egress.ref.name} already has an idle timeout of {minutes} minutes.")
    return IdleChange(before, minutes)


def own_ips_change(egress: ClusterEgress, carrier: Carrier, goal: OwnIpsGoal) -> OwnIpsChange:
    """Other own IPs and prefixes.

    Raises:
        NotScalable: This kind of NAT gateway cannot have any, or keeps its managed ones.
        InvalidInput: Nothing would change, nothing would be left, or there are too many.
    """
    name = egress.ref.name
    if not carrier.is_balancer and (egress.nat_sku != "StandardV2" or not egress.has_own_ips):
        raise NotScalable(
            f"{name} has a NAT gateway whose IPs AKS manages; that cannot be changed to your own. Change the count: "
            f"`/egress scale {name} COUNT`."
        )
    if egress.has_own_ips and not egress.own:
        raise NotScalable(f"Which outbound IPs {name} is set to is not known yet. Try again in a minute.")
    change = own_change(egress, goal)
    most = MOST_OWN_IPS if carrier.is_balancer else carrier.counts.stop - 1
    if len(change.after) > most:
        raise refused(f"{name} would have {len(change.after)} own IPs and prefixes; Azure accepts {most}.")
    return change
