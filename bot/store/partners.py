"""Partners as rows."""

from collections.abc import Collection

from pydantic import TypeAdapter
from sqlalchemy import Connection, delete, insert, select

from bot.domain.partner import Partner
from bot.store import schema

_PARTNER = TypeAdapter(Partner)

AT_ONCE = 500
"""Ids in one condition: SQLite takes 32,766 parameters (https://www.sqlite.org/limits.html, read 2026-11)."""


class SqlPartners:
    """``ports.Partners`` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, cluster_ids: Collection[str]) -> list[Partner]:
        """The partners of some clusters, by name."""
        column, wanted = schema.partner.c, sorted(cluster_ids)
        found: list[Partner] = []
        for start in range(0, len(wanted), AT_ONCE):
            query = select(column.body).where(column.cluster_id.in_(wanted[start : start + AT_ONCE]))
            found += [_PARTNER.validate_python(row.body) for row in self._connection.execute(query)]
        return sorted(found, key=lambda one: (one.key, one.cluster_id))

    def add(self, partner: Partner) -> None:
        """Store a new one."""
        body = _PARTNER.dump_python(partner, mode="json")
        row = {"cluster_id": partner.cluster_id, "name": partner.key, "body": body}
        self._connection.execute(insert(schema.partner).values(row))

    def remove(self, partner: Partner) -> None:
        """It is not stored any more."""
        self._connection.execute(delete(schema.partner).filter_by(cluster_id=partner.cluster_id, name=partner.key))
