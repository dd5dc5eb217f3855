"""The work table on both databases: generations, batching, leases, fencing."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import event

from bot.domain.audit import Action, Event
from bot.domain.people import SYSTEM
from bot.domain.writer_state import PendingOperation, WriterState
from bot.errors import LeaseLost
from bot.ports import Claim, Finish
from bot.sandbox.clock import ManualClock
from bot.store import SqlStore

KEY = "rules:policy:/x"
LEASE = timedelta(seconds=30)
SECOND = timedelta(seconds=1)


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


def wake(store: SqlStore, within: timedelta = timedelta(), key: str = KEY) -> None:
    """Ask for a run."""
    with store.write() as tx:
        tx.work.wake(key, within=within)


def claim(store: SqlStore, clock: ManualClock, owner: str = "one") -> Claim:
    """Claim what is due; the database's clock runs on while it works, so that it may be due a moment later."""
    for _ in range(4):
        clock.advance(SECOND / 2)
        found = store.claim(owner, lease=LEASE)
        if found is not None:
            return found
    raise AssertionError("Nothing is due.")


def finish(store: SqlStore, held: Claim, end: Finish) -> None:
    """Give it back."""
    with store.write() as tx:
        tx.work.finish(held, end)


def is_free(store: SqlStore, clock: ManualClock) -> bool:
    """Return whether something can be claimed now; it is given back."""
    clock.advance(SECOND / 2)
    found = store.claim("probe", lease=LEASE)
    if found is not None:
        store.release("probe")
    return found is not None


def test_a_transaction_wakes_the_same_work_once(store: SqlStore, clock: ManualClock) -> None:
    """Each statement keeps an act waiting; only an earlier time, or the end of a run, is worth another one."""
    said: list[str] = []
    event.listen(store._engine, "before_cursor_execute", lambda *call: said.append(call[2]))
    with store.write() as tx:
        for within in (LEASE, LEASE, SECOND, LEASE):
            tx.work.wake(KEY, within=within)
    assert (sum("INSERT" in text for text in said), sum("pg_notify" in text for text in said) <= 1) == (2, True)
    held = claim(store, clock)
    with store.write() as tx:
        tx.work.finish(held, Finish(LEASE))
        tx.work.wake(KEY, within=timedelta())
    assert claim(store, clock).key == KEY


def test_a_trigger_during_a_run_gives_exactly_one_more_run(store: SqlStore, clock: ManualClock) -> None:
    """However many triggers there were."""
    wake(store)
    held = claim(store, clock)
    for _ in range(3):
        wake(store)
    assert not is_free(store, clock)
    finish(store, held, Finish(None))
    second = claim(store, clock)
    finish(store, second, Finish(None))
    assert not is_free(store, clock)
    assert second.wanted == held.wanted + 3
    assert store.is_quiet()


def test_a_run_that_was_not_served_comes_again(store: SqlStore, clock: ManualClock) -> None:
    """It serves the same generation, when it said it would."""
    wake(store)
    left = WriterState(last_message="ä", size_bytes=1)
    finish(store, claim(store, clock), Finish(10 * SECOND, is_done=False, failures=1, state=left))
    assert not is_free(store, clock)
    assert not store.is_quiet()
    clock.advance(10 * SECOND)
    again = claim(store, clock)
    assert (again.failures, again.state, again.wanted) == (1, left, 1)


def test_a_steady_stream_cannot_push_the_run_back(store: SqlStore, clock: ManualClock) -> None:
    """The window counts from the first trigger."""
    for _ in range(5):
        wake(store, within=5 * SECOND)
        assert not is_free(store, clock)
        clock.advance(SECOND / 2)
    assert is_free(store, clock)


def test_a_trigger_brings_a_later_run_forward_and_never_pushes_it_back(store: SqlStore, clock: ManualClock) -> None:
    """A resync in ten minutes, then somebody approves."""
    wake(store)
    finish(store, claim(store, clock), Finish(600 * SECOND))
    wake(store, within=5 * SECOND)
    wake(store, within=100 * SECOND)
    clock.advance(5 * SECOND)
    assert is_free(store, clock)


