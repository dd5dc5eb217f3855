"""The writer on a firewall policy: every way that an update can go, as an example."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot import allowances, estimates
from bot.domain.allowance import Status
from bot.domain.audit import Action
from bot.domain.work import WorkKind
from tests.build import DEV, World, make_world
from tests.flows.writer_stage import (
    ask,
    by_hand,
    disliking,
    events,
    firewall_events,
    foreign,
    numbered,
    opened,
    resource,
    state_of,
    stored,
    told,
    told_text,
    until_writing,
    writes,
)

GROUP = "/rulecollectiongroups/rcg-aks-egress"
WRITTEN = ["begin", "accept", "done Succeeded"]


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def requests(world: World, path: str) -> list[str]:
    """The requests to Azure there."""
    return [each["path"] for each in world.arm.state()["requests"] if each["path"].endswith(path)]


def fault(world: World, **what: object) -> None:
    """The fault of the bot's next write."""
    world.arm.add_fault({"method": "PUT", "path": "rcg-aks-egress$", **what})


def test_a_hundred_approvals_in_a_minute_cost_two_updates(world: World) -> None:
    """And nothing is written when nothing is different."""
    before = foreign(world)
    asked = [ask(world, host) for host in numbered(10)]
    until_writing(world)
    asked += [ask(world, f"more-{host}") for host in numbered(10)]
    world.settle()
    assert {state_of(world, each) for each in asked} == {Status.LIVE}
    assert len(writes(world)) == 2
    world.tick(timedelta(hours=1))
    world.settle()
    assert len(writes(world)) == 2
    assert foreign(world) == before


@pytest.mark.parametrize("code", ["AnotherOperationInProgress", "RetryableError"])
def test_busy_is_waited_for_as_long_as_azure_says(world: World, code: str) -> None:
    """Neither told as a fault nor forced."""
    fault(world, status=409 if code.startswith("Another") else 429, code=code, retry_after_s=40, times=2)
    asked = ask(world)
    world.settle()
    assert state_of(world, asked) is Status.LIVE
    assert firewall_events(world) == ["begin", "fail Refused", "begin", "fail Refused", *WRITTEN]
    assert told(world) == []


def test_another_tool_in_the_same_policy_tree_goes_first(world: World) -> None:
    """Its write holds the whole tree for four minutes; ours comes after it, and its rules stay."""
    body = resource(world, "/rulecollectiongroups/rcg-platform")
    world.arm.handle("PUT", f"https://x{body['id']}?api-version=2025-01-01", {"Authorization": "Bearer x"}, body)
    before, started = foreign(world), world.clock.now()
    asked = ask(world)
    world.settle()
    live_at = stored(world, asked).live_at
    assert live_at is not None
    assert timedelta(seconds=480) <= live_at - started <= timedelta(seconds=530)
    assert foreign(world) == before


def test_throttling_is_waited_out(world: World) -> None:
    """429 with Retry-After."""
    fault(world, status=429, code="TooManyRequests", retry_after_s=90)
    asked = ask(world)
    world.settle()
    assert state_of(world, asked) is Status.LIVE
    first, second = (event.at for event in events(world, "", Action.FIREWALL_BEGIN))
    assert second - first >= timedelta(seconds=90)


def test_who_is_approved_while_azure_throttles_does_not_make_it_worse(world: World) -> None:
    """However many come meanwhile: nothing is asked of the firewall before the time that Azure named."""
    fault(world, status=429, code="TooManyRequests", retry_after_s=90)
    ask(world)
    world.work(timedelta(seconds=6))
    later = ask(world, "example.net")
    count = len(world.arm.state()["requests"])
    for _ in range(8):
        world.work(timedelta(seconds=10))
    assert len(world.arm.state()["requests"]) == count
    world.settle()
    assert state_of(world, later) is Status.LIVE
    assert len(writes(world)) == 2, "The refused one, and one for both."


