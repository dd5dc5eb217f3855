"""The threads of one process: one keeps the lookout for all, and never do all of them wait for Azure."""

import secrets
import threading
from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from zlib import crc32

import structlog

from bot.domain.work import WorkKind
from bot.errors import StoreUnavailable
from bot.ports import Claim, Store
from bot.reconciler.guard import guarded
from bot.reconciler.heartbeat import Heartbeat
from bot.reconciler.run import LEASE

log = structlog.get_logger(__name__)

POLL = timedelta(seconds=5)
"""How long a process waits at the most before it looks for work without having been called."""

WORKERS = 8
"""Threads of one process: slow targets do not block the others. An idle thread costs nothing."""

AT_AZURE = frozenset(WorkKind) - {WorkKind.TIMERS, WorkKind.NOTICES, WorkKind.AUDIT}
"""Kinds of work that wait for Azure's answers. One thread is kept free of them, so that people are told what happens
and requests lapse in time while Azure hangs."""

FIRST_PAUSE_S = 0.5
"""Seconds until an unavailable database is tried again."""

LONGEST_PAUSE_S = 15.0
"""The most that these seconds become by doubling: so late work begins after the database is back."""

STOP_WITHIN_S = 3.0
"""Seconds that runs under way get to end when the process stops; no run waits for an operation."""


class Workers:
    """Claims what is due and has it run, in threads.

    Args:
        store: Where work is claimed.
        run: Runs one claim to its end.
        count: How many threads; none for a test that calls ``run_one`` itself.
    """

    def __init__(self, store: Store, run: Callable[[Claim], None], count: int) -> None:
        self._store = store
        self._run = run
        self._owner = secrets.token_hex(4)
        self._keeper = Heartbeat(store)
        self._stop = threading.Event()
        self._lookout = threading.Lock()
        self._counting = threading.Lock()
        self._misses = 0
        self._at_azure = 0
        self._most_at_azure = max(1, count - 1)
        self._threads = [threading.Thread(target=self._work, name=f"reconcile-{n}", daemon=True) for n in range(count)]

    def start(self) -> None:
        """Begin to work."""
        self._keeper.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let the runs under way end, for seconds at the most, and give back what is held.

        A run that does not end in time keeps its lease: a successor must not write at the same time.
        """
        self._stop.set()
        self._store.ring()
        ends = monotonic() + STOP_WITHIN_S
        for thread in self._threads:
            thread.join(timeout=max(0.0, ends - monotonic()))
        self._keeper.stop()
        if not any(thread.is_alive() for thread in self._threads):
            self._release()

    def _release(self) -> None:
        try:
            self._store.release(self._owner)
        except StoreUnavailable as error:
            log.warning("leases_not_released", expire_within_s=LEASE.total_seconds(), error=str(error))

    def pause(self, seconds: float) -> None:
        """Wait in the middle of a run; not at all once the process stops."""
        self._stop.wait(seconds)

    def run_one(self) -> bool:
        """Do the work that is longest due; False if nothing is due."""
        claim = self._store.claim(self._owner, lease=LEASE)
        if claim is None:
            return False
        self._run(claim)
        return True

    def _work(self) -> None:
        while not self._stop.is_set():
            failed = guarded("work", self._turn)
            if failed is not None:
                if not isinstance(failed, StoreUnavailable):  # the store itself logs when this begins and ends
                    log.warning("work_paused", error=str(failed))
                self._stop.wait(POLL.total_seconds() / 5)

    def _turn(self) -> None:
        claim = self._next()
        if claim is None:
            return
        try:
            with self._keeper.keeping(claim):
                self._run(claim)
        finally:
            self._count(claim, -1)

    def _next(self) -> Claim | None:
        """The next piece of work. One thread keeps the lookout, the others rest behind it: one question for all."""
        with self._lookout:
            while not self._stop.is_set():
                claim = self._look()
                if claim is not None:
                    self._count(claim, 1)
                    return claim
        return None

    def _look(self) -> Claim | None:
        """Claim due work, if any; an unavailable database is polled less and less often."""
        try:
            claim = self._store.claim(self._owner, lease=LEASE, without=AT_AZURE if self._is_full else ())
        except StoreUnavailable:
            self._misses += 1
            self._stop.wait(self._pause_s())
            return None
        self._misses = 0
        if claim is None:
            self._store.wait(POLL)
        return claim

    def _pause_s(self) -> float:
        """Doubles with each miss; a fifth more or less, so that the replicas of a database do not ask together."""
        spread = 0.8 + crc32(f"{self._owner} {self._misses}".encode()) % 401 / 1000
        return spread * min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(self._misses - 1, 10))

    @property
    def _is_full(self) -> bool:
        return self._at_azure >= self._most_at_azure

    def _count(self, claim: Claim, by: int) -> None:
        """Keep count of those who wait for Azure; the lookout is told when there is room again."""
        if claim.kind not in AT_AZURE:
            return
        with self._counting:
            was_full = self._is_full
            self._at_azure += by
        if was_full:
            self._store.ring()
