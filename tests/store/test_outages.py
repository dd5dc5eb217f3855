"""A database that is full, read-only, silent or away: an expected state, said once, over once something is recorded."""

import json
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import event, func, select
from sqlalchemy.engine import make_url
from structlog.testing import capture_logs

from bot.errors import StoreBusy, StoreUnavailable
from bot.ports.deadline import within
from bot.store import SqlStore
from bot.store.faults import BUSY
from bot.store.outage import Outage
from bot.store.raw_rows import fetch_values
from tests.silence import proxy_of


@pytest.fixture
def store(database_url: str) -> Iterator[SqlStore]:
    """A store with the row that every installation has."""
    made = SqlStore(database_url)
    with made.write() as tx:
        tx.work.schedule("timers", within=timedelta(hours=1))
    yield made
    made.close()


def fill(store: SqlStore) -> None:
    """Record more than fits where nothing fits."""
    with store.write() as tx:
        tx.work.fill_and_empty(256 * 1024)


def bound(store: SqlStore, pages: int) -> None:
    """Every connection from now on may make a file of so many pages."""

    def limit(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")

    store._engine.dispose()
    event.listen(store._engine, "connect", limit)


def test_a_full_disk_is_said_once_and_is_over_once(sqlite_url: str) -> None:
    """Reading goes on; what cannot be recorded says so; the log has two lines, however often it was tried."""
    store = SqlStore(sqlite_url)
    with capture_logs() as logs:
        bound(store, 1)  # SQLite takes it as the size that the file has
        for _ in range(5):
            with pytest.raises(StoreUnavailable, match=r"disk is full.*nothing was recorded"):
                fill(store)
            with store.read() as tx:
                tx.audit.head()
        assert "disk is full" in (store.problem() or "")
        bound(store, 100_000)
        assert store.problem() is None
    assert [line["event"] for line in logs] == ["database_unavailable", "database_available"]
    store.close()


def test_being_busy_hides_no_other_cause() -> None:
    """A database that is full, and busy at times, is not said to be the one and the other in turn."""
    full, outage = StoreUnavailable("Full.", cause="its disk is full"), Outage(patience_s=0)
    with capture_logs() as logs:
        for error in (full, StoreBusy(BUSY), full, StoreBusy(BUSY), None):
            outage.note(error)
    assert [line["event"] for line in logs] == ["database_unavailable", "database_available"]


def test_a_locked_file_is_busy_in_the_same_words_as_a_busy_process(sqlite_url: str) -> None:
    """So that the log says it once."""
    store = SqlStore(sqlite_url)
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreBusy) as found, within(timedelta(seconds=0.1)):
            fill(store)
    assert found.value.cause == StoreBusy(BUSY).cause
    store.close()


def make_read_only(url: str, *, is_so: bool) -> None:
    """As an operator, or the end of a disk, would."""
    parsed = make_url(url)
    plain = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
    statement = sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}").format(
        sql.Identifier(parsed.database or ""), sql.Literal("on" if is_so else "off")
    )
    with psycopg.connect(plain, options="-c default_transaction_read_only=off", autocommit=True) as connection:
        connection.execute(statement)


def test_a_read_only_server_is_no_defect(postgres_url: str) -> None:
    """And it is over when it is."""
    make_read_only(postgres_url, is_so=True)
    store = SqlStore(postgres_url)
    with pytest.raises(StoreUnavailable, match="read-only"):
        fill(store)
    assert "read-only" in (store.problem() or "")
    make_read_only(postgres_url, is_so=False)
    store._engine.dispose()
    assert store.problem() is None
    store.close()


def test_a_read_only_file_is_no_defect(sqlite_url: str) -> None:
    """The file cannot be written by this process."""
    store = SqlStore(sqlite_url.replace("sqlite:///", "sqlite:///file:") + "?mode=ro&uri=true")
    with pytest.raises(StoreUnavailable, match="read-only"):
        fill(store)
    store.close()


def test_a_connection_opened_while_the_file_was_read_only_is_not_used_again(sqlite_url: str) -> None:
    """The file can be written again, and so can the store, without a restart."""
    store, is_read_only = SqlStore(sqlite_url), True

    def refuse(connection: sqlite3.Connection, _record: object) -> None:
        if is_read_only:
            connection.execute("PRAGMA query_only=ON")

    event.listen(store._engine, "connect", refuse)
    with pytest.raises(StoreUnavailable, match="read-only"):
        fill(store)
    is_read_only = False
    fill(store)
    assert store.problem() is None
    store.close()


def read_interrupted(store: SqlStore) -> None:
    """Read thousands of rows, and be interrupted after some of them."""
    numbers = func.json_each(json.dumps([0] * 5_000)).table_valued("value")
    with store._database.transaction(is_read=True) as connection:
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(lambda: 1, 10_000)  # after so many instructions
        fetch_values(connection, select(numbers))


