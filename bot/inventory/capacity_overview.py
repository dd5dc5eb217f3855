"""The SNAT capacity of the fleet: which cluster runs out of ports first, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.access import environment_of
from bot.domain.csv_text import csv_text
from bot.domain.snat import Headroom, nearest_first
from bot.inventory.listing import FleetPage, fleet
from bot.ports import Caller, Context

COLUMNS = (
    "cluster", "id", "environment", "outbound_type", "way_out", "outbound_ips", "snat_ports", "ports_per_node",
    "nodes_now", "nodes_at_most", "room_for_nodes", "clusters_sharing", "near_exhaustion", "cliff", "advice",
    "what_to_do", "proposal", "warnings", "read_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CapacityOverview:
    """The clusters that somebody may see and that fit a filter, the nearest cliff first.

    Args:
        rows: One for each cluster.
        environments: Of each, by its id.
        proposals: The id of the open scale proposal of each that has one, by its id.
        fleet: What the filter found, and how current that is.
    """

    rows: tuple[Headroom, ...]
    environments: Mapping[str, str]
    proposals: Mapping[str, str]
    fleet: FleetPage


def capacity_overview(ctx: Context, caller: Caller, words: str) -> CapacityOverview:
    """The clusters that fit the words of ``fleet``, by their distance to the nearest cliff.

    Raises:
        InvalidInput: Unknown filter.
    """
    found = fleet(ctx, caller, words)
    with ctx.store.read() as tx:
        proposals = {scale.cluster_id: scale.id for scale in tx.scales.find()}
        everybody = tx.snapshots.all()
    environments = {egress.ref.id: environment_of(ctx.config, egress.ref) for egress in found.clusters}
    rows = tuple(nearest_first(found.clusters, everybody))
    return CapacityOverview(rows, environments, proposals, found)


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
    )