def test_an_answer_that_is_lost_after_the_write_landed(world: World) -> None:
    """It is seen to run, waited for, and found: one update, and its end is on record."""
    fault(world, drop_response=True)
    asked = ask(world)
    world.settle()
    assert state_of(world, asked) is Status.LIVE
    assert firewall_events(world) == ["begin", "done Found"]
    assert len(writes(world)) == 1


def test_an_answer_that_is_lost_and_the_write_did_not_land(world: World) -> None:
    """It is seen to be missing, recorded, and put again."""
    fault(world, status=503, code="ServiceUnavailable")
    asked = ask(world)
    world.settle()
    assert state_of(world, asked) is Status.LIVE
    assert firewall_events(world) == ["begin", "fail Lost", *WRITTEN]


def test_a_failed_operation_is_told_once_and_put_again(world: World) -> None:
    """Azure's code is in the audit log and in the channel; the same rules are put again until it succeeds."""
    fault(world, fail_operation=True, code="FirewallPolicyUpdateFailed", times=3)
    asked = ask(world)
    world.settle()
    assert state_of(world, asked) is Status.LIVE
    assert firewall_events(world).count("fail Failed") == 3
    failed = [dict(event.detail) for event in events(world, "", Action.FIREWALL_FAIL)]
    assert failed[0]["code"] == "FirewallPolicyUpdateFailed"
    assert told(world) == ["stuck", "healed"]
    assert "FirewallPolicyUpdateFailed" in told_text(world, "stuck")


@pytest.mark.parametrize("is_ours", [True, False])
def test_an_update_that_takes_far_too_long_is_said_once(world: World, is_ours: bool) -> None:
    """Azure is at it for more than an hour: who waits reads why on the card, and it goes on by itself."""
    world.arm._world.speed = 1 / 20
    if not is_ours:
        body = resource(world, "/rulecollectiongroups/rcg-platform")
        world.arm.handle("PUT", f"https://x{body['id']}?api-version=2025-01-01", {"Authorization": "Bearer x"}, body)
    asked = ask(world)
    until_writing(world)
    world.arm._world.speed = 1
    world.work(timedelta(minutes=15))
    assert told(world) == []
    for _ in range(6):
        world.work(timedelta(minutes=6))
    assert told(world) == ["slow"]
    assert "more than 20 minutes" in told_text(world, "slow")
    found = estimates.estimate(world.store, asked, world.clock.now())
    assert found is not None
    assert found.problem == told_text(world, "slow")
    world.settle(at_most=timedelta(hours=2))
    assert state_of(world, asked) is Status.LIVE
    assert told(world) == ["slow", "healed"]


def test_an_azure_that_does_not_answer_is_said_after_a_while(world: World) -> None:
    """Not at the first time-out; who waits longer than a minute or two reads why on the card."""
    world.arm.add_fault({"method": "GET", "path": "hub-policy", "status": 504, "code": "GatewayTimeout", "times": 60})
    asked = ask(world)
    for _ in range(3):
        world.work(timedelta(seconds=8))
    assert told(world) == []
    for _ in range(12):
        world.work(timedelta(seconds=30))
    assert told(world) == ["stuck"]
    found = estimates.estimate(world.store, asked, world.clock.now())
    assert found is not None
    assert "GatewayTimeout" in (found.problem or "")
    world.settle(at_most=timedelta(hours=3))
    assert state_of(world, asked) is Status.LIVE
    assert told(world) == ["stuck", "healed"]


def test_a_firewall_in_a_failed_state_is_waited_for(world: World) -> None:
    """While it has failed it takes nothing: nothing is put until it is back."""
    fault(world, fail_operation=True, code="FirewallPolicyUpdateFailed")
    asked = ask(world)
    until_writing(world)
    by_hand(world, "/azurefirewalls/hub-firewall", provisioningState="Failed")
    for _ in range(60):
        world.work(timedelta(seconds=20))
    assert len(writes(world)) == 1
    by_hand(world, "/azurefirewalls/hub-firewall", provisioningState="Succeeded")
    world.settle()
    assert state_of(world, asked) is Status.LIVE
    assert len(writes(world)) == 2


