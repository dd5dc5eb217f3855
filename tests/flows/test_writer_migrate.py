"""Changing the outbound type: approved by a person, applied once, read back; half-way is said to be so."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import scaling
from bot.approvals import Decision
from bot.domain.audit import Action
from bot.domain.egress import OutboundType, PathKind
from bot.domain.feature_settings import Migrations
from bot.domain.scale_proposal import Scale, ScaleStatus
from bot.errors import AlreadyRequested, NotScalable, RequestRefused
from bot.sandbox.clock import ManualClock
from bot.scaling import MigrationWish
from handlers import migrations
from handlers.blocks.scale_card import scale_card
from tests.blockkit import assert_valid
from tests.build import APPROVER, DEV, World, make_world
from tests.flows.test_writer_scale import recorded, stored
from tests.flows.writer_stage import by_hand, resource, until_writing, writes
from tests.histories.stage import Stage, build, open_store
from tests.listeners.calling import all_text, text_of, typed

CLUSTER, NAT = "/managedclusters/aks-lb", MigrationWish("aks-lb", "managedNATGateway", 2)
OLD = "20.126.14.246"


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest in which outbound types may be changed."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


def propose(world: World | Stage, wish: MigrationWish = NAT) -> Scale:
    """Propose and have it approved."""
    proposed = scaling.propose_migration(world.ctx, DEV, wish, "out of ports")
    assert proposed.approved_at is None
    return scaling.decide(world.ctx, APPROVER, Decision(proposed.id, is_approved=True, seen=proposed.digest))


def test_solution_two_is_done_when_it_was_read_back(world: World) -> None:
    """Two new addresses on a NAT gateway, the old one gone, the public service where it was."""
    scale = propose(world)
    world.settle()
    status, row = stored(world, scale)
    egress = world.ctx.clusters.read_egress(row.cluster_id)
    assert (status, egress.effective) == (ScaleStatus.DONE, (PathKind.NAT_GATEWAY,))
    assert (len(row.ips_after), OLD in row.ips_after) == (2, False)
    assert row.ips_after == tuple(ip.address for ip in egress.ips)
    assert [ip.address for ip in egress.ingress] == ["20.31.208.171"]
    assert recorded(world, scale) == [Action.SCALE_BEGIN, Action.SCALE_ACCEPT, Action.SCALE_DONE]
    assert len(writes(world, CLUSTER)) == 1


@pytest.mark.parametrize(
    ("cluster", "after"),
    [
        ("aks-lb", "managedNATGatewayV2"),
        ("aks-lb", "none"),
        ("aks-lb", "block"),
        ("aks-natgateway", "none"),
        ("aks-natgateway", "managedNATGatewayV2"),
        ("aks-none", "loadBalancer"),
        ("aks-udr", "none"),
    ],
)
def test_every_other_transition(world: World, cluster: str, after: str) -> None:
    """The same way for each that Azure permits here: what is there afterwards is what was approved."""
    by_hand(world, f"/managedclusters/{cluster}", apiServerAccessProfile={"enablePrivateCluster": True})
    scale = propose(world, MigrationWish(cluster, after))
    world.settle()
    status, row = stored(world, scale)
    egress = world.ctx.clusters.read_egress(row.cluster_id)
    assert (row.failure, status, egress.exact_outbound_type) == (None, ScaleStatus.DONE, OutboundType(after))
    assert not set(row.plan.at_risk) & {ip.address for ip in egress.ips}


def test_a_route_that_is_there_already(world: World) -> None:
    """From none back to userDefinedRouting: the route carries the traffic, and no address goes."""
    propose(world, MigrationWish("aks-udr", "none"))
    world.settle()
    scale = propose(world, MigrationWish("aks-udr", "userDefinedRouting"))
    world.settle()
    status, row = stored(world, scale)
    assert (status, row.plan.at_risk, row.plan.changes_ips) == (ScaleStatus.DONE, (), False)


def test_a_person_always_decides(world: World) -> None:
    """Also where the policy grants everything; off by default; refused by a rule about it alone."""
    book = world.ctx.config
    rule = book.policy.rules[0]
    for then, subjects in (("grant", {"allowance", "scale", "migrate"}), ("refuse", {"migrate"})):
        changed = replace(
            rule,
            name="all",
            then=type(rule.then)(then),
            subjects=frozenset(subjects),
            environments=frozenset(),
            clusters=(),
            risks=frozenset(),
            bundles=frozenset(),
            longer_than=None,
        )
        policy = replace(book.policy, rules=(changed,))
        ctx = replace(world.ctx, config=replace(book, policy=policy))
        if then == "refuse":
            with pytest.raises(RequestRefused, match="rule all"):
                scaling.propose_migration(ctx, DEV, MigrationWish("aks-natgateway", "managedNATGatewayV2"))
        else:
            made = scaling.propose_migration(ctx, DEV, NAT)
            assert (made.approved_at, "a person decides" in made.verdict.reason) == (None, True)
    off = replace(world.ctx, config=replace(book, migrate=Migrations()))
    with pytest.raises(NotScalable, match=r"migrate\.apply is off"):
        scaling.propose_migration(off, DEV, NAT)


def test_what_cannot_be_applied_is_not_filed(world: World) -> None:
    """What Azure would refuse, and what its documentation contradicts itself about."""
    with pytest.raises(NotScalable, match="does not permit"):
        propose(world, MigrationWish("aks-natgateway", "loadBalancer"))
    with pytest.raises(NotScalable, match="has no NAT gateway"):
        propose(world, MigrationWish("aks-udr", "userAssignedNATGateway"))
    assert writes(world) == []


def test_one_at_a_time(world: World) -> None:
    """A cluster has one open proposal, whatever it is about."""
    first = propose(world)
    with pytest.raises(AlreadyRequested, match=first.id):
        propose(world, MigrationWish("aks-lb", "managedNATGatewayV2"))


def test_an_operation_that_fails_leaves_it_half_way(world: World) -> None:
    """Azure's code, and where the cluster stands: set to the new type, leaving through the old address."""
    world.arm.add_fault({"method": "PUT", "path": "aks-lb$", "fail_operation": True, "code": "SubnetIsFull"})
    scale = propose(world)
    world.settle()
    status, row = stored(world, scale)
    assert status is ScaleStatus.FAILED
    assert "SubnetIsFull" in (row.failure or "")
    assert f"half-way: it is set to managedNATGateway, and traffic still leaves through {OLD}" in (row.failure or "")
    assert "lets AKS finish it" in (row.failure or "")
    assert len(writes(world, CLUSTER)) == 1


