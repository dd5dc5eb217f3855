"""From a measured peak to the ports that would have been enough."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from bot.domain.egress import ClusterEgress
from bot.domain.measured.levels import CALM_SHARE, PortLevel, failed_text, level_of, why
from bot.domain.measured.use import SnatUse
from bot.domain.measured.values import SourceKind
from bot.domain.phrases import counted
from bot.domain.snat import Capacity, ScalePlan, least_ips, max_nodes, plan_scale
from bot.domain.snat.capacity import LB_IP_COUNTS, LB_PORTS_PER_IP
from bot.domain.snat.goals import NodePortsGoal
from bot.errors import InvalidInput, NotScalable

LEAST_PORTS = 1024
"""The smallest number of ports that is advised; larger ones double it."""


@dataclass(frozen=True, slots=True)
class Enough:
    """What would have kept the fullest node below 60 %.

    Args:
        ips: Outbound IPs.
        ports: Allocated ports of each node.
    """

    ips: int
    ports: int


def peak_of_node(use: SnatUse) -> float:
    """The ports of the fullest node's peaks on all its outbound IPs together: at most so many were used at once."""
    worst = use.worst
    if worst is None:
        return 0
    same = (one for one in use.ports if (one.node, one.protocol) == (worst.node, worst.protocol))
    return sum(one.peak for one in same)


def under_sixty(peak: float, nodes: int) -> Enough | None:
    """The least outbound IPs and ports per node, in powers of two, that keep a peak below 60 %.

    Args:
        peak: Ports that the fullest node used.
        nodes: The most nodes, upgrades included.

    Returns:
        None where no number that Azure accepts does.
    """
    ports = LEAST_PORTS
    while ports * CALM_SHARE <= peak:
        ports *= 2
    ports = min(ports, LB_PORTS_PER_IP)
    ips = least_ips(ports, nodes, LB_PORTS_PER_IP)
    return Enough(ips, ports) if ports * CALM_SHARE > peak and ips in LB_IP_COUNTS else None


def enough_for(egress: ClusterEgress, use: SnatUse) -> Enough | None:
    """What would have been enough for a measured peak; None where no number that Azure accepts is."""
    return under_sixty(peak_of_node(use), max_nodes(egress))


def plan_enough(egress: ClusterEgress, use: SnatUse) -> tuple[str, ScalePlan] | None:
    """The command that proposes enough for a measured peak, and its plan; None where the bot cannot propose it."""
    found = enough_for(egress, use)
    if found is None:
        return None
    try:
        plan = plan_scale(egress, NodePortsGoal(found.ports))
    except (NotScalable, InvalidInput):
        return None
    return f"`/egress scale {egress.ref.name} for {found.ports} ports per node`", plan


def measured_sentence(egress: ClusterEgress, uses: Sequence[SnatUse], then: Capacity | None = None) -> str:
    """What was measured in the span that was read, and what would have been enough; empty where nothing is known.

    Args:
        egress: The cluster.
        uses: What its sources said.
        then: The SNAT ports with a planned change; None without a plan.
    """
    known = [use for use in uses if use.is_known]
    return " ".join(_of_balancer(egress, use, then) if use.worst else _of_other(use) for use in known)


def _of_other(use: SnatUse) -> str:
    said = why(use)
    is_whole = use.source.kind is SourceKind.NAT_GATEWAY and use.failed == 0
    return f"Measured {span_text(use)}: {said}{' No connection failed for want of a port.' if is_whole else ''}"


def _of_balancer(egress: ClusterEgress, use: SnatUse, then: Capacity | None) -> str:
    worst, peak = use.worst, peak_of_node(use)
    if worst is None:
        return ""
    is_one_of = any(one.node == worst.node and one.frontend != worst.frontend for one in use.ports)
    where = f" on {worst.frontend}" if is_one_of else ""
    said = f"Measured {span_text(use)}: peak {worst.share:.0%} of node {worst.node}'s ports{where}"
    failed = f", {failed_text(use.failed)}" if use.failed else ""
    is_capped = level_of(use) is PortLevel.EXHAUSTED
    return f"{said}{failed}{_planned(peak, then, is_capped=is_capped)}{_enough(egress, use)}."


def _planned(peak: float, then: Capacity | None, *, is_capped: bool) -> str:
    """What the peak is with the change; how much more a node needed that used all it had, nobody knows."""
    if then is None or not then.ports_per_node:
        return ""
    if is_capped:
        return f"; with this change each node has {then.ports_per_node:,}"
    return f"; with this change the same peak is {peak / then.ports_per_node:.0%}"


def _enough(egress: ClusterEgress, use: SnatUse) -> str:
    if (use.share or 0) < CALM_SHARE:
        return ""
    found = enough_for(egress, use)
    if found is None:
        return "; no number of IPs and ports that Azure accepts would have kept it under 60%"
    those = f"{counted(found.ips, 'IP')} with {found.ports:,} ports for each node"
    if level_of(use) is PortLevel.EXHAUSTED:
        return f"; it needed more than it had: at least {those}"
    return f"; {those} would have kept it under 60%"


def span_text(use: SnatUse) -> str:
    """``in the last day``, or the hours that were read."""
    hours = ceil(use.span.length.total_seconds() / 3600)
    return "in the last day" if hours == 24 else f"in the last {counted(hours, 'hour')}"
