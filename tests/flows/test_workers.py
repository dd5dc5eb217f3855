"""The threads of one process: who is let in where Azure hangs, and whose lease is kept."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from bot.domain.work import WorkKind
from bot.errors import LeaseLost
from bot.ports import Claim, Finish
from bot.reconciler.heartbeat import Heartbeat
from bot.reconciler.run import LEASE
from bot.reconciler.workers import Workers
from bot.sandbox.clock import ManualClock
from bot.store import SqlStore
from tests.driver import wait_for

TARGETS = [f"rules:policy:/{name}" for name in "abc"]
SOON = timedelta(milliseconds=20)


@pytest.fixture
def clock() -> ManualClock:
    """Time moves only when told; the database's clock follows."""
    return ManualClock()


@pytest.fixture
def store(database_url: str, clock: ManualClock) -> Iterator[SqlStore]:
    """An empty store."""
    made = SqlStore(database_url, offset_s=clock.ahead_s)
    yield made
    made.close()


def wake(store: SqlStore, *keys: str) -> None:
    """Ask for runs."""
    for key in keys:
        with store.write() as tx:
            tx.work.wake(key, within=timedelta())


class Slow:
    """Runs that hang at Azure until it answers again; everything else is done at once.

    Args:
        store: Where runs end.
    """

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.azure_answers = threading.Event()
        self.begun: list[str] = []
        self.ended: list[str] = []

    def has_ended(self, count: int) -> bool:
        """Return whether so many runs have ended."""
        return len(self.ended) == count

    def __call__(self, claim: Claim) -> None:
        """One run."""
        self.begun.append(claim.key)
        if claim.kind == "rules":
            self.azure_answers.wait(60)
        with self._store.write() as tx:
            tx.work.finish(claim, Finish(None))
        self.ended.append(claim.key)


def test_an_azure_that_hangs_leaves_one_thread_for_people(store: SqlStore, clock: ManualClock) -> None:
    """Three firewalls hang and there are three threads: two wait for Azure, and notices go out all the same."""
    slow = Slow(store)
    workers = Workers(store, slow, 3)
    wake(store, *TARGETS)
    clock.advance(timedelta(seconds=1))
    workers.start()
    try:
        wait_for(lambda: len(slow.begun) == 2, "Nobody began", 30)
        for count in range(1, 4):
            wake(store, WorkKind.NOTICES)
            clock.advance(timedelta(seconds=1))
            store.ring()
            wait_for(partial(slow.has_ended, count), "Nobody was told", 30)
        assert set(slow.ended) == {WorkKind.NOTICES}
        assert len([key for key in slow.begun if key in TARGETS]) == 2
        slow.azure_answers.set()
        wait_for(lambda: set(TARGETS) < set(slow.ended), "The third was forgotten", 30)
    finally:
        slow.azure_answers.set()
        workers.stop()


def claimed(store: SqlStore, clock: ManualClock) -> Claim:
    """One piece of work in hand."""
    wake(store, TARGETS[0])
    clock.advance(timedelta(seconds=1))
    found = store.claim("mine", lease=LEASE)
    assert found is not None
    return found


def is_kept_until(store: SqlStore, ends: float) -> bool:
    """Return whether the lease lasts so long."""
    return lease_until(store) > ends


def lease_until(store: SqlStore) -> float:
    """Return when the lease ends, by the database's clock."""
    with store._engine.connect() as connection:
        return float(connection.scalar(text("SELECT lease_until FROM work")) or 0)


def test_a_run_that_waits_long_keeps_its_lease(store: SqlStore, clock: ManualClock) -> None:
    """As long as it runs nobody else takes it for dead; afterwards its lease runs out as any other."""
    mine = claimed(store, clock)
    keeper = Heartbeat(store, every=SOON)
    keeper.start()
    try:
        with keeper.keeping(mine):
            for _ in range(3):
                ends = lease_until(store) + LEASE.total_seconds() * 0.8
                clock.advance(LEASE * 0.9)
                wait_for(partial(is_kept_until, store, ends), "It was not prolonged", 30)
                assert store.claim("other", lease=LEASE) is None
    finally:
        keeper.stop()
    clock.advance(LEASE * 1.1)
    assert store.claim("other", lease=LEASE) is not None


def test_a_lease_that_ran_out_is_not_had_back(store: SqlStore, clock: ManualClock) -> None:
    """The process slept: whoever came meanwhile has the work, and the sleeper's keeper changes nothing."""
    mine = claimed(store, clock)
    clock.advance(LEASE * 1.1)
    heir = store.claim("other", lease=LEASE)
    assert heir is not None
    until = lease_until(store)
    keeper = Heartbeat(store, every=SOON)
    with keeper.keeping(mine):
        keeper._prolong(mine)
    assert lease_until(store) == until
    with pytest.raises(LeaseLost), store.write() as tx:
        tx.work.hold(mine, lease=LEASE)


def test_a_run_that_never_ends_is_given_up(store: SqlStore, clock: ManualClock) -> None:
    """It hangs for good: somebody else may try."""
    mine = claimed(store, clock)
    keeper = Heartbeat(store, every=SOON, at_most=timedelta())
    keeper.start()
    with keeper.keeping(mine):
        threading.Event().wait(0.2)
        clock.advance(LEASE * 1.1)
        assert store.claim("other", lease=LEASE) is not None
    keeper.stop()
