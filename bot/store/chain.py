"""The audit log as rows: appended in one order, never changed."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, insert, select, tuple_

from bot.domain.audit import Action, AuditFilter, ChainedEvent, Event, FoundEvents
from bot.domain.chain import ChainEnd, Frontier, Record, event_from_record
from bot.domain.people import SYSTEM
from bot.errors import ChainBroken
from bot.store import schema
from bot.store.audit_filters import RECORDS, conditions
from bot.store.audit_search import SqlAuditSearch
from bot.store.chain_end import HEAD, SqlChainEnd
from bot.store.raw_rows import fetch, fetch_readable
from bot.store.rows import record_from_event, row_from_record

ADDED = insert(schema.audit_event)
"""Built once: building takes SQLAlchemy longer than SQLite needs to answer."""


class SqlAuditLog:
    """``ports.AuditLog`` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._end = SqlChainEnd(connection)

    def append(self, event: Event) -> ChainedEvent:
        """Put an event at the end; the lock on the head keeps two transactions from taking the same place."""
        end, repaired = self._end.lock()
        if repaired:
            damage = Event(event.at, Action.AUDIT_DAMAGE, SYSTEM, "bot", reason=repaired)
            _, end = self._write(damage, end)
        record, end = self._write(event, end)
        self._end.move(end)
        return ChainedEvent(record.seq, event, record.previous, record.hash)

    def _write(self, event: Event, after: ChainEnd) -> tuple[Record, ChainEnd]:
        record = record_from_event(event, after)
        self._connection.execute(ADDED, row_from_record(record))
        tree = after.tree or Frontier()
        tree.add(record.hash)
        return record, ChainEnd(record.seq, record.hash, tree)

    def find(self, wanted: AuditFilter, *, limit: int) -> list[ChainedEvent]:
        """The matching rows, newest first."""
        query = RECORDS.where(*_following(wanted)).order_by(*_newest_first(wanted)).limit(limit)
        return [event_from_record(row) for row in self._records(query)]

    def search(self, wanted: AuditFilter, *, limit: int) -> FoundEvents:
        """The matching rows, newest first, without reading all of the log."""
        looked = SqlAuditSearch(self._connection, wanted, limit).run()
        return FoundEvents(tuple(map(event_from_record, looked.records)), looked.searched_to)

    def chain(self, *, after: int, limit: int) -> list[ChainedEvent]:
        """Events with a number above ``after``, oldest first."""
        return [event_from_record(row) for row in self.records(after=after, limit=limit)]

    def matching(self, wanted: AuditFilter, *, after: int, last: int, limit: int) -> list[Record]:
        """The matching rows with numbers above ``after`` up to ``last``, oldest first."""
        seq = schema.audit_event.c.seq
        query = RECORDS.where(*conditions(wanted), seq > after, seq <= last)
        return self._records(query.order_by(seq).limit(limit))

    def about(self, subjects: Collection[str]) -> list[ChainedEvent]:
        """The events of these subjects, oldest first."""
        return [event_from_record(row) for row in self.records_about(subjects)]

    def records_about(self, subjects: Collection[str]) -> list[Record]:
        """The same as rows."""
        column = schema.audit_event.c
        return self._records(RECORDS.where(column.subject.in_(subjects)).order_by(column.seq))

    def records(self, *, after: int | None, limit: int) -> list[Record]:
        """Rows with a number above ``after`` as they are stored, oldest first; None for the lowest of all."""
        column = schema.audit_event.c.seq
        above = [] if after is None else [column > after]
        return self._records(RECORDS.where(*above).order_by(column).limit(limit))

    def hashes(self, *, after: int, last: int) -> list[str]:
        """The hashes of the rows after one up to another, oldest first."""
        column = schema.audit_event.c
        query = select(column.hash).where(column.seq > after, column.seq <= last).order_by(column.seq)
        return list(self._connection.scalars(query))

    def _records(self, query: Select[Any]) -> list[Record]:
        return fetch(self._connection, query)

    def head(self) -> tuple[int, str]:
        """The number and hash of the last event.

        Raises:
            ChainBroken: The head is missing.
        """
        head = schema.audit_head.c
        rows = fetch_readable(self._connection, select(head.seq, head.hash).where(head.id == HEAD))
        if not rows:
            last = self._connection.scalar(select(func.max(schema.audit_event.c.seq))) or 0
            raise ChainBroken("The head of the audit log is missing.", seq=last + 1)
        return rows[0][0], rows[0][1]

    def tree(self) -> str:
        """The frontier of the Merkle tree up to the head; empty where an earlier release appended last."""
        head = schema.audit_head.c
        query = select(head.tree).where(head.id == HEAD, head.tree_size == head.seq)
        rows = fetch_readable(self._connection, query)
        return str(rows[0][0]) if rows else ""

    def damage(self) -> list[ChainedEvent]:
        """The events about damage that was found and not yet put right, oldest first; the first fifty of them."""
        column = schema.audit_event.c
        intact = select(func.max(column.seq)).where(column.action == Action.AUDIT_INTACT).scalar_subquery()
        query = RECORDS.where(column.action == Action.AUDIT_DAMAGE, column.seq > func.coalesce(intact, 0))
        return [event_from_record(row) for row in self._records(query.order_by(column.seq).limit(50))]


def _newest_first(wanted: AuditFilter) -> list[ColumnElement[Any]]:
    """By number; where times are asked for by time, so that the index on times serves: both say when."""
    column = schema.audit_event.c
    return [column.at.desc(), column.seq.desc()] if _is_timed(wanted) else [column.seq.desc()]


def _following(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    """What must hold, and comes after the last row of the page before in the same order."""
    column = schema.audit_event.c
    if wanted.before is None or not _is_timed(wanted):
        return conditions(wanted)
    last = schema.audit_event.alias()
    at = select(last.c.at).where(last.c.seq == wanted.before).scalar_subquery()
    return [*conditions(replace(wanted, before=None)), tuple_(column.at, column.seq) < tuple_(at, wanted.before)]


def _is_timed(wanted: AuditFilter) -> bool:
    return wanted.since is not None or wanted.until is not None
