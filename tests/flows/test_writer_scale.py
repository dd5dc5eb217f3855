"""Scaling: one at a time for each cluster, killed at any step, on the state that was approved."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot import inventory, scaling
from bot.approvals import Decision
from bot.domain.audit import Action
from bot.domain.scale_proposal import Scale, ScaleStatus, scale_status
from bot.domain.snat import CountChange, CountGoal, goal_from_text
from bot.errors import AlreadyRequested, NotPermitted, StaleView
from bot.sandbox.clock import ManualClock
from bot.scaling import Wish
from tests.build import APPROVER, DEV, DEV2, World, make_world
from tests.flows.writer_stage import by_hand, resource, writes
from tests.histories.stage import Stage, build, open_store

CLUSTER = "/managedclusters/aks-lb"


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    """One replica that can be killed."""
    clock = ManualClock()
    made = build(open_store(database_url, clock), clock, replicas=1)
    yield made
    made.close()


def propose(world: World | Stage, count: int = 2) -> Scale:
    """Propose and have it approved."""
    proposed = scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(count), "more ports"))
    if proposed.approved_at is None:
        return scaling.decide(world.ctx, APPROVER, Decision(proposed.id, is_approved=True))
    return proposed


def stored(world: World | Stage, scale: Scale) -> tuple[ScaleStatus, Scale]:
    """As it is stored now."""
    with world.store.read() as tx:
        row = tx.scales.get(scale.id)
    return scale_status(row, world.clock.now()), row


def count_of(world: World) -> int:
    """Return how many managed outbound IPs the cluster wants."""
    profile = resource(world, CLUSTER)["properties"]["networkProfile"]["loadBalancerProfile"]
    return int(profile["managedOutboundIPs"]["count"])


def recorded(world: World | Stage, scale: Scale) -> list[str]:
    """Its audit events after its approval."""
    with world.store.read() as tx:
        chain = [each.event for each in tx.audit.chain(after=0, limit=1000)]
    after = (Action.SCALE_BEGIN, Action.SCALE_ACCEPT, Action.SCALE_DONE, Action.SCALE_FAIL)
    return [event.action for event in chain if event.subject == scale.id and event.action in after]


def test_done_is_said_after_the_addresses_were_read_back(world: World) -> None:
    """One more IP, and which."""
    scale = propose(world)
    world.settle()
    status, row = stored(world, scale)
    assert (status, count_of(world), len(row.ips_after)) == (ScaleStatus.DONE, 2, 2)
    assert set(scale.plan.ips_before) < set(row.ips_after)
    assert recorded(world, scale) == [Action.SCALE_BEGIN, Action.SCALE_ACCEPT, Action.SCALE_DONE]


@pytest.mark.parametrize("typed", ["ports 4096", "idle 10", "for 8192 ports per node"])
def test_every_setting_is_read_back(sqlite_url: str, typed: str) -> None:
    """The same way for each: one write, and done is what Azure says afterwards."""
    world = make_world(sqlite_url)
    goal, _ = goal_from_text(typed, "aks-lb")
    proposed = scaling.propose(world.ctx, DEV, Wish("aks-lb", goal, "more ports"))
    scaling.decide(world.ctx, APPROVER, Decision(proposed.id, is_approved=True, seen=proposed.digest))
    world.settle()
    status, row = stored(world, proposed)
    assert (status, len(writes(world, CLUSTER))) == (ScaleStatus.DONE, 1)
    assert row.plan.change.is_set(world.ctx.clusters.read_egress(row.cluster_id))
    world.store.close()


def test_a_failed_operation_carries_azures_code(world: World) -> None:
    """And is not tried again by itself."""
    world.arm.add_fault(
        {"method": "PUT", "path": "aks-lb$", "fail_operation": True, "code": "PublicIPCountLimitReached"}
    )
    scale = propose(world)
    world.settle()
    status, row = stored(world, scale)
    assert status is ScaleStatus.FAILED
    assert "PublicIPCountLimitReached" in (row.failure or "")
    assert len(writes(world, CLUSTER)) == 1


@pytest.mark.parametrize("how", [{"status": 403}, {"fail_operation": True}], ids=["refused", "failed"])
@pytest.mark.parametrize(
    ("code", "what", "next_step"),
    [
        ("RequestDisallowedByPolicy", "Azure Policy does not permit the change", "exemption"),
        ("QuotaExceeded", "quota does not suffice", "Request more quota"),
        ("PublicIPCountLimitReached", "limit of public IPs", "fewer outbound IPs may fit"),
    ],
)
def test_a_refusal_that_somebody_can_mend_says_what_to_do(
    world: World, how: dict[str, object], code: str, what: str, next_step: str
) -> None:
    """Whether Azure refuses at once or the operation fails later; and never as a missing permission."""
    world.arm.add_fault({"method": "PUT", "path": "aks-lb$", "code": code, "message": "Azure's words.", **how})
    scale = propose(world)
    world.settle()
    status, row = stored(world, scale)
    said = row.failure or ""
    assert (status, "permission" in said, ".." in said) == (ScaleStatus.FAILED, False, False)
    assert all(part in said for part in (code, "Azure's words", what, next_step))


@pytest.mark.parametrize(
    "fault", [{"status": 403, "code": "LinkedAuthorizationFailed"}, {"status": 400, "code": "Bad"}]
)
def test_a_refusal_is_a_failure_that_is_said(world: World, fault: dict[str, object]) -> None:
    """It does not stay open for ever."""
    world.arm.add_fault({"method": "PUT", "path": "aks-lb$", **fault})
    scale = propose(world)
    world.settle()
    status, row = stored(world, scale)
    assert status is ScaleStatus.FAILED
    assert str(fault["code"]) in (row.failure or "")


@pytest.mark.parametrize("fault", [{"drop_response": True}, {"status": 503, "code": "X"}, {"status": 429, "code": "X"}])
def test_a_lost_answer_costs_nothing(world: World, fault: dict[str, object]) -> None:
    """Whether it landed is read from the cluster."""
    world.arm.add_fault({"method": "PUT", "path": "aks-lb$", **fault})
    scale = propose(world)
    world.settle()
    assert (stored(world, scale)[0], count_of(world)) == (ScaleStatus.DONE, 2)
    landed = [each for each in writes(world, CLUSTER) if each["status"] == 200]
    assert len(landed) == 1


def test_a_cluster_that_changed_since_is_planned_again(world: World) -> None:
    """Somebody upgraded it between the plan and its turn: nothing is written until somebody approves the new plan."""
    scale = propose(world)
    by_hand(world, CLUSTER, kubernetesVersion="1.99")
    world.settle()
    status, row = stored(world, scale)
    assert (status, row.approvals, row.digest != scale.digest) == (ScaleStatus.WAITING, (), True)
    assert (writes(world, CLUSTER), count_of(world)) == ([], 1)
    assert world.said.events(scale.id)[-1] == "edited"
    with pytest.raises(StaleView):
        scaling.decide(world.ctx, APPROVER, Decision(scale.id, is_approved=True, seen=scale.digest))
    scaling.decide(world.ctx, APPROVER, Decision(scale.id, is_approved=True, seen=row.digest))
    world.settle()
    assert (stored(world, scale)[0], count_of(world)) == (ScaleStatus.DONE, 2)


@pytest.mark.parametrize("count", [2, 5])
def test_what_changed_before_the_approval_is_not_approved(sqlite_url: str, count: int) -> None:
    """The bot looks again: it plans from what is there, or says that it is there already."""
    world = make_world(sqlite_url)
    scale = scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(2), "more ports"))
    with_count(world, count)
    inventory.refresh(world.ctx)
    with pytest.raises(StaleView, match="seems to have changed"):
        scaling.decide(world.ctx, APPROVER, Decision(scale.id, is_approved=True, seen=scale.digest))
    world.settle()
    status, row = stored(world, scale)
    if count == 5:
        assert (status, row.plan.change) == (ScaleStatus.WAITING, CountChange(5, 2, there=1))
    assert (row.approvals, writes(world, CLUSTER)) == ((), [])
    world.store.close()


def test_an_edit_in_the_moment_of_the_write_is_kept(sqlite_url: str) -> None:
    """Azure refuses the write, the plan is made again, and the other change stays."""
    world = make_world(sqlite_url)
    scale = propose(world)
    world.arm.add_fault({"method": "PUT", "path": "aks-lb$", "status": 412, "code": "PreconditionFailed"})
    world.reconciler.run_one()
    by_hand(world, CLUSTER, kubernetesVersion="1.99")
    world.settle()
    status, row = stored(world, scale)
    assert (status, row.applying_at, row.approvals) == (ScaleStatus.WAITING, None, ())
    assert resource(world, CLUSTER)["properties"]["kubernetesVersion"] == "1.99"
    world.store.close()


def test_two_proposals_for_one_cluster(world: World) -> None:
    """The second is refused while the first is open, and has its turn afterwards."""
    first = propose(world)
    with pytest.raises(AlreadyRequested, match=first.id):
        propose(world, 3)
    world.settle()
    second = propose(world, 3)
    world.settle()
    assert (stored(world, second)[0], count_of(world)) == (ScaleStatus.DONE, 3)


@pytest.mark.parametrize("steps", range(14))
def test_killed_at_any_step(stage: Stage, steps: int) -> None:
    """Between any two transactions or requests: one write lands, one end is recorded, nothing is doubled."""
    scale = propose(stage)
    stage.replicas[0].fuse.left = steps
    stage.settle()
    stage.replicas[0].fuse.left = None
    assert stored(stage, scale)[0] is ScaleStatus.DONE
    landed = [each for each in stage.arm.state()["operations"] if each["resource"].lower().endswith("/aks-lb")]
    assert len(landed) == 1
    assert recorded(stage, scale).count(Action.SCALE_DONE) == 1
    assert recorded(stage, scale)[0] is Action.SCALE_BEGIN


def test_asleep_before_the_write(stage: Stage) -> None:
    """It wakes without its lease: the etag refuses its write, and the change made in between stays."""
    stage.start()
    scale = propose(stage)
    for replica in stage.replicas:
        stage.hold_up(replica, meanwhile=stage.ctx.pace.resync)
    stage.settle()
    assert stored(stage, scale)[0] is ScaleStatus.DONE
    landed = [each for each in stage.arm.state()["operations"] if each["resource"].lower().endswith("/aks-lb")]
    assert len(landed) == 1


def with_count(world: World, count: int) -> None:
    """Somebody else asked Azure for another number, and it did not get to it."""
    profile = resource(world, CLUSTER)["properties"]["networkProfile"]
    balancer = {**profile["loadBalancerProfile"], "managedOutboundIPs": {"count": count}}
    by_hand(world, CLUSTER, networkProfile={**profile, "loadBalancerProfile": balancer})


def with_one_address(world: World, count: int, state: str) -> None:
    """Azure was told of a number, and one address is there."""
    profile = resource(world, CLUSTER)["properties"]["networkProfile"]
    balancer = {**profile["loadBalancerProfile"], "managedOutboundIPs": {"count": count}}
    balancer["effectiveOutboundIPs"] = balancer["effectiveOutboundIPs"][:1]
    by_hand(world, CLUSTER, provisioningState=state, networkProfile={**profile, "loadBalancerProfile": balancer})


@pytest.mark.parametrize(
    ("state", "said"),
    [("Failed", "Failed: only 1 of 3 outbound IPs is there"), ("Succeeded", "finished, but only 1 of 3")],
)
def test_done_is_what_is_there(world: World, state: str, said: str) -> None:
    """Azure wants what was approved, and nothing has happened: that is a failure, with what is there."""
    scale = propose(world, 3)
    with_one_address(world, 3, state)
    world.settle()
    status, row = stored(world, scale)
    assert status is ScaleStatus.FAILED
    assert said in (row.failure or "")
    assert row.ips_after == ()


def test_while_azure_is_at_it_nothing_is_done(world: World) -> None:
    """The wanted count is shown immediately; the addresses come at the end."""
    scale = propose(world, 3)
    with_one_address(world, 3, "Updating")
    world.work(timedelta(minutes=3))
    assert stored(world, scale)[0] is ScaleStatus.APPROVED
    with_one_address(world, 3, "Failed")
    world.settle()
    assert stored(world, scale)[0] is ScaleStatus.FAILED


def test_a_plan_starts_from_what_is_there(world: World) -> None:
    """Three are wanted and one is there: three can be proposed, from one, and are asked for again."""
    with_one_address(world, 3, "Failed")
    scale = propose(world, 3)
    assert scale.plan.change == CountChange(3, 3, there=1)
    world.settle()
    status, row = stored(world, scale)
    assert (status, len(row.ips_after)) == (ScaleStatus.DONE, 3)


def test_a_smaller_step_is_planned_anew_applied_and_told(sqlite_url: str) -> None:
    """On record, told to the requester, and what Azure gets; nothing is approved on a cluster that has changed."""
    world = make_world(sqlite_url)
    made = scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(10), "more ports"))
    seen = Decision(made.id, is_approved=True, seen=made.digest, reason="six will do", typed="6")
    with pytest.raises(NotPermitted):
        scaling.approve_smaller(world.ctx, DEV2, seen)
    less = scaling.approve_smaller(world.ctx, APPROVER, seen)
    assert (less.plan.change.ends[1], less.plan.ports_after) == ("6", 6 * 64_000)
    assert less.plan.digest != made.digest
    world.settle()
    assert (stored(world, made)[0], count_of(world)) == (ScaleStatus.DONE, 6)
    with world.store.read() as tx:
        acts = [each.event for each in tx.audit.chain(after=0, limit=1000) if each.event.subject == made.id]
    assert [one.action for one in acts][:3] == [Action.SCALE_PROPOSE, Action.SCALE_NARROW, Action.SCALE_APPROVE]
    assert (acts[1].actor, acts[1].reason, dict(acts[1].detail)["after"]) == (APPROVER.identity, "six will do", "6")
    heard = {one.recipient for one in world.said.notices if one.body.get("proposed") == "10 outbound IPs"}
    assert "UDEV0001" in heard
    again = scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(10), "more ports"))
    profile = resource(world, CLUSTER)["properties"]["networkProfile"]
    balancer = {**profile["loadBalancerProfile"], "managedOutboundIPs": {"count": 7}}
    by_hand(world, CLUSTER, networkProfile={**profile, "loadBalancerProfile": balancer})
    with pytest.raises(StaleView):
        scaling.approve_smaller(world.ctx, APPROVER, Decision(again.id, is_approved=True, typed="8"))
    assert stored(world, again)[0] is ScaleStatus.WAITING
    world.store.close()