@pytest.mark.parametrize(
    "end",
    [
        Finish(60 * SECOND, is_done=False, state=WriterState(operation=PendingOperation("u", SECOND))),
        Finish(60 * SECOND, is_done=False, failures=2),
        Finish(60 * SECOND, is_done=False),
    ],
    ids=["parked", "failed", "throttled"],
)
def test_a_trigger_does_not_disturb_what_waits_for_azure(store: SqlStore, clock: ManualClock, end: Finish) -> None:
    """An operation is looked at when Azure said so; a failure, or Azure's “slow down”, has its wait."""
    wake(store)
    finish(store, claim(store, clock), end)
    wake(store)
    clock.advance(30 * SECOND)
    assert not is_free(store, clock)
    clock.advance(30 * SECOND)
    found = claim(store, clock)
    assert (found.state, found.wanted) == (end.state, 2)


def test_a_wait_that_is_over_holds_up_nothing(store: SqlStore, clock: ManualClock) -> None:
    """The next round ended well: from then on a trigger brings its run forward again."""
    wake(store)
    finish(store, claim(store, clock), Finish(60 * SECOND, is_done=False))
    clock.advance(60 * SECOND)
    finish(store, claim(store, clock), Finish(600 * SECOND))
    wake(store)
    assert is_free(store, clock)


def test_a_round_by_schedule_that_has_to_come_again_is_not_quiet(store: SqlStore, clock: ManualClock) -> None:
    """Nobody asked for it, and still it has begun something: Azure was busy, say."""
    with store.write() as tx:
        tx.work.schedule(KEY, within=timedelta())
    finish(store, claim(store, clock), Finish(60 * SECOND, is_done=False))
    assert not store.is_quiet()
    clock.advance(60 * SECOND)
    finish(store, claim(store, clock), Finish(600 * SECOND))
    assert store.is_quiet()


def test_a_kind_that_is_left_out_is_neither_claimed_nor_waited_for(store: SqlStore, clock: ManualClock) -> None:
    """Whoever has no room for it looks for the rest."""
    wake(store)
    wake(store, within=60 * SECOND, key="notices")
    clock.advance(SECOND)
    assert store.claim("one", lease=LEASE, without={"rules"}) is None
    clock.advance(60 * SECOND)
    found = store.claim("one", lease=LEASE, without={"rules"})
    assert found is not None
    assert (found.key, found.kind) == ("notices", "notices")
    assert claim(store, clock).kind == "rules"


def test_a_schedule_asks_for_nothing(store: SqlStore, clock: ManualClock) -> None:
    """It is only a time."""
    with store.write() as tx:
        tx.work.schedule(KEY, within=60 * SECOND)
    assert store.is_quiet()
    clock.advance(60 * SECOND)
    assert claim(store, clock).wanted == 0


def test_a_lease_ends_by_the_databases_clock(store: SqlStore, clock: ManualClock) -> None:
    """Nobody else gets it before, and the first look after its end finds it: nothing else has to be due."""
    wake(store)
    dead = claim(store, clock)
    clock.advance(LEASE - SECOND)
    assert not is_free(store, clock)
    clock.advance(2 * SECOND)
    heir = claim(store, clock, "two")
    assert heir.token == dead.token + 1


@pytest.mark.parametrize("act", ["finish", "hold", "remember"])
def test_a_zombie_is_refused(store: SqlStore, clock: ManualClock, act: str) -> None:
    """Once somebody else has claimed, the old holder writes nothing."""
    wake(store)
    zombie = claim(store, clock)
    clock.advance(LEASE + SECOND)
    heir = claim(store, clock, "two")
    acts = {
        "finish": lambda tx: tx.work.finish(zombie, Finish(None)),
        "hold": lambda tx: tx.work.hold(zombie, lease=LEASE),
        "remember": lambda tx: tx.work.remember(zombie, WriterState(last_message="old")),
    }

    def act_late() -> None:
        with store.write() as tx:
            tx.audit.append(Event(clock.now(), Action.FIREWALL_BEGIN, SYSTEM, "bot"))
            acts[act](tx)

    with pytest.raises(LeaseLost, match="took over"):
        act_late()
    with store.write() as tx:
        tx.work.remember(heir, WriterState(last_message="new"))
        assert tx.audit.head()[0] == 0, "The fact of the zombie went with its transaction."


