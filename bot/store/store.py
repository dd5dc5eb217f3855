"""The store: transactions, claims and waiting."""

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import structlog
from sqlalchemy import ColumnElement, Connection, func, select, update

from bot.domain.work import WorkKind
from bot.errors import BadConfiguration, EgressError, StoreBusy, StoreUnavailable
from bot.ports import Claim
from bot.store import schema
from bot.store.absences import SqlAbsences
from bot.store.audit_index import SqlAuditIndex
from bot.store.backups import back_up
from bot.store.chain import SqlAuditLog
from bot.store.challenges import SqlChallenges
from bot.store.clock_check import ClockCheck
from bot.store.drafts import SqlDrafts
from bot.store.engine import Database
from bot.store.guards import missing_guards
from bot.store.leases import SqlWork
from bot.store.migrate import LOCK, is_newer, migrate, pending
from bot.store.notice_levels import SqlNoticeLevels
from bot.store.outage import Outage
from bot.store.outbox import SqlOutbox
from bot.store.parsed import ParsedAllowances
from bot.store.partners import SqlPartners
from bot.store.port_uses import SqlPortUses
from bot.store.probes import SqlProbes
from bot.store.records import SqlAllowances, SqlCampaigns, SqlScales
from bot.store.seals import SqlAuditSeals
from bot.store.searches import SqlSavedSearches
from bot.store.snapshots import SqlSnapshots
from bot.store.tokens import SqlTokens
from bot.store.wake_signal import WakeSignal
from bot.store.watches import SqlWatches

log = structlog.get_logger(__name__)


class SqlTransaction:
    """``ports.Transaction`` in SQL: one connection, seen through one object for each kind of row."""

    def __init__(self, connection: Connection, now: ColumnElement[float], parsed: ParsedAllowances) -> None:
        self._connection = connection
        self.allowances = SqlAllowances(connection, parsed)
        self.scales = SqlScales(connection)
        self.campaigns = SqlCampaigns(connection)
        self.absences = SqlAbsences(connection)
        self.audit = SqlAuditLog(connection)
        self.search_index = SqlAuditIndex(connection)
        self.seals = SqlAuditSeals(connection)
        self.work = SqlWork(connection, now)
        self.outbox = SqlOutbox(connection, now, self.work)
        self.snapshots = SqlSnapshots(connection)
        self.challenges = SqlChallenges(connection)
        self.drafts = SqlDrafts(connection, now)
        self.notice_levels = SqlNoticeLevels(connection)
        self.searches = SqlSavedSearches(connection)
        self.tokens = SqlTokens(connection, now)
        self.partners = SqlPartners(connection)
        self.probes = SqlProbes(connection)
        self.port_uses = SqlPortUses(connection)
        self.watches = SqlWatches(connection)


SHORTEST_WAIT_S = 0.02
"""Seconds to wait where work was due but another replica was faster: never a busy loop."""


FILLING_BYTES = 64 * 1024
"""Bytes that a full database must accept before it counts as usable again: more than one act records."""


WRITING = LOCK + 1
"""The PostgreSQL advisory lock of writing transactions."""


ALONE = select(func.pg_advisory_xact_lock(WRITING))


def _no_offset() -> float:
    return 0.0


def _alone(connection: Connection) -> None:
    """Wait until no other transaction writes, as SQLite has it: two that change the same rows in two orders block."""
    if connection.dialect.name == "postgresql":
        connection.execute(ALONE)


