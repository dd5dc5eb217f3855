"""Answers that are remembered, asked for once at a time, and waited for only so long."""

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from datetime import datetime, timedelta
from functools import partial
from threading import Lock
from typing import Generic, TypeVar

from bot.errors import EgressError, SlackThrottled, SlackUnreachable
from bot.logs import carried
from bot.ports import Clock

Answer = TypeVar("Answer")

AGAIN = timedelta(seconds=5)
"""How long lookups other than decisions skip a question that timed out: each such wait delays an ack."""

SHORTEST_PAUSE = timedelta(seconds=1)
"""How long nothing is asked after a 429 without a Retry-After."""


class Lookups(Generic[Answer]):
    """The answers of one method of Slack, by what it is asked about.

    Concurrent callers with the same question wait for the same answer. While Slack asks us to wait, nothing is
    sent: its limits are for a method as a whole.

    Args:
        ask: Asks Slack; runs in the pool.
        clock: Ages what is remembered.
        pool: Where asking happens, so that nobody waits longer than they want to.
    """

    def __init__(self, ask: Callable[[str], Answer], clock: Clock, pool: Executor) -> None:
        self._ask = ask
        self._clock = clock
        self._pool = pool
        self._lock = Lock()
        self._known: dict[str, tuple[Answer, datetime]] = {}
        self._failed: dict[str, tuple[EgressError, datetime]] = {}
        self._asking: dict[str, Future[Answer]] = {}
        self._pause: tuple[datetime, timedelta] | None = None

    def begin(self, key: str, *, oldest: timedelta, is_patient: bool = True) -> "Future[Answer]":
        """The answer, or the promise of one.

        Args:
            key: What to ask about.
            oldest: An answer that began to be asked for at most so long ago will do.
            is_patient: Ask even though it was not answered a moment ago.
        """
        with self._lock:
            now = self._clock.now()
            known, failed = self._known.get(key), self._failed.get(key)
            if known is not None and _is_within(known[1], now, oldest):
                return _kept(known[0])
            if key in self._asking:
                return self._asking[key]
            if failed is not None and not is_patient and _is_within(failed[1], now, AGAIN):
                return _broken(failed[0])
            pause = self._paused(now)
            if pause is not None:
                return _broken(pause)
            self._asking[key] = future = self._pool.submit(carried(self._answer), key, now)
        future.add_done_callback(partial(self._done, key))
        return future

    def wait(self, key: str, future: "Future[Answer]", until: float) -> Answer:
        """Wait for the result that ``begin`` promised.

        Args:
            key: What was asked about.
            future: The promise.
            until: The monotonic time to give up at; the answer is kept when it comes.

        Raises:
            SlackThrottled, SlackUnreachable, SlackRefused: No answer.
        """
        try:
            return future.result(timeout=max(0.0, until - time.monotonic()))
        except TimeoutError:
            late = SlackUnreachable("Slack did not respond in time.")
            with self._lock:
                self._failed[key] = (late, self._clock.now())
                if self._asking.get(key) is future:
                    del self._asking[key]  # a retry sends a new request instead of waiting for the stuck one
            raise late from None

    def remembered(self, key: str) -> Answer | None:
        """The last answer, however old; only a hint."""
        with self._lock:
            known = self._known.get(key)
        return known[0] if known else None

    def _done(self, key: str, future: "Future[Answer]") -> None:
        with self._lock:
            if self._asking.get(key) is future:
                del self._asking[key]

    def _answer(self, key: str, began: datetime) -> Answer:
        try:
            answer = self._ask(key)
        except EgressError as error:
            self._note_failure(key, error)
            raise
        else:
            with self._lock:
                known = self._known.get(key)
                if known is None or known[1] <= began:
                    self._known[key] = (answer, began)
                    self._failed.pop(key, None)
            return answer

    def _note_failure(self, key: str, error: EgressError) -> None:
        with self._lock:
            now = self._clock.now()
            self._failed[key] = (error, now)
            if isinstance(error, SlackThrottled):
                self._pause = (now, error.retry_after or SHORTEST_PAUSE)

    def _paused(self, now: datetime) -> SlackThrottled | None:
        if self._pause is None or not _is_within(self._pause[0], now, self._pause[1]):
            return None
        since, length = self._pause
        return SlackThrottled("Slack asked the bot to wait.", retry_after=length - (now - since))


def _is_within(then: datetime, now: datetime, most: timedelta) -> bool:
    """Whether something is at most so old; a time that lies ahead (the clock was set back) proves nothing."""
    return timedelta() <= now - then <= most


def _kept(answer: Answer) -> "Future[Answer]":
    future: Future[Answer] = Future()
    future.set_result(answer)
    return future


def _broken(error: EgressError) -> "Future[Answer]":
    future: Future[Answer] = Future()
    future.set_exception(error)
    return future
