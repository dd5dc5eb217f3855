"""The classic target: rule collections in the firewall resource itself, everything foreign preserved."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot import allowances
from bot.domain.allowance import Status
from bot.domain.audit import Action
from bot.domain.target import TargetKind
from tests.build import DEV, World, make_world
from tests.flows.writer_stage import (
    ask,
    by_hand,
    events,
    foreign,
    opened,
    resource,
    state_of,
    stored,
    told,
    told_text,
    writes,
)

FIREWALL = "/azurefirewalls/legacy-firewall"


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def test_from_request_to_gone(world: World) -> None:
    """Written into the firewall, read back, live, revoked, gone; everything foreign is what it was."""
    before = foreign(world)
    asked = ask(world, cluster="aks-udr-classic")
    assert asked.scope.target.kind is TargetKind.CLASSIC
    world.settle()
    assert opened(world) == {f"{asked.id}-https-443": ["example.com"]}
    assert state_of(world, asked) is Status.LIVE
    allowances.end(world.ctx, DEV, asked.id)
    world.settle()
    assert opened(world) == {}
    assert stored(world, asked).gone_at is not None
    assert foreign(world) == before
    assert len(writes(world, FIREWALL)) == 2


def test_priorities_are_free_among_foreign_collections(world: World) -> None:
    """Others have 100, 200 and the first two of our range; ours are neither theirs nor each other's."""
    rule = {"name": "x", "protocols": [{"protocolType": "Https", "port": 443}], "targetFqdns": ["x.example.org"]}
    theirs = [
        {
            "name": f"theirs-{number}",
            "properties": {
                "priority": number,
                "action": {"type": "Allow"},
                "rules": [{**rule, "sourceAddresses": ["10.0.0.0/24"]}],
            },
        }
        for number in (300, 301)
    ]
    known = resource(world, FIREWALL)["properties"]["applicationRuleCollections"]
    by_hand(world, FIREWALL, applicationRuleCollections=[*known, *theirs])
    ask(world, cluster="aks-udr-classic")
    world.settle()
    found = resource(world, FIREWALL)["properties"]["applicationRuleCollections"]
    priorities = {each["name"]: each["properties"]["priority"] for each in found}
    assert sorted(priorities.values()) == [100, 200, 300, 301, 302]


def test_a_change_beside_ours_is_kept_and_ours_goes_on(world: World) -> None:
    """Somebody adds their own rule between our look and our write: the etag does not fit, we look again."""
    asked = ask(world, cluster="aks-udr-classic")
    world.settle()
    collections = resource(world, FIREWALL)["properties"]["applicationRuleCollections"]
    collections[0]["properties"]["rules"].append(
        {
            "name": "new",
            "protocols": [{"protocolType": "Https", "port": 443}],
            "sourceAddresses": ["10.9.0.0/24"],
            "targetFqdns": ["new.example.org"],
        }
    )
    by_hand(world, FIREWALL, applicationRuleCollections=collections)
    theirs = foreign(world)
    second = ask(world, "second.example.com", cluster="aks-udr-classic")
    world.settle()
    assert foreign(world) == theirs
    assert set(opened(world)) == {f"{asked.id}-https-443", f"{second.id}-https-443"}
    assert told(world) == []


def test_a_firewall_that_moved_to_a_policy_is_noticed_and_followed(world: World) -> None:
    """Its allowances are written to the policy; what waits is redrawn; nothing is written to the firewall."""
    live = ask(world, cluster="aks-udr-classic")
    world.settle()
    waiting = allowances.request(world.ctx, DEV, _draft())
    policy = resource(world, "/firewallpolicies/hub-policy")["id"]
    empty: dict[str, list[object]] = {
        "applicationRuleCollections": [],
        "networkRuleCollections": [],
        "natRuleCollections": [],
    }
    by_hand(world, FIREWALL, firewallPolicy={"id": policy}, **empty)
    count = len(writes(world, FIREWALL))
    world.tick(timedelta(minutes=13))
    world.settle()
    assert opened(world) == {f"{live.id}-https-443": ["example.com"]}
    assert stored(world, live).scope.target.id == policy.lower()
    assert stored(world, waiting).scope.target.kind is TargetKind.POLICY
    assert state_of(world, live) is Status.LIVE
    assert len(writes(world, FIREWALL)) == count
    assert "takes its rules from the firewall policy hub-policy" in told_text(world, "moved")
    assert [event.action for event in events(world, live.id)][-1] in (Action.ALLOWANCE_MOVE, Action.ALLOWANCE_LIVE)


def _draft() -> allowances.Draft:
    from bot.domain.fqdn import parse_destination

    return allowances.Draft("aks-udr-classic", (parse_destination("w.example.com"),), "why", timedelta(hours=8))
