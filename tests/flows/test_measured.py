"""SNAT ports as they are used: in ``show`` and in the plan of a scale; and what is said when Azure says nothing."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import inventory, scaling
from bot.azure import AzureArm
from bot.domain.snat import CountGoal
from bot.domain.snat.goals import NodePortsGoal
from bot.scaling import Wish
from handlers import commands
from handlers.replies import Ephemeral, File
from tests.build import DEV, SUBSCRIPTION, World, make_world
from tests.listeners.calling import text_of, typed


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest in which metrics are read."""
    made = make_world(sqlite_url)
    azure = made.ctx.clusters
    assert isinstance(azure, AzureArm)
    yield replace(made, ctx=replace(made.ctx, metrics=azure.metrics))
    made.store.close()


def load(world: World, rate_per_minute: int = 400) -> None:
    """A pod opens connections; 400 a minute are more than its node has ports for."""
    flow = {"cluster": "aks-lb", "host": "db.example.com", "rate_per_minute": rate_per_minute, "node": 0}
    world.arm.add_traffic(flow)
    world.tick(timedelta(minutes=40))


def test_show_names_the_fullest_node_first(world: World) -> None:
    """With its share, its ports, what failed, and the same for programs."""
    load(world)
    said = text_of(commands.show(world.ctx, typed(DEV, "aks-lb")))
    assert ":red_circle: *SNAT ports in use* in the last day" in said
    assert "• node `10.224.0.4` on `20.126.14.246`: peak *100%* (1,024 of 1,024)" in said
    assert "connections failed for want of a port*" in said
    assert "By the number of nodes alone: each node keeps 1,024 ports" in said
    answer = commands.show(world.ctx, typed(DEV, "aks-lb json"))
    assert isinstance(answer, tuple)
    assert isinstance(answer[0], File)
    (use,) = json.loads(answer[0].content)["snat_use"]
    assert (use["peak_share"], use["nodes"][0]["node"], use["unread"]) == (1, "10.224.0.4", [])


def test_a_gateway_and_a_firewall_have_figures_of_their_own(world: World) -> None:
    """Connections, drops and availability; utilization and health."""
    gateway = text_of(commands.show(world.ctx, typed(DEV, "aks-natgateway")))
    for part in ("connections a minute", "no connection failed", "0 packets dropped", "availability at least 100%"):
        assert part in gateway
    firewall = text_of(commands.show(world.ctx, typed(DEV, "aks-udr")))
    assert "of its ports, shared with all behind it" in firewall
    assert "health at least 100%" in firewall


def test_a_plan_says_what_would_have_been_enough(world: World) -> None:
    """Measured peak, the same peak with the change, and the least that keeps it below sixty percent."""
    load(world, rate_per_minute=200)
    preview = scaling.preview_scale(world.ctx, DEV, "aks-lb").measured
    assert preview.startswith("Measured in the last day: peak 8")
    assert preview.endswith(
        "% of node 10.224.0.4's ports; 1 IP with 2,048 ports for each node would have kept it under 60%."
    )
    made = scaling.propose(world.ctx, DEV, Wish("aks-lb", NodePortsGoal(4096), "more"))
    assert "; with this change the same peak is 2" in made.plan.measured
    with world.store.read() as tx:
        assert tx.scales.get(made.id).plan.measured == made.plan.measured


def test_a_plan_does_not_take_a_full_node_for_its_need(world: World) -> None:
    """A node that used all its ports needed more: how many, nobody knows."""
    load(world)
    made = scaling.propose(world.ctx, DEV, Wish("aks-lb", NodePortsGoal(4096), "more"))
    assert "peak 100% of node 10.224.0.4's ports, " in made.plan.measured
    more = "it needed more than it had: at least 1 IP with 2,048 ports for each node."
    assert made.plan.measured.endswith(f"; with this change each node has 4,096; {more}")


def test_what_cannot_be_read_is_said_and_stops_nothing(world: World) -> None:
    """Without the right the answer names it; a plan is made all the same."""
    rights = {"actions": ["*"], "notActions": ["Microsoft.Insights/metrics/read"]}
    world.arm.put_rights(f"/subscriptions/{SUBSCRIPTION}", rights)
    said = text_of(commands.show(world.ctx, typed(DEV, "aks-lb")))
    assert "Metrics of kubernetes could not be read" in said
    assert "0 connections" not in said
    assert scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(2), "more")).plan.measured == ""


def test_switched_off_nothing_is_asked(world: World) -> None:
    """Not a word, not a request."""
    ctx = replace(world.ctx, metrics=None)
    said = text_of(commands.show(ctx, typed(DEV, "aks-lb")))
    assert "in use" not in said
    assert inventory.show(world.ctx, DEV, "aks-none").uses == ()
    assert not [one for one in world.arm.state()["requests"] if "metrics" in one["path"].lower()]


def test_show_draws_the_last_day(world: World) -> None:
    """Its chart stands as text in the report, with its peak in words."""
    load(world)
    answer = commands.show(world.ctx, typed(DEV, "aks-lb"))
    assert isinstance(answer, Ephemeral)
    (chart,) = answer.message.charts
    assert (len(chart.labels), max(chart.curves[0].values), chart.limit) == (96, 100, 75)
    (block,) = [one for one in answer.message.blocks if one.get("block_id") == chart.id]
    assert "SNAT ports of the fullest node in the last day: between " in block["text"]["text"]
