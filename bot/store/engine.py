"""One engine for two databases: how a transaction begins, how long it may wait, what its clock says."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event, literal_column
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.errors import BadConfiguration, StoreBusy

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

BOUND_S = 2
"""Seconds that a transaction waits for a connection, a lock or a statement before the person is told to try again."""

POOL = {"pool_size": 8, "max_overflow": 8, "pool_timeout": BOUND_S, "pool_pre_ping": True}

NOW: dict[str, ColumnElement[float]] = {
    "postgresql": literal_column("extract(epoch from clock_timestamp())::float8"),
    "sqlite": literal_column("((julianday('now') - 2440587.5) * 86400.0)"),
}
"""Seconds since 1970 by the database's own clock: the only clock that leases are measured with."""


def connect(url: str) -> Engine:
    """An engine for ``sqlite:///…`` or ``postgresql+psycopg://…``.

    Raises:
        BadConfiguration: If the URL is for something else or cannot be read.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _sqlite(url, parsed.database)
        if parsed.get_backend_name() == "postgresql":
            return _postgresql(url)
    except (ArgumentError, NoSuchModuleError) as error:
        raise BadConfiguration("EGRESS_DATABASE_URL is not a database URL that SQLAlchemy can read.") from error
    raise BadConfiguration("EGRESS_DATABASE_URL must begin with sqlite:/// or postgresql+psycopg://.")


def _postgresql(url: str) -> Engine:
    options = f"-c lock_timeout={BOUND_S}s -c statement_timeout={BOUND_S}s"
    arguments: dict[str, Any] = {"connect_timeout": BOUND_S, "options": options, "application_name": "aks-egress-bot"}
    return create_engine(url, connect_args=arguments, **POOL)


def _sqlite(url: str, database: str | None) -> Engine:
    if not database or database == ":memory:":
        raise BadConfiguration("EGRESS_DATABASE_URL names no file: write sqlite:////var/lib/egress/egress.sqlite3.")
    Path(database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BOUND_S}, **POOL)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin or commit by itself
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BOUND_S * 1000}", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
    connection.exec_driver_sql(f"BEGIN {mode}")


def clock(engine: Engine, offset_s: float) -> ColumnElement[float]:
    """The database's clock plus an offset in seconds, as an expression."""
    return NOW[engine.dialect.name] + offset_s


@contextmanager
def transaction(engine: Engine, *, is_read: bool = False) -> Iterator[Connection]:
    """A transaction that commits at the end of its block.

    Raises:
        StoreBusy: If the database did not answer in time; nothing was recorded.
    """
    try:
        with engine.connect() as connection:
            options = _read_options(engine) if is_read else {}
            with connection.execution_options(**options).begin():
                yield connection
    except (PoolTimeout, DBAPIError) as error:
        raise _translated(error) from error


def _read_options(engine: Engine) -> dict[str, str]:
    if engine.dialect.name == "sqlite":
        return {"sqlite_begin": "DEFERRED"}
    return {"isolation_level": "REPEATABLE READ"}


BUSY_SQLSTATES = frozenset({"55P03", "57014", "40001", "40P01", "57P01", "57P03", "53300"})
"""Lock not available, cancelled by time-out, serialisation failure, deadlock, shutting down, starting up, full.

Source: https://www.postgresql.org/docs/current/errcodes-appendix.html, read 2026-11.
"""

UNDEFINED_TABLE = "42P01"
"""A table is not there; source as above."""

BUSY_SQLITE = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT})
"""Primary result codes that waiting helps against (https://www.sqlite.org/rescode.html, read 2026-11)."""

UNREACHABLE = frozenset({"OperationalError", "ConnectionTimeout", "InterfaceError"})
"""What the PostgreSQL driver raises where the server could not give a code."""


def _translated(error: PoolTimeout | DBAPIError) -> Exception:
    if isinstance(error, PoolTimeout) or _is_busy(error):
        return StoreBusy("The database is busy; nothing was recorded. Try again in a moment.")
    if _lacks_tables(error):
        return BadConfiguration("The database does not have the tables of this version: run python -m bot migrate.")
    return error


def _is_busy(error: DBAPIError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in BUSY_SQLITE
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state in BUSY_SQLSTATES or state.startswith("08")
    return error.connection_invalidated or type(error.orig).__name__ in UNREACHABLE


def _lacks_tables(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) == UNDEFINED_TABLE or "no such table" in str(error.orig)
