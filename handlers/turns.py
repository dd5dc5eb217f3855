"""Whose turn it is to look something up: reading Azure or the audit log is costly, so nobody takes all of it."""

from collections import Counter
from collections.abc import Callable
from math import ceil
from threading import BoundedSemaphore, Lock

from bot.domain.budget import Budget
from handlers.sending import BUSY

EACH = 4
"""Lookups of one person at the same time: a third of all places, so that two people do not keep out the others."""

REMEMBERED = 1_000
"""People whose lookups are counted; whoever has all of theirs left is forgotten past that."""


class Turns:
    """Lets lookups begin, or says why not.

    Args:
        places: Lookups of everybody at the same time.
        per_minute: Lookups of one person in a minute; a minute's worth may come at once.
        now_s: Seconds since 1970.
    """

    def __init__(self, places: BoundedSemaphore, per_minute: int, now_s: Callable[[], float]) -> None:
        self._places = places
        self._per_minute = per_minute
        self._now_s = now_s
        self._lock = Lock()
        self._running: Counter[str] = Counter()
        self._budgets: dict[str, Budget] = {}

    def begin(self, user: str) -> str | None:
        """Take a place for one lookup; without one, what the person is told."""
        with self._lock:
            if self._running[user] >= EACH:
                return (
                    f"Your last {EACH} lookups are still running. Nothing was done; try again when they are answered."
                )
            if wait_s := self._spend(user):
                each = f"{self._per_minute} lookups a minute"
                return f"You have used your {each}. Nothing was done; try again in {ceil(wait_s)} s."
            if not self._places.acquire(blocking=False):
                return BUSY
            self._running[user] += 1
            return None

    def end(self, user: str) -> None:
        """Give the place back."""
        with self._lock:
            self._running[user] -= 1
            self._running += Counter()  # drops whoever has none
        self._places.release()

    def _spend(self, user: str) -> float:
        now_s = self._now_s()
        if len(self._budgets) >= REMEMBERED:
            full = self._per_minute - 1
            self._budgets = {
                one: left for one, left in self._budgets.items() if left.refilled(self._per_minute, now_s) < full
            }
        left = self._budgets.get(user, Budget(self._per_minute, now_s))
        self._budgets[user], wait_s = left.spend(self._per_minute, now_s)
        return wait_s
