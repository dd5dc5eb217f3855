"""The audit log as rows: appended in one order, never changed."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Text, cast, insert, select, update

from bot.domain.audit import AuditFilter, ChainedEvent, Event
from bot.domain.chain import COLUMNS, ChainEnd, Frontier, Record
from bot.store import schema
from bot.store.rows import event_from_record, record_from_event, row_from_record
from bot.store.times import text_from_time

HEAD = 1
"""The id of the one row in ``audit_head``."""

_JSON = ("destinations", "detail")
_RECORDS = select(
    *(cast(schema.audit_event.c[name], Text) if name in _JSON else schema.audit_event.c[name] for name in COLUMNS)
)
"""Every column as it is stored, JSON as text: what somebody damaged must not fail before it is verified."""


class SqlAuditLog:
    """``ports.AuditLog`` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, event: Event) -> ChainedEvent:
        """Put an event at the end; the lock on the head keeps two transactions from taking the same place."""
        head = self._connection.execute(select(schema.audit_head).filter_by(id=HEAD).with_for_update()).one()
        tree = self._tree(head)
        record = record_from_event(event, ChainEnd(head.seq, head.hash, tree))
        self._connection.execute(insert(schema.audit_event).values(row_from_record(record)))
        tree.add(record.hash)
        moved = {"seq": record.seq, "hash": record.hash, "tree_size": tree.size, "tree": tree.heads}
        self._connection.execute(update(schema.audit_head).filter_by(id=HEAD).values(moved))
        return ChainedEvent(record.seq, event, record.previous, record.hash)

    def _tree(self, head: Row[Any]) -> Frontier:
        """The Merkle tree up to the head; what an earlier release appended is added here."""
        try:
            tree = Frontier(head.tree_size, head.tree)
        except ValueError:  # somebody changed it; it follows from the rows
            tree = Frontier()
        if tree.size > head.seq:
            tree = Frontier()
        if tree.size < head.seq:
            column = schema.audit_event.c
            missing = select(column.hash).where(column.seq > tree.size, column.seq <= head.seq).order_by(column.seq)
            for one in self._connection.scalars(missing):
                tree.add(one)
        return tree

    def find(self, wanted: AuditFilter, *, limit: int) -> list[ChainedEvent]:
        """The matching rows, newest first."""
        column = schema.audit_event.c
        query = _RECORDS.where(*_conditions(wanted)).order_by(column.seq.desc()).limit(limit)
        return [event_from_record(row) for row in self._records(query)]

    def chain(self, *, after: int, limit: int) -> list[ChainedEvent]:
        """Events with a number above ``after``, oldest first."""
        return [event_from_record(row) for row in self.records(after=after, limit=limit)]

    def records(self, *, after: int, limit: int) -> list[Record]:
        """Rows with a number above ``after`` as they are stored, oldest first."""
        column = schema.audit_event.c.seq
        return self._records(_RECORDS.where(column > after).order_by(column).limit(limit))

    def _records(self, query: Select[Any]) -> list[Record]:
        return [Record._make(row) for row in self._connection.execute(query)]

    def head(self) -> tuple[int, str]:
        """The number and hash of the last event."""
        row = self._connection.execute(select(schema.audit_head).filter_by(id=HEAD)).one()
        return row.seq, row.hash


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    column = schema.audit_event.c
    made: list[tuple[Any, Any]] = [
        (wanted.before, lambda value: column.seq < value),
        (wanted.since, lambda value: column.at >= text_from_time(value)),
        (wanted.until, lambda value: column.at < text_from_time(value)),
        (wanted.actor, lambda value: column.actor == value),
        (wanted.cluster, lambda value: column.cluster == value.lower()),
        (wanted.destination, lambda value: column.destination_text.contains(value.lower(), autoescape=True)),
        (wanted.subject, lambda value: column.subject == value),
        (wanted.action, _is_action),
    ]
    return [condition(value) for value, condition in made if value is not None]


def _is_action(action: str) -> ColumnElement[bool]:
    column = schema.audit_event.c.action
    return column == action if ":" in action else column.startswith(f"{action}:", autoescape=True)
