"""Outbound IPs over time: only changes are kept, found by date, and announced once if nobody made them through us."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot import inventory, scaling
from bot.approvals import Decision
from bot.azure import AzureArm
from bot.azure.identity import IssuedToken
from bot.azure.settings import ArmSettings
from bot.domain.audit import Action, AuditFilter, ChainedEvent
from bot.domain.egress import ClusterRef, Fleet, IpChange
from bot.domain.snat import CountGoal
from bot.errors import InvalidInput, UnknownCluster
from bot.ports import Context, Notice
from bot.sandbox.arm_transport import ArmTransport
from bot.scaling import Wish
from bot.store import SqlStore
from handlers import commands, history
from tests.azure.stage import cluster_id
from tests.build import APPROVER, DEV, SUBSCRIPTION, World, make_world
from tests.flows.writer_stage import until_writing
from tests.listeners.calling import pressed, text_of, typed

OLD, NEW = "20.126.14.246", "20.99.1.1"


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest, its fleet read once."""
    made = make_world(database_url)
    yield made
    made.store.close()


def move(world: World, old: str, new: str) -> None:
    """Give the public IP resource that has an address another one, as if it had been replaced by hand."""
    resources = world.arm.state()["resources"]
    (id_,) = [key for key, body in resources.items() if body.get("properties", {}).get("ipAddress") == old]
    body = resources[id_]
    body["properties"]["ipAddress"] = new
    world.arm.put_resource(id_, body)
    world.tick(timedelta(minutes=5))


def news(world: World) -> list[Notice]:
    """The channel's notices about changed outbound IPs."""
    world.tick(timedelta(seconds=1))  # what is due at this very moment by our clock may be due a moment later
    with world.store.read() as tx:
        return [n for n in tx.outbox.due(limit=1000) if n.body.get("event") == "egress-change"]


def events(world: World) -> list[ChainedEvent]:
    """Their audit events."""
    with world.store.read() as tx:
        return tx.audit.find(AuditFilter(action=str(Action.EGRESS_CHANGE)), limit=1000)


def test_a_foreign_change_is_announced_once(world: World) -> None:
    """By whichever reading sees it first; reading again says nothing more."""
    move(world, OLD, NEW)
    inventory.refresh(world.ctx)
    inventory.refresh(world.ctx)
    inventory.show(world.ctx, DEV, "aks-lb")

    (notice,), (event,) = news(world), events(world)
    assert (notice.subject, notice.recipient) == (cluster_id("aks-lb"), "CEGRESS01")
    assert f"Added: {NEW}. Removed: {OLD}." in notice.body["text"]
    assert event.event.cluster == "aks-lb"
    assert dict(event.event.detail)["before"] == OLD


def test_show_sees_it_too(world: World) -> None:
    """A live read between two refreshes is a reading like any other."""
    move(world, OLD, NEW)
    inventory.show(world.ctx, DEV, "aks-lb")
    inventory.refresh(world.ctx)

    assert len(news(world)) == len(events(world)) == 1


def test_replicas_that_see_the_same_change(world: World, database_url: str) -> None:
    """Several processes on one database, at the same time: one announcement."""
    others = [SqlStore(database_url, offset_s=world.clock.ahead_s) for _ in range(4)]
    contexts = [replace(world.ctx, store=store) for store in others]
    move(world, OLD, NEW)

    def look(ctx: Context) -> None:
        inventory.show(ctx, DEV, "aks-lb")
        inventory.refresh(ctx)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(look, contexts))
    for store in others:
        store.close()

    assert len(news(world)) == len(events(world)) == 1
    with world.store.read() as tx:
        assert [p.ips for p in tx.snapshots.periods() if p.ref.name == "aks-lb"] == [(NEW,), (OLD,)]


def test_clusters_behind_one_firewall_are_said_together(world: World) -> None:
    """One notice names both; the audit log has both."""
    move(world, "13.95.91.166", "13.95.91.200")
    inventory.refresh(world.ctx)

    (notice,) = news(world)
    assert "The same for aks-udr-agic" in notice.body["text"]
    assert {chained.event.cluster for chained in events(world)} == {"aks-udr", "aks-udr-agic"}


def test_our_own_scale_is_recorded_as_ours(world: World) -> None:
    """However often the cluster is read while and after Azure works: once, and not as somebody else's."""
    made = scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(3), "more"))
    scaling.decide(world.ctx, APPROVER, Decision(made.id, True))
    for _ in range(60):
        while world.reconciler.run_one():
            pass
        inventory.show(world.ctx, DEV, "aks-lb")
        world.tick(timedelta(seconds=5))
    inventory.refresh(world.ctx)

    assert scaling.get(world.ctx, DEV, made.id).done_at is not None
    assert len(inventory.show(world.ctx, DEV, "aks-lb").egress.ips) == 3
    told = [notice for notice in world.said.notices if notice.body.get("event") == "egress-change"]
    assert (told, news(world)) == ([], [])
    (event,) = events(world)
    assert dict(event.event.detail)["scale"] == made.id
    with world.store.read() as tx:
        assert [len(p.ips) for p in tx.snapshots.periods() if p.ref.name == "aks-lb"] == [3, 1]


