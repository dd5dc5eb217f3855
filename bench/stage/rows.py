"""Allowances by the thousand, as the product would have stored them one by one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, text

from bot.domain.allowance import Allowance
from bot.domain.approval import Ending
from bot.domain.fqdn import parse_destination
from bot.domain.ids import ENTROPY, make_id
from bot.domain.people import Identity
from bot.store import SqlStore, schema
from bot.store.bounded import BoundedConnection
from bot.store.rows import row_from_allowance
from tests.build import TEAM

AT_ONCE = 1000
"""Rows in one statement."""


def copies(template: Allowance, count: int, *, first: int, ask: str = "host") -> Iterator[Allowance]:
    """Requests like one that was filed, each for a host of its own and by one of a hundred people."""
    for number in range(first, first + count):
        at = template.requested_at - timedelta(seconds=1 + number // 1000)  # an id holds seconds
        yield replace(
            template,
            id=make_id("a", at, number % ENTROPY),
            ask=replace(template.ask, destinations=(parse_destination(f"{ask}{number}.example.com"),)),
            requester=Identity(TEAM, f"ULOAD{number % 100:03}"),
            requested_at=at,
        )


def approved(one: Allowance, at: datetime) -> Allowance:
    """Decided, and waiting for the writer."""
    return replace(one, approved_at=at)


def live(one: Allowance, at: datetime) -> Allowance:
    """Read back from Azure."""
    return replace(one, approved_at=at, applying_at=at, live_at=at, expires_at=at + timedelta(days=30))


def ended(one: Allowance, at: datetime) -> Allowance:
    """Revoked, and its rules were seen gone."""
    ending = Ending(one.requester, at, "no longer needed")
    return replace(live(one, at), revoked=ending, gone_at=at)


def store_rows(store: SqlStore, rows: Sequence[Allowance], *, is_open: bool = True) -> None:
    """Write them all."""
    with store._engine.begin() as connection:
        for start in range(0, len(rows), AT_ONCE):
            part = [row_from_allowance(one, is_open=is_open) for one in rows[start : start + AT_ONCE]]
            connection.execute(insert(schema.allowance), part)


@contextmanager
def patient(connection: Connection) -> Iterator[None]:
    """Inside, statements may take longer than any of the product's: years of rows are stored and counted at once."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, BoundedConnection):
        yield
        return
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    driver.is_patient = True
    yield
    driver.is_patient = False


def count_rows(store: SqlStore) -> None:
    """Let the database count its rows, as it does by itself after a while."""
    with store._engine.begin() as connection, patient(connection):
        connection.execute(text("ANALYZE"))
