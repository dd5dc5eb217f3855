"""How full SNAT ports were at last, as rows."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import Connection, delete, insert, select

from bot.domain.measured import PortLevel, SnatUse
from bot.ports.metrics import KeptUse
from bot.store import schema
from bot.store.times import text_from_time, time_from_text

_USE = TypeAdapter(SnatUse)

NODES_KEPT = 3
"""The fullest nodes that are kept of each: what a list names. A report reads all of them anew."""

AT_ONCE = 500
"""Ids in one condition: SQLite takes 32,766 parameters (https://www.sqlite.org/limits.html, read 2026-11)."""


class SqlPortUses:
    """``ports.PortUses`` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, source_ids: Collection[str]) -> dict[str, KeptUse]:
        """What was read of some sources at last, by their ids."""
        wanted, found = sorted(set(source_ids)), dict[str, KeptUse]()
        for start in range(0, len(wanted), AT_ONCE):
            query = select(schema.port_use).where(schema.port_use.c.source_id.in_(wanted[start : start + AT_ONCE]))
            for row in self._connection.execute(query):
                use, level = _USE.validate_python(row.body), PortLevel(row.announced)
                found[row.source_id] = KeptUse(use, level, time_from_text(row.tried_at))
        return found

    def tried(self) -> dict[str, datetime]:
        """When each source was last asked for, by its id."""
        column = schema.port_use.c
        rows = self._connection.execute(select(column.source_id, column.tried_at))
        return {row.source_id: time_from_text(row.tried_at) for row in rows}

    def put(self, kept: KeptUse) -> None:
        """Keep it in the place of what was read before."""
        use = replace(kept.use, ports=kept.use.ports[:NODES_KEPT], curve=())
        source_id, body = use.source.id, _USE.dump_python(use, mode="json")
        row = {"tried_at": text_from_time(kept.tried_at), "announced": int(kept.announced), "body": body}
        self.forget([source_id])
        self._connection.execute(insert(schema.port_use).values(source_id=source_id, **row))

    def forget(self, source_ids: Collection[str]) -> None:
        """These are no longer there."""
        wanted = sorted(set(source_ids))
        for start in range(0, len(wanted), AT_ONCE):
            gone = schema.port_use.c.source_id.in_(wanted[start : start + AT_ONCE])
            self._connection.execute(delete(schema.port_use).where(gone))
