"""Clusters that are deleted: what waits for them closes, what is open for them ends, and nobody inherits it."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from bot import allowances, inventory, scaling
from bot.allowances import Draft
from bot.approvals import Decision
from bot.domain.allowance import Allowance, Status
from bot.domain.audit import Action
from bot.domain.fqdn import parse_destination
from bot.domain.scale_proposal import ScaleStatus, scale_status
from bot.domain.snat import CountGoal
from bot.errors import UnknownCluster, UserError
from bot.scaling import Wish
from tests.build import APPROVER, DEV, World, make_world
from tests.flows.azure_changes import UDR, delete, direct, resync, rules_of_policy
from tests.flows.writer_stage import HOUR, ask, events, opened, state_of, stored, told, told_text


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def wait_for(world: World, cluster: str = "aks-udr") -> Allowance:
    """A request that nobody has decided."""
    return allowances.request(world.ctx, DEV, Draft(cluster, (parse_destination("w.example.com"),), "why", 8 * HOUR))


def test_what_is_open_for_a_deleted_cluster_ends(world: World) -> None:
    """Removed as orphaned; requester and approver are told, the channel hears it, all of it is on record."""
    live, other = ask(world), ask(world, "b.example.com", cluster="aks-udr-agic")
    world.settle()
    delete(world, UDR)
    resync(world)
    assert state_of(world, live) is Status.CLOSED
    assert stored(world, live).gone_at is not None
    assert set(opened(world)) == {f"{other.id}-https-443"}
    assert direct(world, live, "orphaned") == {DEV.identity.user, APPROVER.identity.user}
    assert told(world) == ["cluster-gone"]
    assert live.id in told_text(world, "cluster-gone")
    assert [event.action for event in events(world, live.id)][-2:] == [Action.ALLOWANCE_ORPHAN, Action.ALLOWANCE_GONE]
    assert [e.cluster or e.subject for e in events(world, "", Action.CLUSTER_DELETE)] == [live.scope.cluster_id]


def test_what_waits_for_a_deleted_cluster_closes(world: World) -> None:
    """By the bot, on record, and whoever asked is told; the channel is not bothered."""
    asked = wait_for(world)
    delete(world, UDR)
    resync(world)
    assert state_of(world, asked) is Status.CLOSED
    assert direct(world, asked, "closed") == {DEV.identity.user}
    (closed,) = events(world, asked.id, Action.ALLOWANCE_CLOSE)
    assert "was deleted" in closed.reason
    assert told(world) == []
    with pytest.raises(UserError, match="was deleted"):
        allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=True))


def _shown(world: World) -> None:
    with pytest.raises(UnknownCluster):
        inventory.show(world.ctx, DEV, "aks-udr")


@pytest.mark.parametrize("look", [lambda world: inventory.refresh(world.ctx), _shown])
def test_a_request_for_a_deleted_cluster_cannot_be_approved(world: World, look: Callable[[World], None]) -> None:
    """At once, by whoever noticed; it is closed a moment later."""
    asked = wait_for(world)
    delete(world, UDR)
    look(world)
    with pytest.raises(UnknownCluster, match=r"was deleted in Azure\. Nothing was approved"):
        allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=True))
    world.settle()
    assert state_of(world, asked) is Status.CLOSED


def test_approved_in_the_moment_of_the_deletion(world: World) -> None:
    """Nobody has seen it yet: the writer looks before it writes, and nothing is opened."""
    asked = wait_for(world)
    delete(world, UDR)
    allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=True))
    world.settle()
    assert state_of(world, asked) is Status.CLOSED
    assert not [each for each in world.arm.state()["requests"] if each["method"] == "PUT"]


def test_another_cluster_of_the_same_name_inherits_nothing(world: World) -> None:
    """Deleted and created again between two readings: it has the id and the ranges, and is another cluster."""
    live, asked = ask(world), wait_for(world)
    world.settle()
    body = delete(world, UDR)
    world.arm.put_resource(body["id"], {**body, "properties": {**body["properties"], "resourceUID": "another"}})
    resync(world)
    assert {state_of(world, live), state_of(world, asked)} == {Status.CLOSED}
    assert opened(world) == {}
    fresh = ask(world)
    resync(world)
    assert state_of(world, fresh) is Status.LIVE


def test_recreated_after_it_was_seen_gone(world: World) -> None:
    """The end is final."""
    live = ask(world)
    world.settle()
    body = delete(world, UDR)
    resync(world)
    world.arm.put_resource(body["id"], body)
    resync(world)
    assert state_of(world, live) is Status.CLOSED
    assert opened(world) == {}


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 403, "code": "AuthorizationFailed"},
        {"status": 429, "code": "TooManyRequests"},
        {"status": 503, "code": "X"},
        {"status": 404, "code": "SubscriptionNotFound"},
    ],
)
def test_a_cluster_that_is_not_listed_and_cannot_be_read_is_not_gone(world: World, fault: dict[str, object]) -> None:
    """Resource Graph has lost it, and Azure does not say that it is gone: nothing is concluded."""
    live, asked = ask(world), wait_for(world)
    world.settle()
    world.tick(timedelta(minutes=3))
    with world.store.write() as tx:
        tx.snapshots.forget(live.scope.cluster_id, world.clock.now())
        tx.work.wake(live.scope.target.key, within=timedelta())
    world.arm.add_fault({"method": "GET", "path": r"managedclusters/aks-udr$", "times": 100, **fault})
    world.work(timedelta(seconds=1))
    assert (state_of(world, live), state_of(world, asked)) == (Status.LIVE, Status.WAITING)
    assert rules_of_policy(world, "hub-policy")


def test_a_cluster_that_resource_graph_lost_is_found_again(world: World) -> None:
    """The live read finds it: it is kept, and nothing else happens."""
    live = ask(world)
    world.settle()
    world.tick(timedelta(minutes=3))
    with world.store.write() as tx:
        tx.snapshots.forget(live.scope.cluster_id, world.clock.now())
        tx.work.wake(live.scope.target.key, within=timedelta())
    world.work(timedelta(seconds=1))
    assert state_of(world, live) is Status.LIVE
    with world.store.read() as tx:
        assert tx.snapshots.get(live.scope.cluster_id) is not None


@pytest.mark.parametrize("is_approved", [True, False])
def test_a_scale_of_a_deleted_cluster_ends(world: World, is_approved: bool) -> None:
    """Approved or not, with the reason; it is not stuck for ever, and a click on it is refused."""
    scale = scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(2), "more"))
    delete(world, "/managedclusters/aks-lb")
    if is_approved:
        scaling.decide(world.ctx, APPROVER, Decision(scale.id, is_approved=True))
    else:
        inventory.refresh(world.ctx)
        with pytest.raises(UserError, match="was deleted"):
            scaling.decide(world.ctx, APPROVER, Decision(scale.id, is_approved=True))
    world.settle()
    with world.store.read() as tx:
        row = tx.scales.get(scale.id)
    assert scale_status(row, world.clock.now()) is ScaleStatus.FAILED
    assert "was deleted" in (row.failure or "")
    assert told(world) == []
