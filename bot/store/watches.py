"""Watches of firewall logs as rows."""

from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, insert, select

from bot.domain.firewall_log.watch import Watch
from bot.errors import InvalidInput
from bot.store import schema
from bot.store.records import compare_and_set, new_id, next_version
from bot.store.times import text_from_time

_WATCH = TypeAdapter(Watch)


class SqlWatches:
    """``ports.Watches`` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, watch_id: str) -> Watch:
        """One by id."""
        row = self._connection.execute(select(schema.watch).filter_by(id=watch_id)).one_or_none()
        if row is None:
            raise InvalidInput("This watch does not exist.")
        return _WATCH.validate_python(row.body)

    def open(self) -> list[Watch]:
        """Those that go on, the newest first."""
        query = select(schema.watch).filter_by(is_open=1).order_by(schema.watch.c.id.desc())
        return [_WATCH.validate_python(row.body) for row in self._connection.execute(query)]

    def new_id(self, now: datetime) -> str:
        """An id that no watch has."""
        return new_id(self._connection, schema.watch, "w", now)

    def add(self, watch: Watch) -> None:
        """Store a new one."""
        self._connection.execute(insert(schema.watch).values(_row(watch)))

    def save(self, watch: Watch) -> Watch:
        """Store a changed one under its next version."""
        compare_and_set(self._connection, schema.watch, next_version(_row(watch)))
        return self.get(watch.id)


def _row(watch: Watch) -> dict[str, Any]:
    return {
        "id": watch.id,
        "version": watch.version,
        "is_open": int(watch.is_open),
        "started_at": text_from_time(watch.started_at),
        "body": _WATCH.dump_python(watch, mode="json"),
    }
