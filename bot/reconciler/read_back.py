"""Settles a target without differences: announces what came and went, and returns when time changes something."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from bot import probing
from bot.allowances import record
from bot.domain.allowance import (
    Allowance,
    Status,
    is_open,
    is_wanted,
    next_change,
    status,
    warns_at,
)
from bot.domain.audit import Action
from bot.domain.firewall import Evaluation, Evaluator, Flow, Outcome, about
from bot.domain.rule_diff import ChangeKind
from bot.domain.rule_rendering import allowance_id_from_rule
from bot.domain.scope_drift import mark_left, unprove
from bot.domain.target import Target
from bot.domain.work import WorkKind
from bot.domain.write_results import mark_failed, mark_gone, mark_live, mark_missing
from bot.ports import AllowanceFilter, ChannelEvent, Finish, NoticeEvent, UnitOfWork
from bot.reconciler.observation import Observation, open_rows
from bot.reconciler.pieces import Step, write_in_pieces
from bot.reconciler.run import Run
from bot.reconciler.scope_drift import follow_drift
from bot.tracing import traced


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The findings of a round in a target.

    Args:
        there: Ids of the allowances whose rules are there as they should be, or should be gone.
        arrived: Wanted ones that are there and were not known to be.
        blocked: Why the firewall still denies some of them, by id.
    """

    there: frozenset[str]
    arrived: tuple[Allowance, ...]
    blocked: Mapping[str, str]


def arrivals(run: Run, observation: Observation) -> Arrivals | None:
    """Find what arrived and what is there; None where looking at the clusters again changed something."""
    named = {allowance_id_from_rule(rule.name) for each in observation.seen.collections for rule in each.rules}
    lacking = {
        allowance_id_from_rule(each.rule) for each in observation.plan.changes if each.kind is not ChangeKind.REMOVE
    }
    there = frozenset(named - lacking)
    arrived = [a for a in observation.wanted if a.id in there and (a.live_at is None or a.missing_since is not None)]
    clusters = {a.scope.cluster_id for a in arrived}
    if arrived and follow_drift(run, observation.target, observation.rows, of=clusters).has_changed:
        return None
    return Arrivals(there, tuple(arrived), _blocked(run, observation, arrived))


def mark(run: Run, observation: Observation, found: Arrivals, *, missed: NoticeEvent | None) -> frozenset[str]:
    """Put on record what came, what went, and what is missing.

    Args:
        run: The run.
        observation: What the round knows.
        found: What it found.
        missed: What is told of a live allowance whose rules are not there; None where a write puts them there now.

    Returns:
        The ids of what was changed.
    """
    arrived, now = {allowance.id for allowance in found.arrived}, run.now

    def step(row: Allowance) -> Step | None:
        if row.id in found.there:
            return partial(_arrive, allowance=row, blocked=found.blocked.get(row.id)) if row.id in arrived else None
        said = NoticeEvent.UNRESOLVED if row in observation.unresolved else missed
        return _look(run, row, observation.target, now, missed=said)

    steps = [(row, todo) for row in observation.rows if (todo := step(row)) is not None]
    write_in_pieces(run, steps)
    return frozenset(row.id for row, _ in steps)


def announce(run: Run, observation: Observation) -> bool:
    """Before a further write: say what the one before has done; nobody waits until no further one is due.

    That is what it opened and took away, and that what kept it up is over, where all that it wrote is there.

    Returns:
        Whether anything was marked, or followed from looking at the clusters again: then the round begins anew.
    """
    found = arrivals(run, observation)
    if found is None:
        return True
    changed = mark(run, observation, found, missed=None)
    for allowance in found.arrived:
        _trace(allowance, run.now)
    if not changed:
        return False
    if observation.plan.before == run.state.desired_digest and not run.state.refused_groups:
        run.state = run.state.go_on()
        _end_alert(run, found)
    run.state = run.state.end_quarantine()  # what went without somebody is written: now they have their turn
    return True


