"""Proves one event without the others."""

from typing import Any

from bot.domain.chain import Record, proof_of
from bot.domain.chain.lines import fields_of
from bot.errors import InvalidInput
from bot.ports import Context
from bot.proofs.archived import archived_after
from bot.proofs.archives import archived_hashes


def prove_event(ctx: Context, seq: int) -> dict[str, Any]:
    """The event, the newest checkpoint that covers it, and the proof that leads from one to the other.

    Raises:
        InvalidInput: There is no such event, or no checkpoint that covers it yet.
        BadConfiguration: It is in an archive, and archives cannot be read.
    """
    found = _row(ctx, seq)
    with ctx.store.read() as tx:
        checkpoint = tx.seals.last_checkpoint()
        if found is None:
            raise InvalidInput(f"There is no audit event {seq}.")
        if checkpoint is None or checkpoint.seq < seq:
            raise InvalidInput(f"No checkpoint covers audit event {seq} yet: python -m bot audit checkpoint makes one.")
        archives = tx.seals.archives()
        here = tx.audit.hashes(after=archives[-1].last_seq if archives else 0, last=checkpoint.seq)
    hashes = [*archived_hashes(ctx, archives), *here]
    return {"event": fields_of(found), "proof": proof_of(seq - 1, hashes), "checkpoint": checkpoint}


def _row(ctx: Context, seq: int) -> Record | None:
    """One event, from the database or from its archive."""
    with ctx.store.read() as tx:
        rows = tx.audit.records(after=seq - 1, limit=1)
    if not rows or rows[0].seq != seq:
        rows = next(archived_after(ctx, seq - 1), [])
    return rows[0] if rows and rows[0].seq == seq else None
