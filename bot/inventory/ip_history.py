"""The timeline of a cluster's outbound IPs: what came and went, and through whom."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from bot.domain.egress import ClusterRef, IpChange, IpChangeKind, changes_of, is_among
from bot.domain.people import Person
from bot.domain.scale_proposal import Scale, cause_of
from bot.errors import UnknownCluster
from bot.inventory.find import find, former, person
from bot.ports import Caller, Context, Transaction

PAGE = 8
"""Events on one page: what fits a phone."""


@dataclass(frozen=True, slots=True)
class IpEvent:
    """A change of outbound IPs, and the proposal through which it came.

    Args:
        change: What changed, and when.
        scale: The proposal; None where nobody did it through the bot.
    """

    change: IpChange
    scale: Scale | None

    def concerns(self, address: str) -> bool:
        """Whether an IP address came or went with it."""
        return is_among(address, (*self.change.gained, *self.change.lost))


@dataclass(frozen=True, slots=True)
class IpHistory:
    """One page of the timeline.

    Args:
        ref: Which cluster; it may no longer exist.
        events: Newest first.
        number: Which page, from 1.
        pages: How many there are.
        read_at: When the cluster was last read; None where it no longer exists.
        unread_since: Since when its outbound IPs cannot be read; None where they are known.
    """

    ref: ClusterRef
    events: tuple[IpEvent, ...]
    number: int
    pages: int
    read_at: datetime | None
    unread_since: datetime | None = None

    @property
    def is_complete(self) -> bool:
        """Whether the page reaches back to the beginning of what is known."""
        return bool(self.events) and self.events[-1].change.kind is IpChangeKind.FIRST


def history(ctx: Context, caller: Caller, name: str, page: int = 1) -> IpHistory:
    """The timeline of a cluster's outbound IPs, also of a deleted one, as far as it was read.

    Raises:
        UnknownCluster: There never was such a cluster, or none that this person may see.
        AmbiguousCluster: Several have that name.
    """
    ref = _located(ctx, person(ctx, caller), name)
    with ctx.store.read() as tx:
        events, known = events_of(tx, [ref.id]), tx.snapshots.get(ref.id)
        last = next(iter(tx.snapshots.periods_of([ref.id])), None)
    pages = max(1, -(-len(events) // PAGE))
    at = min(max(1, page), pages)
    shown = tuple(events[(at - 1) * PAGE : at * PAGE])
    unread_since = last.seen if last is not None and last.until is None else None
    return IpHistory(ref, shown, at, pages, known[1] if known else None, unread_since)


def events_of(tx: Transaction, cluster_ids: Collection[str]) -> list[IpEvent]:
    """Everything that happened to the outbound IPs of some clusters, newest first."""
    periods, found = tx.snapshots.periods_of(cluster_ids), []
    for id_ in cluster_ids:
        scales = tx.scales.find(id_, only_open=False)
        changes = changes_of([one for one in periods if one.ref.id == id_])
        found += [IpEvent(change, cause_of(change, scales)) for change in changes]
    return sorted(found, key=lambda one: one.change.at, reverse=True)


def _located(ctx: Context, who: Person, name: str) -> ClusterRef:
    try:
        return find(ctx, who, name).ref
    except UnknownCluster:
        gone = former(ctx, who, name)
        if not gone:
            raise
        return gone[0].ref