def read_back(run: Run, observation: Observation) -> Finish:
    """Mark what was read back: what is there, what is gone, what is missing."""
    found = arrivals(run, observation)
    if found is None:
        return run.again(run.ctx.pace.backoff / 5)
    priorities = {group.number: group.priority for group in observation.seen.groups}
    run.state = run.state.settle(observation.plan.before, priorities, run.now)
    _end_alert(run, found)
    changed = mark(run, observation, found, missed=NoticeEvent.LEFT_OUT)
    for allowance in found.arrived:
        _trace(allowance, run.now)
    if found.blocked or run.state.quarantined or _is_overdue(run, observation, found.there):
        run.state = run.state.end_quarantine()
        return Finish(timedelta(), is_done=False, state=run.state)
    return Finish(next_look(run, observation, changed), state=run.state)


def _end_alert(run: Run, found: Arrivals) -> None:
    """Say that what was announced is over, once nothing else is wrong."""
    is_wrong = found.blocked or run.state.quarantined or run.state.ignored_drift
    if not run.state.has_open_alert or is_wrong:
        return
    run.state = run.state.end_alert()
    with run.write() as uow:
        run.say(uow.tx, run.subject, ChannelEvent.HEALED, "")


def read_back_absent(run: Run, target: Target) -> bool:
    """Handle a deleted firewall or policy, and with it the bot's rules; returns whether some were wanted."""
    rows, now = open_rows(run, target), run.now
    promised = [row for row in rows if row.scope.target == target and is_wanted(row, now)]
    kept = {row.id for row in promised}

    def step(row: Allowance) -> Step | None:
        if row.id not in kept:
            return _look(run, row, target, now, missed=NoticeEvent.LEFT_OUT)
        return partial(_unprove, row=row) if unprove(row, now) != row else None

    write_in_pieces(run, ((row, step(row)) for row in rows))
    return bool(promised)


def _unprove(uow: UnitOfWork, row: Allowance) -> None:
    uow.tx.allowances.save(unprove(row, uow.now), is_open=True)
    uow.draw(row)


def _look(run: Run, row: Allowance, target: Target, now: datetime, *, missed: NoticeEvent | None) -> Step | None:
    """What to do about an allowance whose rules are not there, with the event to announce if it was live."""
    if row.scope.target != target:
        return partial(_hand_over, run, allowance=row, target=target)
    if not is_wanted(row, now):
        return partial(_leave, allowance=row) if _has_left(row, now) else None
    if missed is None or row.live_at is None or row.missing_since is not None:
        return None
    return partial(_miss, allowance=row, event=missed)


def _has_left(row: Allowance, now: datetime) -> bool:
    """Whether it has ended and nobody has said yet that its rules are gone."""
    return not row.leaving and row.gone_at is None and status(row, now) not in _NEVER_GONE


def _hand_over(run: Run, uow: UnitOfWork, allowance: Allowance, target: Target) -> None:
    """Its rules are gone here; its current writer may announce that it is gone, if it has ended."""
    left = mark_left(allowance, target)
    saved = uow.tx.allowances.save(left, is_open=is_open(left, uow.now))
    run.state = run.state.see_absent(saved.id)
    if not is_wanted(saved, uow.now):
        uow.tx.work.wake(saved.scope.target.key, within=timedelta())


def _is_overdue(run: Run, observation: Observation, there: frozenset[str]) -> bool:
    """Whether the time of something that is there ended while this round was on its way."""
    now, present = run.now, (row for row in observation.rows if row.id in there)
    return any(not is_wanted(row, now) and row.scope.target == observation.target for row in present)


def next_look(run: Run, observation: Observation, changed: Collection[str]) -> timedelta:
    """At the next resync, or earlier where time ends an allowance. An empty group is checked, too.

    Args:
        run: The run.
        observation: What the round knows. What others have changed since then wakes this work again.
        changed: The ids of what the round itself has changed.
    """
    now = run.now
    rows = [row for row in observation.rows if row.id not in changed]
    if changed:
        with run.ctx.store.read() as tx:
            rows += tx.allowances.find(AllowanceFilter(ids=tuple(changed), only_open=True))
    changes = [change for row in rows if (change := next_change(row, now)) is not None]
    return min([run.ctx.pace.resync, *(change - now for change in changes)])


