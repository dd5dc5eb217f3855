"""The context passed to every use case."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.approval import ApprovalRequest
from bot.domain.audit import Event
from bot.domain.chain import AuditKey
from bot.domain.configuration import Configuration
from bot.domain.people import SYSTEM, AccountStatus, Identity, Person, Role
from bot.ports.azure import Clusters, Operations, Targets
from bot.ports.firewall_logs import FirewallLogs, NoLogs
from bot.ports.metrics import Metrics
from bot.ports.notice_events import NoticeEvent
from bot.ports.notice_levels import is_said
from bot.ports.notices import ABOUT, Notice, NoticeKind
from bot.ports.recent import RecentRules
from bot.ports.store import Store, Transaction


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Now, in UTC, aware."""
        ...


class Directory(Protocol):
    """The directory of people."""

    def resolve(self, identity: Identity) -> Identity:
        """Map a member of this organisation from another workspace to this team; others stay as they are.

        Raises:
            MembershipUnknown: If Slack could not be asked.
        """
        ...

    def person(
        self,
        identity: Identity,
        *,
        among: Collection[str] | None = None,
        is_fresh: bool = False,
        role: Role | None = None,
    ) -> Person:
        """Standing, roles and groups. What could not be asked is said in the answer, never taken for a no.

        Args:
            identity: Who.
            among: The configured groups to look into, by name; None for all, empty for the account alone.
            is_fresh: For a decision: nothing older than a few seconds counts.
            role: Only groups that give this role, and no further once one of them does.
        """
        ...

    def zone(self, identity: Identity) -> str:
        """The IANA time zone of a person; ``UTC`` where it is not known."""
        ...

    def name(self, identity: Identity) -> str:
        """The display name of a person as Slack last gave it; empty where it is not known. Asks nobody."""
        ...

    def standings(self, people: Collection[Identity]) -> Mapping[Identity, AccountStatus]:
        """What Slack says of each of these accounts; ``UNKNOWN`` where it does not say at once."""
        ...

    def email(self, identity: Identity) -> str:
        """The e-mail address in the person's Slack profile, asked for now; empty where Slack shows none.

        Raises:
            MembershipUnknown: If Slack could not be asked.
        """
        ...

    def members(self, group: str) -> tuple[Identity, ...] | None:
        """The people of a configured group; None where they could not be read."""
        ...


@dataclass(frozen=True, slots=True)
class Caller:
    """The person who acts, and the channel they act through.

    Args:
        identity: Who.
        via: ``slack:command``, ``slack:button``, ``slack:modal``, ``slack:home``, ``browser``, ``cli``, or
            ``api:TOKEN``.
        correlation: Connects all that comes of the act: audit events, notices, log lines. Empty if there is none.
    """

    identity: Identity
    via: str
    correlation: str = ""

    @property
    def token(self) -> str:
        """The name of the API token that acts for this person; empty for the person themselves."""
        kind, _, name = self.via.partition(":")
        return name if kind == "api" else ""


BOT = Caller(SYSTEM, "bot")
"""The actor when nobody clicked."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the product waits for Azure and between messages; the sandbox divides all of it.

    Args:
        batch_window: How long a wanted change waits for others to join it.
        resync: How often every target is compared, and the fleet read, although nobody asked.
        busy: How long to wait for another party's operation if Azure does not say.
        backoff: The first wait after a failure; it doubles up to ``resync``.
        message: How far apart messages begin once a burst has gone out. Slack takes several hundred a minute, and
            thousands sent without a pause make acks wait
            (https://docs.slack.dev/reference/methods/chat.postMessage, read 2026-11).
        divisor: By how much Azure's own Retry-After is shortened; 1 outside the sandbox.
    """

    batch_window: timedelta = timedelta(seconds=5)
    resync: timedelta = timedelta(minutes=12)
    busy: timedelta = timedelta(seconds=15)
    backoff: timedelta = timedelta(seconds=5)
    message: timedelta = timedelta(seconds=0.2)
    divisor: float = 1.0

    def faster(self, divisor: float) -> "Pace":
        """The same durations, each divided by a factor."""
        return Pace(
            batch_window=self.batch_window / divisor,
            resync=self.resync / divisor,
            busy=self.busy / divisor,
            backoff=self.backoff / divisor,
            message=self.message / divisor,
            divisor=self.divisor * divisor,
        )


