"""Everything is as it should be: say what came and what went, and come back when time changes something."""

from collections.abc import Iterable
from datetime import timedelta

from bot.allowances import TIMERS, record
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
from bot.domain.firewall import Evaluation, Evaluator, Flow, Outcome
from bot.domain.marks import mark_failed, mark_gone, mark_live, mark_missing
from bot.domain.rules import allowance_id_from_rule
from bot.domain.target import Target
from bot.ports import Desk, Finish
from bot.reconciler.poison import forget_suspects, set_aside
from bot.reconciler.run import UNREST, Run
from bot.reconciler.situation import Situation, open_rows

PASSING = ("said", "trouble", "foreign")
"""What a memo forgets once everything is as it should be."""


def settle(run: Run, situation: Situation) -> Finish:
    """Mark what was read back: what is there, what is gone, what is missing."""
    there = {allowance_id_from_rule(rule.name) for each in situation.seen.collections for rule in each.rules}
    arrived = [a for a in situation.wanted if a.id in there and (a.live_at is None or a.missing_since is not None)]
    blocked = _blocked(run, situation.target, arrived)
    run.memo["verified"] = run.memo["intended"] = situation.plan.before
    run.memo["priority"] = situation.seen.priority
    for name in PASSING:
        run.memo.pop(name, None)
    is_at_rest = not (blocked or set_aside(run) or run.memo.get("left"))
    is_healed = is_at_rest and run.memo.pop(UNREST, False)
    with run.write() as desk:
        if is_healed:
            run.say(desk.tx, run.subject, "healed", "")
        for allowance in arrived:
            _arrive(desk, allowance, blocked.get(allowance.id))
        for allowance in situation.rows:
            if not is_wanted(allowance, desk.now):
                _leave(desk, allowance, is_there=allowance.id in there)
            elif allowance.live_at is not None and allowance.id not in there:
                _miss(desk, allowance, "unresolved" if allowance in situation.unresolved else "left-out")
    if blocked or set_aside(run) or _is_overdue(run, situation, there):
        forget_suspects(run)
        return Finish(timedelta(), is_done=False, memo=run.memo)
    return Finish(_next_look(run, situation), memo=run.memo)


def _is_overdue(run: Run, situation: Situation, there: set[str]) -> bool:
    """Whether the time of something that is there ended while this round was on its way."""
    now = run.now
    return any(row.id in there and not is_wanted(row, now) for row in situation.rows)


def _next_look(run: Run, situation: Situation) -> timedelta:
    """At the next resync, or earlier where time ends an allowance. A group that stands empty is looked at, too."""
    now = run.now
    rows = open_rows(run, situation.target)
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
    step = found.deciding
    if step is None or step.rule is None:
        return step.why if step else "no rule allows it."
    return f"rule {step.rule} of {step.collection} in {step.policy} decides, {step.why}"


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


def _miss(desk: Desk, allowance: Allowance, event: str) -> None:
    if allowance.missing_since is None:
        desk.tx.allowances.save(mark_missing(allowance, desk.now), is_open=True)
        desk.tell(allowance.id, allowance.requester, event)