def test_a_foreign_change_after_our_scale(world: World) -> None:
    """Our scale excuses its own change, not the next one."""
    made = scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(2), "more"))
    scaling.decide(world.ctx, APPROVER, Decision(made.id, True))
    world.settle()
    inventory.refresh(world.ctx)
    world.tick(timedelta(minutes=5))
    move(world, OLD, NEW)
    inventory.refresh(world.ctx)

    theirs, ours = (dict(one.event.detail).get("scale") for one in events(world))
    assert (theirs, ours) == (None, made.id)
    assert len(news(world)) == 1


def test_what_a_plan_did_not_foresee_is_not_ours(world: World) -> None:
    """While addresses are added, somebody replaces one: that was not the plan's doing."""
    made = scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(2), "more"))
    scaling.decide(world.ctx, APPROVER, Decision(made.id, True))
    until_writing(world)
    move(world, OLD, NEW)
    inventory.show(world.ctx, DEV, "aks-lb")
    assert "scale" not in dict(events(world)[0].event.detail)


class Lagging(AzureArm):
    """Azure whose Resource Graph is behind: live reads are as things are, the fleet is what it was."""

    late: Fleet

    def read_fleet(self) -> Fleet:
        """The same as ever."""
        return self.late


def test_a_resource_graph_that_lags_behind(world: World) -> None:
    """A late row neither takes back what a live read saw nor is announced as a change back."""
    late = world.ctx.clusters.read_fleet()
    move(world, OLD, NEW)
    inventory.show(world.ctx, DEV, "aks-lb")
    world.tick(timedelta(minutes=5))
    settings, transport = ArmSettings((SUBSCRIPTION,)), ArmTransport(world.arm, world.clock)
    lagging = Lagging(IssuedToken(world.arm.issue_token), settings, transport=transport, now=world.clock.now)
    lagging.late = replace(late, read_at=world.clock.now())
    inventory.refresh(replace(world.ctx, clusters=lagging))

    assert len(events(world)) == 1
    with world.store.read() as tx:
        (known,) = tx.snapshots.named("aks-lb")
    assert [ip.address for ip in known.ips] == [NEW]


def test_what_cannot_be_read_is_no_change(world: World) -> None:
    """A right that was taken away hides addresses; they have not changed."""
    fault = {"method": "GET", "path": "publicIPAddresses", "times": 9, "status": 403, "code": "AuthorizationFailed"}
    world.arm.add_fault(fault)
    world.tick(timedelta(minutes=5))
    report = inventory.show(world.ctx, DEV, "aks-lb")

    assert "unreadable" in [warning.code for warning in report.egress.warnings]
    assert events(world) == []
    with world.store.read() as tx:
        assert [p.until for p in tx.snapshots.periods() if p.ref.name == "aks-lb"] == [None]


def test_only_changes_are_kept(world: World) -> None:
    """A hundred readings of the same are one row for each cluster."""
    for _ in range(5):
        world.tick(timedelta(minutes=5))
        inventory.refresh(world.ctx)
    with world.store.read() as tx:
        periods = tx.snapshots.periods()
    assert len(periods) == 13
    assert all(period.until is None for period in periods)


def test_whois_at_a_date(world: World) -> None:
    """Who left through it then, also where the address is another cluster's or nobody's now."""
    began = world.clock.now()
    world.tick(timedelta(days=3))
    move(world, OLD, NEW)
    inventory.refresh(world.ctx)

    def names(address: str, date: str) -> list[str]:
        return [period.ref.name for period in inventory.whois(world.ctx, DEV, address, date).periods]

    day_one, today = f"{began:%Y-%m-%d}", f"{world.clock.now():%Y-%m-%d}"
    before = f"{began - timedelta(days=2):%Y-%m-%d}"
    assert (names(OLD, day_one), names(NEW, day_one), names(OLD, before)) == (["aks-lb"], [], [])
    assert (names(NEW, today), names(OLD, today)) == (["aks-lb"], ["aks-lb"])
    assert names(OLD, f"{began + timedelta(hours=1):%Y-%m-%dT%H:%M}") == ["aks-lb"]
    assert names("20.105.64.18", day_one) == ["aks-lb-own"], "an address of a prefix"
    now = inventory.whois(world.ctx, DEV, OLD)
    assert (now.leaving, [p.ref.name for p in now.periods]) == ((), ["aks-lb"])


