"""Where in the audit log each destination is: a search by a part of a host looks only there.

The rows are kept by triggers, so that every release keeps them. They are no proof of anything; a verification compares
them with the events, so that nobody can hide events from a search.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic_core import from_json
from sqlalchemy import Connection, func, select

from bot.domain.chain import Record
from bot.store import schema
from bot.store.raw_rows import fetch_values

FEW = 12
"""Hosts that are looked for by their words: each takes a look at each block of events."""


@dataclass(frozen=True, slots=True)
class Hosts:
    """The destinations that contain a text.

    Args:
        first: The number of the first event that has one.
        last: The number of the last.
        names: All of them, if they are few; else None.
    """

    first: int
    last: int
    names: tuple[str, ...] | None


def hosts_with(connection: Connection, part: str) -> Hosts | None:
    """The destinations that contain this; None if there are none."""
    column = schema.audit_host.c
    is_meant = func.lower(column.host).contains(part, autoescape=True)
    query = select(func.min(column.first_seq), func.max(column.last_seq), func.count()).where(is_meant)
    first, last, count = connection.execute(query).one()
    if first is None:
        return None
    names = tuple(connection.scalars(select(column.host).where(is_meant))) if count <= FEW else None
    return Hosts(first, last, names)


def not_covered(connection: Connection, records: Sequence[Record]) -> int | None:
    """The number of an event that a search by host would not find; None if there is none."""
    places, column = _places(records), schema.audit_host.c
    low, high = records[0].seq, records[-1].seq
    around = select(column.host, column.first_seq, column.last_seq).where(
        column.first_seq <= high, column.last_seq >= low
    )
    found = {host: (first, last) for host, first, last in fetch_values(connection, around)}
    hidden = (first for host, (first, last) in places.items() if not _covers(found.get(host), first, last))
    return min(hidden, default=None)


def _covers(span: tuple[int, int] | None, first: int, last: int) -> bool:
    return span is not None and span[0] <= first and last <= span[1]


def _places(records: Sequence[Record]) -> Mapping[str, tuple[int, int]]:
    """The first and the last event of each destination."""
    first = {row.destinations: row.seq for row in reversed(records)}
    last = {row.destinations: row.seq for row in records}
    places: dict[str, tuple[int, int]] = {}
    for text, seq in first.items():
        for host in from_json(text):
            low, high = places.get(host, (seq, last[text]))
            places[host] = min(low, seq), max(high, last[text])
    return places
