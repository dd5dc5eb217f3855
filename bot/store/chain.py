"""The audit log as rows: appended in one order, never changed."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, select, update

from bot.domain.audit import AuditFilter, ChainedEvent, Event, link
from bot.store import schema
from bot.store.rows import event_from_row, row_from_event
from bot.store.times import text_from_time

HEAD = 1
"""The id of the one row in ``audit_head``."""


class SqlAuditLog:
    """``ports.AuditLog`` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, event: Event) -> ChainedEvent:
        """Put an event at the end; the lock on the head keeps two transactions from taking the same place."""
        head = self._connection.execute(select(schema.audit_head).filter_by(id=HEAD).with_for_update()).one()
        chained = link(event, head.seq + 1, head.hash)
        self._connection.execute(insert(schema.audit_event).values(row_from_event(chained)))
        moved = update(schema.audit_head).filter_by(id=HEAD).values(seq=chained.seq, hash=chained.hash)
        self._connection.execute(moved)
        return chained

    def find(self, wanted: AuditFilter, *, limit: int) -> list[ChainedEvent]:
        """The matching rows, newest first."""
        column = schema.audit_event.c
        query = select(schema.audit_event).where(*_conditions(wanted)).order_by(column.seq.desc()).limit(limit)
        return [event_from_row(row) for row in self._connection.execute(query)]

    def chain(self, *, after: int, limit: int) -> list[ChainedEvent]:
        """Events with a number above ``after``, oldest first."""
        column = schema.audit_event.c
        query = select(schema.audit_event).where(column.seq > after).order_by(column.seq).limit(limit)
        return [event_from_row(row) for row in self._connection.execute(query)]

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
