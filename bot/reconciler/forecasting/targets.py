"""Forecasts of the next write of each firewall."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby

from bot.domain.allowance import UNENDED, WANTED, Allowance, Status, is_wanted, revoke, status
from bot.domain.approval import Ending
from bot.domain.drift import Drift, drift_of, taken_away
from bot.domain.forecast import LeftOut, TargetForecast, Unreadable, collections_of, foreign_of
from bot.domain.network_rules import proxy_is_off
from bot.domain.people import SYSTEM
from bot.domain.rule_groups import group_name
from bot.domain.scope_drift import scope_drift
from bot.domain.target import Target
from bot.domain.writer_state import WriterState
from bot.errors import ArmNotFound, EgressError, UnreadableState, UnsafePlan
from bot.inventory.find import read_unless_deleted
from bot.ports import Context, ObservedTarget, Transaction
from bot.reconciler.observation import (
    GroupPlan,
    Observation,
    Stored,
    moved,
    observation_of,
    repeats,
    require_room,
    require_safe,
    stored_rows,
)
from bot.reconciler.scope_drift import Following, following, is_doubtful

Seen = ObservedTarget | EgressError
"""The content of a target, or why it could not be read."""


@dataclass(frozen=True, slots=True)
class Look:
    """Everything that is known of one target.

    Args:
        ctx: The context.
        target: Which.
        seen: What it holds.
        stored: What the database has of it, the allowances as they will be.
        shifts: What becomes of allowances that rest on something else now, by id.
        now: The time.
    """

    ctx: Context
    target: Target
    seen: ObservedTarget
    stored: Stored
    shifts: Mapping[str, Following]
    now: datetime

    @property
    def state(self) -> WriterState:
        """The writer's state."""
        return self.stored.state


def foresee_targets(
    ctx: Context, targets: Iterable[Target], *, is_whole: bool
) -> tuple[tuple[TargetForecast, ...], tuple[Unreadable, ...]]:
    """Forecast the writes, and name what could not be read.

    Args:
        ctx: The context.
        targets: Which.
        is_whole: Whether these are all: then those that allowances move to are looked at as well.
    """
    seen = {target: _observed(ctx, target) for target in targets}
    stored = _stored(ctx, seen)
    shifts, unread = _shifts(ctx, seen, stored)
    if is_whole:
        fresh = {each.row.scope.target for each in shifts.values() if each.is_written} - seen.keys()
        seen |= {target: _observed(ctx, target) for target in sorted(fresh)}
        stored |= _stored(ctx, fresh)
    forecasts = [
        _forecast(ctx, target, seen[target], _shifted(stored, target, shifts), shifts) for target in sorted(seen)
    ]
    failed = [each for each in forecasts if isinstance(each, Unreadable)]
    return tuple(each for each in forecasts if isinstance(each, TargetForecast)), (*failed, *unread)


def _observed(ctx: Context, target: Target) -> Seen:
    with ctx.store.read() as tx:
        work = tx.work.peek(target.key)
    if work is not None and isinstance(work.state, UnreadableState):
        return work.state
    try:
        return ctx.targets.open(target).observe()
    except EgressError as error:
        return error


def _stored(ctx: Context, targets: Iterable[Target]) -> dict[Target, Stored]:
    with ctx.store.read() as tx:
        return {target: _stored_one(tx, target) for target in targets}


def _stored_one(tx: Transaction, target: Target) -> Stored:
    work = tx.work.peek(target.key)
    state = work.state if work is not None and isinstance(work.state, WriterState) else WriterState()
    return Stored(stored_rows(tx, target, state), state)


def _shifts(
    ctx: Context, seen: Mapping[Target, Seen], stored: Mapping[Target, Stored]
) -> tuple[dict[str, Following], list[Unreadable]]:
    """Let allowances follow their clusters; a cluster that cannot be read changes nothing."""
    now = ctx.clock.now()
    rows = [row for target, one in stored.items() for row in one.rows if _concerns(row, target, now)]
    found: dict[str, Following] = {}
    unread: list[Unreadable] = []
    for _, group in groupby(sorted(rows, key=_cluster), key=_cluster):
        members = list(group)
        try:
            found |= _followings(ctx, members, is_needed=any(_has_moved(seen[row.scope.target]) for row in members))
        except EgressError as error:
            unread.append(Unreadable(members[0].scope.cluster_name, error.sentence))
    return found, unread


def _concerns(row: Allowance, target: Target, now: datetime) -> bool:
    return row.scope.target == target and status(row, now) in UNENDED


def _cluster(row: Allowance) -> str:
    return row.scope.cluster_id


def _has_moved(seen: Seen) -> bool:
    return isinstance(seen, ObservedTarget) and seen.moved_to is not None


def _followings(ctx: Context, rows: Sequence[Allowance], *, is_needed: bool) -> dict[str, Following]:
    """Let the allowances of one cluster follow it; it is read where the writer would read it, too."""
    cluster_id, now = rows[0].scope.cluster_id, ctx.clock.now()
    with ctx.store.read() as tx:
        known, were_read = tx.snapshots.get(cluster_id), tx.snapshots.reading() is not None
    is_known = known is not None or were_read
    if not is_needed and not is_doubtful(rows, known[0] if known else None, now, is_known=is_known):
        return {}
    egress = read_unless_deleted(ctx, cluster_id)
    made = ((row.id, following(ctx, row, scope_drift(row.scope, egress), now)) for row in rows)
    return {id_: what for id_, what in made if what is not None}


