"""One engine for two databases: how a transaction begins, how long it may wait, what its clock says."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from pathlib import Path
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any

from sqlalchemy import BindParameter, Connection, Double, Engine, bindparam, create_engine, event, literal_column
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidatePoolError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.errors import BadConfiguration, EgressError, StoreBusy, StoreUnavailable
from bot.measures import DATABASE_ERRORS, DATABASE_SECONDS
from bot.ports.deadline import left_s
from bot.store.bounds import BOUND_S
from bot.store.faults import AWAY, BUSY, LATE, store_error
from bot.store.write_turns import WriteTurns

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import ExceptionContext
    from sqlalchemy.pool import ConnectionPoolEntry

    from bot.store.bounded import BoundedConnection

TRANSACTIONS = 16
"""Transactions of one process at the same time; the next one waits for its turn."""

POOL = {"pool_size": 8, "max_overflow": TRANSACTIONS - 8 + 4, "pool_timeout": BOUND_S, "pool_use_lifo": True}
"""Four connections more than transactions: for the wake signal, the migration, and those being given back. The one that
was used last is used next: its statements are prepared, and its pages are in memory."""

CACHE_KIB = 256
"""Pages that each SQLite connection keeps, in KiB; the operating system keeps the file for all of them.

Source: https://www.sqlite.org/pragma.html#pragma_cache_size, read 2026-11 (2000 by default, for each connection).
"""

STATEMENTS = 64
"""Prepared statements that each SQLite connection keeps: those of every act; 4 kB each and more."""

SILENCE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 10_000}
"""When the operating system closes a connection whose peer is gone: seconds, seconds, probes, milliseconds.

Source: https://www.postgresql.org/docs/current/libpq-connect.html, read 2026-11.
"""

_OFFSET = ContextVar("offset_s", default=0.0)
"""The offset of the transaction that runs in this thread."""

_AHEAD: BindParameter[float] = bindparam("offset_s", callable_=_OFFSET.get, type_=Double())

NOW: dict[str, ColumnElement[float]] = {
    "postgresql": literal_column("extract(epoch from clock_timestamp())::float8") + _AHEAD,
    "sqlite": literal_column("((julianday('now') - 2440587.5) * 86400.0)") + _AHEAD,
}
"""Seconds since 1970 by the database's own clock, the only one that leases are measured with, and its offset."""


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
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise BadConfiguration("EGRESS_DATABASE_URL is not a database URL that SQLAlchemy can read.") from error
    raise BadConfiguration("EGRESS_DATABASE_URL must begin with sqlite:/// or postgresql+psycopg://.")


def _postgresql(url: str) -> Engine:
    from bot.store.bounded import BoundedConnection, connected  # the driver takes 9 MB, which SQLite does without

    def connect_bounded(_dialect: object, _record: object, arguments: list[Any], options: dict[str, Any]) -> Any:
        return connected(lambda: BoundedConnection.connect(*arguments, **options))

    bound = int(BOUND_S)
    options = f"-c lock_timeout={bound}s -c statement_timeout={bound}s"
    arguments: dict[str, Any] = {"connect_timeout": bound, "options": options, "application_name": "aks-egress-bot"}
    engine = create_engine(url, connect_args=arguments | SILENCE, **POOL)
    event.listen(engine, "do_connect", connect_bounded)
    event.listen(engine, "checkout", _require_open)
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def _require_open(connection: BoundedConnection, record: ConnectionPoolEntry, _fairy: object) -> None:
    """Have the pool make new connections when the server has closed this one; asking it costs each act a round trip.

    A new one that is closed at once is not replaced: the first statement on it says why it is of no use.
    """
    if record.info.get("was_used") and connection.was_told:
        raise InvalidatePoolError
    record.info["was_used"] = True


def _begin_postgresql(connection: Connection) -> None:
    driver: Any = connection.connection.driver_connection
    driver.isolate(is_read=bool(connection.get_execution_options().get("is_read")))


def _sqlite(url: str, database: str | None) -> Engine:
    if not database or database == ":memory:":
        raise BadConfiguration(
            "EGRESS_DATABASE_URL does not name a file: write sqlite:////var/lib/egress/egress.sqlite3."
        )
    try:
        file_of(database).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadConfiguration(f"Cannot create the folder of the database {database}: {error.strerror}.") from error
    arguments = {"timeout": BOUND_S, "cached_statements": STATEMENTS}
    engine = create_engine(url, connect_args=arguments, **POOL)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    event.listen(engine, "handle_error", _give_up_read_only)
    return engine


