"""The one write of a round, and what became of it: recorded before, recorded after, pending in between.

Whoever dies in the middle leaves an *attempt* in the state: the next round closes it by what it finds in Azure.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from hashlib import sha256

from bot.domain.allowance import Allowance
from bot.domain.audit import Action, Event
from bot.domain.ids import is_id
from bot.domain.phrases import within
from bot.domain.rule_rendering import allowance_id_from_rule
from bot.domain.target import Target
from bot.domain.write_results import mark_applying
from bot.domain.writer_state import PendingOperation, WriteAttempt
from bot.errors import (
    ArmBusy,
    ArmNotFound,
    ArmRejected,
    ArmThrottled,
    Conflict,
    EgressError,
    LeaseLost,
    OperationFailed,
    Refused,
    UnsafePlan,
)
from bot.measures import OPERATION_SECONDS, UPDATES_SAVED
from bot.ports import Finish, NoticeEvent, Operation, OperationState, UnitOfWork
from bot.reconciler.alerts import alert, warn_if_long
from bot.reconciler.bisect import hold_back
from bot.reconciler.observation import GroupPlan, Observation, require_room, require_safe
from bot.reconciler.pieces import write_in_pieces
from bot.reconciler.run import MOST_CARRIED, UNREADABLE, UNREADABLE_LOOKS, Run, look_at, operation_id

CHANGES_ROOM = 4000
"""Characters of an event for the rules that a write changes."""

NOT_LANDED = (Conflict, ArmBusy, ArmThrottled, Refused)
"""Answers after which a write certainly did not happen. After any other, the next round looks."""


def write(run: Run, observation: Observation, due: Sequence[GroupPlan]) -> Finish:
    """Begin the one PUT of this round; never wait for its end.

    A group that cannot be written does not hold up the others: the next one is written, and people hear of the first.

    Args:
        run: The run.
        observation: What the round knows.
        due: The groups that differ, in turn; at least one.
    """
    require_safe(observation, run.ctx.config.firewall)
    refused: list[EgressError] = []
    for plan in due:
        try:
            ended = _write_group(run, observation, plan)
        except (ArmRejected, UnsafePlan) as error:
            if plan.group.exists:  # another one would be created in its place, and refused as well
                run.state = run.state.refuse_group(plan.group.number)
            refused.append(error)
            continue
        if refused:
            alert(run, refused[0])
            ended = replace(ended, state=run.state)
        return ended
    raise refused[0]


def _write_group(run: Run, observation: Observation, plan: GroupPlan) -> Finish:
    require_room(observation, plan, run.ctx.config.firewall)
    place = run.ctx.targets.open(observation.target)
    number, were_known = plan.group.number, run.state.further_groups.keys()
    kept = run.state.priorities_of(number).kept
    group = place.prepare(replace(plan.group, priority=kept or plan.group.priority))
    _intend(run, observation, replace(plan, group=group))
    run.require_time()
    try:
        operation = place.begin_write(plan.desired, group)
    except NOT_LANDED as error:
        if not group.exists and number not in were_known:
            run.state = run.state.forget_group(number)
        _refused(run, error)
        if hold_back(run, _members(observation, plan), error):
            return run.again(run.ctx.pace.backoff / 5)
        raise
    return _park(run, operation)


def _intend(run: Run, observation: Observation, plan: GroupPlan) -> None:
    """Record what is about to be written before it is written, while the lease is proven to be ours."""
    before, after = observation.plan.before, observation.after(plan)
    members = _members(observation, plan)
    carried = _carried(members, plan)
    attempt = WriteAttempt(str(run.claim.token), before, after, plan.group.foreign, carried, begun_at=run.now)
    write_in_pieces(run, ((row, partial(_carry, row=row)) for row in members if row.applying_at is None))
    run.state = run.state.begin(attempt, group=plan.group.number, priority=plan.group.priority)
    changes = within([f"{change.kind}:{change.rule}" for change in plan.changes], CHANGES_ROOM)
    with run.write() as uow:
        uow.audit(_event(run, Action.FIREWALL_BEGIN, changes=changes))


def _members(observation: Observation, plan: GroupPlan) -> list[Allowance]:
    """The wanted allowances whose rules are in the group once it is written."""
    ids = {allowance_id_from_rule(rule.name) for each in plan.desired for rule in each.rules}
    return [row for row in observation.wanted if row.id in ids]


def _carry(uow: UnitOfWork, row: Allowance) -> None:
    """The write is about to carry it; whoever dies before it is sent leaves that to the next round."""
    uow.tx.allowances.save(mark_applying(row, uow.now), is_open=True)
    uow.tell(row, NoticeEvent.APPLYING)


def _carried(members: Sequence[Allowance], plan: GroupPlan) -> tuple[str, ...]:
    """The allowances that wait for the write, and those whose rules it changes or removes."""
    waiting = {row.id for row in members if row.live_at is None or row.missing_since is not None}
    changed = {allowance_id_from_rule(change.rule) for change in plan.changes}
    return tuple(sorted(waiting | {one for one in changed if is_id(one)}))


def _event(run: Run, action: Action, *, reason: str = "", **detail: str) -> Event:
    """An event of the write that is under way: begun, accepted and ended are connected by its own correlation."""
    attempt = run.state.attempt
    if attempt is None:
        return run.event(action, run.subject, reason=reason, **detail)
    facts = {
        "attempt": attempt.token,
        "allowances": " ".join(attempt.allowances[:MOST_CARRIED]),
        "carried": str(len(attempt.allowances)),
        "before": attempt.before,
        "after": attempt.after,
        "request_id": attempt.request_id,
    }
    made = run.event(action, run.subject, reason=reason, **facts | detail)
    return replace(made, correlation=write_id(run.claim.key, attempt.token))


def write_id(key: str, token: str) -> str:
    """What connects the events of one write, whoever records them: 8 hexadecimal digits.

    Args:
        key: Of the work.
        token: The fencing token of the run that sent it.
    """
    return sha256(f"{key} {token}".encode()).hexdigest()[:8]


def _took(run: Run) -> str:
    """Seconds since the write was recorded; empty where that is not known."""
    begun = run.state.attempt.begun_at if run.state.attempt else None
    return f"{(run.now - begun).total_seconds():.0f}" if begun else ""


def _refused(run: Run, error: EgressError) -> None:
    """The write did not happen, and that is known."""
    if isinstance(error, LeaseLost):
        return
    facts = {"status": "Refused", "code": _code(error), "request_id": error.request_id, "seconds": _took(run)}
    end = _event(run, Action.FIREWALL_FAIL, reason=error.sentence, **facts)
    run.state = run.state.end_attempt()
    with run.write() as uow:
        uow.audit(end)


def _code(error: EgressError) -> str:
    return str(getattr(error, "code", None) or type(error).__name__)


def _park(run: Run, operation: Operation) -> Finish:
    run.state = run.state.wait_for(PendingOperation(operation.url, operation.look_after, run.now, operation.request_id))
    accepted = _event(run, Action.FIREWALL_ACCEPT, operation=operation_id(operation.url))
    return run.again(run.paced(operation.look_after), accepted)


def poll_operation(run: Run, target: Target) -> Finish | None:
    """Read the status of the pending operation once; None if there is none, or it no longer exists.

    Raises:
        OperationFailed: It ended as Failed or Canceled; Azure's code and message are recorded.
    """
    operation = run.state.operation
    if operation is None:
        return None
    try:
        state = look_at(run, operation)
    except ArmNotFound:
        # Forgotten by Azure means over: what it did is found in the target, and closes the attempt.
        run.state = run.state.drop_operation()
        return None
    except UNREADABLE:
        if run.failures < UNREADABLE_LOOKS or run.ctx.targets.open(target).observe().is_updating:
            raise
        run.state = run.state.drop_operation()  # the target is at rest: it is over, whatever became of its URL
        return None
    started = operation.started_at or run.now
    if state.is_running:
        warn_if_long(run, started, f"Azure has been running operation {operation_id(operation.url)} on {target.name}")
        return run.again(run.paced(state.look_after or operation.look_after))
    run.state = run.state.drop_operation()
    _end(run, state, operation_id(operation.url), run.now - started)
    if state.status != "Succeeded":
        words = (
            f"Azure ended an update of {target.name} with status {state.status.lower()}, {state.code}: {state.message}"
        )
        raise OperationFailed(words, code=state.code)
    return None


def _end(run: Run, state: OperationState, operation: str, took: timedelta) -> None:
    is_done = state.status == "Succeeded"
    words = "" if is_done else f"{state.code}: {state.message}"
    action = Action.FIREWALL_DONE if is_done else Action.FIREWALL_FAIL
    facts = {"operation": operation, "status": state.status, "code": state.code or "", "seconds": _took(run)}
    end = _event(run, action, reason=words, **facts)
    OPERATION_SECONDS.labels("rules", state.status).observe(took.total_seconds())
    if is_done and run.state.attempt is not None:
        UPDATES_SAVED.inc(max(0, len(run.state.attempt.allowances) - 1))
    run.state = run.state.end_attempt(timedelta(seconds=round(took.total_seconds())) if is_done else None)
    if is_done:
        run.failures = 0
    with run.write() as uow:
        uow.audit(end)


def close_attempt(run: Run, observation: Observation) -> None:
    """Record the end of a write whose writer died or got no answer, from what is in Azure now that it is at rest."""
    attempt = run.state.attempt
    if attempt is None:
        return
    is_there = observation.plan.before == attempt.after and not observation.seen.has_failed
    action = Action.FIREWALL_DONE if is_there else Action.FIREWALL_FAIL
    why = "Azure's answer was lost; the rules were found in Azure." if is_there else _LOST
    end = _event(run, action, reason=why, status="Found" if is_there else "Lost", seconds=_took(run))
    run.state = run.state.end_attempt() if is_there else run.state.lose_attempt(run.now)
    with run.write() as uow:
        uow.audit(end)


_LOST = "Azure's answer was lost, and the rules are not in Azure."