class SqlStore:
    """``ports.Store`` on SQLite or PostgreSQL.

    Args:
        url: ``sqlite:///…`` for one process, ``postgresql+psycopg://…`` for several replicas.
        offset_s: How many seconds the product's clock is ahead of the database's; asked at each transaction.

    Raises:
        BadConfiguration: If the URL cannot be used.
    """

    def __init__(self, url: str, *, offset_s: Callable[[], float] = _no_offset) -> None:
        self._outage = Outage()
        self._parsed = ParsedAllowances()
        self._database = Database(url, self._note, offset_s)
        self._engine = self._database.engine
        self._bell = WakeSignal(self._engine)
        self._last_look = (0, 0.0)
        self._clock = ClockCheck()

    def _note(self, error: StoreUnavailable | None) -> None:
        if error is not None and not isinstance(error, StoreBusy):
            self._parsed.forget()
        self._outage.note(error)

    def migrate(self) -> None:
        """Bring the database to this version's schema."""
        migrate(self._engine)

    def require_migrated(self) -> None:
        """Nothing, if the database has this version's schema.

        Raises:
            BadConfiguration: If it was never migrated, or only by older versions.
        """
        with self._database.transaction(is_read=True) as connection:
            found, wanted = pending(connection)
        if found != wanted and not is_newer(found, wanted):
            raise BadConfiguration(
                f"The database has {f'schema {found}' if found else 'no tables'}, but this version needs {wanted}: "
                "run python -m bot migrate."
            )

    def open(self) -> None:
        """Migrate, and clear the leases of a process that is gone: what a process does first.

        If it cannot be done, every other use of this store is refused for the same reason until it has been.

        Raises:
            BadConfiguration: The database is not one for this version.
            StoreUnavailable: It cannot be used now; the sentence says why.
        """
        try:
            self.migrate()
        except (BadConfiguration, StoreUnavailable) as error:
            self._database.refuse(error)
            raise
        self._database.refuse(None)
        self._take_over()

    def _take_over(self) -> None:
        """Clear old leases where nobody else can hold one: on SQLite, at start, under the process lock."""
        if self._engine.dialect.name == "sqlite":
            with self.write() as tx:
                tx.work.release_all()

    @contextmanager
    def write(self) -> Iterator[SqlTransaction]:
        """A transaction that changes something, one after the other; commits when its block ends well."""
        with self._database.transaction() as connection:
            _alone(connection)
            made = SqlTransaction(connection, self._database.now, self._parsed)
            yield made
            if made.work.is_asked:
                self._bell.announce(connection)
        self._parsed.share(made.allowances.fresh)
        if made.work.is_moved:
            self._bell.ring()

    @contextmanager
    def read(self) -> Iterator[SqlTransaction]:
        """A consistent look."""
        with self._database.transaction(is_read=True) as connection:
            made = SqlTransaction(connection, self._database.now, self._parsed)
            yield made
        self._parsed.share(made.allowances.fresh)

    def claim(self, owner: str, *, lease: timedelta, without: Collection[str] = ()) -> Claim | None:
        """Take the work that is longest due, if any is; a look that finds none costs one read and tells ``wait``."""
        if self._outage.cause is not None:
            self._prove()
        mark = self._bell.mark
        with self.read() as tx:
            seconds, now = tx.work.seconds_to_next(without)
        if step_s := self._clock.was_set_by(now):
            log.warning("clock_set", by_s=round(step_s))
        if step_s < 0:
            with self.write() as tx:
                tx.work.look_again(lease=lease)
            seconds = 0.0
        self._last_look = (mark, threading.TIMEOUT_MAX if seconds is None else seconds)
        if seconds is None or seconds > 0:
            return None
        with self._database.transaction() as connection:
            return SqlWork(connection, self._database.now).claim(owner, lease=lease, without=without)

    def release(self, owner: str) -> None:
        """Give back everything that one owner holds."""
        with self.write() as tx:
            tx.work.release(owner)

    def wait(self, at_most: timedelta) -> None:
        """Wait until work is due as the last look said, something was rung since, or the time is over; asks nothing."""
        mark, seconds = self._last_look
        self._bell.wait(min(max(seconds, SHORTEST_WAIT_S), at_most.total_seconds()), mark=mark)

    def ring(self) -> None:
        """Wake everybody who waits: time was moved, or the process is about to end."""
        self._bell.ring()

    def is_quiet(self) -> bool:
        """Whether nothing is due, wanted, begun, held or unsent."""
        with self.read() as tx:
            return tx.work.is_quiet() and tx.outbox.is_quiet()

    def problem(self) -> str | None:
        """Why nothing can be recorded now, as a sentence; None if it can, proven by recording something."""
        try:
            self._prove()
        except EgressError as error:
            return error.sentence
        return None

    def _prove(self) -> None:
        """Record something that changes nothing; after a failure as much as an act may record."""
        with self._database.transaction() as connection:
            if self._outage.cause is None:
                connection.execute(update(schema.work).filter_by(key=WorkKind.TIMERS).values(kind=schema.work.c.kind))
            else:
                SqlWork(connection, self._database.now).fill_and_empty(FILLING_BYTES)

    def missing_guards(self) -> tuple[str, ...]:
        """Triggers that should keep the audit log from being changed and are not there, or are switched off."""
        with self._database.transaction(is_read=True) as connection:
            return missing_guards(connection)

    def back_up(self, file: Path) -> None:
        """Copy a SQLite database to a file while it is used.

        Raises:
            BadConfiguration: It is a PostgreSQL.
            InvalidInput: The file exists, or cannot be written.
        """
        back_up(self._engine, file)

    def now_s(self) -> float:
        """The database's clock with its offset, in seconds since 1970."""
        with self._database.transaction(is_read=True) as connection:
            return float(connection.scalar(select(func.coalesce(self._database.now, 0.0))) or 0.0)

    def close(self) -> None:
        """Give up all connections."""
        self._bell.close()
        self._engine.dispose()
