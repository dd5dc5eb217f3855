"""Rows as the driver gives them, without SQLAlchemy's own: a verification reads a million, a round all that is open.

SQLite keeps any bytes where text belongs, if somebody puts them there. Such a row must not keep the others from being
read: what is no text is read with replacement characters, and its hash no longer fits.
"""

import sqlite3
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Executable, Select
from sqlalchemy.exc import OperationalError

from bot.domain.chain import Record, readable

NOTHING: Mapping[str, Any] = MappingProxyType({})

UNDECODED = "decode"
"""What the driver's error says then; there is no code of its own."""


def fetch(connection: Connection, query: Select[Any], given: Mapping[str, Any] = NOTHING) -> list[Record]:
    """The rows of a query for all columns of events."""
    return list(map(Record._make, fetch_values(connection, query, given)))


def fetch_readable(connection: Connection, query: Select[Any]) -> list[tuple[Any, ...]]:
    """The rows of any query, each value a number or text."""
    return [tuple(map(readable, row)) for row in fetch_values(connection, query)]


def fetch_values(connection: Connection, query: Executable, given: Mapping[str, Any] = NOTHING) -> list[Any]:
    """The rows of any query, their values as the driver gives them.

    Args:
        connection: The caller's transaction.
        query: What is asked.
        given: The values of its parameters.

    Raises:
        DBAPIError: As SQLAlchemy's own.
    """
    try:
        return _all(connection, query, given)
    except OperationalError as error:
        if UNDECODED not in str(error):
            raise
    driver: Any = connection.connection.driver_connection
    driver.text_factory = _text
    try:
        return _all(connection, query, given)
    finally:
        driver.text_factory = str


def _all(connection: Connection, query: Executable, given: Mapping[str, Any]) -> list[Any]:
    """SQLite reads rows while they are fetched: what goes wrong there, SQLAlchemy does not see."""
    cursor = connection.execute(query, given).cursor
    try:
        return list(cursor.fetchall())
    except sqlite3.Error as error:
        raise OperationalError(None, None, error) from error


def _text(stored: bytes) -> str:
    return stored.decode("utf-8", "replace")
