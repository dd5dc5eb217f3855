"""Clusters as they were last read, and what their outbound IPs were before."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain.egress import (
    ClusterEgress,
    ClusterRef,
    Fleet,
    IpChange,
    Period,
    RequiredEndpoints,
    addresses_of,
    deletion_of,
)
from bot.ports import FleetReading
from bot.store import schema
from bot.store.rows import (
    body_from_egress,
    body_from_endpoints,
    body_from_ref,
    egress_from_row,
    endpoints_from_row,
    period_from_row,
    ref_from_row,
)
from bot.store.times import text_from_time, time_from_text

cluster, history = schema.cluster.c, schema.egress_history.c

CLUSTER = select(schema.cluster).where(cluster.id == bindparam("sought"))
"""Asked with almost every act, and built once."""

AT_ONCE = 500
"""Ids in one condition: SQLite takes 32,766 parameters (https://www.sqlite.org/limits.html, read 2026-11)."""


class SqlSnapshots:
    """``ports.Snapshots`` in SQL.

    A change is reported by the one transaction that ends the period in force: a second one that saw the same finds it
    ended already, on both databases.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, egress: ClusterEgress, read_at: datetime) -> IpChange | None:
        """Keep one cluster as it was read; an older reading never replaces a newer one."""
        return next(iter(self._put_all([egress], read_at)), None)

    def put_fleet(self, fleet: Fleet) -> tuple[IpChange, ...]:
        """Keep all clusters as they were read, and forget those that are gone from subscriptions that were read."""
        at = text_from_time(fleet.read_at)
        changes = self._put_all(fleet.clusters, fleet.read_at)
        present = {egress.ref.id for egress in fleet.clusters}
        older = self._connection.scalars(select(cluster.id).where(cluster.read_at <= at))
        gone = [id_ for id_ in older if id_ not in present and id_.split("/")[2] not in fleet.unread]
        for start in range(0, len(gone), AT_ONCE):
            changes += self._forget(gone[start : start + AT_ONCE], fleet.read_at)
        reading = {"id": 1, "read_at": at, "gaps": list(fleet.gaps)}
        self._connection.execute(_upsert(self._connection, schema.fleet, "id"), [reading])
        return changes

    def forget(self, cluster_id: str, at: datetime) -> tuple[IpChange, ...]:
        """A cluster no longer exists; its history stays."""
        return self._forget([cluster_id], at)

    def reading(self) -> FleetReading | None:
        """The last time all clusters were read together; None before the first time."""
        row = self._connection.execute(select(schema.fleet)).one_or_none()
        return FleetReading(time_from_text(row.read_at), tuple(row.gaps)) if row else None

    def get(self, cluster_id: str) -> tuple[ClusterEgress, datetime] | None:
        """A cluster as last read, and when."""
        row = self._connection.execute(CLUSTER, {"sought": cluster_id}).one_or_none()
        return (egress_from_row(row), time_from_text(row.read_at)) if row else None

    def named(self, name: str) -> list[ClusterEgress]:
        """The clusters with this name or ARM id, whatever its case."""
        wanted = name.strip().rstrip("/").lower()
        query = select(schema.cluster).where(or_(cluster.name == wanted, cluster.id == wanted)).order_by(cluster.id)
        return [egress_from_row(row) for row in self._connection.execute(query)]

    def all(self) -> list[ClusterEgress]:
        """Every cluster, by name."""
        query = select(schema.cluster).order_by(cluster.name, cluster.id)
        return [egress_from_row(row) for row in self._connection.execute(query)]

    def refs(self) -> list[tuple[ClusterRef, datetime]]:
        """Every cluster by name, and when it was last read."""
        query = select(cluster.body["ref"].label("ref"), cluster.read_at).order_by(cluster.name, cluster.id)
        return [(ref_from_row(row), time_from_text(row.read_at)) for row in self._connection.execute(query)]

    def periods(self, since: datetime | None = None, until: datetime | None = None) -> list[Period]:
        """The periods that touch the time from ``since`` up to but without ``until``, newest first."""
        query = select(schema.egress_history).order_by(history.since.desc(), history.cluster_id)
        if since is not None:
            query = query.where(or_(history.until.is_(None), history.until > text_from_time(since)))
        if until is not None:
            query = query.where(func.coalesce(history.begun_after, history.since) < text_from_time(until))
        return [period_from_row(row) for row in self._connection.execute(query)]

    def periods_of(self, cluster_ids: Collection[str]) -> list[Period]:
        """All periods of some clusters, newest first."""
        found: list[Period] = []
        wanted = sorted(cluster_ids)
        for start in range(0, len(wanted), AT_ONCE):
            part = history.cluster_id.in_(wanted[start : start + AT_ONCE])
            rows = self._connection.execute(select(schema.egress_history).where(part).order_by(history.id))
            found += [period_from_row(row) for row in rows]
        return sorted(found, key=lambda one: (one.since, one.until is None), reverse=True)

    def former(self, name: str) -> list[Period]:
        """The last period of each cluster with this name or ARM id that no longer exists, newest first."""
        wanted = name.strip().rstrip("/").lower()
        named = or_(history.cluster_id == wanted, history.cluster_id.endswith(f"/{wanted}", autoescape=True))
        query = select(schema.egress_history).where(named, history.cluster_id.not_in(select(cluster.id)))
        rows = self._connection.execute(query.order_by(history.since))
        last = {row.cluster_id: period_from_row(row) for row in rows}
        return sorted(last.values(), key=lambda period: period.since, reverse=True)

    def remembered(self, ids: Collection[str]) -> dict[str, ClusterRef]:
        """Clusters of these ids as history has them, whether or not they still exist."""
        found: dict[str, ClusterRef] = {}
        wanted = sorted(ids)
        for start in range(0, len(wanted), AT_ONCE):
            part = history.cluster_id.in_(wanted[start : start + AT_ONCE])
            query = select(history.cluster_id, history.ref).where(part).order_by(history.since)
            found |= {row.cluster_id: ref_from_row(row) for row in self._connection.execute(query)}
        return found

    def watched_since(self) -> datetime | None:
        """The beginning of the records; None if there are none."""
        first = self._connection.scalar(select(func.min(history.since)))
        return time_from_text(first) if first else None

    def put_endpoints(self, cluster_id: str, found: RequiredEndpoints, checked_at: datetime) -> None:
        """Keep what the required endpoints of a cluster were found to be."""
        row = {"cluster_id": cluster_id, "checked_at": text_from_time(checked_at), "body": body_from_endpoints(found)}
        self._connection.execute(_upsert(self._connection, schema.endpoint_check, "cluster_id"), [row])

    def endpoints(self, cluster_id: str | None = None) -> dict[str, tuple[RequiredEndpoints, datetime]]:
        """Stored endpoint checks of one cluster or of all, by cluster id, with their times."""
        query = select(schema.endpoint_check)
        if cluster_id is not None:
            query = query.filter_by(cluster_id=cluster_id)
        rows = self._connection.execute(query)
        return {row.cluster_id: (endpoints_from_row(row), time_from_text(row.checked_at)) for row in rows}

    def _put_all(self, clusters: Sequence[ClusterEgress], read_at: datetime) -> tuple[IpChange, ...]:
        seen = self._seen([egress.ref.id for egress in clusters])
        at = text_from_time(read_at)
        fresh = sorted((egress for egress in clusters if seen.get(egress.ref.id, "") <= at), key=lambda e: e.ref.id)
        rows = [_row_from_egress(egress, at) for egress in fresh]
        if rows:
            self._connection.execute(_upsert(self._connection, schema.cluster, "id"), rows)
        return self._record(fresh, seen, read_at)

    def _seen(self, ids: Sequence[str]) -> dict[str, str]:
        """The time each cluster was last read, as text."""
        query = select(cluster.id, cluster.read_at)
        query = query.where(cluster.id.in_(ids)) if len(ids) <= AT_ONCE else query
        return {row.id: row.read_at for row in self._connection.execute(query)}

    def _record(
        self, clusters: Sequence[ClusterEgress], seen: dict[str, str], read_at: datetime
    ) -> tuple[IpChange, ...]:
        ids = [egress.ref.id for egress in clusters]
        query = select(schema.egress_history).where(history.until.is_(None))
        query = query.where(history.cluster_id.in_(ids)) if len(ids) <= AT_ONCE else query
        in_force = {row.cluster_id: row for row in self._connection.execute(query)}
        begun, changes = [], []
        for egress in clusters:
            ips, row, before = addresses_of(egress), in_force.get(egress.ref.id), seen.get(egress.ref.id)
            if row is not None and (ips is None or tuple(row.ips) == ips):
                self._keep(row, before if ips is None else None)
                continue
            if ips is None:
                continue
            last = (row.seen or before or row.since) if row is not None else None
            if row is not None and last is not None:
                if not self._end(row.id, text_from_time(read_at), last):
                    continue
                changes.append(IpChange(egress.ref, tuple(row.ips), ips, time_from_text(last), read_at))
            begun.append(_row_of_period(egress, ips, text_from_time(read_at), last))
        if begun:
            self._connection.execute(_insert_new(self._connection), begun)
        return tuple(changes)

    def _keep(self, row: Any, unread_since: str | None) -> None:
        """The period goes on: what cannot be read is not seen from the reading before on."""
        if (unread_since is None) == (row.seen is None):
            return
        kept = update(schema.egress_history).where(history.id == row.id, history.until.is_(None))
        self._connection.execute(kept.values(seen=unread_since))

    def _end(self, row_id: int, at: str, seen: str) -> bool:
        ended = update(schema.egress_history).where(history.id == row_id, history.until.is_(None))
        return self._connection.execute(ended.values(until=at, seen=seen)).rowcount == 1

    def _forget(self, seen: Sequence[str], at: datetime) -> tuple[IpChange, ...]:
        """Forget clusters absent at a time; one read later is another cluster with that id."""
        moment = text_from_time(at)
        absent = cluster.id.in_(seen), cluster.read_at <= moment
        ids = list(self._connection.scalars(select(cluster.id).where(*absent)))
        last = select(cluster.read_at).where(cluster.id == history.cluster_id).scalar_subquery()
        open_ = and_(history.cluster_id.in_(ids), history.until.is_(None))
        ended = update(schema.egress_history).where(open_)
        ending = list(self._connection.scalars(select(history.id).where(open_)))
        self._connection.execute(ended.values(until=moment, seen=func.coalesce(history.seen, last)))
        rows = self._connection.execute(select(schema.egress_history).where(history.id.in_(ending)))
        changes = tuple(deletion_of(period, at) for period in map(period_from_row, rows) if period.ips)
        self._connection.execute(delete(schema.cluster).where(cluster.id.in_(ids)))
        self._connection.execute(delete(schema.endpoint_check).where(schema.endpoint_check.c.cluster_id.in_(ids)))
        return changes


def _row_from_egress(egress: ClusterEgress, read_at: str) -> dict[str, Any]:
    name = egress.ref.name.lower()
    return {"id": egress.ref.id, "name": name, "read_at": read_at, "body": body_from_egress(egress)}


def _row_of_period(egress: ClusterEgress, ips: tuple[str, ...], since: str, begun_after: str | None) -> dict[str, Any]:
    return {
        "cluster_id": egress.ref.id,
        "ref": body_from_ref(egress.ref),
        "declared": egress.declared,
        "ips": list(ips),
        "since": since,
        "begun_after": begun_after,
    }


def _upsert(connection: Connection, table: Table, key: str) -> Any:
    """Insert, or replace the row with that key; a snapshot only by one that is not older."""
    made = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)
    values = {column.name: made.excluded[column.name] for column in table.c if column.name != key}
    newer = table.c.read_at <= made.excluded.read_at if "read_at" in table.c else None
    return made.on_conflict_do_update(index_elements=[key], set_=values, where=newer)


def _insert_new(connection: Connection) -> Any:
    """Begin periods, but for clusters that have one in force: another replica was faster."""
    made = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(schema.egress_history)
    return made.on_conflict_do_nothing(index_elements=["cluster_id"], index_where=schema.IN_FORCE)
