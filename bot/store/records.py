"""Allowances, scale proposals and review campaigns as rows."""

import secrets
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from itertools import chain, islice
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    Table,
    Text,
    Update,
    bindparam,
    cast,
    insert,
    select,
    update,
)

from bot.domain.allowance import Allowance
from bot.domain.campaign import Campaign
from bot.domain.ids import ALLOWANCE, CAMPAIGN, ENTROPY, SCALE, make_id
from bot.domain.scale_proposal import Scale
from bot.domain.target import Target, target_from_key
from bot.errors import ChainBroken, StaleVersion, UnknownAllowance, UnknownReview, UnknownScale
from bot.ports import AllowanceFilter, ListFilter, Place, PlacedRow
from bot.store import schema
from bot.store.computed import undecided
from bot.store.pages import follows, place_of, rows_of_page
from bot.store.parsed import ParsedAllowances, in_versions
from bot.store.raw_rows import fetch_values
from bot.store.rows import (
    allowance_from_row,
    allowance_from_text,
    campaign_from_row,
    row_from_allowance,
    row_from_campaign,
    row_from_scale,
    scale_from_row,
)

AT_ONCE = 500
"""Ids in one condition: SQLite takes 32,766 parameters (https://www.sqlite.org/limits.html, read 2026-11)."""


class SqlAllowances:
    """``ports.Allowances`` in SQL.

    Args:
        connection: The caller's transaction.
        parsed: What earlier transactions have parsed.

    Attributes:
        fresh: What this transaction has parsed or stored, to be shared once it is committed.
    """

    def __init__(self, connection: Connection, parsed: ParsedAllowances) -> None:
        self._connection = connection
        self._parsed = parsed
        self.fresh: dict[str, Allowance] = {}

    def get(self, allowance_id: str) -> Allowance:
        """One by id."""
        row = self._connection.execute(_by_id(schema.allowance), {"sought": allowance_id}).one_or_none()
        if row is None:
            raise UnknownAllowance(f"Allowance {allowance_id} does not exist. `/egress requests` lists them.")
        return allowance_from_row(row)

    def find(self, wanted: AllowanceFilter) -> list[Allowance]:
        """The matching rows, newest first."""
        column = schema.allowance.c
        found = (fetch_values(self._connection, _query(part, column.id, column.version)) for part in _parts(wanted))
        versions = dict(islice(chain.from_iterable(found), wanted.limit))
        known = self._of(versions)
        return [known[id_] for id_ in versions]

    def reread(self, wanted: AllowanceFilter) -> list[Allowance]:
        """The matching rows as they are stored at this moment, each read in full."""
        return [_reread(row) for row in self._connection.execute(_query(wanted, schema.allowance))]

    def page(self, wanted: ListFilter) -> list[PlacedRow[Allowance]]:
        """One page of a list."""
        rows = rows_of_page(self._connection, schema.allowance, wanted)
        known = self._of({row.id: row.version for row in rows})
        return [PlacedRow(place_of(row), known[row.id]) for row in rows]

    def _of(self, versions: dict[str, int]) -> dict[str, Allowance]:
        """The allowances with these ids, which are stored in these versions."""
        found = self._parsed.of(versions)
        if self.fresh:
            found |= in_versions(self.fresh, versions)
        missing, column = [id_ for id_ in versions if id_ not in found], schema.allowance.c
        for start in range(0, len(missing), AT_ONCE):
            query = select(column.id, cast(column.body, Text)).where(column.id.in_(missing[start : start + AT_ONCE]))
            rows = self._connection.execute(query)
            self.fresh |= (parsed := {id_: allowance_from_text(body) for id_, body in rows})
            found |= parsed
        return found

    def stored(self, ids: Collection[str]) -> set[str]:
        """Those of these ids that are stored."""
        return _stored(self._connection, schema.allowance, ids)

    def targets(self) -> list[Target]:
        """Every target that has an open allowance."""
        keys = self._connection.scalars(select(schema.allowance.c.target).filter_by(is_open=1).distinct())
        return sorted(target_from_key(key) for key in keys)

    def targets_of(self, cluster: str) -> list[Target]:
        """Every target in which a cluster of that name has, or had, an allowance."""
        keys = self._connection.scalars(select(schema.allowance.c.target).filter_by(cluster_name=cluster).distinct())
        return sorted(target_from_key(key) for key in keys)

    def new_id(self, now: datetime) -> str:
        """An id that no allowance has."""
        return new_id(self._connection, schema.allowance, ALLOWANCE, now)

    def add(self, allowance: Allowance) -> None:
        """Store a new one."""
        self._connection.execute(insert(schema.allowance), row_from_allowance(allowance, is_open=True))

    def save(self, allowance: Allowance, *, is_open: bool) -> Allowance:
        """Store a changed one under its next version."""
        saved = replace(allowance, version=allowance.version + 1)
        compare_and_set(self._connection, schema.allowance, row_from_allowance(saved, is_open=is_open))
        self.fresh[saved.id] = saved
        return saved