def test_a_lease_that_ran_out_is_not_held_by_saying_so(store: SqlStore, clock: ManualClock) -> None:
    """Even before somebody else has claimed it: the holder may have slept."""
    wake(store)
    late = claim(store, clock)
    clock.advance(LEASE + SECOND)
    with pytest.raises(LeaseLost), store.write() as tx:
        tx.work.hold(late, lease=LEASE)


def test_holding_prolongs(store: SqlStore, clock: ManualClock) -> None:
    """Before everything that matters."""
    wake(store)
    held = claim(store, clock)
    for _ in range(3):
        clock.advance(LEASE - SECOND)
        with store.write() as tx:
            tx.work.hold(held, lease=LEASE)
    assert not is_free(store, clock)


def test_release_gives_back_what_one_owner_holds_and_nothing_else(store: SqlStore, clock: ManualClock) -> None:
    """The last thing that a process does."""
    for key in ("rules:policy:/a", "rules:policy:/b"):
        wake(store, key=key)
    mine, other = claim(store, clock, "one"), claim(store, clock, "two")
    store.release("one")
    again = claim(store, clock, "three")
    assert (again.key, other.key != mine.key) == (mine.key, True)
    with pytest.raises(LeaseLost), store.write() as tx:
        tx.work.hold(mine, lease=LEASE)


def test_the_longest_due_comes_first(store: SqlStore, clock: ManualClock) -> None:
    """A stream of work for one target does not starve another."""
    for number in range(5):
        wake(store, key=f"rules:policy:/{number}")
        clock.advance(SECOND)
    assert [claim(store, clock).key[-1] for _ in range(5)] == ["0", "1", "2", "3", "4"]


def test_concurrent_claims_never_share(store: SqlStore, clock: ManualClock) -> None:
    """Eight threads on connections of their own, forty pieces of work: each is taken once, none waits for another."""
    for number in range(40):
        wake(store, key=f"rules:policy:/{number}")
    clock.advance(SECOND)

    def take(owner: str) -> list[str]:
        found = []
        while (held := store.claim(owner, lease=LEASE)) is not None:
            found.append(held.key)
        return found

    with ThreadPoolExecutor(8) as pool:
        taken = [key for keys in pool.map(take, [f"owner-{n}" for n in range(8)]) for key in keys]
    assert len(taken) == len(set(taken)) == 40


def test_concurrent_triggers_all_count(store: SqlStore, clock: ManualClock) -> None:
    """The first of them creates the row."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: wake(store), range(40)))
    assert claim(store, clock).wanted == 40


def test_what_is_rolled_back_asked_for_nothing(store: SqlStore, clock: ManualClock) -> None:
    """A trigger is part of the caller's transaction."""
    with suppress(ZeroDivisionError), store.write() as tx:
        tx.work.wake(KEY, within=timedelta())
        raise ZeroDivisionError
    assert not is_free(store, clock)


def test_what_is_scheduled_during_a_run_is_not_lost(store: SqlStore, clock: ManualClock) -> None:
    """The run may have looked before; its own idea of when to come back must not win."""
    wake(store)
    held = claim(store, clock)
    with store.write() as tx:
        tx.work.schedule(KEY, within=timedelta(minutes=5))
    finish(store, held, Finish(timedelta(days=1)))
    assert is_free(store, clock)


def test_what_is_scheduled_waits_for_its_time(store: SqlStore, clock: ManualClock) -> None:
    """And is never put off by a later one."""
    with store.write() as tx:
        tx.work.schedule(KEY, within=timedelta(minutes=5))
        tx.work.schedule(KEY, within=timedelta(hours=5))
    assert store.is_quiet()
    assert not is_free(store, clock)
    clock.advance(timedelta(minutes=5))
    assert is_free(store, clock)


def test_work_of_a_newer_version_waits_for_it(store: SqlStore, clock: ManualClock) -> None:
    """During a rolling update the old version neither claims it nor wakes up for it."""
    wake(store, key="campaigns:q4")
    clock.advance(SECOND)
    assert store.claim("one", lease=LEASE) is None
    with store.read() as tx:
        assert tx.work.seconds_to_next()[0] is None
