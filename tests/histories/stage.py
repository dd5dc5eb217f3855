"""A stage for histories: replicas that die between any two steps, over the real store and a simulated Azure."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from bot import inventory
from bot.azure import AzureArm
from bot.azure.identity import IssuedToken
from bot.azure.settings import ArmSettings
from bot.domain.configuration import Configuration
from bot.ports import Context, Notice
from bot.ports.context import Directory
from bot.reconciler import Reconciler
from bot.reconciler.run import LEASE
from bot.sandbox.arm import ArmSubscription
from bot.sandbox.arm_transport import ArmTransport
from bot.sandbox.clock import ManualClock
from bot.sandbox.journal import Journal
from bot.sandbox.slack import SlackWorkspace
from bot.store import SqlStore
from bot.store.schema import metadata
from handlers.notify import SlackNotifier
from tests.build import AT_ONCE, SUBSCRIPTION, People, Said, config
from tests.histories.mortal import Fuse, Json, Killed, MortalStore, MortalTransport, Put, rules_in
from tests.histories.slackwire import SlackWire, workspace_at
from tests.tampering import without_triggers

GROUP = "rcg-aks-egress"


@dataclass
class Replica:
    """One process."""

    reconciler: Reconciler
    fuse: Fuse
    transport: MortalTransport
    azure: AzureArm
    wire: SlackWire


@dataclass
class Heard:
    """The real notifier; what it delivered is remembered beside.

    Args:
        notifier: Speaks to the simulated workspace.
        said: Remembers.
    """

    notifier: SlackNotifier
    said: Said

    def deliver(self, notice: Notice, now: datetime) -> None:
        """Say it to Slack, then remember it."""
        self.notifier.deliver(notice, now)
        self.said.deliver(notice, now)


@dataclass
class Stage:
    """Replicas, their database, their Azure, their Slack, and the time."""

    clock: ManualClock
    arm: ArmSubscription
    store: SqlStore
    ctx: Context
    azure: AzureArm
    slack: SlackWorkspace
    said: Said
    replicas: list[Replica] = field(default_factory=list)
    puts: list[Put] = field(default_factory=list)
    deaths: list[datetime] = field(default_factory=list)
    others: set[str] = field(default_factory=set)
    after_work: Callable[[], object] = bool

    def close(self) -> None:
        """Give back connections and threads."""
        for replica in self.replicas:
            replica.azure.close()
        self.azure.close()
        self.slack.close()
        self.store.close()

    def start(self) -> Replica:
        """One more process."""
        fuse = Fuse()
        transport = MortalTransport(self.arm, self.clock, fuse, self.puts)
        azure = AzureArm(
            IssuedToken(self.arm.issue_token),
            ArmSettings((SUBSCRIPTION,), retries=0),
            transport=transport,
            now=self.clock.now,
        )
        mortal = MortalStore(self.store, fuse)
        ctx = replace(self.ctx, clusters=azure, targets=azure, operations=azure, store=mortal)
        wire = SlackWire(self.slack, fuse)
        heard = Heard(SlackNotifier(wire, ctx.store, ctx.config), self.said)
        replica = Replica(Reconciler(ctx, heard, workers=0), fuse, transport, azure, wire)
        self.replicas.append(replica)
        return replica

    def work(self, replica: Replica) -> bool:
        """Let a replica do one piece of work; if it dies of it, another process takes its place."""
        try:
            has_worked = replica.reconciler.run_one()
        except Killed:
            self.deaths.append(self.clock.now())
            self.replicas.remove(replica)
            replica.azure.close()
            self.start()
            has_worked = True
        if has_worked:
            self.after_work()
        return has_worked

    def drain(self, *, at_most: int = 200) -> None:
        """Let all replicas work until nothing is due."""
        for _ in range(at_most):
            if not self._round(list(self.replicas)):
                return
        raise AssertionError("There is always something due: a hot loop.")

    def _round(self, replicas: list[Replica]) -> bool:
        """One piece of work for each; whether there was any."""
        return sum(self.work(replica) for replica in replicas) > 0

    def pass_time(
        self, by: timedelta, *, step: timedelta = timedelta(seconds=10), until: Callable[[], bool] = bool
    ) -> None:
        """Let time pass while everybody works, or until something holds."""
        end = self.clock.now() + by
        while self.clock.now() < end and not until():
            self.clock.advance(min(step, end - self.clock.now()))
            self.drain()

    def settle(self, *, at_most: timedelta = timedelta(hours=6)) -> None:
        """Work until nothing moves, then once more after a resync."""
        for _ in range(2):
            self._rest(at_most)
            self.pass_time(self.ctx.pace.resync * 1.1, step=timedelta(seconds=60))
        self._rest(at_most)

    def _rest(self, at_most: timedelta) -> None:
        end = self.clock.now() + at_most
        step = timedelta(seconds=10)
        while True:
            self.drain()
            if self.store.is_quiet() and not self.arm.has_running_operations():
                return
            assert self.clock.now() < end, "Something still moves."
            self.clock.advance(step)
            step = min(step * 1.2, timedelta(seconds=60))

    def hold_up(self, sleeper: Replica, *, meanwhile: timedelta) -> None:
        """At its next PUT a replica falls asleep, loses its lease, and wakes when others have gone on without it."""

        def asleep() -> None:
            awake = [replica for replica in self.replicas if replica is not sleeper]
            end = self.clock.now() + LEASE * 1.2 + meanwhile
            while self.clock.now() < end:
                self.clock.advance(timedelta(seconds=10))
                for _ in range(200):
                    if not self._round([replica for replica in awake if replica in self.replicas]):
                        break

        sleeper.transport.before_put = asleep

    def by_another(self, method: str, path: str, body: Json | None = None, **headers: str) -> None:
        """Another tool asks something of Azure; what becomes of it is not ours."""
        before = {each["id"] for each in self.arm.state()["operations"]}
        signed = {"Authorization": "Bearer other", "User-Agent": "other", **headers}
        self.arm.handle(method, f"https://other{path}", signed, body)
        self.others |= {each["id"] for each in self.arm.state()["operations"]} - before

    def resource(self, name: str) -> Json | None:
        """A resource whose id ends like this."""
        found = (body for key, body in self.arm.state()["resources"].items() if key.endswith(name.lower()))
        copy: Json | None = json.loads(json.dumps(next(found, None)))
        return copy

    def our_rules(self) -> Mapping[str, tuple[str, ...]]:
        """The names that the bot's rules open, by rule, in policies and classic firewalls."""
        return {
            rule["name"]: tuple(rule.get("targetFqdns") or rule["destinationFqdns"])
            for each in our_collections(self.arm)
            for rule in rules_in(each)
        }


