"""One cluster as it is now."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.access import environment_of
from bot.domain.allowance import WANTED, Allowance, Status, status
from bot.domain.egress import ClusterEgress, RequiredEndpoints
from bot.domain.measured import SnatUse
from bot.domain.snat import Capacity, capacities
from bot.inventory.endpoints import holds_for
from bot.inventory.find import live, person
from bot.inventory.measuring import measure
from bot.ports import AllowanceFilter, Caller, Context

SHOWN = WANTED | {Status.SUSPENDED}
"""In which status an allowance is part of how a cluster leaves."""


@dataclass(frozen=True, slots=True)
class EgressReport:
    """Everything that ``show`` tells of one cluster.

    Args:
        egress: The cluster, read from Azure just now.
        environment: Its environment by the configuration.
        capacities: The SNAT ports of each of its ways out, the tightest first; at least one.
        allowances: Those whose rules should be in the firewall now, and those that open nothing for now.
        read_at: When the reading began.
        endpoints: What AKS itself must reach, against the firewall's rules; None where there is no Azure Firewall or
            it was not checked yet.
        endpoints_at: When that was checked.
        uses: How its SNAT ports were used in the last day, by everything that gives it some; empty where metrics are
            off.
    """

    egress: ClusterEgress
    environment: str
    capacities: tuple[Capacity, ...]
    allowances: tuple[Allowance, ...]
    read_at: datetime
    endpoints: RequiredEndpoints | None = None
    endpoints_at: datetime | None = None
    uses: tuple[SnatUse, ...] = ()

    @property
    def capacity(self) -> Capacity:
        """The tightest of its ways out."""
        return self.capacities[0]


def show(ctx: Context, caller: Caller, name: str, *, is_measured: bool = True) -> EgressReport:
    """One cluster as it is now.

    The required endpoints are those of the last check: reading them costs as many requests again.

    Args:
        ctx: The context.
        caller: Who asks.
        name: The cluster's name or id.
        is_measured: Whether Azure Monitor is asked how its SNAT ports are used.

    Raises:
        UnknownCluster: No such cluster, or none that this person may see.
        AmbiguousCluster: Several have that name.
    """
    egress, read_at = live(ctx, person(ctx, caller), name)
    with ctx.store.read() as tx:
        rows = tx.allowances.find(AllowanceFilter(cluster=egress.ref.id, only_open=True))
        checked = tx.snapshots.endpoints(egress.ref.id).get(egress.ref.id)
    endpoints, checked_at = checked if checked and holds_for(checked[0], egress) else (None, None)
    return EgressReport(
        egress=egress,
        environment=environment_of(ctx.config, egress.ref),
        capacities=capacities(egress),
        allowances=tuple(allowance for allowance in rows if status(allowance, read_at) in SHOWN),
        read_at=read_at,
        endpoints=endpoints,
        endpoints_at=checked_at,
        uses=measure(ctx, egress) if is_measured else (),
    )
