"""Live is proven against the firewall of now: policy, route, firewall and ranges that change after an approval."""

from collections.abc import Callable, Iterator

import pytest

from bot import allowances, checking, inventory
from bot.allowances import Draft
from bot.approvals import Decision
from bot.checking import Query
from bot.domain.allowance import Status, digest, status
from bot.domain.audit import Action
from bot.domain.fqdn import parse_destination
from bot.errors import CannotTakeEffect, StaleView
from tests.build import APPROVER, APPROVER2, DEV, EXAMPLE, World, make_world
from tests.flows.azure_changes import (
    HUB,
    delete,
    direct,
    give_policy,
    give_ranges,
    new_firewall,
    new_policy,
    resync,
    route_to,
    rules_of_policy,
)
from tests.flows.writer_stage import HOUR, ask, events, state_of, stored, told, until_writing


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def another_policy(world: World) -> None:
    """``az network firewall update``: the firewall takes its rules elsewhere."""
    give_policy(world, new_policy(world))


def another_firewall(world: World) -> None:
    """``az network route-table route update``: the route leads to another firewall."""
    new_firewall(world, new_policy(world))
    route_to(world, "10.0.0.5")


def swapped_firewall(world: World) -> None:
    """Another firewall has the address of the one that was deleted."""
    policy = new_policy(world)
    new_firewall(world, policy, "10.0.0.4")
    delete(world, HUB)


MOVES = [another_policy, another_firewall, swapped_firewall]


@pytest.mark.parametrize("change", MOVES)
def test_an_allowance_follows_its_traffic(world: World, change: Callable[[World], None]) -> None:
    """Written to the new place, live after it was read back there, gone from the old one, and its end does not move."""
    live = ask(world)
    world.settle()
    ends = stored(world, live).expires_at
    change(world)
    resync(world)
    after = stored(world, live)
    assert (after.scope.target.name, state_of(world, live)) == ("other-policy", Status.LIVE)
    assert (after.expires_at, after.leaving) == (ends, ())
    assert list(rules_of_policy(world, "other-policy")) == [f"{live.id}-https-443"]
    assert rules_of_policy(world, "hub-policy") == {}
    lives = [e.action for e in events(world, live.id)][-2:]
    assert lives == [Action.ALLOWANCE_MOVE, Action.ALLOWANCE_LIVE]
    assert direct(world, live, "moved") == {DEV.identity.user, APPROVER.identity.user}
    assert [event for event in told(world) if event != "egress-change"] == ["moved"]
    checked = checking.check(world.ctx, DEV, Query("aks-udr", (EXAMPLE,)))
    assert checked.findings[0].is_granted(world.clock.now())


@pytest.mark.parametrize("change", [another_policy, another_firewall, lambda world: delete(world, HUB)])
@pytest.mark.parametrize(
    "look",
    [
        lambda world: inventory.show(world.ctx, DEV, "aks-udr"),
        lambda world: checking.check(world.ctx, DEV, Query("aks-udr", (EXAMPLE,))),
    ],
)
def test_whoever_looks_hears_nothing_of_live(
    world: World, change: Callable[[World], None], look: Callable[[World], object]
) -> None:
    """From the very look that sees it, card, list and ``show`` do not say live, and the card is drawn again."""
    live = ask(world)
    world.settle()
    before = [notice for notice in world.said.notices if (notice.kind, notice.subject) == ("card", live.id)]
    change(world)
    look(world)
    assert state_of(world, live) is Status.APPLYING
    shown = inventory.show(world.ctx, DEV, "aks-udr").allowances
    assert [status(one, world.clock.now()) for one in shown] == [Status.APPLYING]
    world.settle()
    after = [notice for notice in world.said.notices if (notice.kind, notice.subject) == ("card", live.id)]
    assert len(after) > len(before)