def test_a_cluster_that_does_not_exist_any_more(world: World) -> None:
    """Its time is over, its history stays; on record, but no news where nobody depends on its addresses."""
    world.arm.delete_resource(cluster_id("aks-lb"))
    world.tick(timedelta(days=1))
    inventory.refresh(world.ctx)

    (period,) = inventory.whois(world.ctx, DEV, OLD, "2026-11-02").periods
    assert (period.ref.name, period.until) == ("aks-lb", world.clock.now())
    (event,) = events(world)
    assert event.event.reason == f"The cluster was deleted in Azure. Removed: {OLD}."
    assert news(world) == []
    assert [one.change.kind for one in inventory.history(world.ctx, DEV, "aks-lb").events] == ["deleted", "first"]
    with pytest.raises(UnknownCluster):
        inventory.show(world.ctx, DEV, "aks-lb")


def test_deleted_while_it_is_looked_at(world: World) -> None:
    """The snapshot still has it, Azure does not: said plainly, and the list follows."""
    world.arm.delete_resource(cluster_id("aks-lb"))
    with pytest.raises(UnknownCluster, match="deleted in Azure"):
        inventory.show(world.ctx, DEV, "AKS-LB")

    assert "aks-lb" not in [egress.ref.name for egress in inventory.fleet(world.ctx, DEV, "").clusters]
    assert inventory.whois(world.ctx, DEV, OLD).periods[0].until is not None


@pytest.mark.parametrize(
    ("address", "date", "words"),
    [
        ("10.0.0.4", "", "private"),
        ("127.0.0.1", "", "private or reserved"),
        ("fe80::1", "", "private or reserved"),
        ("300.1.2.3", "", "not an IP address"),
        ("aks-lb", "", "not an IP address"),
        ("20.105.64.16/30", "", "one address is enough"),
        (OLD, "yestrday", "not a valid date"),
        (OLD, "2026-13-01", "not a valid date"),
        (OLD, "2099-01-01", "in the future"),
    ],
)
def test_bad_questions(world: World, address: str, date: str, words: str) -> None:
    """Each gets the sentence that says what would be right."""
    with pytest.raises(InvalidInput, match=words):
        inventory.whois(world.ctx, DEV, address, date)


def test_a_change_names_what_came_and_went() -> None:
    """Pure arithmetic on two lists."""
    now = datetime(2026, 11, 2, tzinfo=UTC)
    change = IpChange(ClusterRef("/c", "c", "s", "g", "westeurope"), ("a", "b"), ("b", "c"), now, now)
    assert (change.gained, change.lost) == (("c",), ("a",))


def test_the_timeline_of_a_cluster(world: World) -> None:
    """Newest first, by us and by others, in pages; ``whois`` says the same of one address."""
    made = scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(2), "more"))
    scaling.decide(world.ctx, APPROVER, Decision(made.id, True))
    world.settle()
    world.tick(timedelta(minutes=5))
    move(world, OLD, NEW)
    inventory.refresh(world.ctx)

    theirs, ours, first = inventory.history(world.ctx, DEV, "AKS-LB").events
    assert (theirs.change.gained, theirs.change.lost, theirs.scale) == ((NEW,), (OLD,), None)
    assert (len(ours.change.gained), ours.change.lost, ours.scale and ours.scale.id) == (1, (), made.id)
    assert (first.change.after, first.change.kind) == ((OLD,), "first")
    said = text_of(history.history(world.ctx, typed(DEV, "aks-lb")))
    assert said.index("not through this bot") < said.index(f"through `{made.id}`") < said.index("first read")
    went = text_of(commands.whois(world.ctx, typed(DEV, f"{OLD} at {world.clock.now():%Y-%m-%d}")))
    assert re.search(r"went between .* in `aks-lb`, not through this bot", went)
    came = text_of(commands.whois(world.ctx, typed(DEV, ours.change.gained[0])))
    assert re.search(rf"came between .* in `aks-lb`, through `{made.id}`, proposed by <@UDEV0001>", came)


def test_the_timeline_turns_its_pages(world: World) -> None:
    """Older ones take the place of the newer ones, and back."""
    for number in range(1, 12):
        move(world, OLD if number == 1 else f"20.99.1.{number - 1}", f"20.99.1.{number}")
        inventory.show(world.ctx, DEV, "aks-lb")
    first = text_of(history.history(world.ctx, typed(DEV, "aks-lb")))
    assert "Page 1 of 2" in first
    assert "Newer" not in first
    second = text_of(history.turn(world.ctx, pressed(DEV, id=cluster_id("aks-lb"), page="2")))
    assert "Page 2 of 2" in second
    assert "first read" in second
    assert "Older" not in second
    with pytest.raises(InvalidInput):
        history.history(world.ctx, typed(DEV))
