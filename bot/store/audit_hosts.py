"""Where in the audit log each destination is: a search by a part of a host looks only there.

The rows are kept by triggers, so that every release keeps them. They are no proof of anything; a verification compares
them with the events, so that nobody can hide events from a search.
"""

from collections.abc import Mapping

from sqlalchemy import Connection, func, select

from bot.store import schema

CHUNK = 5000
"""Hosts that are looked up at once."""


def bounds_of(connection: Connection, part: str) -> tuple[int, int] | None:
    """The first and the last event with a destination that contains this; None if there is none."""
    column = schema.audit_host.c
    query = select(func.min(column.first_seq), func.max(column.last_seq))
    first, last = connection.execute(query.where(column.host.contains(part, autoescape=True))).one()
    return None if first is None else (first, last)


def not_covered(connection: Connection, places: Mapping[str, tuple[int, int]]) -> str | None:
    """A host whose events a search would not find.

    Args:
        connection: The connection.
        places: First and last event of each host.
    """
    hosts, column = sorted(places), schema.audit_host.c
    for at in range(0, len(hosts), CHUNK):
        some = hosts[at : at + CHUNK]
        rows = connection.execute(select(schema.audit_host).where(column.host.in_(some)))
        found = {row.host: (row.first_seq, row.last_seq) for row in rows}
        for host in some:
            first, last = found.get(host, (places[host][1] + 1, 0))
            if first > places[host][0] or last < places[host][1]:
                return host
    return None
