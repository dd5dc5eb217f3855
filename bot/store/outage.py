"""Says once that the database cannot be used, and once that it can again, however many threads find out."""

import threading
from time import monotonic

import structlog

from bot.errors import StoreBusy, StoreUnavailable

log = structlog.get_logger(__name__)

PATIENCE_S = 5.0
"""How long a database may be busy before that is worth a line: short waits for each other are normal."""


class Outage:
    """Whether the database can be used, as far as this process knows; safe to use from several threads.

    Only a transaction that committed something ends an outage: a full or read-only database still answers questions.

    Args:
        patience_s: Seconds that it may be busy before that is worth a line.
    """

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._cause: str | None = None
        self._since: float | None = None

    @property
    def cause(self) -> str | None:
        """Why it cannot be used; None while it can."""
        return self._cause

    def note(self, error: StoreUnavailable | None) -> None:
        """A transaction failed with this, or committed something (None)."""
        if error is None and self._since is None:
            return
        with self._lock:
            if error is None:
                self._end()
            else:
                self._begin(error)

    def _begin(self, error: StoreUnavailable) -> None:
        now = monotonic()
        self._since = now if self._since is None else self._since
        is_passing = isinstance(error, StoreBusy) and (self._cause is not None or now - self._since < self._patience_s)
        if is_passing or self._cause == error.cause:
            return
        self._cause = error.cause
        log.warning("database_unavailable", cause=error.cause)

    def _end(self) -> None:
        since, self._since = self._since, None
        if self._cause is not None and since is not None:
            self._cause = None
            log.warning("database_available", after_s=round(monotonic() - since))
