"""Changing a request that waits: the same id, a new version, and everybody decides again."""

from dataclasses import dataclass, replace

from bot.allowances.audit_events import record
from bot.allowances.filing import assessed, grant, require_no_twin, require_room
from bot.allowances.previews import Draft, ask_of
from bot.approvals import plan_wait
from bot.domain.allowance import Act, Allowance, require
from bot.domain.approval import VerdictKind, require_same, restart
from bot.domain.audit import Action
from bot.domain.ids import canonical_id
from bot.errors import InvalidInput, NotPermitted
from bot.inventory import person
from bot.ports import Caller, Context, NoticeEvent, UnitOfWork


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of a waiting request.

    Args:
        subject: Id of the request.
        seen: The digest of what was on its card.
        draft: What is asked for now, whole.
    """

    subject: str
    seen: str
    draft: Draft


def edit(ctx: Context, caller: Caller, change: Edit) -> Allowance:
    """Replace what a waiting request asks for; approvals of what was asked before are void, and their givers told.

    Raises:
        NotPermitted: It is somebody else's.
        AlreadyDecided, StaleView: It is not waiting any more, or is another one.
        UserError: It cannot be filed like this; nothing was changed.
    """
    with ctx.store.read() as tx:
        old = tx.allowances.get(canonical_id(change.subject))
    if caller.identity != old.requester:
        raise NotPermitted(f"Only the requester of {old.id} can change it.")
    require(old, Act.EDIT, ctx.clock.now())
    whole = replace(change.draft, renews=old.ask.renews)
    made = assessed(ctx, caller, person(ctx, caller), whole)
    require_room(ctx, made)
    ask = ask_of(whole, made.destinations, made.bundle)
    with ctx.store.write() as tx:
        uow, one = UnitOfWork(ctx, tx, caller), tx.allowances.get(old.id)
        require(one, Act.EDIT, uow.now)
        require_same(one, change.seen)
        if (one.ask, one.scope) == (ask, made.scope):
            raise InvalidInput("This is what was asked before; nothing was changed.")
        require_no_twin(uow, made.scope, ask, but=one.id)
        changed = restart(one, caller.identity, uow.now, ctx.config.durations.lapse_after)
        is_granted = made.verdict.kind is VerdictKind.GRANT
        approved_at = uow.now if is_granted else None
        changed = replace(
            changed, scope=made.scope, ask=ask, risk=made.risk, verdict=made.verdict, approved_at=approved_at
        )
        return _keep(uow, one, tx.allowances.save(changed, is_open=True))


def _keep(uow: UnitOfWork, old: Allowance, saved: Allowance) -> Allowance:
    record(uow, saved, Action.ALLOWANCE_EDIT, before=old.digest)
    overruled = {given.by for given in old.approvals} | {question.by for question in old.open_questions}
    uow.notify(saved, NoticeEvent.EDITED, overruled)
    if saved.approved_at is not None:
        grant(uow, saved)
    plan_wait(uow, saved)
    return saved
