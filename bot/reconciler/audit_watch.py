"""Watches the audit log: the head and its edges in every run, the chain in slices, facts at the end of each sweep.

Where a sweep stands is kept in memory, not in the database: whoever damages the log could move it. After a start, the
sweep begins anew.
"""

from collections.abc import Sequence
from datetime import timedelta

from bot.domain.chain import ChainEnd, Checkpoint, in_order
from bot.errors import ChainBroken
from bot.ports import Context, Finish
from bot.proofs import (
    archive_older,
    check_beginning,
    check_edges,
    check_facts,
    compare,
    delete_archived,
    index_events,
    kept_checkpoints,
    make_checkpoint,
    raise_alarm,
    settle_alarm,
    shortened,
    start_of,
    unmoved,
    walk,
)
from bot.reconciler.run import Run

SLICE = 5000
"""Rows that one run verifies: some 100 ms."""

ARCHIVE_EVERY = timedelta(days=7)
"""How many days' events go to one archive, unless somebody asks for it."""

EVERY = timedelta(minutes=1)
"""The time between two runs."""

BLOCKS = 20
"""Blocks that one run puts into the search index: some 500 ms, in short transactions."""

SOON = timedelta(seconds=1)
"""The time between two runs while the search index has to catch up, as after an update of the bot."""


class AuditWatch:
    """The watch of one process."""

    def __init__(self) -> None:
        self._end: ChainEnd | None = None
        self._seen = ChainEnd()
        self._matched = 0

    def run(self, run: Run) -> Finish:
        """One slice; then a checkpoint, if one is due; then the search index."""
        try:
            unmoved(run.ctx, lambda: self._look(run.ctx))
            make_checkpoint(run.ctx)
        except ChainBroken as error:
            self._end = None
            raise_alarm(run.ctx, error)
        has_more = index_events(run.ctx.store, most=BLOCKS)
        return Finish(SOON if has_more else EVERY, state=run.kept)

    def _look(self, ctx: Context) -> None:
        with ctx.store.read() as tx:
            last, known = tx.audit.head()[0], tx.seals.checkpoints()
            start = start_of(tx)
        self._require_grown(ctx, last)
        if self._end is None or self._end.seq < start.seq:
            check_beginning(ctx, start)
            self._end, self._matched = start, start.seq
        until = min(self._end.seq + SLICE, last)
        kept = in_order([*known, *kept_checkpoints(ctx)])
        self._end = self._compared(ctx, self._end, until, kept)
        if until == last:
            self._finish_sweep(ctx, self._end, last, kept)

    def _compared(self, ctx: Context, end: ChainEnd, until: int, known: Sequence[Checkpoint]) -> ChainEnd:
        for checkpoint in known:
            if end.seq < checkpoint.seq <= until:
                end = walk(ctx, end, checkpoint.seq)
                compare(checkpoint, end, self._matched)
                self._matched = checkpoint.seq
        return walk(ctx, end, until)

    def _finish_sweep(self, ctx: Context, end: ChainEnd, last: int, known: Sequence[Checkpoint]) -> None:
        check_edges(ctx, end)
        if known and known[-1].seq > last:
            raise shortened(known[-1], last)
        check_facts(ctx, only_open=True)
        self._seen, self._end = ChainEnd(end.seq, end.hash, None), None
        settle_alarm(ctx)
        self._archive(ctx)

    def _archive(self, ctx: Context) -> None:
        """Once a week's worth of events is too old, move what is too old; go on with what a stop left over."""
        settings = ctx.config.audit
        if settings.archive_folder is None:
            return
        delete_archived(ctx)
        with ctx.store.read() as tx:
            oldest = tx.audit.chain(after=0, limit=1)
        before = ctx.clock.now() - settings.archive_after
        if oldest and oldest[0].event.at < before - ARCHIVE_EVERY:
            archive_older(ctx, before)

    def _require_grown(self, ctx: Context, last: int) -> None:
        """Refuse a log that lost or changed what the last sweep saw at its end."""
        seen = self._seen
        if last < seen.seq:
            self._seen = ChainEnd()
            raise ChainBroken(f"Audit events from {last + 1} on are missing: event {seen.seq} was there.", seq=last + 1)
        with ctx.store.read() as tx:
            there = tx.audit.records(after=seen.seq - 1, limit=1)
        if seen.seq and there and there[0].seq == seen.seq and there[0].hash != seen.hash:
            self._seen = ChainEnd()
            raise ChainBroken(f"The audit log was rewritten: event {seen.seq} is another one.", seq=seen.seq)
