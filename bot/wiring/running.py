"""Runs and stops the parts of a process."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic, sleep

import structlog

log = structlog.get_logger(__name__)

STOP_WITHIN_S = 9.0
"""Seconds that the whole end of a process may take; orchestrators kill after ten or thirty."""

LINGER_S = 3.0
"""Seconds from the signal during which HTTP requests are still taken: balancers need them to look for another replica.

Kubernetes takes a pod out of its services when it sends the signal, not before
(https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination, read 2026-11).
"""

SHARE_S = 3.0
"""Seconds of it that one part may take: what hangs does not keep the others from giving back what they hold."""


class Running:
    """Everything that runs, in the order in which it has to be stopped."""

    def __init__(self) -> None:
        self._stops: list[tuple[Callable[[], object], float]] = []
        self._first: list[tuple[Callable[[], object], float]] = []
        self._stopping_since: float | None = None

    def then_stop(self, stop: Callable[[], object], *, within_s: float = SHARE_S) -> None:
        """Stop this too, before everything that was named earlier."""
        self._stops.append((stop, within_s))

    def first_stop(self, stop: Callable[[], object], *, within_s: float = SHARE_S) -> None:
        """Stop this before everything else, whenever that was named."""
        self._first.append((stop, within_s))

    def then_linger(self, announce: Callable[[], object]) -> None:
        """Announce the end, and give others the time to notice, before what was named earlier is stopped."""

        def linger() -> None:
            announce()
            began = self._stopping_since or monotonic()
            sleep(max(0.0, LINGER_S - (monotonic() - began)))

        self.then_stop(linger, within_s=LINGER_S + 0.5)

    def problem(self) -> str | None:
        """That the process ends, once it does: others take its requests."""
        return None if self._stopping_since is None else "The process is ending."

    def stop(self) -> None:
        """Stop everything, last started first; what has not ended in time is left as it is."""
        self._stopping_since = monotonic()
        ends = self._stopping_since + STOP_WITHIN_S
        while self._first or self._stops:
            stop, within_s = (self._first or self._stops).pop()
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
