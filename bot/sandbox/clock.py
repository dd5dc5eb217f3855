"""The time that the simulators (and the product beside them) see."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def _wall_clock() -> datetime:
    return datetime.now(UTC)


class SandboxClock:
    """A wall clock that can be moved forward.

    Args:
        base: Where time comes from; the machine's clock unless a test hands in its own.
        offset: How far ahead of ``base`` this clock starts.
    """

    def __init__(self, base: Callable[[], datetime] = _wall_clock, *, offset: timedelta = timedelta()) -> None:
        self._base = base
        self._offset = offset
        self._lock = threading.Lock()
        self._watchers: list[Callable[[timedelta], None]] = []

    @property
    def offset(self) -> timedelta:
        """How far this clock is ahead of its base, never negative."""
        return self._offset

    def now(self) -> datetime:
        """The simulated time, in UTC."""
        return self._base() + self._offset

    def ahead_s(self) -> float:
        """Return how many seconds this clock is ahead of the machine's; negative if it is behind."""
        return (self.now() - _wall_clock()).total_seconds()

    def advance(self, by: timedelta) -> None:
        """Move time forward and tell the watchers.

        Raises:
            ValueError: If ``by`` is negative: time does not run backwards here.
        """
        if by < timedelta():
            raise ValueError("The clock only moves forward: advance_s must be 0 or more.")
        with self._lock:
            self._offset += by
        for watcher in self._watchers:
            watcher(self._offset)

    def watch(self, watcher: Callable[[timedelta], None]) -> None:
        """Call ``watcher`` with the new offset after every move."""
        self._watchers.append(watcher)


class ManualClock(SandboxClock):
    """A stopped clock that only moves when told: simulated time for tests and benchmarks."""

    def __init__(self, start: datetime = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)) -> None:
        super().__init__(lambda: start)
