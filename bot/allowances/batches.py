"""Acts on allowances that were filed together: one decision, one transaction, and each is recorded by itself."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from bot.allowances.decisions import end_within
from bot.allowances.endings import require_ending
from bot.allowances.queries import get
from bot.allowances.workflow import ALLOWANCES
from bot.approvals import Decision, PreparedDecision, apply, brief, confirmable, prepare
from bot.domain.allowance import MAY_ACT, Act, Allowance, require, status
from bot.domain.batch import Batch
from bot.errors import AlreadyDecided, NotPermitted, UnknownAllowance, UserError
from bot.ports import AllowanceFilter, Caller, Context, Transaction, UnitOfWork

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DoneTogether:
    """What one act did to allowances that were filed together.

    Args:
        done: Those to which it was done, as they are now; at least one.
        refused: Those that the person may not act on, with the reason.
    """

    done: tuple[Allowance, ...]
    refused: tuple[tuple[Allowance, UserError], ...] = ()


def batch_of(tx: Transaction, one: Allowance) -> Batch | None:
    """Everything that was filed together with an allowance; None where it was filed alone."""
    if not one.batch:
        return None
    found = {each.id: each for each in tx.allowances.find(AllowanceFilter(ids=one.batch))}
    return Batch(tuple(found[each] for each in one.batch))


def batches_of(ctx: Context, some: Iterable[Allowance]) -> tuple[Batch, ...]:
    """The batches that some allowances belong to, each once."""
    by_card = {one.card_id: one for one in some if one.batch}
    with ctx.store.read() as tx:
        return tuple(batch for one in by_card.values() if (batch := batch_of(tx, one)))


def get_batch(ctx: Context, caller: Caller, subject: str) -> Batch:
    """The batch of an allowance, for somebody who may see one of it: its card shows all of it to everybody.

    Raises:
        UnknownAllowance: There is none, or they may see none of it.
    """
    batch = _stored(ctx, subject)
    for one in batch.members[1:]:
        with suppress(UnknownAllowance):
            get(ctx, caller, one.id)
            return batch
    get(ctx, caller, batch.id)
    return batch


def decide_together(ctx: Context, caller: Caller, decision: Decision) -> DoneTogether:
    """Approve or deny everything of a batch that still waits, as far as the caller may.

    Args:
        ctx: The context.
        caller: Who decides.
        decision: With the id of the card, and the digest of the batch as it was seen.

    Raises:
        NotPermitted: The caller may decide none of it.
        AlreadyDecided: Somebody was faster.
        StaleView: One of them is not what the card showed any more; nothing was decided.
        ConfirmationNeeded: All of it counts once they have signed in; with the link.
        UserError, Conflict, Unavailable: As ``approvals.decide``, for any of them; nothing was decided.
    """
    seen = _stored(ctx, decision.subject)
    seen.require_undecided(decision.act, ctx.clock.now())
    alone = replace(decision, seen=None)
    answers, refused = _each(
        seen.waiting(ctx.clock.now()),
        lambda one: prepare(ctx, caller, replace(alone, subject=one.id), ALLOWANCES),
    )
    with confirmable(ctx, caller, replace(decision, is_together=True)), ctx.store.write() as tx:
        uow = UnitOfWork(ctx, tx, caller)
        now = _within(tx, seen.id)
        now.require_undecided(decision.act, uow.now)
        if decision.seen is not None:
            now.require_same(decision.seen, uow.now)
        return _decided(uow, now, answers, refused)


Refusals = list[tuple[Allowance, UserError]]


def _decided(uow: UnitOfWork, batch: Batch, answers: Iterable[PreparedDecision], refused: Refusals) -> DoneTogether:
    by_id = {answer.decision.subject: answer for answer in answers}
    ready = [one for one in batch.members if one.id in by_id]
    done, late = _each(ready, lambda one: apply(uow, by_id[one.id], ALLOWANCES))
    return _require_some(done, [*refused, *late])


def end_together(ctx: Context, caller: Caller, subject: str, *, reason: str = "") -> DoneTogether:
    """Withdraw or revoke everything of a batch to which something may still happen, as far as the caller may.

    Raises:
        NotPermitted: The caller may end none of it.
        AlreadyDecided: All of it has ended.
        MembershipUnknown: Slack could not be asked; nothing was changed.
        InvalidInput: The reason is too long.
    """
    why, batch, now = brief(reason), _stored(ctx, subject), ctx.clock.now()
    open_ = [one for one in batch.members if status(one, now) in MAY_ACT[Act.REVOKE]]
    if not open_:
        require(batch.lead, Act.REVOKE, now)
    ready, refused = _each(open_, lambda one: require_ending(ctx, caller, one.id))
    with ctx.store.write() as tx:
        uow = UnitOfWork(ctx, tx, caller)
        done, late = _each(ready, lambda one: end_within(uow, tx.allowances.get(one.id), why))
        return _require_some(done, [*refused, *late])


def _stored(ctx: Context, subject: str) -> Batch:
    with ctx.store.read() as tx:
        return _within(tx, subject)


def _within(tx: Transaction, subject: str) -> Batch:
    found = tx.allowances.get(subject)
    return batch_of(tx, found) or Batch((found,))


def _each(subjects: Iterable[Allowance], act: Callable[[Allowance], T]) -> tuple[list[T], Refusals]:
    """Do it for each; who may not, or has done it before, does not hold up the others."""
    done, refused = list[T](), Refusals()
    for one in subjects:
        try:
            done.append(act(one))
        except (NotPermitted, AlreadyDecided) as error:
            refused.append((one, error))
    return done, refused


def _require_some(done: list[Allowance], refused: Refusals) -> DoneTogether:
    if not done and refused:
        raise refused[0][1]
    return DoneTogether(tuple(done), tuple(refused))
