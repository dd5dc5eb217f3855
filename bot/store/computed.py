"""Facts of an allowance's body that are searched for: columns that the database itself computes, for every release."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import Column, ColumnElement, Computed, Index, Text, text
from sqlalchemy.ext.compiler import compiles

SQLITE: Mapping[str, str] = MappingProxyType(
    {
        "first_host": "json_extract(body, '$.ask.destinations[0].fqdn')",
        "renews": "json_extract(body, '$.ask.renews')",
        "review_by": "json_extract(body, '$.review_by')",
        "in_line_since": (
            "CASE WHEN json_extract(body, '$.live_at') IS NULL OR json_extract(body, '$.missing_since') IS NOT NULL "
            "THEN json_extract(body, '$.approved_at') END"
        ),
    }
)
POSTGRESQL: Mapping[str, str] = MappingProxyType(
    {
        "first_host": "body #>> '{ask,destinations,0,fqdn}'::text[]",
        "renews": "body #>> '{ask,renews}'::text[]",
        "review_by": "body ->> 'review_by'::text",
        "in_line_since": (
            "CASE WHEN (body ->> 'live_at'::text) IS NULL OR (body ->> 'missing_since'::text) IS NOT NULL "
            "THEN body ->> 'approved_at'::text ELSE NULL::text END"
        ),
    }
)


UNDECIDED: Mapping[str, str] = MappingProxyType(
    {
        "sqlite": "json_extract(body, '$.approved_at') IS NULL",
        "postgresql": "(body ->> 'approved_at'::text) IS NULL",
    }
)
"""That nobody has approved, in the words of the index of what waits: it serves only what has the same words."""


class _Undecided(ColumnElement[bool]):
    inherit_cache = True


def undecided() -> ColumnElement[bool]:
    """That condition."""
    made: ColumnElement[bool] = _Undecided()
    return made


@compiles(_Undecided, "sqlite")
def _undecided_on_sqlite(_condition: _Undecided, _compiler: Any, **_options: Any) -> str:
    return UNDECIDED["sqlite"]


@compiles(_Undecided, "postgresql")
def _undecided_on_postgresql(_condition: _Undecided, _compiler: Any, **_options: Any) -> str:
    return UNDECIDED["postgresql"]


class Fact(ColumnElement[str]):
    """The expression of one of them, in the words of the database."""

    inherit_cache = False

    def __init__(self, name: str) -> None:
        self.fact = name


@compiles(Fact, "sqlite")
def _on_sqlite(fact: Fact, _compiler: Any, **_options: Any) -> str:
    return SQLITE[fact.fact]


@compiles(Fact, "postgresql")
def _on_postgresql(fact: Fact, _compiler: Any, **_options: Any) -> str:
    return POSTGRESQL[fact.fact]


def computed_facts() -> list[Column[str] | Index]:
    """Columns that the database computes (SQLite when they are read or indexed, PostgreSQL when a row is written)."""
    columns = [Column(name, Text, Computed(Fact(name)), nullable=True) for name in SQLITE]
    return [
        *columns,
        Index("ix_allowance_cluster_id_first_host", "cluster_id", "first_host"),
        _index("renews", "renews"),
        _index("review_by", "is_open", "id"),
        _index("in_line_since", "target", "in_line_since"),
        Index(
            "ix_allowance_undecided",
            "is_open",
            "id",
            sqlite_where=text(UNDECIDED["sqlite"]),
            postgresql_where=text(UNDECIDED["postgresql"]),
        ),
    ]


def _index(fact: str, *columns: str) -> Index:
    """Of the few rows that have the fact."""
    there = text(f"{fact} IS NOT NULL")
    return Index(f"ix_allowance_{fact}", *columns, sqlite_where=there, postgresql_where=there)