def _shifted(stored: Mapping[Target, Stored], target: Target, shifts: Mapping[str, Following]) -> Stored:
    """The same with every allowance as it will be, those included that come from elsewhere."""
    mine = {row.id for row in stored[target].rows}
    rows = [shifts[row.id].row if row.id in shifts else row for row in stored[target].rows]
    rows += [what.row for id_, what in shifts.items() if id_ not in mine and what.row.scope.target == target]
    return stored[target]._replace(rows=tuple(rows))


def _forecast(
    ctx: Context, target: Target, seen: Seen, stored: Stored, shifts: Mapping[str, Following]
) -> TargetForecast | Unreadable:
    now = ctx.clock.now()
    waits = WANTED | {Status.WAITING}
    is_awaited = any(row.scope.target == target and status(row, now) in waits for row in stored.rows)
    is_promised = any(row.scope.target == target and is_wanted(row, now) for row in stored.rows)
    if isinstance(seen, ArmNotFound) and not is_promised:
        return TargetForecast(target, remarks=(f"{target.name} does not exist in Azure; nothing is wanted there.",))
    if isinstance(seen, EgressError):
        return Unreadable(target.name, seen.sentence)
    if seen.moved_to is not None and is_awaited:
        policy = seen.moved_to.rsplit("/", 1)[-1]
        text = (
            f"{target.name} takes its rules from the firewall policy {policy} now; its allowances follow their traffic."
        )
        return TargetForecast(target, obstacles=(text,))
    return _of_readable(Look(ctx, target, seen, stored, shifts, now))


def _of_readable(look: Look) -> TargetForecast:
    state, configured = look.state, look.ctx.config.firewall.drift
    first = _observation(look, look.stored)
    drift = drift_of(first.natural, first.by_id, state, configured=configured, now=look.now)
    last = _after_drift(look, first, drift)
    due = last.due(repeats(last.seen, _with_priorities(look)), after=state.written_group)
    return TargetForecast(
        look.target,
        collections_of(last.seen.collections, last.plan, last.by_id),
        foreign_of(drift, first.natural, first.left, "report" if configured == "report" else "unknown"),
        tuple(_left_out(look, last)),
        _repeats(look),
        tuple(dict.fromkeys(_obstacles(look, last, due))) if due else (),
        tuple(_remarks(look, last)),
    )


def _observation(look: Look, stored: Stored) -> Observation:
    return observation_of(look.target, look.seen, stored, look.ctx.config.firewall, look.now)


def _after_drift(look: Look, first: Observation, drift: Drift | None) -> Observation:
    """Forecast the write that follows once the writer has noticed what others did."""
    if drift is None or not drift.changes:
        return first
    gone = taken_away(drift) if drift.mode == "adopt" else frozenset()
    ending = Ending(SYSTEM, look.now)
    rows = tuple(revoke(row, ending) if row.id in gone and is_wanted(row, look.now) else row for row in first.rows)
    return _observation(look, Stored(rows, look.state.ignore_drift(drift.left)))


def _with_priorities(look: Look) -> WriterState:
    """The state once the writer has noticed priorities: one that somebody moved is only moved back where it heals."""
    if look.ctx.config.firewall.drift == "heal":
        return look.state
    state = look.state
    for number, (_, is_) in moved(look.seen, state).items():
        state = state.report_priority(number, is_, is_kept=True)
    return state


def _repeats(look: Look) -> str:
    if look.seen.has_failed:
        return f"Azure's last update of {look.target.name} failed, so its rules are put again."
    first, found = look.ctx.config.firewall.group, moved(look.seen, _with_priorities(look))
    named = ((group_name(first, number), was, is_) for number, (was, is_) in sorted(found.items()))
    return " ".join(
        f"The priority of our rule collection group {name} was {was} and is {is_}; the bot moves it back."
        for name, was, is_ in named
    )


def _left_out(look: Look, last: Observation) -> Iterator[LeftOut]:
    """Approved allowances that the write does without."""
    for row in sorted(last.rows, key=lambda each: each.id):
        shift = look.shifts.get(row.id)
        state = status(row, look.now)
        if row in last.unresolved:
            yield LeftOut(row.id, proxy_is_off(look.target))
        elif row.id in look.state.quarantined:
            yield LeftOut(
                row.id, "Azure refused an update that it was part of; the bot finds out whether it is the cause."
            )
        elif state in (Status.FAILED, Status.SUSPENDED):
            yield LeftOut(row.id, row.failure or row.suspended or "")
        elif shift is not None and row.approved_at is not None and not (shift.is_written and row in last.wanted):
            yield LeftOut(row.id, shift.why)


def _obstacles(look: Look, last: Observation, due: Iterable[GroupPlan]) -> Iterator[str]:
    """Say why the writer cannot write now."""
    name = look.target.name
    if look.ctx.config.dry_run.covers(look.target):
        yield f"Dry run: the bot does not write to {name}."
    if look.seen.is_updating:
        whose = "An update of the bot's is under way" if look.state.operation is not None else "Azure is busy"
        yield f"{whose} on {name}; the bot waits for its end and compares again."
    if look.seen.faulted is not None:
        yield f"The firewall {look.seen.faulted} has failed in Azure; it may take no update until it is repaired."
    limits = look.ctx.config.firewall
    checks = (partial(require_safe, last, limits), *(partial(require_room, last, plan, limits) for plan in due))
    for check in checks:
        try:
            check()
        except UnsafePlan as error:
            yield error.sentence


def _remarks(look: Look, last: Observation) -> Iterator[str]:
    name, first = look.target.name, look.ctx.config.firewall.group
    for number in last.seen.strangers:
        yield f"The bot leaves {group_name(first, number)} as it is: none of its rules is in the database."
    if look.seen.draft is not None:
        yield f"Somebody has a draft of {name}. Deploying it drops every rule that was written since it was begun."
    if look.state.problem:
        yield f"What the bot met there last: {look.state.problem}"
