"""Runs and stops the parts of a process."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic

import structlog

log = structlog.get_logger(__name__)

STOP_WITHIN_S = 9.0
"""Seconds that the whole end of a process may take; orchestrators kill after ten or thirty."""

SHARE_S = 3.0
"""Seconds of it that one part may take: what hangs does not keep the others from giving back what they hold."""


class Running:
    """Everything that runs, in the order in which it has to be stopped."""

    def __init__(self) -> None:
        self._stops: list[tuple[Callable[[], object], float]] = []

    def then_stop(self, stop: Callable[[], object], *, within_s: float = SHARE_S) -> None:
        """Stop this too, before everything that was named earlier."""
        self._stops.append((stop, within_s))

    def stop(self) -> None:
        """Stop everything, last started first; what has not ended in time is left as it is."""
        ends = monotonic() + STOP_WITHIN_S
        while self._stops:
            stop, within_s = self._stops.pop()
            stopping = threading.Thread(target=stop, name="stop", daemon=True)
            stopping.start()
            stopping.join(max(0.0, min(within_s, ends - monotonic())))
            if stopping.is_alive():
                name = getattr(stop, "__qualname__", "something")
                log.warning("part_not_stopped", part=name)


@contextmanager
def starting() -> Iterator[Running]:
    """What is started inside; it is stopped again if the rest cannot be started."""
    running = Running()
    with ExitStack() as undo:
        undo.callback(running.stop)
        yield running
        undo.pop_all()