def test_what_fails_at_a_later_row_is_no_defect(sqlite_url: str) -> None:
    """A round reads all that is open as the driver gives it, and SQLite reads as long as rows are taken."""
    store = SqlStore(sqlite_url)
    with pytest.raises(StoreBusy):
        read_interrupted(store)
    store.close()


def end_sessions(url: str) -> None:
    """As a restart of the server does."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database()"
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"{others} AND pid <> pg_backend_pid()")


def wake_twice(store: SqlStore, between: Callable[[], None]) -> None:
    """A transaction in the middle of which something happens."""
    with store.write() as tx:
        tx.work.wake("timers", within=timedelta())
        between()
        tx.work.wake("notices", within=timedelta())


def test_ended_sessions_are_no_defect(postgres_url: str) -> None:
    """A restart in the middle of a transaction: nothing was recorded, and the next one is served."""
    store = SqlStore(postgres_url)
    with pytest.raises(StoreUnavailable, match="nothing was recorded"):
        wake_twice(store, lambda: end_sessions(postgres_url))
    with store.read() as tx:
        assert tx.work.peek("timers") is None
    store.close()


def test_a_restart_between_two_transactions_is_not_noticed(postgres_url: str) -> None:
    """The pool finds out without asking: new connections are made, and nobody has to try again."""
    store = SqlStore(postgres_url)
    with store.read() as outer, store.read() as inner:  # two connections
        assert outer.work.peek("timers") is inner.work.peek("timers") is None
    end_sessions(postgres_url)
    with store.write() as tx:
        tx.work.wake("timers", within=timedelta())
    with store.read() as tx:
        assert tx.work.peek("timers") is not None
    store.close()


def test_a_new_connection_that_is_closed_at_once_is_no_defect(postgres_url: str) -> None:
    """A server that ends whoever comes: nothing was recorded, and the next act is served once it is over."""
    store, is_ending = SqlStore(postgres_url), True
    event.listen(store._engine, "connect", lambda *_made: end_sessions(postgres_url) if is_ending else None)
    store._engine.dispose()
    with pytest.raises(StoreUnavailable, match="nothing was recorded"):
        fill(store)
    is_ending = False
    fill(store)
    store.close()


def test_a_connection_that_was_lost_silently_is_given_up_in_time(postgres_url: str) -> None:
    """Between two transactions, where no close arrives: one act hears it, and the next one has a new connection."""
    proxy, url = proxy_of(postgres_url)
    with proxy:
        store = SqlStore(url)
        with store.read() as outer, store.read() as inner:  # two connections
            assert outer.work.peek("timers") is inner.work.peek("timers") is None
        proxy.lose()
        with pytest.raises(StoreBusy, match="nothing was recorded"), within(timedelta(seconds=0.2)):
            fill(store)
        fill(store)
        store.close()


def test_a_look_costs_three_round_trips(postgres_url: str) -> None:
    """Begin, ask, end: an act waits for each of them, and in a cloud each takes a millisecond."""
    proxy, url = proxy_of(postgres_url)
    with proxy:
        store = SqlStore(url)
        before = 0
        for _ in range(8):  # from the sixth time on the driver has prepared the statement
            before = proxy.asked
            with store.read() as tx:
                tx.work.peek("timers")
        assert proxy.asked - before == 3
        store.close()


def test_a_server_that_falls_silent_is_given_up_and_recorded_nothing(postgres_url: str) -> None:
    """In the middle of a transaction; afterwards, new connections are made."""
    proxy, url = proxy_of(postgres_url)
    with proxy:
        store = SqlStore(url)
        with pytest.raises(StoreBusy, match="nothing was recorded"), within(timedelta(seconds=1)):
            wake_twice(store, proxy.hush)
        proxy.talk()
        with store.read() as tx:
            assert tx.work.peek("timers") is None
        store.close()


def commit_after(store: SqlStore, act: Callable[[], None]) -> None:
    """A transaction right before whose commit something happens, when everything else of it was sent."""
    event.listen(store._engine, "commit", lambda _connection: act(), once=True)
    with store.write() as tx:
        tx.work.wake("timers", within=timedelta())


def test_a_commit_without_an_answer_is_not_called_undone(postgres_url: str) -> None:
    """It may have been recorded: nobody is told that it was not."""
    proxy, url = proxy_of(postgres_url)
    with proxy:
        store = SqlStore(url)
        with (
            pytest.raises(StoreUnavailable, match="did not confirm whether this was recorded"),
            within(timedelta(seconds=1)),
        ):
            commit_after(store, proxy.hush)
        store.close()


def test_a_silent_server_keeps_nobody_longer_than_the_act(postgres_url: str) -> None:
    """It accepts and never answers; several transactions of one act share its time."""
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        store = SqlStore(f"postgresql+psycopg://nobody@127.0.0.1:{silent.getsockname()[1]}/nothing")
        began = time.monotonic()
        with within(timedelta(seconds=1)):
            for _ in range(3):
                with pytest.raises(StoreBusy, match="nothing was recorded"), store.write():
                    pass
        assert time.monotonic() - began < 2  # the bound that is promised, not a measurement
        store.close()
