"""Owning an allowance: letting it end, and handing it over."""

from dataclasses import replace

from bot.allowances.audit_events import record
from bot.allowances.endings import require_ending
from bot.allowances.owners import able_owner
from bot.domain.allowance import Act, Allowance, is_open, require
from bot.domain.approval import Ending
from bot.domain.audit import Action
from bot.domain.people import Identity
from bot.errors import AlreadyDecided, InvalidInput
from bot.ports import Caller, Context, NoticeEvent, UnitOfWork


def let_expire(ctx: Context, caller: Caller, allowance_id: str) -> Allowance:
    """Let it end when its time is over: nobody is warned any more, and everybody sees that it was a choice.

    Raises:
        NotPermitted: Neither its owner nor an approver.
        MembershipUnknown: Slack could not be asked; nothing was changed.
        AlreadyDecided: It is not open, has no end, or was left to expire already.
    """
    known = require_ending(ctx, caller, allowance_id)
    with ctx.store.write() as tx:
        uow, one = UnitOfWork(ctx, tx, caller), tx.allowances.get(known.id)
        require(one, Act.LET_EXPIRE, uow.now)
        if one.let_expire is not None or one.expires_at is None:
            why = "is left to expire already" if one.let_expire else "has no end"
            raise AlreadyDecided(f"{one.id} {why}; nothing was changed.")
        left = replace(one, let_expire=Ending(caller.identity, uow.now))
        saved = tx.allowances.save(left, is_open=True)
        record(uow, saved, Action.ALLOWANCE_LET_EXPIRE, reason="")
        uow.notify(saved, NoticeEvent.LET_EXPIRE, {saved.owner} - {caller.identity})
    return saved


def transfer(ctx: Context, caller: Caller, allowance_id: str, owner: Identity) -> Allowance:
    """Hand it over: the new owner answers for it, and is told how it goes.

    Raises:
        NotPermitted: Neither its owner nor an approver, or the new owner has no access to its cluster.
        InvalidInput: The new owner is its owner already, or nobody who could have asked.
        MembershipUnknown: Slack could not be asked; nothing was changed.
        AlreadyDecided: It waits for a decision, or has ended.
    """
    known = require_ending(ctx, caller, allowance_id)
    able_owner(ctx, owner, known.cluster_id)
    with ctx.store.write() as tx:
        uow, one = UnitOfWork(ctx, tx, caller), tx.allowances.get(known.id)
        require(one, Act.TRANSFER, uow.now)
        if one.owner == owner:
            raise InvalidInput(f"<@{owner.user}> owns {one.id} already; nothing was changed.")
        handed = replace(one, owned_by=owner, followers=tuple(who for who in one.followers if who != owner))
        saved = tx.allowances.save(handed, is_open=is_open(handed, uow.now))
        record(uow, saved, Action.ALLOWANCE_TRANSFER, reason=f"From {one.owner.user} to {owner.user}.")
        uow.notify(saved, NoticeEvent.TRANSFERRED, {owner, one.owner} - {caller.identity})
    return saved
