"""Clusters that come and go, and times in which nothing could be read: only what was seen is said."""

from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta

import pytest

from bot import allowances, inventory
from bot.errors import UnknownCluster
from handlers.blocks.clusters import egress_report, fleet_list, owners
from tests.azure.stage import cluster_id
from tests.build import APPROVER, DEV, World, make_world
from tests.flows import writer_stage
from tests.flows.test_inventory_history import NEW, OLD, events, move


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest, its fleet read once."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


FORBIDDEN = {"method": "GET", "path": "publicIPAddresses", "times": 1, "status": 403, "code": "AuthorizationFailed"}


def test_what_happens_while_nothing_can_be_read(world: World) -> None:
    """The change lies between the last reading with the old address and the first with the new one; no more is said."""
    seen = world.clock.now()
    world.tick(timedelta(days=1))
    world.arm.add_fault(FORBIDDEN)
    inventory.show(world.ctx, DEV, "aks-lb")
    unread = world.clock.now()
    world.tick(timedelta(days=9))
    move(world, OLD, NEW)
    found = world.clock.now()
    inventory.show(world.ctx, DEV, "aks-lb")

    (event,) = events(world)
    assert dict(event.event.detail)["seen_before"] == seen.isoformat()
    with world.store.read() as tx:
        new, old = (period for period in tx.snapshots.periods() if period.ref.name == "aks-lb")
    assert (old.seen, old.until, new.begun_after, new.since) == (seen, found, seen, found)
    then = f"{unread + timedelta(days=5):%Y-%m-%dT%H:%M}"
    for address in (OLD, NEW):
        asked = inventory.whois(world.ctx, DEV, address, then)
        assert [asked.is_certain(period) for period in (*asked.periods, *asked.perhaps)] == [False]
        said = str(owners(asked).blocks)
        assert "No cluster you can see left through" in said
        assert "1 cluster may have: nothing was read at that time." in said
        assert "between" in said


def test_a_period_that_can_be_read_again(world: World) -> None:
    """The same address as before: one period, seen until now."""
    world.tick(timedelta(days=1))
    world.arm.add_fault(FORBIDDEN)
    inventory.show(world.ctx, DEV, "aks-lb")
    with world.store.read() as tx:
        assert [p.seen is not None for p in tx.snapshots.periods() if p.ref.name == "aks-lb"] == [True]
    world.tick(timedelta(days=1))
    inventory.show(world.ctx, DEV, "aks-lb")

    with world.store.read() as tx:
        assert [(p.seen, p.until) for p in tx.snapshots.periods() if p.ref.name == "aks-lb"] == [(None, None)]


def create(world: World, name: str) -> None:
    """A cluster that was made after the clusters were last read."""
    body = deepcopy(world.arm.state()["resources"][cluster_id("aks-lb")])
    body |= {"name": name, "id": cluster_id(name)}
    world.arm.put_resource(cluster_id(name), body)


@pytest.mark.parametrize("typed", ["aks-new", "AKS-NEW", cluster_id("aks-new")])
def test_a_cluster_that_the_last_reading_lacks(world: World, typed: str) -> None:
    """It is looked up in Azure itself, by name or id, and known from then on."""
    create(world, "aks-new")

    assert inventory.show(world.ctx, DEV, typed).egress.ref.name == "aks-new"
    assert "aks-new" in [egress.ref.name for egress in inventory.fleet(world.ctx, DEV, "").clusters]


def test_a_cluster_that_there_is_not_at_all(world: World) -> None:
    """One request for each subscription, none for what can be no name; the sentence says how old the list is."""
    before = len(world.arm.state()["requests"])
    with pytest.raises(UnknownCluster, match=r"All clusters were last read at \d{4}-\d\d-\d\d \d\d:\d\d UTC"):
        inventory.show(world.ctx, DEV, "aks-lbb")
    assert len(world.arm.state()["requests"]) - before == 1
    with pytest.raises(UnknownCluster):
        inventory.show(world.ctx, DEV, "what is this?")
    assert len(world.arm.state()["requests"]) - before == 1


