"""What the use cases need from the outside, and nothing of how it is done."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from bot.domain.allowance import Allowance
from bot.domain.audit import AuditFilter, ChainedEvent, Event
from bot.domain.egress import Change, ClusterEgress, Fleet, Period, RequiredEndpoint, RequiredEndpoints
from bot.domain.firewall import RuleCollection, RuleSet
from bot.domain.people import Identity, Person
from bot.domain.scale import Scale
from bot.domain.settings import Rulebook
from bot.domain.snat import ScalePlan
from bot.domain.target import Target


@dataclass(frozen=True, slots=True)
class Operation:
    """An ARM long-running operation that was accepted.

    Args:
        url: The ``Azure-AsyncOperation`` URL, signed by Azure: followed as it is.
        look_after: When Azure wants to be asked again, counted from the answer.
    """

    url: str
    look_after: timedelta


@dataclass(frozen=True, slots=True)
class OperationState:
    """What Azure says of an operation now.

    Args:
        status: ``InProgress``, ``Succeeded``, ``Failed`` or ``Canceled``.
        look_after: When to look again while it is in progress.
        code: Azure's error code where it failed.
        message: Azure's own words where it failed.
    """

    status: str
    look_after: timedelta = timedelta()
    code: str | None = None
    message: str | None = None

    @property
    def is_running(self) -> bool:
        """Whether it still has to be waited for."""
        return self.status not in ("Succeeded", "Failed", "Canceled")


@dataclass(frozen=True, slots=True)
class ObservedTarget:
    """What a target holds now, read in one go right before a write.

    Args:
        collections: Our own rule collections, as Azure returns them, empty where none exist.
        foreign: A digest of everything in the written resource that is not ours.
        etag: For ``If-Match``; None where the resource does not exist yet.
        is_updating: Whether Azure works on the resource, or on one that locks it, right now.
        has_failed: Whether Azure's last update of the target failed, so that the same rules must be put again.
        size_bytes: What Azure counts for our rule collection group, where it says so.
        group_count: How many rule collection groups the policy has, ours included.
        draft: Who or what a draft of this policy is, if somebody has one open.
        raw: The whole body of the written resource, for a read-modify-write; None where it does not exist.
    """

    collections: tuple[RuleCollection, ...]
    foreign: str
    etag: str | None
    is_updating: bool
    has_failed: bool = False
    size_bytes: int | None = None
    group_count: int = 0
    draft: str | None = None
    raw: str | None = None


class Arm(Protocol):
    """Azure Resource Manager. Every method may raise the ``Arm…`` errors of ``bot.errors``."""

    def read_fleet(self) -> Fleet:
        """All clusters of the configured subscriptions, eventually consistent, with its age."""
        ...

    def read_egress(self, cluster_id: str) -> ClusterEgress:
        """One cluster as it is now: paths, outbound IPs, ingress IPs, sources, firewall target."""
        ...

    def read_required_endpoints(self, cluster_id: str) -> tuple[RequiredEndpoint, ...]:
        """The cluster's published outbound dependencies."""
        ...

    def read_rules(self, target: Target) -> RuleSet:
        """Every rule that the firewall evaluates, parent policies first."""
        ...

    def observe(self, target: Target) -> ObservedTarget:
        """What our own part of the target holds now."""
        ...

    def begin_write(self, target: Target, collections: Sequence[RuleCollection], seen: ObservedTarget) -> Operation:
        """Replace our own part of the target; nothing else in it changes. Never waits for the end."""
        ...

    def begin_scale(self, plan: ScalePlan) -> Operation:
        """Set the managed outbound IP counts of the plan, on the etag it was made from. Never waits for the end."""
        ...

    def look(self, operation: Operation) -> OperationState:
        """Ask once how an operation stands."""
        ...


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Now, in UTC, aware."""
        ...


class NoticeKind(StrEnum):
    """How a notice reaches people."""

    CARD = "card"
    THREAD = "thread"
    DIRECT = "direct"
    CHANNEL = "channel"


NOTICES = "notices"
"""The work key of whoever sends notices."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What we owe Slack to say. It carries no wording: what is said is rendered from the facts when it is sent.

    Args:
        kind: A card is drawn or redrawn; a thread entry goes under the card; a direct message goes to a person.
        subject: Id of the allowance, scale proposal or target that it is about.
        recipient: Channel id, or user id for a direct message.
        body: What the wording needs beside the subject, for example ``{"event": "live"}``.
        id: Its number in the outbox, 0 before it is stored.
        attempts: How often it was tried.
    """

    kind: NoticeKind
    subject: str
    recipient: str
    body: Mapping[str, str] = field(default_factory=dict)
    id: int = 0
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """A lease on one piece of work.

    Args:
        key: ``rules:…``, ``scale:…``, ``notices`` or ``timers``.
        owner: Who holds it.
        token: The fencing token: every write of this holder names it.
        wanted: The generation that this run serves.
        failures: How many runs in a row have failed.
        parked: The operation that is waited for, if any.
        memo: What earlier runs left.
    """

    key: str
    owner: str
    token: int
    wanted: int
    failures: int
    parked: Mapping[str, Any] | None
    memo: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Finish:
    """How a run ends.

    Args:
        due_in: When to run again even if nobody asks; None for never.
        is_done: Whether the generation was served.
        failures: Failures in a row so far.
        parked: The operation that has to be waited for.
        memo: What the next run must know.
        events: Recorded together with it.
    """

    due_in: timedelta | None
    is_done: bool = True
    failures: int = 0
    parked: Mapping[str, Any] | None = None
    memo: Mapping[str, Any] = field(default_factory=dict)
    events: tuple[Event, ...] = ()


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


class Work(Protocol):
    """Work rows, in the caller's transaction."""

    def wake(self, key: str, *, within: timedelta) -> None:
        """Ask for one more run, at the latest ``within`` from now; never later than what is due already."""
        ...

    def schedule(self, key: str, *, within: timedelta) -> None:
        """Have it run at the latest ``within`` from now, without anything being asked for."""
        ...

    def hold(self, claim: Claim, *, lease: timedelta) -> None:
        """Prove and prolong a lease; raises ``LeaseLost``."""
        ...

    def remember(self, claim: Claim, memo: Mapping[str, Any]) -> None:
        """Keep what the next run must know, whoever runs it; raises ``LeaseLost``."""
        ...

    def finish(self, claim: Claim, end: Finish) -> None:
        """Give a lease back; raises ``LeaseLost``."""
        ...


