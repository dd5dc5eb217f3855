"""The search index of the audit log: the terms of each full block of events.

It is no proof of anything; a verification compares it with the events, so that nobody can hide events from a search.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, insert, select

from bot.domain.audit_terms import block_of, bounds_of, terms_of
from bot.domain.chain import Record
from bot.domain.grouping import grouped
from bot.store import schema
from bot.store.audit_hosts import not_covered
from bot.store.raw_rows import fetch_values

_block, _word, _seq = schema.audit_block.c, schema.audit_word.c, schema.audit_event.c.seq


class SqlAuditIndex:
    """``ports.AuditIndex`` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def next_block(self) -> int | None:
        """The first full block that is not in the index; None if there is none."""
        last = self._connection.scalar(select(func.max(_block.block)))
        lowest = self._connection.scalar(select(func.min(_seq)).where(_seq >= 1))
        newest = self._connection.scalar(select(schema.audit_head.c.seq))
        if lowest is None or newest is None:
            return None
        following = block_of(lowest) if last is None else max(block_of(lowest), last + 1)
        return following if bounds_of(following)[1] <= newest else None

    def add(self, block: int, records: Sequence[Record]) -> None:
        """Put a full block into the index, unless another process was faster."""
        if self.next_block() != block:
            return
        times = sorted(row.at for row in records) or [""]
        values = {"block": block, "first_at": times[0], "last_at": times[-1]}
        self._connection.execute(insert(schema.audit_block).values(values))
        words = [{"block": block, "word": word} for word in sorted(terms_of(records))]
        if words:
            self._connection.execute(insert(schema.audit_word), words)

    def hidden(self, records: Sequence[Record]) -> int | None:
        """The number of one of these events that a search would not find; None if it finds them all."""
        by_host = not_covered(self._connection, records)
        return self._hidden_by_blocks(records) if by_host is None else by_host

    def _hidden_by_blocks(self, records: Sequence[Record]) -> int | None:
        last = self._connection.scalar(select(func.max(_block.block)))
        by_block = grouped((block_of(row.seq), row) for row in records)
        full = [block for block in by_block if last is not None and block <= last]
        times = select(_block.block, _block.first_at, _block.last_at).where(_block.block.in_(full))
        spans = {block: (first, last_at) for block, first, last_at in fetch_values(self._connection, times)}
        words = select(_word.block, _word.word).where(_word.block.in_(full))
        known: dict[int, set[str]] = {block: set() for block in full}
        for block, word in fetch_values(self._connection, words):
            known[block].add(word)
        hidden = (_hidden(by_block[block], spans.get(block), known[block]) for block in full)
        return next((seq for seq in hidden if seq is not None), None)

    def remove_archived(self) -> None:
        """Remove what is only about events that are no longer here."""
        lowest = self._connection.scalar(select(func.min(_seq)).where(_seq >= 1))
        if lowest is not None:
            for column in (_word.block, _block.block):
                self._connection.execute(delete(column.table).where(column < block_of(lowest)))


def _hidden(records: Sequence[Record], span: tuple[str, str] | None, words: set[str]) -> int | None:
    """The number of an event of one block that its times or terms do not cover; None if they cover all."""
    times = [row.at for row in records]
    if span is None or span[0] > min(times) or span[1] < max(times):
        return records[0].seq
    if terms_of(records) <= words:
        return None
    return next(row.seq for row in records if not terms_of([row]) <= words)
