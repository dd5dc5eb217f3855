"""How SNAT ports are used, as Azure Monitor measured it: the fullest node first."""

from collections.abc import Sequence

from bot.domain.measured import PortLevel, PortUse, SnatUse, SourceKind, level_of
from bot.domain.measured.advice import span_text
from bot.domain.measured.levels import failed_text
from bot.domain.phrases import counted, listed
from handlers.blocks.block_kit import code, context, escape, fold, section, when
from handlers.replies import Block

NODES_SHOWN = 8
LEAST_SHOWN = 0.05
"""The share of its ports from which a node is worth a line."""

MARKS = {PortLevel.CALM: ":white_check_mark:", PortLevel.HIGH: ":warning:", PortLevel.EXHAUSTED: ":red_circle:"}


def measured_blocks(uses: Sequence[SnatUse]) -> list[Block]:
    """What was measured of each source, and what could not be read; nothing where metrics are off."""
    return [block for use in uses for block in _of(use)]


def _of(use: SnatUse) -> list[Block]:
    missing = [context(f":grey_question: {escape(gap)}") for gap in use.gaps]
    if not use.is_known:
        return missing or [context(f"Azure Monitor has no values for {escape(use.source.name)} {span_text(use)}.")]
    head = f"{MARKS[level_of(use)]} *SNAT ports in use* {span_text(use)}"
    return [section(f"{head}\n{fold(_LINES[use.source.kind](use), 2500)}"), *missing]


def _balancer(use: SnatUse) -> list[str]:
    ports = [one for one in use.ports if one.share >= LEAST_SHOWN or one is use.worst][:NODES_SHOWN]
    rest = len(use.ports) - len(ports)
    less = [f"• {counted(rest, 'other')} less full: `/egress show … json`"] if rest else []
    return [*map(_node, ports), *less, *_failed(use)]


def _node(one: PortUse) -> str:
    at = f" {when(one.peak_at)}" if one.peak_at else ""
    protocol = "" if one.protocol == "TCP" else f" {one.protocol}"
    return (
        f"• node {code(one.node)} on {code(one.frontend)}{protocol}: peak *{one.share:.0%}* "
        f"({one.peak:,.0f} of {one.allocated:,.0f}){at}, now {one.used:,.0f}"
    )


def _failed(use: SnatUse) -> list[str]:
    if use.failed is None:
        return ["• failed connections: unknown"]
    nodes = listed([code(node) for node in use.failed_by_node if node], 5)
    where = f" on {nodes}" if nodes and use.source.kind is SourceKind.LOAD_BALANCER else ""
    return [f"• *{failed_text(use.failed)}*{where}" if use.failed else "• no connection failed for want of a port"]


def _gateway(use: SnatUse) -> list[str]:
    shown = [
        f"• NAT gateway {code(use.source.name)}: up to *{counted(round(use.connections or 0), 'connection')} a minute*"
    ]
    shown += _failed(use)
    shown += [] if use.dropped is None else [f"• {counted(use.dropped, 'packet')} dropped"]
    return [*shown, *([] if use.availability is None else [f"• availability at least {use.availability:.0f}%"])]


def _firewall(use: SnatUse) -> list[str]:
    peak = f"peak *{use.utilization or 0:.0f}%* of its ports"
    shown = [f"• firewall {code(use.source.name)}: {peak}, shared with all behind it"]
    reason = f" ({escape(use.reason)})" if use.reason else ""
    return [*shown, *([] if use.health is None else [f"• health at least {use.health:.0f}%{reason}"])]


_LINES = {SourceKind.LOAD_BALANCER: _balancer, SourceKind.NAT_GATEWAY: _gateway, SourceKind.FIREWALL: _firewall}
