"""One writing transaction of this process at a time: acts that somebody waits for go before background work.

SQLite has one writer, and whoever finds it busy asks again after ever longer pauses, so that a worker that writes in
pieces would come first every time. On PostgreSQL the same order holds among the threads of one process, and between
processes the database's own queue.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Lock
from time import monotonic

from bot.errors import StoreBusy
from bot.ports.deadline import is_awaited, left_s
from bot.store.bounds import BOUND_S
from bot.store.faults import BUSY

LONGEST_S = 0.5
"""Seconds after which background work goes before acts all the same, so that it never stands still."""


class WriteTurns:
    """Whose turn it is to write; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._holder: _Turn | None = None
        self._acts = deque["_Turn"]()
        self._others = deque["_Turn"]()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for it, write, pass it on.

        Raises:
            StoreBusy: It did not come in time.
        """
        mine = _Turn(self._lock)
        self._take(mine)
        try:
            yield
        finally:
            with self._lock:
                self._pass_on()

    def _take(self, mine: "_Turn") -> None:
        with self._lock:
            if self._holder is None:
                self._holder = mine
                return
            queue = self._acts if is_awaited() else self._others
            queue.append(mine)
            if not mine.changed.wait_for(lambda: self._holder is mine, left_s(BOUND_S)):
                queue.remove(mine)
                raise StoreBusy(BUSY)

    def _pass_on(self) -> None:
        waits_long = bool(self._others) and monotonic() - self._others[0].since > LONGEST_S
        queue = self._others if waits_long or not self._acts else self._acts
        self._holder = queue.popleft() if queue else None
        if self._holder is not None:
            self._holder.changed.notify()


class _Turn:
    """One who writes, or waits to."""

    def __init__(self, lock: Lock) -> None:
        self.since = monotonic()
        self.changed = Condition(lock)
