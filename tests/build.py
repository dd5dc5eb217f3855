"""Puts the product together for tests: the real store, the real Azure SDK, the simulated Azure, simulated time."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from math import ceil
from pathlib import Path

from bot.azure import AzureArm
from bot.azure.identity import IssuedToken
from bot.azure.settings import ArmSettings
from bot.config import checked_configuration, configuration_from
from bot.domain.configuration import Configuration
from bot.domain.egress import Fleet
from bot.domain.fqdn import parse_destination
from bot.domain.people import AccountStatus, Identity, Person
from bot.inventory.refreshing import keep
from bot.ports import Caller, Context, NoLogs, Notice, Pace
from bot.reconciler import Reconciler
from bot.sandbox.arm import ArmSubscription
from bot.sandbox.arm_transport import ArmTransport
from bot.sandbox.clock import ManualClock
from bot.sandbox.journal import Journal
from bot.store import SqlStore

TEAM = "TSANDBOX1"
SUBSCRIPTION = "00000000-0000-0000-0000-00000000a001"
CONFIG = Path(__file__).parent.parent / "bot" / "sandbox" / "egress.toml"


@cache
def config() -> Configuration:
    """The configuration that the sandbox ships."""
    return checked_configuration(configuration_from(CONFIG))


MEMBERS = {"SAPPROVE1": {"UAPP0001", "UAPP0002"}, "SAUDIT001": {"UAUD0001"}}
"""The user groups of the simulated workspace."""


EMAILS = {"UAPP0001": "ada@sandbox.example", "UAPP0002": "amir@sandbox.example"}
"""The e-mail addresses of its approvers."""


class People:
    """The user groups of the fixed inhabitants, as the simulated workspace has them."""

    def __init__(self, book: Configuration) -> None:
        self._book = book

    def resolve(self, identity: Identity) -> Identity:
        """Everybody is at home here."""
        return identity

    def person(self, identity: Identity, **_options: object) -> Person:
        """Roles and groups of a fixed inhabitant."""
        groups = [name for name in self._book.groups if identity in self.members(name)]
        roles = frozenset(role for name in groups for role in self._book.groups[name].roles)
        return Person(identity, roles, frozenset(groups))

    def zone(self, _identity: Identity) -> str:
        """Everybody is in UTC."""
        return "UTC"

    def name(self, identity: Identity) -> str:
        """As in the simulated workspace."""
        return f"Name of {identity.user}"

    def email(self, identity: Identity) -> str:
        """As in the simulated workspace."""
        return EMAILS.get(identity.user, "")

    def standings(self, people: Collection[Identity]) -> Mapping[Identity, AccountStatus]:
        """Everybody is a full member."""
        return dict.fromkeys(people, AccountStatus.ACTIVE)

    def members(self, group: str) -> tuple[Identity, ...]:
        """The people of a configured group."""
        configured = self._book.groups[group]
        users = configured.users | MEMBERS.get(configured.usergroup or "", set())
        return tuple(Identity(TEAM, user) for user in sorted(users))


@dataclass
class Said:
    """A notifier that only remembers: what Slack does with notices is tested with the simulated workspace."""

    notices: list[Notice] = field(default_factory=list)

    def deliver(self, notice: Notice, _now: datetime) -> None:
        """Remember a notice."""
        self.notices.append(notice)

    def events(self, subject: str) -> list[str]:
        """The events in a subject's thread, in order."""
        return [n.body["event"] for n in self.notices if n.subject == subject and n.kind == "thread"]


@dataclass
class World:
    """Everything that a test of the product without Slack needs."""

    clock: ManualClock
    arm: ArmSubscription
    store: SqlStore
    ctx: Context
    said: Said
    reconciler: Reconciler

    def tick(self, by: timedelta) -> None:
        """Let time pass."""
        self.clock.advance(by)

    def work(self, after: timedelta) -> None:
        """Let time pass, then do everything that is due."""
        self.tick(after)
        while self.reconciler.run_one():
            pass

    def settle(self, *, at_most: timedelta = timedelta(hours=1), step: timedelta = timedelta(seconds=5)) -> timedelta:
        """Work until nothing moves, letting time pass in small steps; how long that took.

        Raises:
            AssertionError: If something still moves at the end of ``at_most``.
        """
        taken = step
        self.work(step)  # what is due at this very moment by our clock may be due a moment later by the database's
        while (pause := self._pause(step)) is not None:
            assert taken < at_most, "Something still moves."
            pause = min(pause, max(step, at_most - taken))
            self.work(pause)
            taken += pause
        return taken

    def _pause(self, step: timedelta) -> timedelta | None:
        """So many steps that something is due after them: in those between, nothing would move. None at rest."""
        with self.store.read() as tx:
            is_quiet = tx.work.is_quiet() and tx.outbox.is_quiet()
            seconds, _ = tx.work.seconds_to_next()
        if is_quiet:
            return step if self.arm.has_running_operations() else None
        return max(1, ceil((seconds or 0) / step.total_seconds())) * step


def azure_at(arm: ArmSubscription, clock: ManualClock) -> AzureArm:
    """The real SDK before a simulated tenant."""
    settings = ArmSettings(subscriptions=(SUBSCRIPTION,))
    return AzureArm(IssuedToken(arm.issue_token), settings, transport=ArmTransport(arm, clock), now=clock.now)


@cache
def fleet_at_rest() -> Fleet:
    """What the SDK reads of a tenant to which nothing was done yet, at the time when every world begins: read once."""
    clock = ManualClock()
    return azure_at(ArmSubscription(clock, Journal(), speed=1.0), clock).read_fleet()


AT_ONCE = Pace(message=timedelta())
"""The product's own pace, but for messages: whoever drives the clock waits for none of them."""


def make_world(
    database_url: str, *, book: Configuration | None = None, pace: Pace | None = None, speed: float = 1.0
) -> World:
    """A world at rest: the fleet is known, nothing is asked. Azure's durations are divided by ``speed``."""
    clock = ManualClock()
    arm = ArmSubscription(clock, Journal(), speed=speed)
    book = book or config()
    store = SqlStore(database_url, offset_s=clock.ahead_s)
    azure = azure_at(arm, clock)
    logs = azure.firewall_logs(book.logs) if book.logs.enabled else NoLogs()
    ctx = Context(azure, azure, azure, store, People(book), clock, book, pace or AT_ONCE, logs=logs)
    said = Said()
    keep(ctx, fleet_at_rest())
    return World(clock, arm, store, ctx, said, Reconciler(ctx, said, workers=0))


def caller(user: str, via: str = "slack:command") -> Caller:
    """One of the fixed inhabitants."""
    return Caller(Identity(TEAM, user), via)


DEV, DEV2 = caller("UDEV0001"), caller("UDEV0002")
APPROVER, APPROVER2 = caller("UAPP0001", "slack:button"), caller("UAPP0002", "slack:button")
AUDITOR, OPERATOR = caller("UAUD0001"), caller("UOPS0001")

EXAMPLE = parse_destination("example.com")
