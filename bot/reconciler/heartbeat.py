"""Prolongs the leases of runs under way, so that a slow answer of Azure or Slack is not taken for a dead process.

A process that is killed, or stopped and woken late, prolongs nothing: its leases run out, and the next claimer's token
fences it off. A lease that has run out is never had back.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from time import monotonic

import structlog

from bot.errors import LeaseLost, StoreUnavailable
from bot.ports import Claim, Store
from bot.reconciler.guard import guarded
from bot.reconciler.run import LEASE

log = structlog.get_logger(__name__)

EVERY = LEASE / 3
"""How often leases are prolonged: one attempt may fail without anything being lost."""

STOP_WITHIN_S = 1.0
"""Seconds that the stop waits for a prolongation under way; one that is late proves a lease that soon runs out."""

AT_MOST = timedelta(minutes=10)
"""How long one run is kept: longer than all of its time-outs together, so what still runs then hangs for good."""


class Heartbeat:
    """The leases of one process.

    Args:
        store: Where they are.
        every: How often they are prolonged.
        at_most: How long one run is kept.
    """

    def __init__(self, store: Store, *, every: timedelta = EVERY, at_most: timedelta = AT_MOST) -> None:
        self._store = store
        self._every = every
        self._at_most = at_most
        self._kept: dict[int, tuple[Claim, float]] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="keep-leases", daemon=True)

    def start(self) -> None:
        """Begin to prolong."""
        self._thread.start()

    def stop(self) -> None:
        """Stop renewing leases."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(STOP_WITHIN_S)

    @contextmanager
    def keeping(self, claim: Claim) -> Iterator[None]:
        """While the block runs, its lease does not run out."""
        with self._lock:
            self._kept[id(claim)] = (claim, monotonic())
        try:
            yield
        finally:
            with self._lock:
                del self._kept[id(claim)]

    def _work(self) -> None:
        while not self._stop.wait(self._every.total_seconds()):
            with self._lock:
                kept = list(self._kept.values())
            for claim, since in kept:
                if monotonic() - since < self._at_most.total_seconds():
                    self._prolong(claim)

    def _prolong(self, claim: Claim) -> None:
        with suppress(LeaseLost):  # ended or taken over: the run finds out at its next write
            failed = guarded(f"the lease on {claim.key}", lambda: self._hold(claim))
            if failed is not None and not isinstance(failed, StoreUnavailable):
                log.warning("lease_not_renewed", work=claim.key, error=str(failed))

    def _hold(self, claim: Claim) -> None:
        with self._store.write() as tx:
            tx.work.hold(claim, lease=LEASE)
