"""Looking: the fleet and its filters, gaps, names that are not one cluster, and what AKS itself must reach."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import inventory
from bot.azure import AzureArm
from bot.azure.identity import IssuedToken
from bot.azure.settings import ArmSettings
from bot.domain.egress import EndpointStatus
from bot.domain.work import WorkKind
from bot.errors import AmbiguousCluster, ArmThrottled, InvalidInput, UnknownCluster
from bot.sandbox.arm_transport import ArmTransport
from tests.azure.stage import cluster_id
from tests.build import DEV, SUBSCRIPTION, World, make_world

LOST = "00000000-0000-0000-0000-00000000dead"


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest, its fleet read once."""
    made = make_world(database_url)
    yield made
    made.store.close()


def names(world: World, words: str) -> list[str]:
    """The clusters that fit."""
    return [egress.ref.name for egress in inventory.fleet(world.ctx, DEV, words).clusters]


ROUTED = ["aks-udr", "aks-udr-agic", "aks-udr-classic", "aks-udr-nva", "aks-vwan"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("name:LB", ["aks-lb", "aks-lb-dual", "aks-lb-own"]),
        ("name:*-own*", ["aks-lb-own"]),
        ("type:userDefinedRouting", ROUTED),
        ("type:none", ["aks-none"]),
        ("type:hubfirewall", ["aks-vwan"]),
        ("warning:asymmetric", ["aks-udr"]),
        ("warning:", ["aks-none", "aks-udr", "aks-udr-nva"]),
        ("tag:team=payments", ["aks-natgateway", "aks-natgateway-v2"]),
        ("tag:team=payments env:test", ["aks-natgateway-v2"]),
        ("tag:nothing", []),
        ("20.103.8.41", ["aks-vwan"]),
        ("2603:1020:206:9::15", ["aks-lb-dual"]),
        ("team=shop production", ["aks-lb", "aks-udr-agic"]),
        ("subscription:a001 block", ["aks-block"]),
    ],
)
def test_filters(world: World, words: str, expected: list[str]) -> None:
    """Every word must fit."""
    assert names(world, words) == expected


def test_a_filter_that_there_is_not(world: World) -> None:
    """A typing error finds nothing by itself, so it is said."""
    with pytest.raises(InvalidInput, match="warning:"):
        inventory.fleet(world.ctx, DEV, "warnin:asymmetric")


def test_the_snapshots_age_is_that_of_the_last_whole_reading(world: World) -> None:
    """Looking at one cluster makes that one newer, not the list."""
    read_at = world.clock.now()
    world.tick(timedelta(minutes=2))
    inventory.show(world.ctx, DEV, "aks-lb")

    assert inventory.fleet(world.ctx, DEV, "").read_at == read_at


def test_gaps_are_told_and_nothing_behind_them_is_forgotten(world: World) -> None:
    """Nobody can say whether a cluster still exists in a subscription that may not be read."""
    with world.store.read() as tx:
        (one,) = tx.snapshots.named("aks-none")
    there = replace(one, ref=replace(one.ref, id=one.ref.id.replace(SUBSCRIPTION, LOST), subscription=LOST, name="far"))
    with world.store.write() as tx:
        tx.snapshots.put(there, world.clock.now())
    world.tick(timedelta(minutes=5))
    arm = AzureArm(
        IssuedToken(world.arm.issue_token),
        ArmSettings((SUBSCRIPTION, LOST)),
        transport=ArmTransport(world.arm, world.clock),
        now=world.clock.now,
    )
    world.arm.delete_resource(cluster_id("aks-block"))
    inventory.refresh(replace(world.ctx, clusters=arm))
    page = inventory.fleet(world.ctx, DEV, "")

    assert "far" in names(world, "")
    assert "aks-block" not in names(world, "")
    assert len(page.gaps) == 1
    assert LOST in page.gaps[0]
    with pytest.raises(UnknownCluster, match=f"Could not read subscription {LOST}"):
        inventory.find(world.ctx, inventory.person(world.ctx, DEV), "aks-lbb")


