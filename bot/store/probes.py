"""Probes as rows."""

from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, insert, select

from bot.domain.probe import Probe
from bot.errors import InvalidInput
from bot.store import schema
from bot.store.records import compare_and_set, new_id, next_version
from bot.store.times import text_from_time

_PROBE = TypeAdapter(Probe)


class SqlProbes:
    """``ports.Probes`` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, probe_id: str) -> Probe:
        """One by id."""
        row = self._connection.execute(select(schema.probe).filter_by(id=probe_id)).one_or_none()
        if row is None:
            raise InvalidInput(f"Probe {probe_id} does not exist.")
        return _PROBE.validate_python(row.body)

    def open_of(self, cluster_id: str) -> list[Probe]:
        """Those of a cluster that have not ended, the oldest first."""
        query = select(schema.probe).filter_by(cluster_id=cluster_id, is_open=1).order_by(schema.probe.c.asked_at)
        return [_PROBE.validate_python(row.body) for row in self._connection.execute(query)]

    def new_id(self, now: datetime) -> str:
        """An id that no probe has."""
        return new_id(self._connection, schema.probe, "p", now)

    def add(self, probe: Probe) -> None:
        """Store a new one."""
        self._connection.execute(insert(schema.probe).values(_row(probe)))

    def save(self, probe: Probe) -> Probe:
        """Store a changed one under its next version."""
        compare_and_set(self._connection, schema.probe, next_version(_row(probe)))
        return self.get(probe.id)


def _row(probe: Probe) -> dict[str, Any]:
    return {
        "id": probe.id,
        "version": probe.version,
        "cluster_id": probe.cluster_id,
        "is_open": int(probe.is_open),
        "asked_at": text_from_time(probe.asked_at),
        "body": _PROBE.dump_python(probe, mode="json"),
    }
