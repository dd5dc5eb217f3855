"""When measured use is worth a warning, and when it is over.

Thresholds, read 2026-11: a load balancer's health event ``HighSnatPortUsage`` is above 75 % of a node's ports on an
outbound IP, ``SnatPortExhaustion`` when there are none left
(https://learn.microsoft.com/azure/load-balancer/load-balancer-health-event-logs); a NAT gateway is unwell when any
connection fails, or below 90 % availability over fifteen minutes, and ends at two million connections
(https://learn.microsoft.com/azure/nat-gateway/nat-metrics); a firewall is degraded above 95 % of its ports
(https://learn.microsoft.com/azure/firewall/monitor-firewall-reference). That a NAT gateway and a firewall are warned of
at 75 %, too, is our own judgement.
"""

from collections.abc import Iterator
from enum import IntEnum

from bot.domain.measured.use import SnatUse
from bot.domain.measured.values import SourceKind
from bot.domain.phrases import counted

HIGH_SHARE = 0.75
CALM_SHARE = 0.6
"""Our own judgement: what was announced is over only below this, so that one cluster is not announced every day."""

FIREWALL_DEGRADED = 95.0
LEAST_AVAILABILITY = 90.0
NAT_CONNECTIONS = 2_000_000


class PortLevel(IntEnum):
    """How near the end of the ports is."""

    CALM = 0
    HIGH = 1
    EXHAUSTED = 2


def level_of(use: SnatUse) -> PortLevel:
    """How near it was in the span that was read; what nobody knows is calm."""
    if use.failed or (use.share or 0) >= _full(use):
        return PortLevel.EXHAUSTED
    is_unwell = use.availability is not None and use.availability < LEAST_AVAILABILITY
    return PortLevel.HIGH if _fullness(use) > HIGH_SHARE or is_unwell else PortLevel.CALM


def next_level(announced: PortLevel, use: SnatUse) -> PortLevel:
    """The level that people should know of: it rises at once, and ends only below ``CALM_SHARE``.

    Args:
        announced: What they know.
        use: What was read now; what nobody knows changes nothing.
    """
    if not use.is_known or use.failed is None:
        return max(announced, level_of(use))
    is_over = level_of(use) is PortLevel.CALM and _fullness(use) < CALM_SHARE
    return PortLevel.CALM if is_over else max(announced, level_of(use))


def why(use: SnatUse) -> str:
    """What was measured, in sentences: the fullest first, then what failed; empty where nothing is known."""
    return " ".join(_sentences(use))


def failed_text(count: int) -> str:
    """``1,200 connections failed for want of a port``, without a full stop."""
    return f"{count:,} connection{'' if count == 1 else 's'} failed for want of a port"


def _full(use: SnatUse) -> float:
    return FIREWALL_DEGRADED / 100 if use.source.kind is SourceKind.FIREWALL else 1.0


def _fullness(use: SnatUse) -> float:
    return use.share if use.share is not None else (use.connections or 0) / NAT_CONNECTIONS


def _sentences(use: SnatUse) -> Iterator[str]:
    if worst := use.worst:
        ports = f"{worst.peak:,.0f} of {worst.allocated:,.0f} ports"
        yield f"Node {worst.node} used {worst.share:.0%} of its SNAT ports on {worst.frontend} ({ports})."
    if use.utilization is not None:
        yield f"Firewall {use.source.name} used {use.utilization:.0f}% of its SNAT ports."
    if use.health is not None and use.health < 100:
        reason = f" ({use.reason})" if use.reason else ""
        yield f"Its health fell to {use.health:.0f}%{reason}."
    if use.connections is not None:
        yield f"NAT gateway {use.source.name} had up to {counted(round(use.connections), 'connection')} a minute."
    if use.availability is not None and use.availability < LEAST_AVAILABILITY:
        yield f"Its availability fell to {use.availability:.0f}%."
    if use.failed:
        yield f"{failed_text(use.failed)}."
    if use.dropped:
        yield f"It dropped {counted(use.dropped, 'packet')}."
