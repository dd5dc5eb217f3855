"""One round for one firewall: compare what is wanted with what is there, and close the gap with one write.

A round never waits. It looks at an operation that is under way, or it writes once and parks the new operation, or it
finds everything as it should be and says so. Which event woke it does not matter.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from bot.allowances import TIMERS, record
from bot.domain.allowance import (
    Allowance,
    Status,
    is_open,
    is_wanted,
    mark_applying,
    mark_failed,
    mark_gone,
    mark_live,
    mark_missing,
    next_change,
    status,
    warns_at,
)
from bot.domain.audit import Action
from bot.domain.firewall import Evaluation, Evaluator, Flow, Outcome
from bot.domain.plan import Plan, check_safe, diff
from bot.domain.rules import allowance_id_from_rule, render
from bot.domain.target import Target, target_from_key
from bot.errors import ArmNotFound
from bot.ports import AllowanceFilter, Desk, Finish, ObservedTarget, OperationState
from bot.reconciler.drift import report_drift
from bot.reconciler.poison import forget_suspects, hold_back, set_aside
from bot.reconciler.run import Run, operation_from_parked, operation_id, parked_from_operation


@dataclass(frozen=True, slots=True)
class Situation:
    """What one round knows.

    Args:
        target: The firewall policy or classic firewall.
        seen: What it holds.
        rows: Every open allowance of it.
        wanted: Those whose rules must be there now.
        plan: The gap.
    """

    target: Target
    seen: ObservedTarget
    rows: tuple[Allowance, ...]
    wanted: tuple[Allowance, ...]
    plan: Plan


def reconcile_rules(run: Run) -> Finish:
    """One round; see the module."""
    waiting = _look(run)
    if waiting is not None:
        return waiting
    situation = _observe(run, target_from_key(run.claim.key))
    if situation.seen.is_updating:
        return Finish(run.ctx.pace.busy, is_done=False, memo=run.memo)
    if situation.plan.is_empty and not situation.seen.has_failed:
        return _settle(run, situation)
    if report_drift(run, situation.plan, situation.rows):
        return _settle(run, situation)
    return _write(run, situation)


def _look(run: Run) -> Finish | None:
    """Ask once how the parked operation stands; None if there is none, or none any more."""
    operation = operation_from_parked(run)
    if operation is None:
        return None
    try:
        state = run.ctx.arm.look(operation)
    except ArmNotFound:
        state = OperationState("Unknown", code="OperationNotFound", message="Azure has forgotten the operation.")
    else:
        if state.is_running:
            wait = run.paced(state.look_after or operation.look_after)
            return Finish(wait, is_done=False, parked=run.parked, memo=run.memo)
    _record_end(run, state)
    return None


def _record_end(run: Run, state: OperationState) -> None:
    parked = run.parked or {}
    is_done = state.status == "Succeeded"
    words = "" if is_done else f"{state.code}: {state.message}"
    target = target_from_key(run.claim.key)
    with run.write() as desk:
        desk.audit(
            run.event(
                Action.FIREWALL_DONE if is_done else Action.FIREWALL_FAIL,
                target.id,
                reason=words,
                operation=operation_id(str(parked.get("url", ""))),
                before=str(parked.get("before", "")),
                after=str(parked.get("after", "")),
                status=state.status,
            )
        )
        if not is_done:
            run.say_once(desk.tx, target.id, "stuck", f"Azure ended an update of {target.name} with {words}")
    run.parked = None


def _observe(run: Run, target: Target) -> Situation:
    seen = run.ctx.arm.observe(target)
    with run.ctx.store.read() as tx:
        rows = tuple(tx.allowances.find(AllowanceFilter(target=target, only_open=True, limit=100_000)))
    now = run.now
    wanted = tuple(row for row in rows if is_wanted(row, now) and row.id not in set_aside(run))
    return Situation(target, seen, rows, wanted, diff(seen.collections, render(wanted)))


def _write(run: Run, situation: Situation) -> Finish:
    """Begin the one PUT that closes the gap; never wait for its end."""
    seen, plan = situation.seen, situation.plan
    ended = {row.id for row in situation.rows} - {row.id for row in situation.wanted}
    check_safe(
        plan, run.ctx.rulebook.limits, ended=ended, new_group_of=None if seen.etag is not None else seen.group_count
    )
    _intend(run, situation)
    with hold_back(run, situation.wanted):
        operation = run.ctx.arm.begin_write(situation.target, plan.desired, seen)
    accepted = run.event(
        Action.FIREWALL_ACCEPT,
        situation.target.id,
        operation=operation_id(operation.url),
        before=plan.before,
        after=plan.after,
    )
    parked = parked_from_operation(operation, before=plan.before, after=plan.after)
    wait = run.paced(operation.look_after)
    return Finish(wait, is_done=False, parked=parked, memo=run.memo, events=(accepted,))


def _intend(run: Run, situation: Situation) -> None:
    """Record what is about to be written before it is written, while the lease is proven to be ours."""
    plan = situation.plan
    run.memo["intended"] = plan.after
    with run.write() as desk:
        changes = " ".join(f"{change.kind}:{change.rule}" for change in plan.changes)
        begun = run.event(
            Action.FIREWALL_BEGIN, situation.target.id, before=plan.before, after=plan.after, changes=changes[:4000]
        )
        desk.audit(begun)
        for allowance in situation.wanted:
            if allowance.applying_at is None:
                desk.tx.allowances.save(mark_applying(allowance, desk.now), is_open=True)
                desk.tell(allowance.id, allowance.requester, "applying")


def _settle(run: Run, situation: Situation) -> Finish:
    """Everything is as it should be: say what came and what went, and come back when time changes something."""
    there = {allowance_id_from_rule(rule.name) for each in situation.seen.collections for rule in each.rules}
    arrived = [a for a in situation.wanted if a.id in there and (a.live_at is None or a.missing_since is not None)]
    blocked = _blocked(run, situation.target, arrived)
    run.memo["verified"] = run.memo["intended"] = situation.plan.before
    run.memo.pop("said", None)
    with run.write() as desk:
        for allowance in arrived:
            _arrive(desk, allowance, blocked.get(allowance.id))
        for allowance in situation.rows:
            if not is_wanted(allowance, desk.now):
                _leave(desk, allowance, is_there=allowance.id in there)
            elif allowance.live_at is not None and allowance.id not in there:
                _miss(desk, allowance)
    if blocked or set_aside(run):
        forget_suspects(run)
        return Finish(timedelta(), is_done=False, memo=run.memo)
    return Finish(_next_look(run, situation), memo=run.memo)


def _next_look(run: Run, situation: Situation) -> timedelta:
    now = run.now
    with run.ctx.store.read() as tx:
        rows = tx.allowances.find(AllowanceFilter(target=situation.target, only_open=True, limit=100_000))
    changes = [change for row in rows if (change := next_change(row, now)) is not None]
    return min([run.ctx.pace.resync, *(change - now for change in changes)])


def _blocked(run: Run, target: Target, arrived: Iterable[Allowance]) -> dict[str, str]:
    """Which of the arrived allowances the firewall still denies, and why: the rule is there and does not help."""
    fresh = list(arrived)
    if not fresh:
        return {}
    evaluator = Evaluator(run.ctx.arm.read_rules(target))
    reasons = ((allowance.id, _denial(evaluator, allowance)) for allowance in fresh)
    return {allowance_id: why for allowance_id, why in reasons if why is not None}


def _denial(evaluator: Evaluator, allowance: Allowance) -> str | None:
    for destination in allowance.destinations:
        found = evaluator.evaluate(Flow(sources=allowance.scope.sources, destination=destination))
        if found.outcome in (Outcome.DENIED, Outcome.DEFAULT_DENIED):
            return f"{destination} is still denied: {_why(found)}"
    return None


def _why(found: Evaluation) -> str:
    return found.deciding.why if found.deciding else "no rule allows it."


def _arrive(desk: Desk, allowance: Allowance, blocked: str | None) -> None:
    if blocked is not None:
        saved = desk.tx.allowances.save(mark_failed(allowance, blocked), is_open=True)
        record(desk, saved, Action.ALLOWANCE_FAIL, reason=blocked)
        desk.tell(saved.id, saved.requester, "failed")
        return
    saved = desk.tx.allowances.save(mark_live(allowance, desk.now), is_open=True)
    record(desk, saved, Action.ALLOWANCE_LIVE, reason="Its rules were read back from Azure.")
    desk.tell(saved.id, saved.requester, "live")
    warning = warns_at(saved)
    if warning is not None:
        desk.tx.work.schedule(TIMERS, within=warning - desk.now)


def _leave(desk: Desk, allowance: Allowance, *, is_there: bool) -> None:
    state = status(allowance, desk.now)
    if is_there or allowance.gone_at is not None or state in (Status.WAITING, Status.LAPSED):
        return
    gone = mark_gone(allowance, desk.now)
    saved = desk.tx.allowances.save(gone, is_open=is_open(gone, desk.now))
    is_expired = state is Status.EXPIRED
    record(desk, saved, Action.ALLOWANCE_EXPIRE if is_expired else Action.ALLOWANCE_GONE, reason=_GONE[is_expired])
    desk.tell(saved.id, saved.requester, "expired" if is_expired else "gone")


_GONE = {True: "Its time was over; its rules were seen absent.", False: "It had ended; its rules were seen absent."}


def _miss(desk: Desk, allowance: Allowance) -> None:
    if allowance.missing_since is None:
        desk.tx.allowances.save(mark_missing(allowance, desk.now), is_open=True)
        desk.tell(allowance.id, allowance.requester, "missing")
