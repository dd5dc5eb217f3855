"""Looks at the clusters and firewalls under the allowances of one firewall, and follows their changes.

What was read last is enough as long as it agrees with what was approved. Where it does not, and before something is
written for the first time or called live, the writer reads the cluster itself: Resource Graph lags behind, and what
could not be read is not a change.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import structlog

from bot.allowances import assess_policy, record
from bot.approvals import Circumstances
from bot.domain.allowance import UNENDED, Allowance, Status, is_open, is_wanted, status
from bot.domain.approval import VerdictKind
from bot.domain.audit import Action
from bot.domain.egress import ClusterEgress
from bot.domain.grouping import grouped
from bot.domain.scope_drift import DriftKind, ScopeDrift, close, concerns, move_to, shaken, suspend
from bot.domain.target import Target
from bot.errors import ArmForbidden, ArmNotFound, Defect, Unavailable
from bot.inventory import is_deletion, keep
from bot.inventory.ip_changes import announce
from bot.ports import ChannelEvent, Context, NoticeEvent, UnitOfWork
from bot.reconciler.run import Run

log = structlog.get_logger(__name__)

Found = tuple[ClusterEgress | None, datetime]
"""A cluster as Azure has it, None where it does not exist, and when the reading began."""


class Followed(NamedTuple):
    """What comparing allowances with their clusters led to.

    Args:
        has_read: Whether Azure was asked, so that time has passed.
        has_changed: Whether anything followed.
    """

    has_read: bool
    has_changed: bool


def follow_drift(
    run: Run, target: Target, rows: Iterable[Allowance], *, of: Collection[str] | None = None, why: str = ""
) -> Followed:
    """Compare open allowances of a target with what is true now, and let follow what follows.

    Args:
        run: The run.
        target: What it writes.
        rows: Its open allowances; those of other targets are left out.
        of: Only these clusters, which are read from Azure whatever is known of them; None for all.
        why: The firewall's own explanation, for the channel message.
    """
    asked = run.state.cluster_reads
    members_of = grouped((row.scope.cluster_id, row) for row in rows if row.scope.target == target)
    moved: list[tuple[Allowance, ScopeDrift]] = []
    read: dict[str, Found] = {}
    for cluster_id, members in sorted(members_of.items()):
        is_asked = of is None or cluster_id in of
        found = _doubted(run, members, is_wanted=of is not None) if is_asked and _matters(members, run.now) else None
        if found is None:
            continue
        read[cluster_id] = found
        moved += shaken(members, _by_id(cluster_id, found[0]), run.now)
    if read:
        _follow(run, target, read, moved, why)
    return Followed(run.state.cluster_reads != asked, bool(moved))


def _matters(rows: Sequence[Allowance], now: datetime) -> bool:
    return any(status(row, now) in UNENDED for row in rows)


def _by_id(cluster_id: str, egress: ClusterEgress | None) -> dict[str, ClusterEgress]:
    return {} if egress is None else {cluster_id: egress}


def _doubted(run: Run, rows: Sequence[Allowance], *, is_wanted: bool) -> Found | None:
    """The cluster as Azure has it now, where what is known of it is not enough; None where it is, or nothing is known.

    One that could not be read is read again after a while.
    """
    cluster_id = rows[0].scope.cluster_id
    with run.ctx.store.read() as tx:
        known, were_read = tx.snapshots.get(cluster_id), tx.snapshots.reading() is not None
    egress = known[0] if known else None
    if _has_looked(run, cluster_id, known[1] if known else None):
        return None
    if not is_wanted and not is_doubtful(rows, egress, run.now, is_known=known is not None or were_read):
        return None
    return _read(run, cluster_id)


def _has_looked(run: Run, cluster_id: str, known_at: datetime | None) -> bool:
    """Whether the writer has looked, or tried to, a moment ago, and nobody knows better since."""
    last = run.state.cluster_reads.get(cluster_id)
    if last is None or last.at <= _long_ago(run):
        return False
    return not last.is_answered or (known_at is not None and known_at <= last.at)


def _long_ago(run: Run) -> datetime:
    """A cluster that was read by then is read again where it is in doubt."""
    return run.now - run.ctx.pace.resync / 12


def _read(run: Run, cluster_id: str) -> Found | None:
    began = run.now
    run.state = run.state.ask_cluster(cluster_id, began, forget_before=_long_ago(run))
    try:
        egress = run.ctx.clusters.read_egress(cluster_id)
    except ArmNotFound as error:
        return (None, began) if is_deletion(error) else None
    except (ArmForbidden, Unavailable, Defect) as error:
        log.warning("cluster_not_read", cluster=cluster_id, error=str(error))
        return None
    run.state = run.state.read_cluster(cluster_id, began)
    return egress, began


def _follow(
    run: Run, target: Target, read: dict[str, Found], shaken: Sequence[tuple[Allowance, ScopeDrift]], why: str
) -> None:
    """Do everything in one transaction, so that a crash leaves all of it or nothing."""
    moved = [(row, now) for row, now in shaken if now.scope.target != target]
    run.state = run.state.hand_over(row.id for row, _ in moved)
    with run.write() as uow:
        for egress, began in read.values():
            if egress is not None:
                keep(uow.ctx, uow.tx, egress, began)
        for row, found in shaken:
            _let_follow(uow, uow.tx.allowances.get(row.id), found)
        for cluster_id in sorted({row.scope.cluster_id for row, now in shaken if now.footing is DriftKind.GONE}):
            if read[cluster_id][0] is None:
                announce(uow.ctx, uow.tx, uow.tx.snapshots.forget(cluster_id, read[cluster_id][1]))
            _announce_deletion(run, uow, cluster_id, [row for row, _ in shaken if row.scope.cluster_id == cluster_id])
        written = [(row, now) for row, now in moved if is_wanted(uow.tx.allowances.get(row.id), uow.now)]
        if written:
            _announce_move(run, uow, written, why)


@dataclass(frozen=True, slots=True)
class Following:
    """The new state of an allowance whose cluster or firewall changed.

    Args:
        row: As it is from then on.
        said: How that is recorded and told.
        why: What changed, for people.
        is_written: Whether its rules belong where its scope says now.
    """

    row: Allowance
    said: tuple[Action, NoticeEvent]
    why: str
    is_written: bool = False


def following(ctx: Context, row: Allowance, found: ScopeDrift, now: datetime) -> Following | None:
    """Decide how an allowance follows; None where nothing changes. Asks nobody.

    It goes where its cluster is, unless the approval policy of now forbids it there.
    """
    if not concerns(row, found, now):
        return None
    if found.footing is DriftKind.GONE:
        return Following(close(row, found.sentence, now), _ENDED[row.approved_at is not None], found.sentence)
    if found.footing is DriftKind.NOWHERE:
        said = (Action.ALLOWANCE_SUSPEND, NoticeEvent.SUSPENDED)
        return Following(suspend(row, found.sentence, now), said, found.sentence)
    changed = move_to(row, found.scope, now)
    if row.approved_at is None:
        return Following(changed, (Action.ALLOWANCE_CHANGE, NoticeEvent.CHANGED), found.sentence)
    around = Circumstances(row.requested_at, None, None)  # what is not known refuses nothing
    verdict = assess_policy(ctx, changed.scope, changed.ask, changed.risk, around)
    if verdict.kind is VerdictKind.REFUSE:
        why = f"{found.sentence} The approval policy refuses it there: {verdict.reason} (rule {verdict.rule}).".strip()
        return Following(close(row, why, now), _ENDED[True], why)
    return Following(changed, _CHANGED[found.footing], found.sentence, is_written=True)


def is_doubtful(rows: Sequence[Allowance], egress: ClusterEgress | None, now: datetime, *, is_known: bool) -> bool:
    """Whether what is known of the cluster of some allowances is not enough to write them.

    Args:
        rows: All of one cluster.
        egress: The cluster as it was last read; None where it was not.
        now: The time.
        is_known: Whether it, or the fleet without it, was ever read.
    """
    is_new = any(row.applying_at is None and status(row, now) is Status.APPROVED for row in rows)
    return is_new or (is_known and any(shaken(rows, _by_id(rows[0].scope.cluster_id, egress), now)))


def _let_follow(uow: UnitOfWork, row: Allowance, found: ScopeDrift) -> None:
    """One allowance that rests on something else now."""
    what = following(uow.ctx, row, found, uow.now)
    if what is None:
        return
    _put(uow, what.row, what.said, what.why)
    if what.is_written:
        uow.tx.work.wake(what.row.scope.target.key, within=uow.ctx.pace.batch_window)


_ENDED = {False: (Action.ALLOWANCE_CLOSE, NoticeEvent.CLOSED), True: (Action.ALLOWANCE_ORPHAN, NoticeEvent.ORPHANED)}
"""The audit action and event for the end of an allowance, by whether it was approved."""

_CHANGED = {
    DriftKind.MOVED: (Action.ALLOWANCE_MOVE, NoticeEvent.MOVED),
    DriftKind.RANGES: (Action.ALLOWANCE_CHANGE, NoticeEvent.RANGES),
    DriftKind.SAME: (Action.ALLOWANCE_RESUME, NoticeEvent.RESUMED),
}
"""The audit action and event for an approved allowance that moves or changes."""


def _put(uow: UnitOfWork, row: Allowance, said: tuple[Action, NoticeEvent], why: str) -> None:
    """Store it, record it, and tell everybody whose act it rested on."""
    approvals = uow.tx.allowances.get(row.id).approvals
    saved = uow.tx.allowances.save(row, is_open=is_open(row, uow.now))
    action, event = said
    record(uow, saved, action, reason=why)
    uow.tell(saved, event, also=(one.by for one in approvals), what=why)


def _announce_deletion(run: Run, uow: UnitOfWork, cluster_id: str, rows: Sequence[Allowance]) -> None:
    """The channel hears of a deletion that takes allowances with it."""
    ended = sorted(row.id for row in rows if row.approved_at is not None)
    if ended:
        text = f"The bot is closing its allowances and removing their rules from the firewall: {_listed(ended)}."
        uow.audit(run.event(Action.CLUSTER_DELETE, cluster_id, reason=text))
        run.say(uow.tx, cluster_id, ChannelEvent.CLUSTER_GONE, text)


def _announce_move(run: Run, uow: UnitOfWork, moved: Sequence[tuple[Allowance, ScopeDrift]], why: str) -> None:
    said = " ".join(sorted({found.sentence for _, found in moved}))
    ids = _listed(sorted(row.id for row, _ in moved))
    is_dry = run.ctx.config.dry_run.covers(moved[0][1].scope.target)
    then = "Its rules belong there now, and the bot is in a dry run" if is_dry else "The bot writes its rules there now"
    text = f"{why or said} {then}: {ids}."
    uow.audit(run.event(Action.FIREWALL_DRIFT, run.subject, reason=text, after=moved[0][1].scope.target.id))
    run.say_once(uow.tx, run.subject, ChannelEvent.MOVED, text)


def _listed(ids: Sequence[str]) -> str:
    return ", ".join(ids[:10]) + (f" and {len(ids) - 10} more" if len(ids) > 10 else "")
