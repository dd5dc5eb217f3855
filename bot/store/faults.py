"""The databases' errors as ours: one table for each of them."""

import sqlite3
from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy.exc import DBAPIError

from bot.errors import BadConfiguration, CommitUnknown, StoreBusy, StoreUnavailable

BUSY = "The database is busy; nothing was recorded. Try again in a moment."
"""Said where waiting a moment helps."""

AWAY = "The database is unavailable ({cause}); nothing was recorded. Try again in a moment."
"""Said where somebody has to mend the database, or the way to it."""

LATE = "This took too long, so nothing was recorded. Try again in a moment."
"""Said where an act was ready after its deadline."""

BUSY_SQLSTATES = frozenset({"55P03", "57014", "40001", "40P01"})
"""Lock not available, cancelled by time-out, serialisation failure, deadlock.

Source: https://www.postgresql.org/docs/current/errcodes-appendix.html, read 2026-11.
"""

CAUSES_POSTGRESQL: Mapping[str, str] = MappingProxyType(
    {
        "53100": "its disk is full",
        "53200": "it is out of memory",
        "53300": "it accepts no more connections",
        "25006": "it is read-only",
        "57P01": "it is shutting down",
        "57P02": "it crashed and is restarting",
        "57P03": "it is starting",
        "57P04": "it was dropped",
        "58030": "its disk is failing",
        "XX001": "its data is damaged",
        "XX002": "its index is damaged",
        "28P01": "it rejected the password",
        "28000": "it rejected the account",
        "3D000": "no database has that name",
        "42501": "the account lacks a permission in it",
        "08": "the connection was lost",
        "53": "it is short of a resource",
        "57": "its operator intervened",
        "58": "its system is failing",
    }
)
"""Causes by SQLSTATE, or by its class; source as above."""

UNDEFINED_TABLE = "42P01"
"""Undefined table; source as above."""

BUSY_SQLITE = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_PROTOCOL})
"""Primary result codes that waiting a moment helps against (https://www.sqlite.org/rescode.html, read 2026-11)."""

CAUSES_SQLITE: Mapping[int, str] = MappingProxyType(
    {
        sqlite3.SQLITE_FULL: "its disk is full",
        sqlite3.SQLITE_READONLY: "its file is read-only",
        sqlite3.SQLITE_IOERR: "its disk is failing or full",
        sqlite3.SQLITE_CANTOPEN: "its file cannot be opened",
        sqlite3.SQLITE_CORRUPT: "its file is damaged",
        sqlite3.SQLITE_NOTADB: "its file is not a SQLite database",
        sqlite3.SQLITE_PERM: "its file permissions deny access",
        sqlite3.SQLITE_NOMEM: "it is out of memory",
    }
)
"""Causes by SQLite primary result code; source as above."""

UNREACHABLE = frozenset({"OperationalError", "ConnectionTimeout", "InterfaceError"})
"""Errors of the PostgreSQL driver where the server could not give a code."""

NO_ANSWER = "NoAnswer"
"""The error of our own connections whose server is silent; by name, because SQLite needs no PostgreSQL driver."""


def store_error(error: DBAPIError, *, is_committing: bool = False) -> Exception:
    """Our error for one of the driver's, or the same error if it is a defect in the bot.

    Args:
        error: As SQLAlchemy wrapped it.
        is_committing: Whether it was the commit that got no answer: then nobody knows whether it happened.
    """
    if is_committing and getattr(error.orig, "sqlstate", None) is None and _is_lost(error):
        return CommitUnknown(cause=_cause(error) or "")
    if type(error.orig).__name__ == NO_ANSWER or _is_busy(error):
        return StoreBusy(BUSY)
    cause = _cause(error)
    if cause is not None:
        return StoreUnavailable(AWAY.format(cause=cause), cause=cause)
    if _lacks_tables(error):
        return BadConfiguration("The database does not have the tables of this version: run python -m bot migrate.")
    return error


def _is_busy(error: DBAPIError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code & 0xFF in BUSY_SQLITE if code is not None else getattr(error.orig, "sqlstate", None) in BUSY_SQLSTATES


def _is_lost(error: DBAPIError) -> bool:
    """Whether the connection ended without a message from the server."""
    is_sqlite = getattr(error.orig, "sqlite_errorcode", None) is not None
    return not is_sqlite and (error.connection_invalidated or type(error.orig).__name__ in {*UNREACHABLE, NO_ANSWER})


def _cause(error: DBAPIError) -> str | None:
    """Describe the database problem; None if the error is not the database's."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return CAUSES_SQLITE.get(code & 0xFF)
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return CAUSES_POSTGRESQL.get(state) or CAUSES_POSTGRESQL.get(state[:2])
    return _words(error) if _is_lost(error) else None


def _words(error: DBAPIError) -> str:
    """Extract the driver's message about a failed or lost connection: the last part of its first line."""
    first = (str(error.orig).splitlines() or [""])[0]
    return first.rpartition("failed: ")[2].removeprefix("FATAL:").strip().rstrip(".") or "it cannot be reached"


def _lacks_tables(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) == UNDEFINED_TABLE or "no such table" in str(error.orig)
