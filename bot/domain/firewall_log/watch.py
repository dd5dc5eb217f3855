"""A look at a firewall's log that goes on: while somebody tests, or for days to learn what a cluster needs."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.approval import Ending
from bot.domain.firewall_log.denied import Denied, merged, ranked
from bot.domain.firewall_log.next_step import StepKind
from bot.domain.fqdn import Destination
from bot.domain.people import Identity
from bot.domain.work import WorkKind


class WatchKind(StrEnum):
    """What it is for."""

    TEST = "test"
    LEARN = "learn"


TEST_FOR = timedelta(minutes=15)
"""How long somebody tests."""

LEARN_AT_MOST = timedelta(days=30)
"""How long learning goes on: tables on the usual plan keep as long without extra cost.

Source: https://learn.microsoft.com/azure/azure-monitor/logs/data-retention-configure, read 2026-11.
"""

EVERY = {WatchKind.TEST: timedelta(seconds=30), WatchKind.LEARN: timedelta(hours=1)}
"""How often the log is read."""

BEFORE = timedelta(minutes=5)
"""How much before its start a test looks, because people begin to watch once something has failed."""

MOST_KEPT = 500
"""Destinations that are kept; what was denied least recently goes first, and how many at least is said."""


@dataclass(frozen=True, slots=True)
class WatchItem:
    """A destination that was denied, or that an allow-all rule let through.

    Args:
        denied: What, how often, by what.
        step: What it would take, when the log was last read.
        sentence: The same for people.
        is_used: Whether an allow-all rule let it through instead.
    """

    denied: Denied
    step: StepKind
    sentence: str
    is_used: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A watch; its id begins with ``w``.

    Args:
        id: Its id.
        version: Grows with each change.
        kind: What it is for.
        cluster_id: Lower-case id of the cluster.
        cluster_name: Its name.
        starter: Who began it, and who is told.
        started_at: When it began.
        until: When it ends by itself.
        items: What was found so far, the newest and most frequent first.
        dropped: The most destinations that one reading left over; the next reading may find the same ones again.
        limits: What limits the last answer, in sentences.
        looked_at: When the log last answered; None before it has.
        draft: The id under which what can be requested is kept; empty if nothing can.
        stopped: Who ended it before its time; None if nobody did.
        ended_at: When it ended; None while it goes on.
        why: Why it ended before its time, if not by a person.
        looks_from: From when on it looks, if not from about its start.
    """

    id: str
    version: int
    kind: WatchKind
    cluster_id: str
    cluster_name: str
    starter: Identity
    started_at: datetime
    until: datetime
    items: tuple[WatchItem, ...] = ()
    dropped: int = 0
    limits: tuple[str, ...] = ()
    looked_at: datetime | None = None
    draft: str = ""
    stopped: Ending | None = None
    ended_at: datetime | None = None
    why: str = ""
    looks_from: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it goes on."""
        return self.ended_at is None

    @property
    def work_key(self) -> str:
        """The key of the work that looks again."""
        return f"{WorkKind.WATCH}:{self.id}"

    @property
    def since(self) -> datetime:
        """From when on it looks."""
        usual = self.started_at - (BEFORE if self.kind is WatchKind.TEST else timedelta())
        return self.looks_from or usual

    @property
    def requestable(self) -> tuple[Destination, ...]:
        """What a request can name."""
        named = (one.denied.destination for one in self.items if one.step.may_be_requested)
        return tuple(dict.fromkeys(one for one in named if one is not None))

    def seen(self, found: Iterable[WatchItem], limits: tuple[str, ...], now: datetime) -> "Watch":
        """With what another reading of the same time found; what left the log since stays."""
        new = {one.denied.key: one for one in found}
        old = {one.denied.key: one for one in self.items}
        steps = {**old, **new}
        together = merged((one.denied for one in old.values()), (one.denied for one in new.values()))
        kept = ranked(together)[:MOST_KEPT]
        items = tuple(replace(steps[one.key], denied=one) for one in kept)
        dropped = max(self.dropped, len(together) - len(kept))
        return replace(self, items=items, dropped=dropped, limits=limits, looked_at=now)

    def news_for(self, before: "Watch") -> tuple[WatchItem, ...]:
        """What was not known before."""
        known = {one.denied.key for one in before.items}
        return tuple(one for one in self.items if one.denied.key not in known)
