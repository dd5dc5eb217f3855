"""What is stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.allowance import Allowance
from bot.domain.audit import AuditFilter, ChainedEvent, Event
from bot.domain.people import Identity
from bot.domain.scale import Scale
from bot.domain.target import Target


@dataclass(frozen=True, slots=True)
class AllowanceFilter:
    """Which allowances to read, newest first; every condition that is set must hold.

    Args:
        target: Written by this writer.
        cluster: Name or id of the cluster.
        requester: Asked by this person.
        only_open: Only those to which something may still happen.
        before: Only ids that sort before this one: the key of the next page.
        limit: At most so many.
    """

    target: Target | None = None
    cluster: str | None = None
    requester: Identity | None = None
    only_open: bool = False
    before: str | None = None
    limit: int = 1000


class Allowances(Protocol):
    """Allowances as rows."""

    def get(self, allowance_id: str) -> Allowance:
        """One by id; raises ``UnknownAllowance``."""
        ...

    def find(self, wanted: AllowanceFilter) -> list[Allowance]:
        """Those that fit, newest first."""
        ...

    def targets(self) -> list[Target]:
        """Every target that has an open allowance."""
        ...

    def new_id(self, now: datetime) -> str:
        """An id that no allowance has."""
        ...

    def add(self, allowance: Allowance) -> None:
        """Store a new one."""
        ...

    def save(self, allowance: Allowance, *, is_open: bool) -> Allowance:
        """Store a changed one and return it with its next version; raises ``StaleVersion`` if somebody was faster."""
        ...


class Scales(Protocol):
    """Scale proposals as rows."""

    def get(self, scale_id: str) -> Scale:
        """One by id; raises ``UnknownScale``."""
        ...

    def find(self, cluster_id: str | None = None, *, only_open: bool = True) -> list[Scale]:
        """Those of a cluster or of all, newest first."""
        ...

    def new_id(self, now: datetime) -> str:
        """An id that no proposal has."""
        ...

    def add(self, scale: Scale) -> None:
        """Store a new one."""
        ...

    def save(self, scale: Scale, *, is_open: bool) -> Scale:
        """Store a changed one and return it with its next version; raises ``StaleVersion`` if somebody was faster."""
        ...


class AuditLog(Protocol):
    """The append-only log."""

    def append(self, event: Event) -> ChainedEvent:
        """Put an event at the end of the chain."""
        ...

    def find(self, wanted: AuditFilter, *, limit: int) -> list[ChainedEvent]:
        """Those that fit, newest first."""
        ...

    def chain(self, *, after: int, limit: int) -> list[ChainedEvent]:
        """Events with a number above ``after``, oldest first."""
        ...

    def head(self) -> tuple[int, str]:
        """The number and hash of the last event."""
        ...
