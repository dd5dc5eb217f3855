"""Verifies the log in the database, from its first event to its head, and against checkpoints that were kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bot.domain.audit_terms import BLOCK
from bot.domain.chain import ChainEnd, Checkpoint, in_order, missing, verify
from bot.errors import ChainBroken
from bot.ports import Context, Transaction
from bot.proofs.facts import check_stored
from bot.proofs.lowest import lowest_stored

BATCH = 2 * BLOCK
"""Rows that are verified at once: whole blocks of the search index. Ten at once are a tenth faster and
take 18 MB instead of 3 (measured 2026-11)."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was verified.

    Args:
        end: The last event.
        checkpoints: How many checkpoints were compared.
    """

    end: ChainEnd
    checkpoints: int = 0


def check_log(ctx: Context, known: Sequence[Checkpoint] = ()) -> Verified:
    """Verify everything that is stored now.

    Args:
        ctx: The context.
        known: Checkpoints that were kept outside, beside those in the database.

    Raises:
        ChainBroken: At the first event that is not what was written, is missing, or should not be there.
    """
    with ctx.store.read() as tx:
        compared = in_order([*known, *tx.seals.checkpoints()])
        end = start_of(tx)
        last = _last_seq(tx)
    check_beginning(ctx, end)
    matched = end.seq
    for checkpoint in [one for one in compared if end.seq < one.seq <= last]:
        end = walk(ctx, end, checkpoint.seq)
        compare(checkpoint, end, matched)
        matched = checkpoint.seq
    end = walk(ctx, end, last)
    check_edges(ctx, end)
    if compared and compared[-1].seq > last:
        raise shortened(compared[-1], last)
    return Verified(end, len(compared))


_Found = TypeVar("_Found")


def unmoved(ctx: Context, check: Callable[[], _Found]) -> _Found:
    """What a check finds; it begins again if events moved to an archive meanwhile, from under it.

    Raises:
        ChainBroken: As the check, while nothing moved.
    """
    while True:
        before = _place(ctx)
        try:
            return check()
        except ChainBroken:
            if _place(ctx) == before:
                raise


def _place(ctx: Context) -> tuple[int, int]:
    """Up to where events are archived, and from where on they are in the database: both only grow."""
    with ctx.store.read() as tx:
        archives = tx.seals.archives()
        return archives[-1].last_seq if archives else 0, lowest_stored(tx)


def start_of(tx: Transaction) -> ChainEnd:
    """Where the log in the database begins: after the last archive, or before event 1.

    Raises:
        ChainBroken: The record of an archive was changed.
    """
    archives = tx.seals.archives()
    try:
        return archives[-1].end if archives else ChainEnd()
    except ValueError as error:
        last = archives[-1].last_seq
        raise ChainBroken(f"The record of the archive up to event {last} was altered.", seq=last) from error


def check_beginning(ctx: Context, start: ChainEnd) -> None:
    """Verify that no row lies before the first event, and that what an archive left behind is what it holds.

    Raises:
        ChainBroken: At the lowest row.
    """
    with ctx.store.read() as tx:
        lowest = tx.audit.records(after=None, limit=1)
    if lowest and lowest[0].seq < 1:
        raise foreign(lowest[0].seq)
    if lowest and lowest[0].seq <= start.seq:
        left = walk(ctx, ChainEnd(lowest[0].seq - 1, lowest[0].previous, None), start.seq)
        if left.hash != start.hash:
            raise ChainBroken(f"Audit event {start.seq} is not the one in the archive.", seq=start.seq)


def walk(ctx: Context, end: ChainEnd, last: int) -> ChainEnd:
    """Verify the rows after ``end`` up to number ``last``.

    Raises:
        ChainBroken: At the first row that is not what was written.
    """
    while end.seq < last:
        with ctx.store.read() as tx:
            records = tx.audit.records(after=end.seq, limit=min(BATCH, last - end.seq))
        if not records:
            raise missing(end.seq + 1)
        end = verify(records, end)
        with ctx.store.read() as tx:
            hidden = tx.search_index.hidden(records)
            check_stored(tx, records)
        if hidden is not None:
            raise ChainBroken(f"A search does not find audit event {hidden}: its index was altered.", seq=hidden)
    return end


def compare(checkpoint: Checkpoint, end: ChainEnd, matched: int) -> None:
    """Compare a checkpoint with the log at its event.

    Args:
        checkpoint: What was kept.
        end: The log up to the same event.
        matched: The last event up to which the log is known to be the same.

    Raises:
        ChainBroken: The log was another one when the checkpoint was made.
    """
    if checkpoint.hash == end.hash and (end.tree is None or checkpoint.root == end.tree.root()):
        return
    raise ChainBroken(
        f"The audit log was rewritten: at {checkpoint.at} a checkpoint recorded another event {checkpoint.seq}. The "
        f"first altered event is between {matched + 1} and {checkpoint.seq}.",
        seq=matched + 1,
    )


def check_edges(ctx: Context, end: ChainEnd) -> None:
    """Compare the head with the last verified event, and look for rows after it.

    Raises:
        ChainBroken: The head is missing or says something else, or there are rows that it does not cover.
    """
    with ctx.store.read() as tx:
        seq, last_hash = tx.audit.head()
        after = tx.audit.records(after=seq, limit=1)
        tree = tx.audit.tree()
    if seq < end.seq or (seq == end.seq and last_hash != end.hash):
        raise ChainBroken(f"The end of the audit log (event {seq}) was altered.", seq=seq)
    if after:
        raise foreign(after[0].seq)
    if seq == end.seq and tree and end.tree is not None and tree != end.tree.heads:
        raise ChainBroken(f"The Merkle tree of the audit log (event {seq}) was altered.", seq=seq)


def foreign(seq: int) -> ChainBroken:
    """The error for a row outside of the log."""
    return ChainBroken(f"Audit event {seq} is outside of the log; the bot did not write it.", seq=seq)


def _last_seq(tx: Transaction) -> int:
    """The number in the head; where the head is missing, everything is walked first."""
    try:
        return tx.audit.head()[0]
    except ChainBroken as error:
        return error.seq - 1


def shortened(checkpoint: Checkpoint, last: int) -> ChainBroken:
    """The error for a log that ends before an event that somebody has seen."""
    return ChainBroken(
        f"Audit events from {last + 1} on are missing: at {checkpoint.at} a checkpoint recorded event "
        f"{checkpoint.seq}.",
        seq=last + 1,
    )