def file_of(database: str) -> Path:
    """The file that a SQLite URL names, also where it is written as ``file:NAME``."""
    return Path(database.removeprefix("file:"))


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin or commit on its own
    busy = f"busy_timeout={int(BOUND_S * 1000)}"
    for pragma in ("journal_mode=WAL", "synchronous=FULL", busy, "foreign_keys=ON", f"cache_size=-{CACHE_KIB}"):
        connection.execute(f"PRAGMA {pragma}")


def _give_up_read_only(context: ExceptionContext) -> None:
    """Open new connections after a read-only file: one that was opened meanwhile stays read-only for ever."""
    code = getattr(context.original_exception, "sqlite_errorcode", 0)
    context.is_disconnect = context.is_disconnect or code & 0xFF == sqlite3.SQLITE_READONLY


def _begin_sqlite(connection: Connection) -> None:
    mode = "DEFERRED" if connection.get_execution_options().get("is_read") else "IMMEDIATE"
    patience_ms = int(left_s(BOUND_S) * 1000)
    if connection.info.get("busy_timeout", int(BOUND_S * 1000)) != patience_ms:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={patience_ms}")
        connection.info["busy_timeout"] = patience_ms
    connection.exec_driver_sql(f"BEGIN {mode}")


class Database:
    """An engine, and who may use it when.

    Args:
        url: ``sqlite:///…`` or ``postgresql+psycopg://…``.
        note: Hears of every transaction that committed something (None) and of every error that waiting may end.
        offset_s: How many seconds the product's clock is ahead of the database's; asked once for each transaction.

    Attributes:
        now: The database's clock with that offset, in seconds since 1970, as an expression.

    Raises:
        BadConfiguration: If the URL is for something else or cannot be read.
    """

    def __init__(
        self, url: str, note: Callable[[StoreUnavailable | None], None], offset_s: Callable[[], float]
    ) -> None:
        self.engine = connect(url)
        self._offset_s = offset_s
        self.now = NOW[self.engine.dialect.name]
        self._note = note
        self._turns = BoundedSemaphore(TRANSACTIONS)
        self._writers = WriteTurns()
        self._refused: EgressError | None = None

    def refuse(self, why: EgressError | None) -> None:
        """Refuse every transaction from now on, for this reason; None lets them begin again."""
        self._refused = why

    @contextmanager
    def transaction(self, *, is_read: bool = False) -> Iterator[Connection]:
        """A transaction that commits at the end of its block.

        Raises:
            StoreBusy: If the database did not answer in time; nothing was recorded.
            StoreUnavailable: If it cannot be used now; the sentence says why.
        """
        timing = DATABASE_SECONDS.labels("read" if is_read else "write").time()
        try:
            self._require_not_refused()
            with timing, self._transaction(is_read=is_read) as connection:
                yield connection
        except StoreUnavailable as error:
            DATABASE_ERRORS.inc()
            self._note(error)
            raise
        if not is_read:
            self._note(None)

    def _require_not_refused(self) -> None:
        if isinstance(self._refused, StoreUnavailable):
            raise StoreUnavailable(AWAY.format(cause=self._refused.cause), cause=self._refused.cause)
        if self._refused is not None:
            raise StoreUnavailable(f"Nothing was recorded. {self._refused.sentence}", cause=str(self._refused))

    @contextmanager
    def _transaction(self, *, is_read: bool) -> Iterator[Connection]:
        is_committing = False
        outer = _OFFSET.set(self._offset_s())
        try:
            with (
                self._turn(is_read=is_read),
                self.engine.connect() as connection,
                connection.execution_options(is_read=is_read).begin(),
            ):
                yield connection
                if not is_read:
                    _require_time()
                is_committing = not is_read
        except PoolTimeout as error:
            raise StoreBusy(BUSY) from error
        except DBAPIError as error:
            raise store_error(error, is_committing=is_committing) from error
        finally:
            _OFFSET.reset(outer)

    @contextmanager
    def _turn(self, *, is_read: bool) -> Iterator[None]:
        with nullcontext() if is_read else self._writers.turn():
            within = left_s(BOUND_S)
            if within <= 0 or not self._turns.acquire(timeout=within):
                raise StoreBusy(BUSY)
            try:
                yield
            finally:
                self._turns.release()


def _require_time() -> None:
    """Refuse to record what nobody waits for any more: its ack would come after Slack has called the act failed.

    Raises:
        StoreBusy: The act's deadline has passed; nothing was recorded.
    """
    if left_s(BOUND_S) <= 0:
        raise StoreBusy(LATE)