class SqlScales:
    """``ports.Scales`` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, scale_id: str) -> Scale:
        """One by id."""
        row = self._connection.execute(_by_id(schema.scale), {"sought": scale_id}).one_or_none()
        if row is None:
            raise UnknownScale(f"Scale proposal {scale_id} does not exist. `/egress requests` lists them.")
        return scale_from_row(row)

    def find(self, cluster_id: str | None = None, *, only_open: bool = True) -> list[Scale]:
        """The rows of one cluster or of all, newest first."""
        query = select(schema.scale).order_by(schema.scale.c.id.desc())
        if cluster_id is not None:
            query = query.filter_by(cluster_id=cluster_id)
        if only_open:
            query = query.filter_by(is_open=1)
        return [scale_from_row(row) for row in self._connection.execute(query)]

    def page(self, wanted: ListFilter) -> list[PlacedRow[Scale]]:
        """One page of a list."""
        rows = rows_of_page(self._connection, schema.scale, wanted)
        return [PlacedRow(place_of(row), scale_from_row(row)) for row in rows]

    def stored(self, ids: Collection[str]) -> set[str]:
        """Those of these ids that are stored."""
        return _stored(self._connection, schema.scale, ids)

    def new_id(self, now: datetime) -> str:
        """An id that no proposal has."""
        return new_id(self._connection, schema.scale, SCALE, now)

    def add(self, scale: Scale) -> None:
        """Store a new one."""
        self._connection.execute(insert(schema.scale), row_from_scale(scale, is_open=True))

    def save(self, scale: Scale, *, is_open: bool) -> Scale:
        """Store a changed one under its next version."""
        row = next_version(row_from_scale(scale, is_open=is_open))
        compare_and_set(self._connection, schema.scale, row)
        return self.get(scale.id)


class SqlCampaigns:
    """``ports.Campaigns`` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, campaign_id: str) -> Campaign:
        """One by id."""
        row = self._connection.execute(_by_id(schema.campaign), {"sought": campaign_id}).one_or_none()
        if row is None:
            raise UnknownReview(f"No review {campaign_id} that you can see. `/egress review` lists them.")
        return campaign_from_row(row)

    def find(self, *, only_open: bool = True, limit: int | None = None, after: Place | None = None) -> list[Campaign]:
        """The rows, open ones first, then the newest, from behind a place on."""
        column = schema.campaign.c
        query = select(schema.campaign).order_by(column.is_open.desc(), column.id.desc()).limit(limit)
        if only_open:
            query = query.filter_by(is_open=1)
        if after is not None:
            query = query.where(follows(schema.campaign, CAMPAIGN, after))
        return [campaign_from_row(row) for row in self._connection.execute(query)]

    def new_id(self, now: datetime) -> str:
        """An id that no campaign has."""
        return new_id(self._connection, schema.campaign, CAMPAIGN, now)

    def add(self, campaign: Campaign) -> None:
        """Store a new one."""
        self._connection.execute(insert(schema.campaign), row_from_campaign(campaign))

    def save(self, campaign: Campaign) -> Campaign:
        """Store a changed one under its next version."""
        compare_and_set(self._connection, schema.campaign, next_version(row_from_campaign(campaign)))
        return self.get(campaign.id)


