"""Makes checkpoints when they are due, and sees that they are kept outside the database."""

import os
from datetime import datetime
from pathlib import Path

from bot.domain.chain import Checkpoint, Frontier, checkpoints_in
from bot.errors import BadConfiguration, ChainBroken, InvalidInput
from bot.ports import ChannelEvent, Context, Transaction
from bot.proofs.alarm import tell


def make_checkpoint(ctx: Context, *, is_forced: bool = False) -> Checkpoint | None:
    """Sign where the log stands, if that is due; None if it is not, or there is no key.

    The file is written before the commit: a checkpoint may be in it twice, but never be missing.

    Args:
        ctx: The context.
        is_forced: Also where it is not due by the configuration, if there are new events.

    Raises:
        BadConfiguration: The checkpoint file cannot be written.
        ChainBroken: The head is missing.
    """
    if ctx.audit_key is None:
        return None
    with ctx.store.write() as tx:
        if not (is_forced or _is_due(ctx, tx)):
            return None
        made = ctx.audit_key().sign(current(ctx, tx))
        last = tx.seals.last_checkpoint()
        if last is not None and last.seq == made.seq:
            return last
        _append(ctx.config.audit.checkpoint_file, made)
        tx.seals.add_checkpoint(made)
        tell(ctx, tx, ChannelEvent.AUDIT_CHECKPOINT, made.line)
    return made


def current(ctx: Context, tx: Transaction) -> Checkpoint:
    """Where the log stands, not signed.

    Raises:
        ChainBroken: The head is missing, or its tree.
    """
    seq, last_hash = tx.audit.head()
    try:
        tree = Frontier(seq, tx.audit.tree())
    except ValueError as error:
        raise ChainBroken(f"The Merkle tree of the audit log (event {seq}) was altered.", seq=seq) from error
    at = ctx.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    return Checkpoint(seq=seq, hash=last_hash, root=tree.root(), at=at)


def kept_checkpoints(ctx: Context) -> list[Checkpoint]:
    """The checkpoints in the configured file; none where there is no file yet.

    Raises:
        BadConfiguration: The file cannot be read.
    """
    path = ctx.config.audit.checkpoint_file
    try:
        text = Path(path).read_text(encoding="utf-8") if path else ""
        return checkpoints_in(text) if text.strip() else []
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError, InvalidInput) as error:
        raise BadConfiguration(f"audit.checkpoint_file cannot be read: {error}") from error


def next_checkpoint(ctx: Context, last: Checkpoint) -> datetime:
    """When a checkpoint is due by time alone."""
    return datetime.fromisoformat(last.at) + ctx.config.audit.checkpoint_every


def _is_due(ctx: Context, tx: Transaction) -> bool:
    last, (seq, _) = tx.seals.last_checkpoint(), tx.audit.head()
    if last is None or seq < last.seq:
        return seq > 0
    new, is_late = seq - last.seq, ctx.clock.now() >= next_checkpoint(ctx, last)
    return new >= ctx.config.audit.checkpoint_events or (new > 0 and is_late)


def _append(path: str | None, made: Checkpoint) -> None:
    if path is None:
        return
    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(made.line + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise BadConfiguration(f"audit.checkpoint_file cannot be written: {error}.") from error
