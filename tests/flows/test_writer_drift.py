"""Other hands in our part of a firewall policy: seen, said once, and healed, adopted or left, as configured."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from bot import allowances, inventory
from bot.domain.allowance import Status
from bot.domain.audit import Action
from bot.reconciler import Reconciler
from bot.wiring.product import read_open
from tests.build import DEV, World, make_world
from tests.flows.azure_changes import give_ranges, rules_of_policy
from tests.flows.writer_stage import (
    ask,
    by_hand,
    events,
    opened,
    resource,
    state_of,
    stored,
    told,
    told_text,
    with_drift,
    writes,
)
from tests.histories.stage import empty

GROUP = "/rulecollectiongroups/rcg-aks-egress"
Json = dict[str, Any]


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def resync(world: World) -> None:
    """Until the next comparison is over."""
    world.tick(timedelta(minutes=13))
    world.settle()


def change(world: World, how: Callable[[list[Json]], list[Json]]) -> None:
    """Change the rules of our first collection by hand."""
    collections = resource(world, GROUP)["properties"]["ruleCollections"]
    collections[0] = {**collections[0], "rules": how(collections[0]["rules"])}
    by_hand(world, GROUP, ruleCollections=[each for each in collections if each["rules"]])


def widened(rules: list[Json]) -> list[Json]:
    """Somebody opens more than was approved."""
    return [{**rules[0], "targetFqdns": ["*.example.com"]}, *rules[1:]]


def with_another(rules: list[Json]) -> list[Json]:
    """Somebody puts their own rule among ours."""
    return [*rules, {**rules[0], "name": "by-hand", "targetFqdns": ["hand.example.net"]}]


def with_our_prefix(rules: list[Json]) -> list[Json]:
    """Somebody adds a rule that looks like one of a live allowance."""
    return [*rules, {**rules[0], "name": rules[0]["name"].replace("443", "8443")}]


@pytest.mark.parametrize("how", [lambda _: [], widened, with_another, with_our_prefix])
def test_healed(world: World, how: Callable[[list[Json]], list[Json]]) -> None:
    """By default: said once, put right, live again."""
    asked = ask(world)
    world.settle()
    change(world, how)
    resync(world)
    assert opened(world) == {f"{asked.id}-https-443": ["example.com"]}
    assert state_of(world, asked) is Status.LIVE
    assert told(world) == ["drift", "healed"]
    assert len(events(world, "", Action.FIREWALL_DRIFT)) == 1


@pytest.mark.parametrize("how", [lambda _: [], widened])
def test_what_a_start_has_worked_out_is_compared_with_azure(
    world: World, how: Callable[[list[Json]], list[Json]]
) -> None:
    """A change by hand before the start is seen in the first round: what is wanted is not taken for what is there."""
    asked = ask(world)
    world.settle()
    change(world, how)
    world.reconciler = Reconciler(world.ctx, world.said, workers=0)
    read_open(world.store, world.reconciler.prepare)
    resync(world)
    assert opened(world) == {f"{asked.id}-https-443": ["example.com"]}
    assert told(world) == ["drift", "healed"]


def test_a_rule_by_hand_in_our_empty_group(world: World) -> None:
    """The last allowance is over, and still nobody opens anything under our name."""
    asked = ask(world)
    world.settle()
    kept = resource(world, GROUP)["properties"]["ruleCollections"]
    allowances.end(world.ctx, DEV, asked.id)
    world.settle()
    assert opened(world) == {}
    by_hand(world, GROUP, ruleCollections=kept)
    resync(world)
    assert opened(world) == {}
    assert told(world) == ["drift", "healed"]


@pytest.mark.parametrize("mode", ["heal", "adopt", "report"])
def test_rules_that_the_database_never_heard_of_are_left_alone(world: World, mode: str) -> None:
    """The database was lost, or another bot has the same group: said once, and nobody is cut off."""
    world = with_drift(world, mode)
    asked = ask(world, "a.example.com")
    world.settle()
    before = opened(world)
    empty(world.store)
    inventory.refresh(world.ctx)
    fresh = ask(world, "b.example.com")
    world.settle()
    resync(world)
    assert opened(world) == {**before, f"{fresh.id}-https-443": ["b.example.com"]}
    assert state_of(world, fresh) is Status.LIVE
    assert told(world) == ["unknown"]
    assert f"{asked.id}-https-443 (added)" in told_text(world, "unknown")
    change(world, lambda rules: [rule for rule in rules if not rule["name"].startswith(asked.id)])
    resync(world)
    assert set(opened(world)) == {f"{fresh.id}-https-443"}
    assert told(world) == ["unknown", "healed"]


def test_the_same_again_is_said_again(world: World) -> None:
    """It was healed in between."""
    ask(world)
    world.settle()
    for _ in range(2):
        change(world, lambda _: [])
        resync(world)
    assert told(world) == ["drift", "healed"] * 2


def test_a_deleted_group_is_written_again(world: World) -> None:
    """The whole group is gone."""
    asked = ask(world)
    world.settle()
    world.arm.delete_resource(resource(world, GROUP)["id"])
    resync(world)
    assert set(opened(world)) == {f"{asked.id}-https-443"}
    assert told(world) == ["drift", "healed"]


def test_adopted(world: World) -> None:
    """A rule removed by hand counts as revoked; one that was added is removed."""
    world = with_drift(world, "adopt")
    first, second = ask(world, "a.example.com"), ask(world, "b.example.com")
    world.settle()
    change(world, lambda rules: with_another([rule for rule in rules if not rule["name"].startswith(first.id)]))
    resync(world)
    assert state_of(world, first) is Status.REVOKED
    assert set(opened(world)) == {f"{second.id}-https-443"}
    assert stored(world, first).gone_at is not None
    assert told(world) == ["drift", "healed"]


@pytest.mark.parametrize("how", [lambda rules: rules[1:], widened, with_another])
def test_only_reported(world: World, how: Callable[[list[Json]], list[Json]]) -> None:
    """Left as it is by every later write, until its owner puts it right; what is ours and ends goes all the same."""
    world = with_drift(world, "report")
    asked = [ask(world, f"{name}.example.com") for name in "ab"]
    world.settle()
    change(world, how)
    left = opened(world)
    resync(world)
    assert (told(world), opened(world), len(writes(world))) == (["drift"], left, 1)
    third = ask(world, "c.example.com")
    world.settle()
    assert opened(world) == {**left, f"{third.id}-https-443": ["c.example.com"]}
    resync(world)
    assert told(world) == ["drift"]
    for each in asked:
        allowances.end(world.ctx, DEV, each.id)
    world.settle()
    kept = {name: hosts for name, hosts in left.items() if name == "by-hand"}
    assert opened(world) == {**kept, f"{third.id}-https-443": ["c.example.com"]}


def test_new_ranges_are_no_drift(world: World) -> None:
    """Also where somebody changes our rules between two looks: the allowance is written with its new ranges."""
    world = with_drift(world, "report")
    asked = ask(world)
    world.settle()
    give_ranges(world, "10.10.64.0/22")
    change(world, with_another)
    inventory.refresh(world.ctx)
    resync(world)
    resync(world)
    assert state_of(world, asked) is Status.LIVE
    assert rules_of_policy(world, "hub-policy")[f"{asked.id}-https-443"] == ["10.10.64.0/22"]


def test_reported_and_put_right_by_hand(world: World) -> None:
    """It is ours again."""
    world = with_drift(world, "report")
    asked = ask(world)
    ask(world, "b.example.com")
    world.settle()
    before = resource(world, GROUP)["properties"]["ruleCollections"]
    change(world, lambda rules: [rule for rule in rules if not rule["name"].startswith(asked.id)])
    resync(world)
    assert state_of(world, asked) is Status.APPLYING
    by_hand(world, GROUP, ruleCollections=before)
    resync(world)
    assert state_of(world, asked) is Status.LIVE
    assert len(writes(world)) == 1


def test_our_groups_priority_is_put_back(world: World) -> None:
    """Its place in the order decides what comes before a deny."""
    ask(world)
    world.settle()
    before = resource(world, GROUP)["properties"]["priority"]
    by_hand(world, GROUP, priority=64000)
    resync(world)
    assert resource(world, GROUP)["properties"]["priority"] == before
    assert told(world) == ["drift", "healed"]
    assert "64000" in told_text(world, "drift")


def test_a_priority_that_is_only_reported_stays(world: World) -> None:
    """Also when the next rule is written."""
    world = with_drift(world, "report")
    ask(world)
    world.settle()
    by_hand(world, GROUP, priority=64000)
    resync(world)
    ask(world, "b.example.com")
    world.settle()
    assert resource(world, GROUP)["properties"]["priority"] == 64000
    assert told(world) == ["drift"]


def test_rules_that_were_there_before_us_are_named(world: World) -> None:
    """A group with our name but rules of nobody we know: said, and left to whoever made them."""
    group = f"{resource(world, '/firewallpolicies/hub-policy')['id']}/ruleCollectionGroups/rcg-aks-egress"
    rule = {
        "ruleType": "ApplicationRule",
        "name": "old",
        "protocols": [{"protocolType": "Https", "port": 443}],
        "sourceAddresses": ["10.0.0.0/24"],
        "targetFqdns": ["old.example.org"],
    }
    collection = {
        "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
        "name": "egress-old",
        "priority": 100,
        "action": {"type": "Allow"},
        "rules": [rule],
    }
    world.arm.put_resource(group, {"properties": {"priority": 500, "ruleCollections": [collection]}})
    asked = ask(world)
    world.settle()
    assert set(opened(world)) == {"old", f"{asked.id}-https-443"}
    assert told(world) == ["unknown"]
    assert "old (added)" in told_text(world, "unknown")


def test_a_foreign_draft_is_said_when_it_comes_and_when_it_goes(world: World) -> None:
    """Deploying it drops what was written after it was begun: said before, healed and said after."""
    first = ask(world, "a.example.com")
    world.settle()
    policy, group = resource(world, "/firewallpolicies/hub-policy"), resource(world, GROUP)
    world.arm.put_resource(f"{policy['id']}/firewallPolicyDrafts/default", {"properties": {}})
    world.arm.put_resource(
        f"{group['id']}/ruleCollectionGroupDrafts/default", {"properties": dict(group["properties"])}
    )
    second = ask(world, "b.example.com")
    world.settle()
    resync(world)
    assert told(world) == ["draft"]
    world.arm.handle(
        "POST", f"https://x{policy['id']}/deploy?api-version=2023-11-01", {"Authorization": "Bearer x"}, None
    )
    world.settle()
    assert set(opened(world)) == {f"{first.id}-https-443"}
    resync(world)
    assert set(opened(world)) == {f"{each.id}-https-443" for each in (first, second)}
    assert told(world) == ["draft", "draft-gone", "drift", "healed"]
    assert len(events(world, "", Action.FIREWALL_DRAFT)) == 2
