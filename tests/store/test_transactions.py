"""Transactions: the chain under concurrency, races, the bound of a wait, migrations."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, text

from bot.domain.allowance import revoke
from bot.domain.approval import Approval, Ending
from bot.domain.audit import Action, Event
from bot.domain.chain import verify
from bot.domain.people import SYSTEM
from bot.domain.work import WorkKind
from bot.errors import StaleVersion, StoreBusy, UnknownAllowance
from bot.ports import Notice, NoticeKind
from bot.store import SqlStore
from bot.store.migrate import LOCK
from tests.domain.values import APPROVER, an_allowance

NOW = datetime(2026, 11, 2, tzinfo=UTC)


@pytest.fixture
def store(database_url: str) -> Iterator[SqlStore]:
    """An empty store."""
    made = SqlStore(database_url)
    yield made
    made.close()


def test_the_chain_has_no_gap_under_concurrent_appends(store: SqlStore) -> None:
    """Eight threads append, some of their transactions are rolled back: the numbers have no gap and it verifies."""

    def append(number: int) -> None:
        event = Event(NOW, Action.ACT_REFUSE, SYSTEM, "bot", subject=f"n{number}", reason="ä\n\U0001f6a6")
        for _ in range(50):
            try:
                with store.write() as tx:
                    tx.audit.append(event)
                    if number % 5 == 0:
                        raise ZeroDivisionError
                return
            except StoreBusy:
                continue
            except ZeroDivisionError:
                return
        raise AssertionError("The database was busy all the time.")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(append, range(100)))
    with store.read() as tx:
        chain, head = tx.audit.records(after=0, limit=1000), tx.audit.head()
    assert [each.seq for each in chain] == list(range(1, 81))
    end = verify(chain)
    assert (end.seq, end.hash) == head
    assert {each.subject for each in chain} == {f"n{number}" for number in range(100) if number % 5}


def test_one_of_two_racing_changes_wins(store: SqlStore) -> None:
    """And the other is told; nothing is stored."""
    with store.write() as tx:
        tx.allowances.add(an_allowance())
        seen = tx.allowances.get("a000000000")
    first, second = (revoke(seen, Ending(APPROVER, seen.requested_at, reason)) for reason in ("first", "second"))
    with store.write() as tx:
        saved = tx.allowances.save(first, is_open=False)
    with pytest.raises(StaleVersion), store.write() as tx:
        tx.allowances.save(second, is_open=False)
    with store.read() as tx:
        assert tx.allowances.get(seen.id) == saved == replace(first, version=2)


def test_writes_that_take_the_same_rows_in_two_orders_do_not_block_each_other(store: SqlStore) -> None:
    """An act owes a card and then wakes delivery; delivery holds its work and then marks the card as sent."""
    owed = Notice(NoticeKind.CARD, "a000000000", "C1")
    with store.write() as tx:
        tx.outbox.add(owed)
    first_is_in, second_is_in = threading.Event(), threading.Event()

    def act() -> None:
        with store.write() as tx:
            tx.outbox.put_card(owed.subject, owed.recipient, "1.0")
            tx.audit.append(Event(NOW, Action.ACT_REFUSE, SYSTEM, "bot"))
            first_is_in.set()
            second_is_in.wait(0.3)
            tx.work.wake(WorkKind.NOTICES, within=timedelta())

    def deliver() -> None:
        first_is_in.wait(10)
        with store.write() as tx:
            tx.work.wake(WorkKind.NOTICES, within=timedelta())
            second_is_in.set()
            tx.audit.append(Event(NOW, Action.ACT_REFUSE, SYSTEM, "bot"))

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(act), pool.submit(deliver)]:
            done.result(timeout=30)
    with store.read() as tx:
        assert tx.audit.head()[0] == 2


def test_racing_threads_change_it_once_each(store: SqlStore) -> None:
    """Twenty threads add one approval each, retrying: none is lost."""
    with store.write() as tx:
        tx.allowances.add(an_allowance(needed=50))

    def approve(number: int) -> None:
        for _ in range(200):
            try:
                with store.write() as tx:
                    row = tx.allowances.get("a000000000")
                    more = (*row.approvals, Approval(replace(APPROVER, user=f"U{number}"), NOW))
                    tx.allowances.save(replace(row, approvals=more), is_open=True)
                return
            except (StaleVersion, StoreBusy):
                continue
        raise AssertionError("Never got through.")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(approve, range(20)))
    with store.read() as tx:
        row = tx.allowances.get("a000000000")
    assert {each.by.user for each in row.approvals} == {f"U{number}" for number in range(20)}
    assert row.version == 21


def test_the_wait_for_the_database_is_bounded(store: SqlStore, database_url: str) -> None:
    """Somebody holds what we need: after two seconds the person is told, and nothing was recorded."""
    blocker = create_engine(database_url)
    with blocker.connect() as connection:
        _take_all(connection)
        with pytest.raises(StoreBusy, match="nothing was recorded"):
            _request(store)
        connection.rollback()
    blocker.dispose()
    with pytest.raises(UnknownAllowance), store.read() as tx:
        tx.allowances.get("a000000000")


def _request(store: SqlStore) -> None:
    with store.write() as tx:
        tx.allowances.add(an_allowance())
        tx.audit.append(Event(NOW, Action.ALLOWANCE_REQUEST, SYSTEM, "bot"))


def _take_all(connection: object) -> None:
    from sqlalchemy import Connection

    assert isinstance(connection, Connection)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(text("LOCK TABLE audit_head IN ACCESS EXCLUSIVE MODE"))


def test_a_read_sees_one_moment(store: SqlStore) -> None:
    """A commit in between does not appear in the middle of it."""
    with store.read() as reading:
        before = reading.audit.head()
        with store.write() as tx:
            tx.audit.append(Event(NOW, Action.ACT_REFUSE, SYSTEM, "bot"))
        assert reading.audit.head() == before
    with store.read() as tx:
        assert tx.audit.head()[0] == before[0] + 1


def test_a_migration_that_was_done_is_done(unmigrated_url: str) -> None:
    """Twice is once."""
    store = SqlStore(unmigrated_url)
    for _ in range(2):
        store.migrate()
    with store.read() as tx:
        assert tx.audit.head() == (0, "0" * 64)
    store.close()


def test_replicas_that_start_together_migrate_one_after_the_other(postgres_server: object, unmigrated_url: str) -> None:
    """Four start together on an empty database; on PostgreSQL the others are seen waiting for the lock."""
    stores = [SqlStore(unmigrated_url) for _ in range(4)]
    is_postgres = unmigrated_url.startswith("postgresql")
    holder = create_engine(unmigrated_url)
    with holder.connect() as connection:
        if is_postgres:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        with ThreadPoolExecutor(4) as pool:
            started = [pool.submit(store.migrate) for store in stores]
            if is_postgres:
                _until_waiting(connection, len(stores))
                assert not any(each.done() for each in started)
            connection.rollback()
            for each in started:
                each.result(timeout=60)
    holder.dispose()
    with stores[0].read() as tx:
        assert tx.audit.head() == (0, "0" * 64)
    for store in stores:
        store.close()


def _until_waiting(connection: object, count: int) -> None:
    from sqlalchemy import Connection

    assert isinstance(connection, Connection)
    query = text(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    for _ in range(1000):
        if connection.scalar(query) == count:
            return
        threading.Event().wait(0.02)
    raise AssertionError("They do not wait for each other.")


def test_notices_that_were_given_up_are_all_counted(store: SqlStore) -> None:
    """However many reasons there are: the most frequent by name, the others together."""
    with store.write() as tx:
        for number in range(23):
            tx.outbox.add(Notice(NoticeKind.CHANNEL, f"s{number}", "C1", {"event": "drift"}))
    with store.write() as tx:
        for number, owed in enumerate(tx.outbox.due(limit=23)):
            tx.outbox.give_up(owed, f"reason {max(number, 1):02}")
    with store.read() as tx:
        waiting, dead = tx.outbox.backlog()
    assert (waiting, len(dead), dead["reason 01"], dead["other"], sum(dead.values())) == (0, 21, 2, 2, 23)
