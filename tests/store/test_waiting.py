"""Waiting for work: one question in a poll interval, woken at once by whoever commits work."""

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, text
from structlog.testing import capture_logs

from bot.domain.audit import Action, Event
from bot.domain.people import SYSTEM
from bot.ports import Finish
from bot.store import SqlStore

LEASE = timedelta(seconds=30)


@pytest.fixture
def store(database_url: str) -> Iterator[SqlStore]:
    """An empty store."""
    made = SqlStore(database_url)
    yield made
    made.close()


def test_an_idle_look_is_one_statement_and_waiting_is_none(store: SqlStore) -> None:
    """BEGIN and COMMIT not counted: what the database has to plan and run."""
    with store.write() as tx:
        tx.work.schedule("timers", within=timedelta(hours=1))
    store.claim("one", lease=LEASE)
    asked: list[str] = []
    event.listen(store._engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    assert store.claim("one", lease=LEASE) is None
    store.wait(timedelta(milliseconds=10))
    assert [text for text in asked if not text.startswith("BEGIN")] == [asked[-1]]
    assert asked[-1].startswith("SELECT min(")


def waiter(store: SqlStore) -> tuple[threading.Thread, threading.Event]:
    """A thread that has looked, found nothing, and waits."""
    store.claim("one", lease=LEASE)
    woken = threading.Event()

    def wait() -> None:
        store.wait(timedelta(minutes=5))
        woken.set()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread, woken


def test_a_commit_of_this_process_wakes(store: SqlStore) -> None:
    """Long before the poll interval is over."""
    thread, woken = waiter(store)
    with store.write() as tx:
        tx.work.wake("timers", within=timedelta())
    thread.join(timeout=60)
    assert woken.is_set()


def test_a_commit_between_the_look_and_the_wait_is_not_missed(store: SqlStore) -> None:
    """The wait continues from what the look saw."""
    assert store.claim("one", lease=LEASE) is None
    with store.write() as tx:
        tx.work.wake("timers", within=timedelta())
    store.wait(timedelta(minutes=5))
    assert store.claim("one", lease=LEASE) is not None


def test_what_asks_for_no_work_wakes_nobody(store: SqlStore) -> None:
    """Most acts leave the work as it was, and each look costs a transaction."""
    mark, read = store._bell.mark, Event(datetime(2026, 1, 1, tzinfo=UTC), Action.AUDIT_READ, SYSTEM, "bot")
    with store.write() as tx:
        tx.audit.append(read)
    assert store._bell.mark == mark
    with store.write() as tx:
        tx.work.schedule("timers", within=timedelta())
    held = store.claim("one", lease=LEASE)
    assert held is not None
    with store.write() as tx:
        tx.work.finish(held, Finish(None))
    assert store._bell.mark == mark + 2


def test_a_process_hears_itself_once(postgres_url: str) -> None:
    """Not again from the database, which tells it of its own commits before those of others."""
    ours, theirs = SqlStore(postgres_url), SqlStore(postgres_url)
    with closing(ours), closing(theirs):
        ours.wait(timedelta())  # begins to listen
        _until_listening(theirs)
        mark = ours._bell.mark
        for store in (ours, ours, theirs):
            with store.write() as tx:
                tx.work.wake("timers", within=timedelta())
        ours._bell.wait(60, mark=mark + 2)
        assert ours._bell.mark == mark + 3


def test_another_process_wakes_on_postgresql(postgres_url: str) -> None:
    """NOTIFY shortens the wait; it is never needed."""
    ours, theirs = SqlStore(postgres_url), SqlStore(postgres_url)
    try:
        ours.wait(timedelta())  # begins to listen
        _until_listening(theirs)
        thread, woken = waiter(ours)
        with theirs.write() as tx:
            tx.work.wake("timers", within=timedelta())
        thread.join(timeout=60)
        assert woken.is_set()
    finally:
        ours.close()
        theirs.close()


def test_a_listener_that_is_lost_is_said(postgres_url: str) -> None:
    """Work is found all the same, later: whoever reads the log knows why."""
    store = SqlStore(postgres_url)
    with closing(store), capture_logs() as logs:
        store.wait(timedelta())  # begins to listen
        _until_listening(store)
        with store._engine.connect() as connection:
            connection.execute(text(f"SELECT pg_terminate_backend(pid) {LISTENERS}"))
        for _ in range(500):
            if logs:
                break
            threading.Event().wait(0.02)
    assert [line["event"] for line in logs] == ["listening_ended"]


LISTENERS = "FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"


def _until_listening(store: SqlStore) -> None:
    query = text(f"SELECT count(*) {LISTENERS} AND state = 'idle'")
    for _ in range(500):
        with store._engine.connect() as connection:
            if connection.scalar(query):
                return
        threading.Event().wait(0.02)
    raise AssertionError("Nobody listens.")
