"""The watch of SNAT ports: it announces a cluster once, before and when its ports run out, and when that is over."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.azure import AzureArm
from bot.domain.audit import Action
from bot.domain.work import WorkKind
from bot.inventory import capacity_csv, capacity_overview, refresh
from bot.reconciler import Reconciler
from handlers import capacity
from handlers.replies import Ephemeral
from tests.build import DEV, SUBSCRIPTION, World, make_world
from tests.flows.writer_stage import by_hand, events, told, told_text
from tests.listeners.calling import text_of, typed

HOUR = timedelta(minutes=61)
ALL = f"/subscriptions/{SUBSCRIPTION}"


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world in which the watch goes on."""
    made = make_world(database_url)
    azure = made.ctx.clusters
    assert isinstance(azure, AzureArm)
    ctx = replace(made.ctx, metrics=azure.metrics)
    with made.store.write() as tx:
        tx.work.schedule(WorkKind.PORTS, within=timedelta())
    yield replace(made, ctx=ctx, reconciler=Reconciler(ctx, made.said, workers=0))
    made.store.close()


def restarted(world: World) -> World:
    """Another process over the same database."""
    return replace(world, reconciler=Reconciler(world.ctx, world.said, workers=0))


def load(world: World, rate_per_minute: int) -> None:
    """A pod of aks-lb opens connections."""
    flow = {"cluster": "aks-lb", "host": "db.example.com", "rate_per_minute": rate_per_minute, "node": 0}
    world.arm.add_traffic(flow)


def later(world: World, hours: int = 1) -> None:
    """Let time pass, and everybody be told what there is to tell."""
    world.work(hours * HOUR)
    world.work(timedelta(seconds=5))


def asked(world: World) -> int:
    """Requests for metrics so far."""
    return sum("metrics" in one["path"].lower() for one in world.arm.state()["requests"])


def test_a_cluster_is_announced_once_until_it_is_over(world: World) -> None:
    """High, then exhausted, then calm a day after the traffic ended; each is told once and recorded."""
    later(world)
    assert told(world) == []
    load(world, 200)
    later(world)
    assert told(world) == ["ports-high"]
    said = told_text(world, "ports-high")
    assert "peak 8" in said
    assert "of node 10.224.0.4's ports; 1 IP with 2,048 ports for each node would have kept it under 60%." in said
    assert "`/egress scale aks-lb for 2048 ports per node` plans that." in said
    world = restarted(world)
    by_hand(world, "/managedclusters/aks-lb", provisioningState="Updating")
    refresh(world.ctx)
    load(world, 200)
    later(world)
    assert told(world) == ["ports-high", "ports-exhausted"]
    assert "plans that" not in told_text(world, "ports-exhausted")  # AKS is changing it, so nothing can be proposed
    world.arm.stop_traffic(None)
    later(world)
    later(world, 20)
    assert told(world) == ["ports-high", "ports-exhausted"]
    later(world, 5)
    assert told(world) == ["ports-high", "ports-exhausted", "ports-calm"]
    found = events(world, "", Action.PORTS_CHANGE)
    assert [dict(one.detail)["level"] for one in found] == ["high", "exhausted", "calm"]
    assert {one.cluster for one in found} == {"aks-lb"}


def test_a_shared_firewall_is_announced_with_all_its_clusters(world: World) -> None:
    """One message for the firewall, not one for each cluster behind it; each source is read once an hour."""
    world.arm.add_traffic({"cluster": "aks-udr", "host": "mcr.microsoft.com", "rate_per_minute": 9000})
    later(world)
    assert told(world) == ["ports-exhausted"]
    said = told_text(world, "ports-exhausted")
    assert "Firewall hub-firewall used 100% of its SNAT ports. Its health fell to 50% (SNAT port)." in said
    assert "Clusters that share it: aks-udr, aks-udr-agic" in said
    first = asked(world)
    assert 0 < first < 20
    with world.store.write() as tx:
        tx.work.wake(WorkKind.PORTS, within=timedelta())
    world.work(timedelta(minutes=1))
    assert asked(world) == first
    later(world)
    assert asked(world) == 2 * first
    assert told(world) == ["ports-exhausted"]


def test_capacity_is_sorted_by_measured_use(world: World) -> None:
    """The fullest first, with what was measured; what Azure does not say any more changes nothing until it is old."""
    load(world, 200)
    later(world)
    world.arm.put_rights(ALL, {"actions": ["*"], "notActions": ["Microsoft.Insights/metrics/read"]})
    later(world)
    assert told(world) == ["ports-high"]
    answer = capacity.capacity(world.ctx, typed(DEV, "type:loadBalancer"))
    said = text_of(answer)
    assert said.index("*aks-lb*") < said.index("*aks-lb-own*")
    assert ":warning: Node 10.224.0.4 used 8" in said
    assert "`/egress scale aks-lb for 2048 ports per node` proposes 2,048 SNAT ports per node: enough" in said
    assert isinstance(answer, Ephemeral)
    (chart,) = answer.message.charts
    assert (chart.labels[0], chart.unit, chart.limit) == ("aks-lb", "%", 75)
    assert chart.said.endswith(". Warnings start above 75%.")
    found = capacity_overview(world.ctx, DEV, "type:loadBalancer")
    header, first, *_ = capacity_csv(found).splitlines()
    assert header.endswith("measured_peak_percent,failed_connections,measured_at")
    assert first.startswith("aks-lb,")
    assert ",0,20" in first
    world.tick(timedelta(days=3))
    assert capacity_overview(world.ctx, DEV, "type:loadBalancer").uses == {}