class Outbox(Protocol):
    """Notices, in the caller's transaction."""

    def add(self, notice: Notice) -> None:
        """Owe a notice. A card that is owed already is owed once."""
        ...

    def due(self, *, limit: int) -> list[Notice]:
        """Those to be sent now, oldest first."""
        ...

    def next_due_in(self) -> timedelta | None:
        """How long until the next one is due; None if none waits."""
        ...

    def mark_sent(self, notice: Notice) -> None:
        """It was sent."""
        ...

    def mark_failed(self, notice: Notice, why: str, *, retry_in: timedelta | None) -> None:
        """It was not sent; None gives it up and keeps the reason."""
        ...

    def card(self, subject: str, channel: str) -> str | None:
        """The Slack timestamp of a card."""
        ...

    def put_card(self, subject: str, channel: str, ts: str) -> None:
        """Remember where a card is."""
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """When all clusters were last read together.

    Args:
        read_at: When it began.
        gaps: A sentence for each subscription that could not be read; its clusters are older than ``read_at``.
    """

    read_at: datetime
    gaps: tuple[str, ...] = ()


class Snapshots(Protocol):
    """Clusters as they were last read, and what their outbound IPs were before."""

    def put(self, egress: ClusterEgress, read_at: datetime) -> Change | None:
        """Keep one cluster as it was read; a change of its outbound IPs is returned to exactly one caller."""
        ...

    def put_fleet(self, fleet: Fleet) -> tuple[Change, ...]:
        """Keep all clusters as they were read, forget those that are gone from subscriptions that were read."""
        ...

    def forget(self, cluster_id: str, at: datetime) -> None:
        """A cluster does not exist any more; its history stays."""
        ...

    def reading(self) -> Reading | None:
        """When all clusters were last read together; None before the first time."""
        ...

    def get(self, cluster_id: str) -> tuple[ClusterEgress, datetime] | None:
        """A cluster as last read, and when."""
        ...

    def named(self, name: str) -> list[ClusterEgress]:
        """The clusters with this name or ARM id, whatever its case."""
        ...

    def all(self) -> list[ClusterEgress]:
        """Every cluster, by name."""
        ...

    def periods(self, since: datetime | None = None, until: datetime | None = None) -> list[Period]:
        """The periods that touch the time from ``since`` up to but without ``until``, newest first."""
        ...

    def watched_since(self) -> datetime | None:
        """The beginning of what is on record; None where nothing is."""
        ...

    def put_endpoints(self, cluster_id: str, found: RequiredEndpoints, checked_at: datetime) -> None:
        """Keep what the required endpoints of a cluster were found to be."""
        ...

    def endpoints(self, cluster_id: str | None = None) -> Mapping[str, tuple[RequiredEndpoints, datetime]]:
        """What was found of one cluster, or of all, by cluster id, and when."""
        ...


