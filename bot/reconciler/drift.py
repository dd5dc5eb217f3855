"""Our rules changed by somebody else's hand: seen, said, and healed, adopted or left, as configured."""

from collections.abc import Iterable

from bot.allowances import record
from bot.domain.allowance import Allowance, Ending, is_wanted, mark_missing, revoke
from bot.domain.audit import Action
from bot.domain.people import SYSTEM
from bot.domain.plan import Change, ChangeKind, Plan
from bot.domain.rules import allowance_id_from_rule
from bot.domain.target import target_from_key
from bot.ports import Desk
from bot.reconciler.run import Run

NAMED = 5
"""Changed rules that are named in the channel; the audit event names more."""


def report_drift(run: Run, plan: Plan, rows: Iterable[Allowance]) -> bool:
    """Say what somebody changed. True if it is to be left as it is.

    What was last read back, and what we last meant to write, are both ours; anything else is drift.
    """
    ours = (run.memo.get("verified"), run.memo.get("intended"))
    if run.memo.get("verified") is None or plan.before in ours:
        return False
    by_id = {row.id: row for row in rows}
    changes = [change for change in plan.changes if _is_foreign(change, by_id.get(allowance_id_from_rule(change.rule)))]
    if not changes:
        return False
    _tell(run, plan, changes, by_id)
    run.memo["verified"] = plan.before
    return run.ctx.rulebook.drift == "report"


def _is_foreign(change: Change, allowance: Allowance | None) -> bool:
    """Whether only somebody else's hand explains a difference: a live rule gone or altered, or one of no allowance."""
    if allowance is None:
        return True
    return change.kind is not ChangeKind.REMOVE and allowance.live_at is not None


def _tell(run: Run, plan: Plan, changes: list[Change], by_id: dict[str, Allowance]) -> None:
    target = target_from_key(run.claim.key)
    mode = run.ctx.rulebook.drift
    named = ", ".join(f"{change.rule} ({_SEEN[change.kind]})" for change in changes[:NAMED])
    more = f" and {len(changes) - NAMED} more" if len(changes) > NAMED else ""
    text = f"Our rules in {target.name} were changed by hand: {named}{more}. {_NEXT[mode]}"
    with run.write() as desk:
        desk.audit(run.event(Action.FIREWALL_DRIFT, target.id, reason=text, before=plan.before, after=plan.after))
        run.say_once(desk.tx, target.id, "drift", text)
        for allowance in _missing(run, changes, by_id):
            _mark(desk, allowance, is_adopted=mode == "adopt")


_SEEN = {ChangeKind.ADD: "removed", ChangeKind.ALTER: "altered", ChangeKind.REMOVE: "added"}
"""What somebody did, seen from what we would have to do about it."""

_NEXT = {
    "heal": "The bot puts them right with its next update.",
    "adopt": "The bot takes removed rules as revoked, and puts the rest right.",
    "report": "The bot leaves them as they are; firewall.drift is set to report.",
}


def _missing(run: Run, changes: list[Change], by_id: dict[str, Allowance]) -> list[Allowance]:
    ids = {allowance_id_from_rule(change.rule) for change in changes if change.kind is ChangeKind.ADD}
    return [by_id[each] for each in sorted(ids) if each in by_id and is_wanted(by_id[each], run.now)]


def _mark(desk: Desk, allowance: Allowance, *, is_adopted: bool) -> None:
    if not is_adopted:
        desk.tx.allowances.save(mark_missing(allowance, desk.now), is_open=True)
        desk.tell(allowance.id, allowance.requester, "missing")
        return
    why = "Its rule was removed by hand."
    saved = desk.tx.allowances.save(revoke(allowance, Ending(SYSTEM, desk.now, why)), is_open=True)
    record(desk, saved, Action.ALLOWANCE_REVOKE, reason=why)
    desk.tell(saved.id, saved.requester, "revoked")
