"""Deciding and ending allowances: each act in one transaction."""

from bot import approvals
from bot.allowances.audit_events import record
from bot.allowances.endings import require_ending
from bot.allowances.workflow import ALLOWANCES
from bot.approvals import Decision, brief
from bot.domain.allowance import Allowance, is_open, revoke
from bot.domain.approval import Ending
from bot.domain.audit import Action
from bot.domain.ids import canonical_id
from bot.ports import Caller, Context, NoticeEvent, UnitOfWork


def decide(ctx: Context, caller: Caller, decision: Decision) -> Allowance:
    """Approve or deny a request; raises as ``approvals.decide``."""
    return approvals.decide(ctx, caller, decision, ALLOWANCES)


def end(ctx: Context, caller: Caller, allowance_id: str, *, reason: str = "") -> Allowance:
    """Revoke or withdraw: the requester and every approver may, at any time.

    Raises:
        NotPermitted: Somebody else.
        MembershipUnknown: Slack could not be asked; nothing was changed.
        AlreadyDecided: It has ended already.
        InvalidInput: The reason is too long.
    """
    why = brief(reason)
    require_ending(ctx, caller, allowance_id)
    with ctx.store.write() as tx:
        return end_within(UnitOfWork(ctx, tx, caller), tx.allowances.get(canonical_id(allowance_id)), why)


def end_within(uow: UnitOfWork, allowance: Allowance, why: str) -> Allowance:
    """The same in a transaction that has more to record; whether the caller may was asked before.

    Raises:
        AlreadyDecided: It has ended already.
    """
    ended = revoke(allowance, Ending(uow.caller.identity, uow.now, why))
    saved = uow.tx.allowances.save(ended, is_open=is_open(ended, uow.now))
    record(uow, saved, Action.ALLOWANCE_REVOKE, reason=why)
    if saved.applying_at is not None:
        uow.tx.work.wake(saved.scope.target.key, within=uow.ctx.pace.batch_window)
    uow.tell(saved, NoticeEvent.REVOKED)
    return saved