def test_deleted_clusters_are_named_from_history(world: World) -> None:
    """Show says when and with which address, whois marks it, and its requests are still listed."""
    made = writer_stage.ask(world, "example.com")
    address = inventory.show(world.ctx, DEV, "aks-udr").egress.ips[0].address
    world.arm.delete_resource(cluster_id("aks-udr"))
    world.tick(timedelta(days=1))
    inventory.refresh(world.ctx)

    with pytest.raises(UnknownCluster, match=rf"aks-udr \(rg-aks-udr\) .* deleted in Azure between .*{address}"):
        inventory.show(world.ctx, DEV, "aks-udr")
    assert [one.id for one in allowances.requests(world.ctx, DEV, "aks-udr")] == [made.id]
    assert [one.id for one in allowances.requests(world.ctx, APPROVER, "aks-udr")] == [made.id]
    date = f"{world.clock.now() - timedelta(days=1):%Y-%m-%d}"
    assert "`aks-udr` (deleted)" in str(owners(inventory.whois(world.ctx, DEV, address, date)).blocks)


def test_a_cluster_that_was_moved(world: World) -> None:
    """The same name in another resource group is another cluster to Azure; what was asked for it before is listed."""
    made = writer_stage.ask(world, "example.com")
    body = deepcopy(world.arm.state()["resources"][cluster_id("aks-udr")])
    moved = cluster_id("aks-udr").replace("/rg-aks-udr/", "/rg-new/")
    world.arm.delete_resource(cluster_id("aks-udr"))
    world.arm.put_resource(moved, {**body, "id": moved})
    world.tick(timedelta(days=1))
    inventory.refresh(world.ctx)

    assert inventory.show(world.ctx, DEV, "aks-udr").egress.ref.id == moved
    assert [one.id for one in allowances.requests(world.ctx, DEV, "aks-udr")] == [made.id]


def test_a_change_that_no_live_read_confirms(world: World) -> None:
    """Resource Graph says so, Azure may not be asked: the old address is not taken for seen, and that is said."""
    seen = world.clock.now()
    move(world, OLD, NEW)
    path = "managedClusters/aks-lb$"
    world.arm.add_fault({"method": "GET", "path": path, "times": 1, "status": 403, "code": "AuthorizationFailed"})
    inventory.refresh(world.ctx)
    with world.store.read() as tx:
        (known,) = tx.snapshots.named("aks-lb")
        (period,) = (one for one in tx.snapshots.periods() if one.ref.name == "aks-lb")
    assert "has not confirmed" in known.warnings[-1].sentence
    assert (period.ips, period.seen, events(world)) == ((OLD,), seen, [])

    world.tick(timedelta(minutes=5))
    inventory.refresh(world.ctx)
    assert len(events(world)) == 1


def test_answers_about_all_clusters_say_their_age(world: World) -> None:
    """Whose an address is, and a list that holds nothing."""
    assert "All clusters were last read from Azure" in str(owners(inventory.whois(world.ctx, DEV, OLD)).blocks)
    empty = fleet_list(inventory.fleet(world.ctx, DEV, "nothing-like-this"), "nothing-like-this", 1)
    assert "Read from Azure" in str(empty.blocks)


def test_required_endpoints_are_never_of_an_older_path(world: World) -> None:
    """Another firewall, other ranges: results for the previous path are not shown, and checked again immediately."""
    inventory.sweep_endpoints(world.ctx)
    assert inventory.show(world.ctx, DEV, "aks-udr").endpoints is not None
    resources = world.arm.state()["resources"]
    (spoke,) = [key for key in resources if key.endswith("/virtualnetworks/aks-udr-vnet")]
    body = resources[spoke]
    body["properties"]["addressSpace"] = {"addressPrefixes": ["10.10.0.0/16"]}
    body["properties"]["subnets"][0]["properties"]["addressPrefix"] = "10.10.64.0/22"
    world.arm.put_resource(spoke, body)

    report = inventory.show(world.ctx, DEV, "aks-udr")
    assert (report.egress.sources(), report.endpoints) == (("10.10.64.0/22",), None)
    inventory.sweep_endpoints(world.ctx)
    assert inventory.show(world.ctx, DEV, "aks-udr").endpoints is not None


def test_what_the_firewall_does_not_translate(world: World) -> None:
    """The policy's private ranges, read with its rules, are said beside the addresses that they concern."""
    (policy,) = [key for key in world.arm.state()["resources"] if key.endswith("/firewallpolicies/hub-policy")]
    body = world.arm.state()["resources"][policy]
    body["properties"]["snat"] = {"privateRanges": ["0.0.0.0/0"]}
    world.arm.put_resource(policy, body)
    inventory.sweep_endpoints(world.ctx)

    said = str(egress_report(inventory.show(world.ctx, DEV, "aks-udr"), world.ctx.config).blocks)
    assert "does not SNAT traffic that its network rules allow to 0.0.0.0/0" in said
