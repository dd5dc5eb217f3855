"""A classic firewall whose rules have moved to a firewall policy: its allowances follow."""

from dataclasses import replace

from bot.allowances import record
from bot.domain.allowance import Allowance, is_open
from bot.domain.audit import Action
from bot.domain.target import Target, TargetKind
from bot.ports import Desk, Finish
from bot.reconciler.run import Run
from bot.reconciler.situation import Situation


def follow(run: Run, situation: Situation, policy_id: str) -> Finish:
    """Let every open allowance be written to the policy from now on: the same ranges, the same destinations.

    What waits for a decision is shown anew, because its card named another target.
    """
    new = Target(TargetKind.POLICY, policy_id)
    text = (
        f"{situation.target.name} takes its rules from the firewall policy {new.name} now. The bot writes its rules "
        "there. Copies of them that the migration made elsewhere in the policy are nobody's: please remove them."
    )
    with run.write() as desk:
        desk.audit(run.event(Action.FIREWALL_DRIFT, run.subject, reason=text, after=new.id))
        run.say_once(desk.tx, run.subject, "moved", text)
        for row in situation.rows:
            _move(desk, row, new, text)
        desk.tx.work.wake(new.key, within=run.ctx.pace.batch_window)
    return Finish(None)


def _move(desk: Desk, row: Allowance, new: Target, why: str) -> None:
    moved = replace(row, scope=replace(row.scope, target=new))
    saved = desk.tx.allowances.save(moved, is_open=is_open(moved, desk.now))
    record(desk, saved, Action.ALLOWANCE_MOVE, reason=why)
    desk.tell(saved.id, saved.requester, "moved")