def our_collections(arm: ArmSubscription) -> list[Json]:
    """Every collection of the bot."""
    return [each for each in _collections(arm.state()["resources"]) if each["name"].startswith("egress-")]


def _collections(resources: Json) -> Iterator[Json]:
    for key, body in resources.items():
        if "/rulecollectiongroups/" in key and "draft" not in key:
            yield from body["properties"]["ruleCollections"]
        elif "/azurefirewalls/" in key and key.count("/") == 8:
            yield from body["properties"].get("applicationRuleCollections", [])
            own = body["properties"].get("networkRuleCollections", [])
            yield from (each for each in own if each["name"].endswith(".net"))


def foreign_rules(resources: Json) -> str:
    """Everything that firewalls let through or deny and that is not ours, as text."""
    return "\n".join(sorted(json.dumps(_stable(each), sort_keys=True) for each in _foreign(resources)))


def _foreign(resources: Json) -> Iterator[Json]:
    yield from (each for each in _collections(resources) if not each["name"].startswith("egress-"))
    for key, body in resources.items():
        if "/azurefirewalls/" in key and key.count("/") == 8:
            yield {name: value for name, value in body["properties"].items() if name != "applicationRuleCollections"}


def _stable(value: Any) -> Any:
    """Without what Azure fills in by itself: ids of named children, empty fields, defaults of classic rules."""
    if isinstance(value, dict):
        filled = {"etag", "provisioningState", "size", "direction", *(["id", "type"] if "name" in value else [])}
        return {key: _stable(each) for key, each in value.items() if key not in filled and each}
    return [_stable(each) for each in value] if isinstance(value, list) else value


def build(
    store: SqlStore,
    clock: ManualClock,
    *,
    book: Configuration | None = None,
    directory: Directory | None = None,
    replicas: int = 2,
) -> Stage:
    """A stage at rest, over an empty database; the fixed inhabitants live there unless a directory says otherwise."""
    arm = ArmSubscription(clock, Journal(), speed=1.0)
    azure = AzureArm(
        IssuedToken(arm.issue_token),
        ArmSettings((SUBSCRIPTION,)),
        transport=ArmTransport(arm, clock),
        now=clock.now,
    )
    book = book or config()
    ctx = Context(azure, azure, azure, store, directory or People(book), clock, book, AT_ONCE)
    stage = Stage(clock, arm, store, ctx, azure, workspace_at(clock), Said())
    inventory.refresh(ctx)
    for _ in range(replicas):
        stage.start()
    return stage


def open_store(url: str, clock: ManualClock) -> SqlStore:
    """The store at simulated time."""
    return SqlStore(url, offset_s=clock.ahead_s)


def empty(store: SqlStore) -> None:
    """As after the migration."""
    with store._engine.begin() as connection, without_triggers(connection):
        for table in metadata.sorted_tables:
            if table.name != "audit_head":
                connection.execute(table.delete())
        reset = "UPDATE audit_head SET seq = 0, hash = :genesis, tree_size = 0, tree = ''"
        connection.execute(text(reset), {"genesis": "0" * 64})
