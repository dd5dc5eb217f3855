"""The database."""

from collections.abc import Collection
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Protocol

from bot.ports.audit_log import AuditIndex, AuditLog, AuditSeals
from bot.ports.metrics import PortUses
from bot.ports.notice_levels import NoticeLevels
from bot.ports.notices import Outbox
from bot.ports.partners import Partners
from bot.ports.probes import Probes
from bot.ports.records import Absences, Allowances, Campaigns, Challenges, Drafts, SavedSearches, Scales, Tokens
from bot.ports.snapshots import Snapshots
from bot.ports.watches import Watches
from bot.ports.work import Claim, Work


class Transaction(Protocol):
    """One database transaction: everything in it happens, or nothing; while one writes, no other does."""

    @property
    def allowances(self) -> Allowances:
        """Allowances as rows."""
        ...

    @property
    def scales(self) -> Scales:
        """Scale proposals as rows."""
        ...

    @property
    def campaigns(self) -> Campaigns:
        """Review campaigns as rows."""
        ...

    @property
    def absences(self) -> Absences:
        """Who is away, and who decides in their place."""
        ...

    @property
    def notice_levels(self) -> NoticeLevels:
        """How much each person is told."""
        ...

    @property
    def searches(self) -> SavedSearches:
        """Searches of the audit log that people keep."""
        ...

    @property
    def audit(self) -> AuditLog:
        """The append-only log."""
        ...

    @property
    def seals(self) -> AuditSeals:
        """Checkpoints and archives of the log."""
        ...

    @property
    def search_index(self) -> AuditIndex:
        """The search index of the log."""
        ...

    @property
    def work(self) -> Work:
        """The work to do."""
        ...

    @property
    def outbox(self) -> Outbox:
        """The notices due to Slack."""
        ...

    @property
    def snapshots(self) -> Snapshots:
        """Clusters as they were last read."""
        ...

    @property
    def challenges(self) -> Challenges:
        """Approvals that wait for a sign-in."""
        ...

    @property
    def drafts(self) -> Drafts:
        """The contents of buttons that are too long for Slack."""
        ...

    @property
    def tokens(self) -> Tokens:
        """API tokens."""
        ...

    @property
    def partners(self) -> Partners:
        """Who depends on the outbound IPs of clusters."""
        ...

    @property
    def watches(self) -> Watches:
        """Watches of firewall logs."""
        ...

    @property
    def probes(self) -> Probes:
        """Probes from inside clusters."""
        ...

    @property
    def port_uses(self) -> PortUses:
        """How full SNAT ports were at last."""
        ...


class Store(Protocol):
    """The database.

    Every method may raise ``StoreUnavailable``: nothing was recorded, or its sentence says that nobody knows.
    """

    def write(self) -> AbstractContextManager[Transaction]:
        """A transaction that changes something; commits when its block ends well."""
        ...

    def read(self) -> AbstractContextManager[Transaction]:
        """A consistent look."""
        ...

    def claim(self, owner: str, *, lease: timedelta, without: Collection[str] = ()) -> Claim | None:
        """Take the work that is longest due, if any is, of all kinds but those ``without``."""
        ...

    def wait(self, at_most: timedelta) -> None:
        """Wait until work may be due, or the time is over."""
        ...

    def ring(self) -> None:
        """Wake everybody who waits."""
        ...

    def release(self, owner: str) -> None:
        """Give back everything that one owner holds."""
        ...

    def is_quiet(self) -> bool:
        """Whether nothing is due, wanted, begun, held or unsent."""
        ...
