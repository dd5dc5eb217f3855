"""Opens the database of a process, now or as soon as it can be used."""

import fcntl
import threading
from collections.abc import Callable
from pathlib import Path

import structlog

from bot.errors import BadConfiguration, EgressError, StoreUnavailable
from bot.store import SqlStore
from bot.wiring.running import Running

log = structlog.get_logger(__name__)

RETRY_S = 2.0
"""Seconds between attempts to open a database that is away; one attempt gives up after about as long."""

AWAY = "The writers have not begun: the database was away. They begin as soon as it can be opened."


def store_at(running: Running, url: str, *, offset_s: Callable[[], float] = float) -> SqlStore:
    """The store of this process, not yet opened; on SQLite it is the only process that works with it.

    Raises:
        BadConfiguration: The URL cannot be used, or another process holds the file.
    """
    store = SqlStore(url, offset_s=offset_s)
    running.then_stop(store.close)
    running.then_stop(_alone_on(url))
    return store


def _alone_on(url: str) -> Callable[[], None]:
    """Hold the lock file of a SQLite database; several processes there would not see each other's leases."""
    if not url.startswith("sqlite"):
        return lambda: None
    path = Path(f"{url.partition('///')[2].partition('?')[0].removeprefix('file:')}.lock")
    try:
        file = path.open("w")
    except OSError as error:
        raise BadConfiguration(f"Cannot write to the database folder: {path}: {error.strerror}.") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise BadConfiguration(
            f"Another process is using {path.with_suffix('')}; use PostgreSQL for several processes."
        ) from error
    return file.close


class Opening:
    """Opens a store and begins to work with it; a database that is away is tried again until it is there.

    Until then the process answers: every act is told that nothing was recorded, and why.

    Args:
        store: The store.
        begin: Begins to work; called again if the database goes away meanwhile.
    """

    def __init__(self, store: SqlStore, begin: Callable[[], None]) -> None:
        self._store = store
        self._begin = begin
        self._problem: str | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_trying, name="open-database", daemon=True)

    def start(self) -> None:
        """Try once, and go on in the background if the database is away.

        Raises:
            BadConfiguration: The database is not one for this version, or the configuration does not fit it.
        """
        try:
            self._open()
        except StoreUnavailable as error:
            log.warning("started_without_database", cause=error.cause)
            self._problem = AWAY  # until the work has begun: a database that answers is not enough
            self._thread.start()

    def problem(self) -> str | None:
        """Why the work has not begun; None once it has."""
        return self._problem

    def stop(self) -> None:
        """Try no more."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _open(self) -> None:
        self._store.open()
        self._begin()

    def _keep_trying(self) -> None:
        while not self._stopping.wait(RETRY_S):
            try:
                self._open()
            except StoreUnavailable:  # the store itself logs when this begins and ends
                continue
            except EgressError as error:
                self._note(error.sentence)
            else:
                self._note(None)
                log.info("database_opened")
                return

    def _note(self, problem: str | None) -> None:
        if problem is not None and problem != self._problem:
            log.error("work_not_started", error=problem)
        self._problem = problem