def _parts(wanted: AllowanceFilter) -> list[AllowanceFilter]:
    """The same in pieces, in the order of the whole: a database takes a limited number of ids."""
    ids = sorted(set(wanted.ids or ()), reverse=True)
    if len(ids) <= AT_ONCE:
        return [wanted]
    return [replace(wanted, ids=tuple(ids[at : at + AT_ONCE])) for at in range(0, len(ids), AT_ONCE)]


def _query(wanted: AllowanceFilter, *columns: Any) -> Select[Any]:
    column = schema.allowance.c
    named = (wanted.cluster or "").lower()
    conditions: tuple[tuple[object, Callable[[], ColumnElement[bool]]], ...] = (
        (wanted.ids, lambda: column.id.in_(wanted.ids or ())),
        (wanted.target, lambda: column.target == (wanted.target.key if wanted.target else "")),
        (wanted.cluster, lambda: (column.cluster_id if named.startswith("/") else column.cluster_name) == named),
        (wanted.requester, lambda: column.requester == str(wanted.requester)),
        (wanted.renews, lambda: column.renews == wanted.renews),
        (wanted.first_host, lambda: column.first_host == wanted.first_host),
        (wanted.is_in_line or None, lambda: column.in_line_since.is_not(None)),
        (wanted.is_for_review or None, lambda: column.review_by.is_not(None)),
        (wanted.is_waiting or None, undecided),
        (wanted.before, lambda: column.id < wanted.before),
        (wanted.only_open or None, lambda: column.is_open == 1),
    )
    query = select(*columns).order_by(column.id.desc()).limit(wanted.limit)
    return query.where(*(condition() for given, condition in conditions if given is not None))


def _reread(row: Any) -> Allowance:
    """The allowance in a row whose columns say the same as its body."""
    try:
        found = allowance_from_row(row)
    except (ValueError, KeyError, TypeError) as error:
        raise ChainBroken(f"Allowance {row.id} cannot be read as it is stored now.", seq=0) from error
    columns = row_from_allowance(found, is_open=bool(row.is_open))
    if changed := [name for name, said in columns.items() if name != "body" and getattr(row, name) != said]:
        raise ChainBroken(f"Allowance {row.id} was changed: {', '.join(changed)} is not what it says itself.", seq=0)
    return found


def _stored(connection: Connection, table: Table, ids: Collection[str]) -> set[str]:
    """Asked for some at a time: a database takes a limited number of values."""
    some, found = sorted(ids), set[str]()
    for at in range(0, len(some), AT_ONCE):
        found.update(connection.scalars(select(table.c.id).where(table.c.id.in_(some[at : at + AT_ONCE]))))
    return found


def new_id(connection: Connection, table: Table, prefix: str, now: datetime) -> str:
    """An id that no row of a table has."""
    while True:
        candidate = make_id(prefix, now, secrets.randbelow(ENTROPY))
        if connection.execute(_by_id(table), {"sought": candidate}).first() is None:
            return candidate


def next_version(row: dict[str, Any]) -> dict[str, Any]:
    """A row under its next version."""
    version = row["version"] + 1
    return row | {"version": version, "body": row["body"] | {"version": version}}


def compare_and_set(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    """Store a row in the place of the version before; raises ``StaleVersion`` if somebody was faster."""
    seen = {"seen_id": row["id"], "seen_version": row["version"] - 1}
    if connection.execute(_in_place_of(table), row | seen).rowcount != 1:
        raise StaleVersion(f"Someone else just changed {row['id']}. Check it again.")


# The frequent statements are built once: building takes SQLAlchemy longer than SQLite needs to answer.


@lru_cache
def _by_id(table: Table) -> Select[Any]:
    return select(table).where(table.c.id == bindparam("sought", type_=String()))


@lru_cache
def _in_place_of(table: Table) -> Update:
    seen_id, seen_version = bindparam("seen_id", type_=String()), bindparam("seen_version", type_=Integer())
    return update(table).where(table.c.id == seen_id, table.c.version == seen_version)
