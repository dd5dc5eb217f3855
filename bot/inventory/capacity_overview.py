"""The SNAT capacity of the fleet: which cluster runs out of ports first, and what to do about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.domain.access import environment_of
from bot.domain.csv_text import csv_text
from bot.domain.egress import ClusterEgress
from bot.domain.measured import SnatUse, plan_enough, sources_of
from bot.domain.snat import Headroom, nearest_first
from bot.domain.snat.headroom import NEAR_SHARE
from bot.inventory.listing import FleetPage, fleet
from bot.ports import Caller, Context, Transaction

COLUMNS = (
    "cluster", "id", "environment", "outbound_type", "way_out", "outbound_ips", "snat_ports", "ports_per_node",
    "nodes_now", "nodes_at_most", "room_for_nodes", "clusters_sharing", "near_exhaustion", "cliff", "advice",
    "what_to_do", "proposal", "warnings", "read_at", "measured_peak_percent", "failed_connections", "measured_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CapacityOverview:
    """The clusters that somebody may see and that fit a filter, the nearest cliff first.

    Args:
        rows: One for each cluster.
        environments: Of each, by its id.
        proposals: The id of the open scale proposal of each that has one, by its id.
        fleet: What the filter found, and how current that is.
        uses: How the ports of each were used when they were last read, by its id; nothing where nobody read them.
    """

    rows: tuple[Headroom, ...]
    environments: Mapping[str, str]
    proposals: Mapping[str, str]
    fleet: FleetPage
    uses: Mapping[str, tuple[SnatUse, ...]] = field(default_factory=dict)


def capacity_overview(ctx: Context, caller: Caller, words: str) -> CapacityOverview:
    """The clusters that fit the words of ``fleet``, by their distance to the nearest cliff.

    Raises:
        InvalidInput: Unknown filter.
    """
    found = fleet(ctx, caller, words)
    with ctx.store.read() as tx:
        proposals = {scale.cluster_id: scale.id for scale in tx.scales.find()}
        everybody = tx.snapshots.all()
        uses = _uses(ctx, tx, found.clusters)
    environments = {egress.ref.id: environment_of(ctx.config, egress.ref) for egress in found.clusters}
    rows = nearest_first(found.clusters, everybody, _peaks(uses))
    advised = tuple(_advised(row, uses.get(row.egress.ref.id, ())) for row in rows)
    return CapacityOverview(advised, environments, proposals, found, uses)


def _advised(row: Headroom, uses: Iterable[SnatUse]) -> Headroom:
    """Where measured use is high, what to do about it comes from what was measured, if the bot can propose it."""
    found = next((made for use in uses if use.worst and (made := plan_enough(row.egress, use))), None)
    if found is None or (row.measured or 0) <= NEAR_SHARE:
        return row
    command, plan = found
    return replace(row, todo=f"{command} proposes {plan.change.goal}: enough for the measured peak.")


OLD = timedelta(days=2)
"""What was measured longer ago says nothing of now."""


def _uses(ctx: Context, tx: Transaction, clusters: Iterable[ClusterEgress]) -> dict[str, tuple[SnatUse, ...]]:
    """What the watch measured of each cluster, as long as it is not too old."""
    if ctx.metrics is None:
        return {}
    sources = {egress.ref.id: sources_of(egress) for egress in clusters}
    kept = tx.port_uses.of([one.id for several in sources.values() for one in several])
    known = {id_: one.use for id_, one in kept.items() if one.use.is_known}
    recent = {id_: use for id_, use in known.items() if use.span.until > ctx.clock.now() - OLD}
    found = {id_: tuple(recent[one.id] for one in several if one.id in recent) for id_, several in sources.items()}
    return {id_: several for id_, several in found.items() if several}


def _peaks(uses: Mapping[str, Iterable[SnatUse]]) -> dict[str, float]:
    """The highest share of each; connections that failed mean that all ports were in use."""
    shares = {id_: [1.0 if use.failed else use.share for use in several] for id_, several in uses.items()}
    known = {id_: [share for share in found if share is not None] for id_, found in shares.items()}
    return {id_: max(found) for id_, found in known.items() if found}


def capacity_csv(found: CapacityOverview) -> str:
    """All of it as CSV, which no spreadsheet takes for formulas."""
    return csv_text(COLUMNS, (_values(found, row) for row in found.rows))


def _values(found: CapacityOverview, row: Headroom) -> tuple[object, ...]:
    egress, ports = row.egress, row.capacity
    return (
        egress.ref.name,
        egress.ref.id,
        found.environments[egress.ref.id],
        egress.declared,
        str(ports.kind),
        [ip.address for ip in egress.ips],
        ports.total_ports or None,
        ports.ports_per_node,
        ports.nodes_now,
        None if ports.is_unbounded else ports.max_nodes,
        row.room,
        row.sharing,
        row.is_near,
        row.cliff,
        ports.advice,
        row.todo,
        found.proposals.get(egress.ref.id, ""),
        [warning.code for warning in egress.warnings],
        found.fleet.read_at.isoformat() if found.fleet.read_at else "",
        *_measured_values(found.uses.get(egress.ref.id, ()), row),
    )


def _measured_values(uses: tuple[SnatUse, ...], row: Headroom) -> tuple[object, ...]:
    """What was measured; empty where nobody did."""
    if not uses:
        return None, None, ""
    peak = None if row.measured is None else round(100 * row.measured, 1)
    failed = [use.failed for use in uses if use.failed is not None]
    return peak, sum(failed) if failed else None, min(use.span.until for use in uses).isoformat()