def test_an_unexpected_refusal_stops_nobody_but_the_one_it_is_about(world: World) -> None:
    """Azure refuses one of ten: it is found by halving, named, and the others go on."""
    asked = [ask(world, host) for host in numbered(10)]
    refused_one = asked[6]
    world = disliking(world, refused_one.id)
    world.settle()
    states = {each.id: state_of(world, each) for each in asked}
    assert states.pop(refused_one.id) is Status.FAILED
    assert set(states.values()) == {Status.LIVE}
    assert "Something is wrong" in (stored(world, refused_one).failure or "")


def test_a_rule_that_does_not_help_is_said_and_taken_away(world: World) -> None:
    """The parent policy denies what was asked: not live, failed with the blocking rule."""
    deny = {
        "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
        "name": "deny-example",
        "priority": 100,
        "action": {"type": "Deny"},
        "rules": [
            {
                "ruleType": "ApplicationRule",
                "name": "no",
                "protocols": [{"protocolType": "Https", "port": 443}],
                "sourceAddresses": ["*"],
                "targetFqdns": ["*.example.com"],
            }
        ],
    }
    by_hand(world, "/rulecollectiongroups/rcg-base", ruleCollections=[deny])
    asked = ask(world, "a.example.com")
    other = ask(world, "a.example.net")
    world.settle()
    assert state_of(world, asked) is Status.FAILED
    assert "deny-example" in (stored(world, asked).failure or "")
    assert state_of(world, other) is Status.LIVE
    assert set(opened(world)) == {f"{other.id}-https-443"}


def test_revoked_before_it_was_written_costs_nothing(world: World) -> None:
    """Approved, then withdrawn within the batch window."""
    asked = ask(world)
    allowances.end(world.ctx, DEV, asked.id)
    world.settle()
    assert writes(world) == []


def test_an_approval_during_an_update_is_in_the_next_one(world: World) -> None:
    """A trigger during an operation is not lost and does not disturb it."""
    first = ask(world, "a.example.com")
    until_writing(world)
    second = ask(world, "b.example.com")
    world.settle()
    assert [state_of(world, each) for each in (first, second)] == [Status.LIVE, Status.LIVE]
    assert firewall_events(world) == WRITTEN * 2


def test_a_broken_target_does_not_hold_up_another(world: World) -> None:
    """The one policy is refused for good; the classic firewall beside it goes on."""
    fault(world, status=403, code="AuthorizationFailed", times=500)
    broken, fine = ask(world), ask(world, cluster="aks-udr-classic")
    for _ in range(120):
        world.work(timedelta(seconds=10))
    assert state_of(world, broken) is Status.APPLYING
    assert state_of(world, fine) is Status.LIVE
    assert told(world) == ["stuck"]
    assert len(writes(world, GROUP)) < 15


def test_a_firewall_that_is_gone_and_that_nobody_needs_is_forgotten(world: World) -> None:
    """Its policy was deleted after the last allowance had ended: nothing to complain about."""
    asked = ask(world)
    world.settle()
    allowances.end(world.ctx, DEV, asked.id)
    world.settle()
    world.arm.delete_resource(resource(world, "/hub-policy")["id"])
    world.work(timedelta(minutes=13))
    count = len(world.arm.state()["requests"])
    world.work(timedelta(hours=1))
    assert len(world.arm.state()["requests"]) == count
    assert told(world) == []


@pytest.mark.parametrize("path", ["/hub-policy", "Microsoft.ResourceGraph/resources"])
def test_azure_is_asked_no_more_often_than_the_resync_period(world: World, path: str) -> None:
    """While nothing is wrong: an hour has five periods of twelve minutes."""
    asked = ask(world, hours=24)
    with world.store.write() as tx:
        tx.work.schedule(WorkKind.FLEET, within=timedelta())
    world.settle()
    assert state_of(world, asked) is Status.LIVE
    rounds = 0
    for _ in range(6 * 60):
        before = len(requests(world, path))
        world.work(timedelta(seconds=10))
        rounds += len(requests(world, path)) > before
    assert 4 <= rounds <= 5
