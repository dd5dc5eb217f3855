"""Places for acts that Slack waits for: a few at a time, a short queue before them, and no for everybody after that.

More threads at once do not finish sooner in Python, and a long queue only makes every ack late. Whoever finds the queue
full is told at once, before anything was looked up, that nothing was recorded.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import BoundedSemaphore

from bot.errors import TooBusy
from bot.ports.deadline import left_s

ACT = timedelta(seconds=2.2)
"""How long an act may take from when it came to its commit, everything that it waits for together; Slack gives up after
three seconds.

Source: https://docs.slack.dev/interactivity/implementing-slash-commands, read 2026-11.
"""

RUNNING = 8
"""Acts at the same time; some of them wait for Slack or the database."""

WAITING = 16
"""Acts that may wait for a place. With acts of 30 ms of the processor, the last one waits 0.7 s."""

LONGEST_S = 1.0
"""Seconds that an act waits for a place at most: enough is left of its time to do it."""

ANSWERED = 2 * (RUNNING + WAITING)
"""Requests that are taken in at the same time, so that those without a place are told so while the others wait."""

FULL = "Too many people use the bot at this moment, so nothing was recorded."


class Places:
    """Lets acts in; safe to use from several threads.

    Args:
        running: Acts at the same time.
        waiting: Acts that may wait for a place.
    """

    def __init__(self, running: int = RUNNING, waiting: int = WAITING) -> None:
        self._all = BoundedSemaphore(running + waiting)
        self._running = BoundedSemaphore(running)

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place for one act.

        Raises:
            TooBusy: There is none, and no room to wait for one.
        """
        if not self._all.acquire(blocking=False):
            raise TooBusy(FULL)
        try:
            if not self._running.acquire(timeout=left_s(LONGEST_S)):
                raise TooBusy(FULL)
            try:
                yield
            finally:
                self._running.release()
        finally:
            self._all.release()
