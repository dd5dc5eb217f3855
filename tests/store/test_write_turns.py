"""Who writes next, and what is not written because its time is over."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from datetime import timedelta
from time import monotonic

import pytest

from bot.errors import StoreBusy
from bot.ports import AllowanceFilter
from bot.ports.deadline import left_s, within
from bot.store import SqlStore
from bot.store.write_turns import WriteTurns
from tests.domain.values import an_allowance
from tests.sandbox.slack_stage import until

ACT = timedelta(seconds=10)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Threads that end with the test."""
    with ThreadPoolExecutor(8) as pool:
        yield pool


def test_acts_go_before_background_work_and_in_their_order(threads: ThreadPoolExecutor) -> None:
    """Whoever came first of those that somebody waits for, then the others."""
    turns, order = WriteTurns(), list[str]()

    def write(name: str, *, is_act: bool) -> None:
        with within(ACT) if is_act else nullcontext(), turns.turn():
            order.append(name)

    def waiting(name: str, *, is_act: bool) -> "Future[None]":
        count = len(turns._acts) + len(turns._others)
        begun = threads.submit(write, name, is_act=is_act)
        until(lambda: len(turns._acts) + len(turns._others) > count)
        return begun

    with turns.turn():
        begun = [waiting("worker", is_act=False), waiting("first", is_act=True), waiting("second", is_act=True)]
    for one in begun:
        one.result()
    assert order == ["first", "second", "worker"]


def test_whoever_waits_in_vain_does_not_keep_their_turn(threads: ThreadPoolExecutor) -> None:
    """The next one writes."""
    turns = WriteTurns()

    def write() -> None:
        with within(timedelta(milliseconds=1)), turns.turn():
            pass

    with turns.turn(), pytest.raises(StoreBusy, match="nothing was recorded"):
        threads.submit(write).result()
    with turns.turn():
        pass


def late(store: SqlStore, since: Callable[[], float]) -> None:
    """Store something in an act, and end it after its time."""
    with within(timedelta(milliseconds=300), since=since()), store.write() as tx:
        tx.allowances.add(an_allowance())
        until(lambda: left_s(1) <= 0)


def test_nothing_is_recorded_after_the_time_of_an_act(database_url: str) -> None:
    """An act that is ready too late is undone: Slack has called it failed, or is about to."""
    store = SqlStore(database_url)
    with pytest.raises(StoreBusy, match="took too long, so nothing was recorded"):
        late(store, monotonic)
    with pytest.raises(StoreBusy, match="nothing was recorded"):
        late(store, lambda: monotonic() - 1)  # it came a second ago and waited
    with store.read() as tx:
        assert tx.allowances.find(AllowanceFilter()) == []
    store.close()