def test_one_name_two_clusters(world: World) -> None:
    """The full ids are offered, and an id in any case is an answer everywhere."""
    twin_id = cluster_id("aks-lb").replace("rg-aks-lb", "rg-other")
    body = world.arm.state()["resources"][cluster_id("aks-lb")]
    world.arm.put_resource(twin_id, body | {"id": twin_id})
    world.tick(timedelta(minutes=5))
    inventory.refresh(world.ctx)

    with pytest.raises(AmbiguousCluster) as caught:
        inventory.show(world.ctx, DEV, "aks-lb")
    assert twin_id in caught.value.sentence
    assert cluster_id("aks-lb") in caught.value.sentence
    assert inventory.show(world.ctx, DEV, cluster_id("aks-lb").upper()).egress.ref.id == cluster_id("aks-lb")


def test_a_name_that_is_nearly_one(world: World) -> None:
    """The nearest filter is offered; a very long one is not said back whole."""
    with pytest.raises(UnknownCluster, match="Did you mean aks-udr"):
        inventory.show(world.ctx, DEV, "aks-ud")
    with pytest.raises(UnknownCluster) as caught:
        inventory.show(world.ctx, DEV, "x" * 3000)
    assert len(caught.value.sentence) < 300


def test_a_throttled_refresh_waits_as_long_as_azure_says(world: World) -> None:
    """The work row is due when the minute is over: no hot loop, and the old snapshot answers meanwhile."""
    fault = {"method": "POST", "path": "ResourceGraph", "times": 60, "status": 429, "code": "RateLimiting"}
    world.arm.add_fault(fault | {"retry_after_s": 60})
    with world.store.write() as tx:
        tx.work.wake(WorkKind.FLEET, within=timedelta())
    world.tick(timedelta(seconds=1))
    before = len(world.arm.state()["requests"])
    while world.reconciler.run_one():
        pass
    asked = len(world.arm.state()["requests"]) - before

    assert asked <= 1 + 8, "one question of each kind, none repeated before its time"
    for _ in range(5):
        world.tick(timedelta(seconds=10))
        assert not world.reconciler.run_one()
    assert len(names(world, "")) == 13
    with pytest.raises(ArmThrottled):
        inventory.refresh(world.ctx)


def test_required_endpoints_of_a_routed_cluster(world: World) -> None:
    """By the tag, by rules, and missing once the tag is gone; show and the filter know it after the sweep."""
    found = inventory.check_endpoints(world.ctx, DEV, "aks-udr").found
    by = {check.endpoint.domain: check.standing for check in found.checks}
    assert by["mcr.microsoft.com"] is EndpointStatus.TAG
    assert by["ntp.ubuntu.com"] is EndpointStatus.RULE
    assert (found.tag_rule, found.standing(EndpointStatus.MISSING)) == ("fqdn", ())

    group = next(
        key for key in world.arm.state()["resources"] if key.endswith("/hub-policy/rulecollectiongroups/rcg-aks")
    )
    body = world.arm.state()["resources"][group]
    body["properties"]["ruleCollections"] = [c for c in body["properties"]["ruleCollections"] if c["name"] != "aksfwar"]
    world.arm.put_resource(group, body)
    world.tick(timedelta(hours=2))
    inventory.sweep_endpoints(world.ctx)

    report = inventory.show(world.ctx, DEV, "aks-udr")
    assert report.endpoints is not None
    missing = {check.endpoint.domain for check in report.endpoints.standing(EndpointStatus.MISSING)}
    assert "mcr.microsoft.com" in missing
    assert "security.ubuntu.com" not in missing, "the parent policy allows it for everybody"
    assert "aks-udr" in names(world, "warning:required-endpoints")


def test_endpoints_need_a_firewall_of_azures(world: World) -> None:
    """Elsewhere there are no rules to check."""
    for name in ("aks-lb", "aks-udr-nva", "aks-none"):
        with pytest.raises(InvalidInput, match="not through a single Azure Firewall"):
            inventory.check_endpoints(world.ctx, DEV, name)


def test_the_sweep_takes_its_time(world: World) -> None:
    """Each routed cluster once an hour; a second sweep right after asks nothing."""
    inventory.sweep_endpoints(world.ctx)
    before = len(world.arm.state()["requests"])
    inventory.sweep_endpoints(world.ctx)

    assert len(world.arm.state()["requests"]) == before
    with world.store.read() as tx:
        assert len(tx.snapshots.endpoints()) == 4