def test_the_firewall_was_deleted(world: World) -> None:
    """The allowance is suspended, its rules are taken out of the policy that is left, and it comes back with it."""
    live = ask(world)
    world.settle()
    ends, firewall = stored(world, live).expires_at, delete(world, HUB)
    resync(world)
    assert state_of(world, live) is Status.SUSPENDED
    assert "not an Azure Firewall" in (stored(world, live).suspended or "")
    assert rules_of_policy(world, "hub-policy") == {}
    assert stored(world, live).gone_at is None
    assert direct(world, live, "suspended") == {DEV.identity.user, APPROVER.identity.user}
    assert [status(one, world.clock.now()) for one in inventory.show(world.ctx, DEV, "aks-udr").allowances] == [
        Status.SUSPENDED
    ]
    world.arm.put_resource(firewall["id"], firewall)
    resync(world)
    assert (state_of(world, live), stored(world, live).expires_at) == (Status.LIVE, ends)
    assert list(rules_of_policy(world, "hub-policy")) == [f"{live.id}-https-443"]


def test_a_write_that_never_went_out_accuses_nobody(world: World) -> None:
    """The bot took a rule out and was to put it in again: what is there in between is its own doing."""
    live = ask(world)
    world.settle()
    route_to(world, "10.9.9.9")
    inventory.refresh(world.ctx)
    until_writing(world)
    route_to(world, "10.0.0.4")
    inventory.refresh(world.ctx)
    world.arm.add_fault({"method": "PUT", "path": "rcg-aks-egress", "times": 1, "status": 429, "code": "TooMany"})
    world.settle()
    resync(world)
    assert state_of(world, live) is Status.LIVE
    assert [event for event in told(world) if event in ("drift", "unknown", "foreign")] == []


def test_a_classic_firewall_was_deleted(world: World) -> None:
    """Its rules went with it: nothing is stuck, and what is revoked afterwards is closed."""
    live = ask(world, cluster="aks-udr-classic")
    world.settle()
    delete(world, "/azurefirewalls/legacy-firewall")
    resync(world)
    assert state_of(world, live) is Status.SUSPENDED
    allowances.end(world.ctx, DEV, live.id)
    world.settle()
    assert stored(world, live).gone_at is not None
    assert "stuck" not in told(world)


def test_a_new_place_that_cannot_be_written_is_not_live(world: World) -> None:
    """Azure refuses the new policy: the old one is cleaned, the card waits, and it is said what is wrong."""
    live = ask(world)
    world.settle()
    another_policy(world)
    fault = {"method": "PUT", "path": "other-policy/ruleCollectionGroups", "times": 1000, "status": 403, "code": "No"}
    world.arm.add_fault(fault)
    with world.store.write() as tx:
        tx.work.wake(live.scope.target.key, within=HOUR * 0)
    inventory.refresh(world.ctx)
    for _ in range(30):
        world.work(HOUR / 60)
    assert state_of(world, live) is Status.APPLYING
    assert rules_of_policy(world, "hub-policy") == {}
    assert "stuck" in told(world)


def test_what_ends_while_it_moves_is_gone_when_both_places_are_clean(world: World) -> None:
    """A revocation in the middle of a move is closed after the old rule was seen absent, not before."""
    live = ask(world)
    world.settle()
    another_policy(world)
    fault = {"method": "PUT", "path": "hub-policy/ruleCollectionGroups", "times": 3, "status": 503, "code": "Busy"}
    world.arm.add_fault(fault)
    inventory.refresh(world.ctx)
    world.work(HOUR / 3600)
    allowances.end(world.ctx, DEV, live.id)
    seen = []
    for _ in range(200):
        world.work(HOUR / 360)
        row = stored(world, live)
        if row.gone_at is None:
            seen.append(rules_of_policy(world, "hub-policy"))
        else:
            assert rules_of_policy(world, "hub-policy") == {}
    assert seen[0] != {}
    assert stored(world, live).gone_at is not None


def test_moved_there_and_back(world: World) -> None:
    """Before the first move is over the firewall has its old policy again."""
    live = ask(world)
    world.settle()
    another_policy(world)
    inventory.refresh(world.ctx)
    until_writing(world)
    give_policy(world, new_policy(world, "hub-policy"))
    resync(world)
    assert (stored(world, live).scope.target.name, state_of(world, live)) == ("hub-policy", Status.LIVE)
    assert rules_of_policy(world, "other-policy") == {}
    assert list(rules_of_policy(world, "hub-policy")) == [f"{live.id}-https-443"]


def test_changed_while_its_first_write_ran(world: World) -> None:
    """A rule in the wrong place is never called live there."""
    asked = ask(world)
    until_writing(world)
    another_policy(world)
    resync(world)
    lives = events(world, asked.id, Action.ALLOWANCE_LIVE)
    assert [dict(event.detail)["target"].rsplit("/", 1)[-1] for event in lives] == ["other-policy"]


