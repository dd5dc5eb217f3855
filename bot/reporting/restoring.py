"""What a database that came from a backup no longer knows."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.domain.allowance import Allowance
from bot.domain.audit import Action, AuditFilter, Event
from bot.domain.chain import Checkpoint
from bot.domain.phrases import counted
from bot.ports import AllowanceFilter, Caller, Context, Transaction, UnitOfWork
from bot.proofs.checkpoints import kept_checkpoints

LEFT = (
    "The writers forget what they wrote: rules of the bot in Azure that are on no record here are named in the channel "
    "and left alone, so nobody is cut off. What “plan” would add is approved here and not in Azure: revoke what was "
    "ended since the backup before you start the bot."
)
MOST_NAMED = 20
"""Allowances that are named; the others are counted."""


def restored(ctx: Context, caller: Caller, known: Sequence[Checkpoint] = ()) -> list[str]:
    """Take note that the database came from a backup; what is to be said about it.

    Args:
        ctx: The context.
        caller: Who restored it.
        known: Checkpoints that were kept elsewhere, in addition to the configured file.

    Raises:
        BadConfiguration: The file of checkpoints cannot be read.
        StoreUnavailable: The database cannot be used.
    """
    kept, now = [*known, *kept_checkpoints(ctx)], ctx.clock.now()
    with ctx.store.write() as tx:
        said = [*_log(tx, kept), *_ended(tx, now), *_unsent(tx), LEFT]
        tx.work.forget_writers()
        event = Event(now, Action.DATABASE_RESTORE, caller.identity, caller.via, reason=" ".join(said[:-1]))
        UnitOfWork(ctx, tx, caller).audit(event)
    return said


def _log(tx: Transaction, kept: Sequence[Checkpoint]) -> Iterator[str]:
    seq, _ = tx.audit.head()
    newest = tx.audit.find(AuditFilter(), limit=1)
    yield f"The audit log ends with event {seq}{f', of {newest[0].event.at:%Y-%m-%d %H:%M} UTC' if newest else ''}."
    last = max(kept, key=lambda each: each.seq, default=None)
    if last is None:
        yield "No checkpoints were kept, so nobody can say how many events are missing."
    elif last.seq > seq:
        yield f"A checkpoint of {last.at} is of event {last.seq}: at least {counted(last.seq - seq, 'event')} lost."
    else:
        yield f"No checkpoint is newer; the last is of event {last.seq}."


def _ended(tx: Transaction, now: datetime) -> Iterator[str]:
    ended = [one for one in tx.allowances.find(AllowanceFilter(only_open=True)) if _ran_out(one, now)]
    if ended:
        named = ", ".join(one.id for one in ended[:MOST_NAMED])
        more = f" and {len(ended) - MOST_NAMED} more" if len(ended) > MOST_NAMED else ""
        count = counted(len(ended), "allowance")
        yield f"{count} ran out meanwhile, and the next write removes the rules: {named}{more}."


def _ran_out(one: Allowance, now: datetime) -> bool:
    return one.approved_at is not None and one.expires_at is not None and one.expires_at <= now


def _unsent(tx: Transaction) -> Iterator[str]:
    waiting, _ = tx.outbox.backlog()
    if waiting:
        yield f"{counted(waiting, 'message')} to Slack waited; those that were sent since the backup come again."
