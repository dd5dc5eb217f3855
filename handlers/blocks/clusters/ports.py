"""SNAT ports by the number of nodes: how many there are, for whom, and when they no longer suffice."""

from dataclasses import replace

from bot.domain.duration import duration_text
from bot.domain.egress import ClusterEgress, PathKind
from bot.domain.measured import level_of
from bot.domain.phrases import counted
from bot.domain.snat import FIREWALL_LEAST_INSTANCES, FIREWALL_PORTS_PER_IP_AND_INSTANCE, Capacity
from bot.inventory import EgressReport
from handlers.blocks.block_kit import context, escape, fields, section
from handlers.replies import Block

WAYS_SHOWN = 4


def port_blocks(report: EgressReport) -> list[Block]:
    """The SNAT ports of each way out, by the number of nodes; what was measured stands below it."""
    egress = report.egress
    ways, is_full = report.capacities, any(level_of(use) for use in report.uses)
    shown = [_by_nodes(way) if is_full else way for way in ways[:WAYS_SHOWN]]
    blocks = [block for way in shown for block in _way(egress, way, is_only=len(ways) == 1)]
    rest = len(ways) - WAYS_SHOWN
    more = f"and {counted(rest, 'more way')} out: `/egress show {escape(egress.ref.name)} json`"
    return [*blocks, *([context(more)] if rest > 0 else [])]


ENOUGH, BY_NODES = "Enough: ", "By the number of nodes alone: "


def _by_nodes(way: Capacity) -> Capacity:
    """Where measured use is high, the number of nodes alone does not make ports enough."""
    if not way.advice.startswith(ENOUGH):
        return way
    return replace(way, advice=BY_NODES + way.advice.removeprefix(ENOUGH))


def _way(egress: ClusterEgress, way: Capacity, *, is_only: bool) -> list[Block]:
    where = f" of {escape(way.through)}" if way.through and not is_only else ""
    if not way.total_ports:
        is_said = way.kind in (PathKind.NONE, PathKind.BLOCKED)
        mark = ":red_circle: " if way.near_exhaustion else ""
        return [] if is_said else [context(f"{mark}{escape(way.advice)}")]
    timeout = duration_text(egress.idle_timeout) if egress.idle_timeout else ""
    facts = [
        (f"SNAT ports{where}", _total(way)),
        ("Ports per node", f"{way.ports_per_node:,}" if way.ports_per_node is not None else "on demand"),
        ("Nodes", _nodes(way)),
        ("Headroom", _room(way)),
        ("Next step down", _cliff(way)),
        ("Idle timeout", timeout),
    ]
    mark = ":red_circle: " if way.near_exhaustion else "" if way.advice.startswith(BY_NODES) else ":white_check_mark: "
    return [*fields(facts), section(f"{mark}{escape(way.advice)}")]


def _total(way: Capacity) -> str:
    """All ports, and how they come about."""
    is_firewall = way.ports_per_ip == FIREWALL_PORTS_PER_IP_AND_INSTANCE * FIREWALL_LEAST_INSTANCES
    each = f"{way.ports_per_ip:,} each"
    if is_firewall:
        each = f"{FIREWALL_PORTS_PER_IP_AND_INSTANCE:,} each on each of {FIREWALL_LEAST_INSTANCES} instances or more"
    return f"{way.total_ports:,} ({counted(way.ip_count, 'IP')}, {each})"


def _nodes(way: Capacity) -> str:
    grown = way.max_nodes - way.surge_nodes
    if way.is_unbounded:
        return f"{way.nodes_now:,} in the pools AKS shows, no limit"
    most = f"autoscaler maximum {grown:,}" if grown > way.nodes_now else "no autoscaler"
    return f"{way.nodes_now:,} now, {most}, {way.surge_nodes:,} more in an upgrade"


def _room(way: Capacity) -> str:
    if way.is_unbounded:
        return "unlimited nodes"
    if way.cliff is not None:
        room = max(0, way.cliff.at_nodes - 1 - way.max_nodes)
        return f"{counted(room, 'more node')} at {way.cliff.ports_before:,} ports each"
    if way.headroom_nodes is not None:
        return counted(max(0, way.headroom_nodes), "more node")
    return f"{way.total_ports // max(1, way.max_nodes):,} ports for each of {counted(max(1, way.max_nodes), 'node')}"


def _cliff(way: Capacity) -> str:
    cliff = way.cliff
    if cliff is None:
        return ""
    return f"{cliff.at_nodes - 1} → {cliff.at_nodes} nodes: {cliff.ports_before:,} → {cliff.ports_after:,} ports each"