def test_changed_between_approval_and_write(world: World) -> None:
    """The writer looks before it writes: the old place is not touched."""
    asked = ask(world)
    another_policy(world)
    world.settle()
    assert state_of(world, asked) is Status.LIVE
    written = [each["path"] for each in world.arm.state()["requests"] if each["method"] == "PUT"]
    assert not [path for path in written if "hub-policy" in path]


def test_new_ranges_replace_the_old_ones(world: World) -> None:
    """Requester and approver are told first, it is on record, the digest is another, and the old range is not kept."""
    live = ask(world)
    world.settle()
    before = digest(live.scope, live.ask)
    give_ranges(world, "10.10.64.0/22")
    resync(world)
    after = stored(world, live)
    assert (after.scope.sources, state_of(world, live)) == (("10.10.64.0/22",), Status.LIVE)
    assert rules_of_policy(world, "hub-policy") == {f"{live.id}-https-443": ["10.10.64.0/22"]}
    assert digest(after.scope, after.ask) != before
    assert direct(world, live, "ranges") == {DEV.identity.user, APPROVER.identity.user}
    (changed,) = events(world, live.id, Action.ALLOWANCE_CHANGE)
    assert "changed from 10.10.0.0/22 to 10.10.64.0/22" in changed.reason
    begun = [event.at for event in events(world) if event.action is Action.FIREWALL_BEGIN]
    assert changed.at <= begun[-1]


@pytest.mark.parametrize("change", [another_policy, lambda world: give_ranges(world, "10.10.64.0/22")])
def test_what_waits_is_decided_again(world: World, change: Callable[[World], None]) -> None:
    """A click on what it was is refused, and the new card can be decided."""
    draft = Draft("aks-udr", (parse_destination("w.example.com"),), "why", 8 * HOUR)
    asked = allowances.request(world.ctx, DEV, draft)
    seen = digest(asked.scope, asked.ask)
    change(world)
    inventory.show(world.ctx, DEV, "aks-udr")
    with pytest.raises(StaleView, match="The request changed after it was filed"):
        allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=True, seen=seen))
    world.settle()
    after = stored(world, asked)
    assert digest(after.scope, after.ask) != seen
    assert direct(world, asked, "changed") == {DEV.identity.user}
    with pytest.raises(StaleView):
        allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=True, seen=seen))
    fresh = Decision(asked.id, is_approved=True, seen=digest(after.scope, after.ask))
    allowances.decide(world.ctx, APPROVER2, fresh)
    world.settle()
    assert state_of(world, asked) is Status.LIVE


def test_what_waits_behind_no_firewall_is_not_approved(world: World) -> None:
    """It would open nothing; it can be approved when the firewall is back."""
    draft = Draft("aks-udr", (parse_destination("w.example.com"),), "why", 8 * HOUR)
    asked = allowances.request(world.ctx, DEV, draft)
    firewall = delete(world, HUB)
    inventory.show(world.ctx, DEV, "aks-udr")
    with pytest.raises(CannotTakeEffect, match="nothing was approved"):
        allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=True))
    world.arm.put_resource(firewall["id"], firewall)
    inventory.show(world.ctx, DEV, "aks-udr")
    allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=True))


@pytest.mark.parametrize("path", [r"managedClusters/aks-udr\?", r"azureFirewalls", r"routeTables", r"virtualNetworks"])
@pytest.mark.parametrize("status_", [403, 429, 503])
def test_what_cannot_be_read_is_no_change(world: World, path: str, status_: int) -> None:
    """Neither the fleet nor one cluster: live stays live, and nothing is written."""
    live = ask(world)
    world.settle()
    count = len([each for each in world.arm.state()["requests"] if each["method"] == "PUT"])
    world.arm.add_fault({"method": "GET", "path": path, "times": 60, "status": status_, "code": "X"})
    with world.store.write() as tx:
        tx.work.wake(live.scope.target.key, within=HOUR * 0)
    for _ in range(15):
        world.work(HOUR / 60)
    assert state_of(world, live) is Status.LIVE
    assert len([each for each in world.arm.state()["requests"] if each["method"] == "PUT"]) == count