class Resolver(Protocol):
    """Resolves names to addresses."""

    def addresses(self, names: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
        """The addresses of those that could be resolved; bounded in time, and silent about the others."""
        ...


class NoResolver:
    """Asks nobody: the default, because only the clusters' own DNS knows what their pods would be told."""

    def addresses(self, _names: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
        """Nothing is known."""
        return {}


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that a use case may need; it takes the part of Azure that it needs.

    ``metrics`` is None where they are switched off.
    """

    clusters: Clusters
    targets: Targets
    operations: Operations
    store: Store
    directory: Directory
    clock: Clock
    config: Configuration
    pace: Pace = field(default_factory=Pace)
    recent: RecentRules = field(default_factory=RecentRules)
    resolver: Resolver = field(default_factory=NoResolver)
    audit_key: Callable[[], AuditKey] | None = None
    metrics: Metrics | None = None
    logs: FirewallLogs = field(default_factory=NoLogs)


@dataclass(frozen=True, slots=True)
class UnitOfWork:
    """The transaction in which one act is recorded.

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
        """Append to the audit log, with the actor's name and what connects the act with what comes of it."""
        name = "" if event.actor == SYSTEM else self.ctx.directory.name(event.actor)
        correlation = event.correlation or self.caller.correlation
        self.tx.audit.append(replace(event, actor_name=event.actor_name or name, correlation=correlation))

    def tell(
        self, request: ApprovalRequest, event: NoticeEvent, *, also: Iterable[Identity] = (), **facts: str
    ) -> None:
        """Owe everybody concerned the news: the card, its thread, and each person once, also who filed it.

        Direct messages are left out where the person chose so; see ``bot.ports.notice_levels``.

        Args:
            request: The allowance or scale proposal, as it is now.
            event: What happened.
            also: Others whose outcome changed with it; the person who acts is not told what they did themselves.
            facts: What the words need beside the subject, for example what was left out.
        """
        body, owner = {"event": event, **self._connected, **facts}, request.owner.user
        self._owe_hooks(request, event, body)
        self.draw(request)
        if event is NoticeEvent.REQUESTED:
            return
        self._say(NoticeKind.THREAD, request, self.ctx.config.channel, body)
        concerned = {owner, *(one.user for one in (*also, request.filed_by) if one)}
        followers = {one.user for one in request.followers} - concerned
        others = (concerned | followers) - {owner, self.caller.identity.user}
        for user in (owner, *sorted(others)):
            if is_said(self.tx.notice_levels.get(user), body, is_followed=user in followers):
                self._say(NoticeKind.DIRECT, request, user, body)

    def draw(self, request: ApprovalRequest) -> None:
        """Owe its card, drawn again from the facts."""
        self.tx.outbox.add(Notice(NoticeKind.CARD, request.card_id, self.ctx.config.channel))

    def notify(self, request: ApprovalRequest, event: NoticeEvent, people: Iterable[Identity], **facts: str) -> None:
        """Owe the news to the card, its thread and these people alone.

        Args:
            request: The allowance or scale proposal.
            event: What happened.
            people: Who gets a direct message.
            facts: What the words in the thread need beside the subject.
        """
        body = {"event": event, **self._connected}
        self._owe_hooks(request, event, body)
        self.draw(request)
        self._say(NoticeKind.THREAD, request, self.ctx.config.channel, {**body, **facts})
        for user in sorted({one.user for one in people}):
            self._say(NoticeKind.DIRECT, request, user, body)

    @property
    def _connected(self) -> dict[str, str]:
        """What connects a notice with the act that it tells of."""
        return {"correlation": self.caller.correlation} if self.caller.correlation else {}

    def _owe_hooks(self, request: ApprovalRequest, event: NoticeEvent, body: Mapping[str, str]) -> None:
        """Other systems hear of each request by its own id."""
        for hook in self.ctx.config.hooks_for(event):
            self.tx.outbox.add(Notice(NoticeKind.WEBHOOK, request.id, hook.recipient, body))

    def _say(self, kind: NoticeKind, request: ApprovalRequest, recipient: str, body: Mapping[str, str]) -> None:
        """Under the card; where several requests share it, the notice says which of them it is about."""
        about = {ABOUT: request.id} if request.batch else {}
        self.tx.outbox.add(Notice(kind, request.card_id, recipient, {**body, **about}))
