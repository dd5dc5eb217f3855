"""The one write of a round, and what became of it: recorded before, recorded after, parked in between.

A crash in the middle leaves an *attempt* in the memo: the next round closes it by what it finds in Azure.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.domain.audit import Action, Event
from bot.domain.marks import mark_applying
from bot.domain.plan import check_safe
from bot.domain.target import Target
from bot.errors import (
    ArmBusy,
    ArmNotFound,
    ArmThrottled,
    Conflict,
    EgressError,
    LeaseLost,
    OperationFailed,
    Refused,
)
from bot.ports import Finish, Operation, OperationState
from bot.reconciler.poison import hold_back
from bot.reconciler.run import (
    UNREADABLE,
    UNREADABLE_LOOKS,
    Run,
    operation_from_parked,
    operation_id,
    parked_from_operation,
)
from bot.reconciler.situation import Situation, remember_lost
from bot.reconciler.trouble import warn_if_long

NOT_LANDED = (Conflict, ArmBusy, ArmThrottled, Refused)
"""Answers after which a write certainly did not happen. After any other, the next round looks."""

REMEMBERED = 5
"""Durations of earlier updates that estimates are made from."""


def write(run: Run, situation: Situation) -> Finish:
    """Begin the one PUT that closes the gap; never wait for its end."""
    seen, plan = situation.seen, situation.plan
    ended = {row.id for row in situation.rows} - {row.id for row in situation.wanted}
    check_safe(
        plan, run.ctx.rulebook.limits, ended=ended, new_group_of=None if seen.etag is not None else seen.group_count
    )
    _intend(run, situation)
    run.require_time()
    seen = replace(seen, priority=run.memo["priority"])
    try:
        operation = run.ctx.arm.begin_write(situation.target, plan.desired, seen)
    except NOT_LANDED as error:
        _refused(run, error)
        if hold_back(run, situation.wanted, error):
            return run.again(run.ctx.pace.backoff / 5)
        raise
    return _park(run, situation, operation)


def _intend(run: Run, situation: Situation) -> None:
    """Record what is about to be written before it is written, while the lease is proven to be ours."""
    plan, memo = situation.plan, run.memo
    memo.setdefault("priority", situation.seen.priority)
    memo["intended"] = plan.after
    memo["attempt"] = {
        "attempt": str(run.claim.token),
        "before": plan.before,
        "after": plan.after,
        "foreign": situation.seen.foreign,
    }
    changes = " ".join(f"{change.kind}:{change.rule}" for change in plan.changes)
    with run.write() as desk:
        desk.audit(_event(run, Action.FIREWALL_BEGIN, changes=changes[:4000]))
        for allowance in situation.wanted:
            if allowance.applying_at is None:
                desk.tx.allowances.save(mark_applying(allowance, desk.now), is_open=True)
                desk.tell(allowance.id, allowance.requester, "applying")


def _event(run: Run, action: Action, *, reason: str = "", **detail: str) -> Event:
    facts = {name: run.memo["attempt"][name] for name in ("attempt", "before", "after")}
    return run.event(action, run.subject, reason=reason, **facts, **detail)


def _refused(run: Run, error: EgressError) -> None:
    """The write did not happen, and that is known."""
    if isinstance(error, LeaseLost):
        return
    end = _event(run, Action.FIREWALL_FAIL, reason=error.sentence, status="Refused", code=_code(error))
    run.memo.pop("attempt")
    with run.write() as desk:
        desk.audit(end)


def _code(error: EgressError) -> str:
    return str(getattr(error, "code", None) or type(error).__name__)


def _park(run: Run, situation: Situation, operation: Operation) -> Finish:
    accepted = _event(run, Action.FIREWALL_ACCEPT, operation=operation_id(operation.url))
    run.parked = parked_from_operation(operation, started=run.now.isoformat())
    run.memo["foreign"] = situation.seen.foreign
    return run.again(run.paced(operation.look_after), accepted)


def look(run: Run, target: Target) -> Finish | None:
    """Read the status of the parked operation once; None if there is none, or it no longer exists.

    Raises:
        OperationFailed: It ended as Failed or Canceled; Azure's code and message are recorded.
    """
    operation = operation_from_parked(run)
    if operation is None or run.parked is None:
        return None
    try:
        state = run.ctx.arm.look(operation)
    except ArmNotFound:
        run.parked = None  # Azure forgot it, so it is over: the target shows the result and closes the attempt
        return None
    except UNREADABLE:
        if run.failures < UNREADABLE_LOOKS or run.ctx.arm.observe(target).is_updating:
            raise
        run.parked = None  # the target has no update running, so the operation is over, whatever its URL says
        return None
    started = datetime.fromisoformat(run.parked["started"])
    if state.is_running:
        warn_if_long(run, started, f"Azure has been running operation {operation_id(operation.url)} on {target.name}")
        return run.again(run.paced(state.look_after or operation.look_after))
    run.parked = None
    _end(run, state, operation_id(operation.url), (run.now - started).total_seconds())
    if state.status != "Succeeded":
        words = (
            f"Azure ended an update of {target.name} with status {state.status.lower()}, {state.code}: {state.message}"
        )
        raise OperationFailed(words, code=state.code)
    return None


def _end(run: Run, state: OperationState, operation: str, took_s: float) -> None:
    is_done = state.status == "Succeeded"
    words = "" if is_done else f"{state.code}: {state.message}"
    action = Action.FIREWALL_DONE if is_done else Action.FIREWALL_FAIL
    end = _event(run, action, reason=words, operation=operation, status=state.status, code=state.code or "")
    run.memo.pop("attempt")
    if is_done:
        run.failures = 0
        run.memo["took_s"] = [*run.memo.get("took_s", ()), round(took_s)][-REMEMBERED:]
    with run.write() as desk:
        desk.audit(end)


def close_attempt(run: Run, situation: Situation) -> None:
    """Record the end of a write whose writer died or got no answer, from the state in Azure once it is idle."""
    attempt: dict[str, Any] | None = run.memo.get("attempt")
    if attempt is None:
        return
    is_there = situation.plan.before == attempt["after"] and not situation.seen.has_failed
    action = Action.FIREWALL_DONE if is_there else Action.FIREWALL_FAIL
    why = "Azure's answer was lost; the rules were found in Azure." if is_there else _LOST
    end = _event(run, action, reason=why, status="Found" if is_there else "Lost")
    if not is_there:
        remember_lost(run, attempt["after"])
    run.memo.pop("attempt")
    with run.write() as desk:
        desk.audit(end)


_LOST = "Azure's answer was lost, and the rules are not in Azure."
