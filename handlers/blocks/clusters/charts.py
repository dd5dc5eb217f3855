"""Charts of clusters: ports in use over the last day, and the room that is left in the fleet."""

from collections.abc import Sequence

from bot.domain.chart import MOST_POINTS, Chart, Curve, distinct
from bot.domain.measured import SnatUse, SourceKind
from bot.domain.measured.advice import span_text
from bot.domain.measured.levels import HIGH_SHARE
from bot.inventory import CapacityOverview

WHAT = {
    SourceKind.LOAD_BALANCER: "SNAT ports of the fullest node",
    SourceKind.NAT_GATEWAY: "Connections a minute",
    SourceKind.FIREWALL: "SNAT ports of the firewall",
}
"""What the course of a source shows."""


def use_charts(uses: Sequence[SnatUse]) -> tuple[Chart, ...]:
    """The course of the fullest source over the time that was read; none where nothing was measured."""
    known = [use for use in uses if len(use.curve) > 1]
    return (_use_chart(max(known, key=lambda use: use.share or 0)),) if known else ()


def _use_chart(use: SnatUse) -> Chart:
    is_share = use.source.kind is not SourceKind.NAT_GATEWAY
    unit = "%" if is_share else ""
    values = tuple(value for _, value in use.curve)
    (at, highest), last = max(use.curve, key=lambda point: point[1]), values[-1]
    low = f"{min(values):,.0f}{unit}".strip()
    said = (
        f"{WHAT[use.source.kind]} {span_text(use)}: between {low} and {highest:,.0f}{unit}".rstrip()
        + f" (at {at:%H:%M} UTC), last {last:,.0f}{unit}".rstrip()
        + "."
    )
    return Chart(
        id="chart_ports",
        title=WHAT[use.source.kind],
        kind="line",
        labels=distinct([f"{at:%a %H:%M}" for at, _ in use.curve]),
        curves=(Curve("fullest node" if use.worst else use.source.name[:20], values),),
        said=said,
        unit=unit,
        limit=100 * HIGH_SHARE if is_share else None,
    )


def fleet_charts(found: CapacityOverview) -> tuple[Chart, ...]:
    """The measured use of the fullest clusters; where nothing was measured, the room for nodes of the nearest."""
    measured = sorted((-row.measured, row.egress.ref.name) for row in found.rows if row.measured is not None)
    if len(measured) > 1:
        return (_bars("SNAT ports in use", "%", [(name, -share * 100) for share, name in measured], 100 * HIGH_SHARE),)
    room = sorted((max(0, row.room), row.egress.ref.name) for row in found.rows if row.room is not None)
    return (_bars("Room for more nodes", "", [(name, float(nodes)) for nodes, name in room], None),) if room[1:] else ()


def _bars(title: str, unit: str, rows: Sequence[tuple[str, float]], limit: float | None) -> Chart:
    shown = rows[:MOST_POINTS]
    named = ", ".join(f"{name} {value:,.0f}{unit}".rstrip() for name, value in shown[:5])
    rest = f", and {len(rows) - 5} more" if len(rows) > 5 else ""
    return Chart(
        id="chart_fleet",
        title=f"{title}, by cluster",
        kind="bar",
        labels=distinct([name for name, _ in shown]),
        curves=(Curve(title[:20], tuple(value for _, value in shown)),),
        said=f"{title}: {named}{rest}.{f' Warnings start above {limit:.0f}{unit}.' if limit else ''}",
        unit=unit,
        limit=limit,
    )