def _blocked(run: Run, observation: Observation, arrived: Iterable[Allowance]) -> dict[str, str]:
    """Find new allowances that the firewall still denies, and why: the rule exists but has no effect."""
    fresh = list(arrived)
    if not fresh:
        return {}
    names = {destination.fqdn for allowance in fresh for destination in allowance.destinations}
    evaluator = Evaluator(about(run.ctx.targets.open(observation.target).read(observation.seen), names))
    reasons = ((allowance.id, _denial(evaluator, allowance)) for allowance in fresh)
    return {allowance_id: why for allowance_id, why in reasons if why is not None}


def _denial(evaluator: Evaluator, allowance: Allowance) -> str | None:
    for destination in allowance.destinations:
        found = evaluator.evaluate(Flow(sources=allowance.scope.sources, destination=destination))
        if found.outcome in (Outcome.DENIED, Outcome.DEFAULT_DENIED):
            return f"{destination} is still denied: {_why(found)}"
    return None


def _why(found: Evaluation) -> str:
    step = found.deciding
    if step is None or step.rule is None:
        return step.why if step else "no rule allows it."
    return f"rule {step.rule} of {step.collection} in {step.policy} decides, {step.why}"


def _trace(allowance: Allowance, now: datetime) -> None:
    """What it waited for, from the request to the rule; once it was live, there is nothing new to tell."""
    if allowance.live_at is not None or allowance.approved_at is None:
        return
    applying_at = allowance.applying_at or now
    traced("waiting for a decision", allowance.id, (allowance.requested_at, allowance.approved_at))
    traced("waiting for the writer", allowance.id, (allowance.approved_at, max(applying_at, allowance.approved_at)))
    traced("update in Azure", allowance.id, (applying_at, now))


def _arrive(uow: UnitOfWork, allowance: Allowance, blocked: str | None) -> None:
    if blocked is not None:
        saved = uow.tx.allowances.save(mark_failed(allowance, blocked), is_open=True)
        record(uow, saved, Action.ALLOWANCE_FAIL, reason=blocked)
        uow.tell(saved, NoticeEvent.FAILED)
        return
    saved = uow.tx.allowances.save(mark_live(allowance, uow.now), is_open=True)
    record(uow, saved, Action.ALLOWANCE_LIVE, reason="Its rules were read back from Azure.")
    uow.tell(saved, NoticeEvent.LIVE)
    probing.after_live(uow, saved)
    warning = warns_at(saved)
    if warning is not None:  # where working hours are configured, the timers know how much earlier that may be
        within = timedelta() if uow.ctx.config.reminders.hours else warning - uow.now
        uow.tx.work.schedule(WorkKind.TIMERS, within=within)


def _leave(uow: UnitOfWork, allowance: Allowance) -> None:
    gone = mark_gone(allowance, uow.now)
    saved = uow.tx.allowances.save(gone, is_open=is_open(gone, uow.now))
    is_expired = status(allowance, uow.now) is Status.EXPIRED
    record(uow, saved, Action.ALLOWANCE_EXPIRE if is_expired else Action.ALLOWANCE_GONE, reason=_GONE[is_expired])
    if saved.failure is None or saved.live_at is not None:  # if it was never open, the failure notice already said so
        uow.tell(saved, NoticeEvent.EXPIRED if is_expired else NoticeEvent.GONE)


_NEVER_GONE = (Status.WAITING, Status.LAPSED, Status.SUSPENDED)
"""Never written, or written again some day."""

_GONE = {True: "It had expired; its rules were confirmed gone.", False: "It had ended; its rules were confirmed gone."}


def _miss(uow: UnitOfWork, allowance: Allowance, event: NoticeEvent) -> None:
    uow.tx.allowances.save(mark_missing(allowance, uow.now), is_open=True)
    uow.tell(allowance, event)