@pytest.mark.parametrize("fault", [{"drop_response": True}, {"status": 503, "code": "X"}])
def test_a_lost_answer_costs_nothing(world: World, fault: dict[str, object]) -> None:
    """Whether it landed is read from the cluster."""
    world.arm.add_fault({"method": "PUT", "path": "aks-lb$", **fault})
    scale = propose(world)
    world.settle()
    assert stored(world, scale)[0] is ScaleStatus.DONE
    assert len([each for each in writes(world, CLUSTER) if each["status"] == 200]) == 1


@pytest.mark.parametrize("fault", [{"status": 403, "code": "LinkedAuthorizationFailed"}, {"status": 412, "code": "P"}])
def test_a_refusal_is_said(world: World, fault: dict[str, object]) -> None:
    """No permission, and somebody who was faster: nothing was changed."""
    world.arm.add_fault({"method": "PUT", "path": "aks-lb$", **fault})
    scale = propose(world)
    world.settle()
    status, row = stored(world, scale)
    assert (status, bool(row.failure)) == (ScaleStatus.FAILED, True)
    assert resource(world, CLUSTER)["properties"]["networkProfile"]["outboundType"] == "loadBalancer"


def test_somebody_else_changes_it_first(world: World) -> None:
    """The plan is for a cluster that no longer is: nothing is sent, and the plan of now has to be approved."""
    scale = propose(world)
    network = resource(world, CLUSTER)["properties"]["networkProfile"]
    by_hand(world, CLUSTER, networkProfile={**network, "outboundType": "none"})
    world.settle()
    status, row = stored(world, scale)
    assert (status, writes(world, CLUSTER), row.approvals) == (ScaleStatus.WAITING, [], ())
    assert row.plan.change.ends == ("none", "managedNATGateway")


def test_turned_off_after_the_approval(world: World) -> None:
    """What may no longer be applied is not."""
    scale = propose(world)
    ctx = replace(world.ctx, config=replace(world.ctx.config, migrate=Migrations()))
    off = replace(world, ctx=ctx, reconciler=type(world.reconciler)(ctx, world.said, workers=0))
    off.settle()
    status, row = stored(off, scale)
    assert (status, writes(off, CLUSTER)) == (ScaleStatus.FAILED, [])
    assert "Nothing was changed" in (row.failure or "")


def test_while_azure_is_at_it(world: World) -> None:
    """The type is new at once; done is said when the new addresses are there and the old one is not."""
    scale = propose(world)
    until_writing(world)
    assert resource(world, CLUSTER)["properties"]["networkProfile"]["outboundType"] == "managedNATGateway"
    world.work(timedelta(seconds=2))
    assert stored(world, scale)[0] is ScaleStatus.APPLYING
    world.settle()
    assert stored(world, scale)[0] is ScaleStatus.DONE


@pytest.mark.parametrize("steps", range(0, 14, 3))
def test_killed_at_any_step(sqlite_url: str, steps: int) -> None:
    """One write lands, one end is recorded."""
    clock = ManualClock()
    stage = build(open_store(sqlite_url, clock), clock, replicas=1)
    scale = propose(stage)
    stage.replicas[0].fuse.left = steps
    stage.settle()
    stage.replicas[0].fuse.left = None
    assert stored(stage, scale)[0] is ScaleStatus.DONE
    landed = [each for each in stage.arm.state()["operations"] if each["resource"].lower().endswith("/aks-lb")]
    assert len(landed) == 1
    assert recorded(stage, scale).count(Action.SCALE_DONE) == 1
    stage.close()


def test_the_card_says_what_happens(world: World) -> None:
    """What goes, what comes, what breaks; the command proposes it, and says so."""
    said = text_of(migrations.migrate(world.ctx, typed(DEV, "aks-lb managedNATGateway 2")))
    assert "/egress migrate aks-lb managedNATGateway 2 propose REASON" in said
    answer = text_of(migrations.migrate(world.ctx, typed(DEV, "aks-lb managedNATGateway 2 propose out of ports")))
    with world.store.read() as tx:
        [scale] = tx.scales.find(None)
    assert scale.id in answer
    card = scale_card(scale, world.ctx.config, world.clock.now())
    assert_valid(card, "message")
    text = all_text(card)
    assert "from the outbound type loadBalancer to managedNATGateway with 2 outbound IPs" in text
    assert "2 new, chosen by Azure" in text
    assert "All open outbound connections break" in text
    assert "out of ports" in text