class Transaction(Protocol):
    """One database transaction: everything in it happens, or nothing."""

    @property
    def allowances(self) -> Allowances:
        """Allowances as rows."""
        ...

    @property
    def scales(self) -> Scales:
        """Scale proposals as rows."""
        ...

    @property
    def audit(self) -> AuditLog:
        """The append-only log."""
        ...

    @property
    def work(self) -> Work:
        """What has to be done."""
        ...

    @property
    def outbox(self) -> Outbox:
        """What we owe Slack."""
        ...

    @property
    def snapshots(self) -> Snapshots:
        """Clusters as they were last read."""
        ...


class Store(Protocol):
    """The database. Every method may raise ``StoreBusy``: then nothing was recorded."""

    def write(self) -> AbstractContextManager[Transaction]:
        """A transaction that changes something; commits when its block ends well."""
        ...

    def read(self) -> AbstractContextManager[Transaction]:
        """A consistent look."""
        ...

    def claim(self, owner: str, *, lease: timedelta) -> Claim | None:
        """Take the work that is longest due, if any is."""
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
        """Whether nothing is due, wanted, parked, held or unsent."""
        ...


class Notifier(Protocol):
    """Slack, as the one who is told."""

    def deliver(self, notice: Notice, now: datetime) -> None:
        """Say it; raises the ``Slack…`` errors of ``bot.errors``."""
        ...


class Directory(Protocol):
    """Who people are now."""

    def person(self, identity: Identity, *, is_fresh: bool = False) -> Person:
        """Roles and groups; fresh for a decision. Nobody belongs to a group that cannot be read."""
        ...

    def members(self, group: str) -> tuple[Identity, ...]:
        """The people of a configured group."""
        ...


@dataclass(frozen=True, slots=True)
class Caller:
    """Who acts, and through what.

    Args:
        identity: Who.
        via: ``slack:command``, ``slack:button``, ``slack:modal``, ``slack:home`` or ``cli``.
    """

    identity: Identity
    via: str


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the product waits for Azure; the sandbox divides all of it.

    Args:
        batch_window: How long a wanted change waits for others to join it.
        resync: How often every target is compared although nobody asked.
        busy: How long to wait for somebody else's operation where Azure does not say.
        backoff: The first wait after a failure; it doubles up to ``resync``.
        divisor: By how much Azure's own Retry-After is shortened; 1 outside the sandbox.
    """

    batch_window: timedelta = timedelta(seconds=5)
    resync: timedelta = timedelta(minutes=12)
    busy: timedelta = timedelta(seconds=15)
    backoff: timedelta = timedelta(seconds=5)
    divisor: float = 1.0

    def faster(self, divisor: float) -> "Pace":
        """The same, all of it divided."""
        return Pace(
            batch_window=self.batch_window / divisor,
            resync=self.resync / divisor,
            busy=self.busy / divisor,
            backoff=self.backoff / divisor,
            divisor=self.divisor * divisor,
        )


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that a use case may need."""

    arm: Arm
    store: Store
    directory: Directory
    clock: Clock
    rulebook: Rulebook
    pace: Pace = field(default_factory=Pace)


@dataclass(frozen=True, slots=True)
class Desk:
    """Where one act is put on record.

    Args:
        ctx: The context.
        tx: The transaction that the act is committed in.
        caller: Who acts.
    """

    ctx: Context
    tx: Transaction
    caller: Caller

    @property
    def now(self) -> datetime:
        """The time of the act."""
        return self.ctx.clock.now()

    def audit(self, event: Event) -> None:
        """Append to the audit log."""
        self.tx.audit.append(event)

    def tell(self, subject: str, requester: Identity, event: str) -> None:
        """Owe everybody concerned the news: the card, its thread, and who asked."""
        channel, body = self.ctx.rulebook.channel, {"event": event}
        self.tx.outbox.add(Notice(NoticeKind.CARD, subject, channel))
        if event != "requested":
            self.tx.outbox.add(Notice(NoticeKind.THREAD, subject, channel, body))
            self.tx.outbox.add(Notice(NoticeKind.DIRECT, subject, requester.user, body))
