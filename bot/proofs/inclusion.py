"""Proves one event without the others."""

from typing import Any

from bot.domain.chain import proof_of
from bot.domain.chain.lines import fields_of
from bot.errors import InvalidInput
from bot.ports import Context
from bot.proofs.archives import archived_hashes


def prove_event(ctx: Context, seq: int) -> dict[str, Any]:
    """The event, the newest checkpoint that covers it, and the proof that leads from one to the other.

    Raises:
        InvalidInput: There is no such event here, or no checkpoint that covers it yet.
    """
    with ctx.store.read() as tx:
        found = tx.audit.records(after=seq - 1, limit=1)
        checkpoint = tx.seals.last_checkpoint()
        if not found or found[0].seq != seq:
            raise InvalidInput(f"There is no audit event {seq} in the database.")
        if checkpoint is None or checkpoint.seq < seq:
            raise InvalidInput(f"No checkpoint covers audit event {seq} yet: python -m bot audit checkpoint makes one.")
        start = tx.seals.archives()[-1].last_seq if tx.seals.archives() else 0
        here = tx.audit.hashes(after=start, last=checkpoint.seq)
    hashes = [*archived_hashes(ctx), *here]
    return {"event": fields_of(found[0]), "proof": proof_of(seq - 1, hashes), "checkpoint": checkpoint}
