"""Goals as people type them, and the least change that reaches them; with Azure's published examples."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.egress import ClusterEgress, OutboundType, PathKind
from bot.domain.snat import (
    CountChange,
    CountGoal,
    Goal,
    OwnIpsChange,
    OwnIpsGoal,
    PortsChange,
    capacity,
    goal_from_text,
    plan_scale,
)
from bot.domain.snat.goals import IdleGoal, NodePortsGoal, NodesGoal, PortsGoal
from bot.domain.snat.sums import least_ips, most_ports
from bot.errors import InvalidInput, NotScalable
from tests.domain.test_snat import egress

NAT = OutboundType.MANAGED_NAT_GATEWAY


@pytest.mark.parametrize(
    ("text", "goal", "reason"),
    [
        ("3", CountGoal(3), ""),
        ("3 more ports", CountGoal(3), "more ports"),
        ("IPv6 2 why", CountGoal(2, ipv6=True), "why"),
        ("ports 4096", PortsGoal(4096), ""),
        ("ports 4,096 shop", PortsGoal(4096), "shop"),
        ("ports auto", PortsGoal(0), ""),
        ("idle 10", IdleGoal(10), ""),
        ("idle 10 minutes for the queue", IdleGoal(10), "for the queue"),
        ("ips +/a -b  swap", OwnIpsGoal(("/a",), ("b",)), "swap"),
        ("for 300 nodes", NodesGoal(300), ""),
        ("for 1 node soon", NodesGoal(1), "soon"),
        ("for 4096 ports per node", NodePortsGoal(4096), ""),
        ("for 4096 ports because", NodePortsGoal(4096), "because"),
    ],
)
def test_goals_are_read(text: str, goal: Goal, reason: str) -> None:
    """With the reason behind them."""
    assert goal_from_text(text, "aks") == (goal, reason)


@pytest.mark.parametrize(
    "text", ["many", "-1", "ports", "ports x", "idle ²", "ips", "ips a", "ips +a why -b", "1234567"]
)
def test_what_is_no_goal_is_refused(text: str) -> None:
    """With what one types instead."""
    with pytest.raises(InvalidInput, match="/egress scale aks"):
        goal_from_text(text, "aks")


@pytest.mark.parametrize(("ports", "nodes", "ips"), [(1000, 128, 2), (4000, 112, 7), (1024, 300, 5), (8000, 13, 2)])
def test_published_examples(ports: int, nodes: int, ips: int) -> None:
    """The first two are Azure's, as many nodes as fit.

    https://learn.microsoft.com/azure/aks/load-balancer-standard#configure-the-allocated-outbound-ports, read 2026-11.
    """
    assert least_ips(ports, nodes, 64_000) == ips
    plan = plan_scale(egress(ips=1, nodes=1, ports=ports), NodesGoal(nodes))
    assert plan.change == CountChange(1, ips, there=1)
    assert f"= {ports * nodes:,}; {ips} IPs × 64,000" in plan.sum


@given(ports=st.integers(1, 8000).map(lambda n: n * 8), nodes=st.integers(1, 1000), ips=st.integers(1, 100))
def test_the_least_that_fits_and_the_most_that_fits(ports: int, nodes: int, ips: int) -> None:
    """One fewer is not enough; eight more are too many."""
    least, most = least_ips(ports, nodes, 64_000), most_ports(ips, nodes)
    assert least * 64_000 >= ports * nodes
    assert least == 1 or (least - 1) * 64_000 < ports * nodes
    assert most % 8 == 0
    assert most * nodes <= ips * 64_000
    assert most == 64_000 or (most + 8) * nodes > ips * 64_000


@given(
    now=st.integers(1, 20),
    most=st.integers(1, 400),
    ips=st.integers(1, 20),
    ports=st.integers(0, 100).map(lambda n: n * 8),
    wanted=st.integers(1, 5000),
)
def test_a_plan_for_ports_gives_them(now: int, most: int, ips: int, ports: int, wanted: int) -> None:
    """Whatever it changes, each of the most nodes has the ports afterwards, with no IP more than that takes."""
    whole = egress(ips=ips, nodes=now, most=max(now, most), ports=ports)
    if ports * max(now, most) > ips * 64_000:
        return
    try:
        plan = plan_scale(whole, NodePortsGoal(wanted))
    except InvalidInput:
        need = least_ips(wanted + -wanted % 8, max(now, most), 64_000)
        assert need > 100 or (need <= ips and ports == wanted + -wanted % 8)
        return
    assert plan.then is not None
    assert plan.then.ports_per_node is not None
    assert plan.then.ports_per_node >= wanted
    assert plan.then.node_limit is not None
    assert plan.then.node_limit >= max(now, most)
    if plan.change.chosen_by_azure:
        assert (plan.then.ip_count - 1) * 64_000 < plan.then.ports_per_node * max(now, most)


def test_room_for_nodes_keeps_what_each_node_has() -> None:
    """By Azure's table 300 nodes would have 128 ports each: the plan allocates what each has now, and adds the IPs."""
    plan = plan_scale(egress(nodes=3), NodesGoal(300))
    assert plan.change == PortsChange(0, 1024, 1024, 1024, CountChange(1, 5, there=1))
    assert plan.sum == "1,024 ports × 300 nodes = 307,200; 5 IPs × 64,000 = 320,000."
    assert (
        plan.change.text == "from 1,024 (by Azure's table) to 1,024 SNAT ports per node, and from 1 to 5 outbound IPs"
    )
    fits = plan_scale(egress(nodes=3), NodesGoal(60))
    assert fits.change == PortsChange(0, 1064, 1024, 1064)


@pytest.mark.parametrize(
    ("whole", "goal", "said"),
    [
        (egress(nodes=3), NodesGoal(40), "1,024 ports to each of up to 50"),
        (egress(ips=3, ports=1024), NodesGoal(100), "3 outbound IPs already, which is enough"),
        (
            egress(ports=64_000),
            NodesGoal(101),
            "Azure accepts 100 at most. With 100, at most 63,360 ports per node fit",
        ),
        (egress(PathKind.NAT_GATEWAY, declared=NAT), NodesGoal(1009), "Azure accepts 16 at most"),
        (
            egress(ports=1000, nodes=60),
            PortsGoal(1608),
            "1,608 ports × 60 nodes = 96,480, and 1 outbound IP has 64,000",
        ),
        (egress(), PortsGoal(1001), "not 1,001, but 1,008"),
        (egress(), PortsGoal(0), "already allocates ports by Azure's table"),
        (egress(), IdleGoal(3), "Azure accepts 4 to 120"),
        (
            replace(egress(), idle_timeout=timedelta(minutes=30)),
            IdleGoal(30),
            "already has an idle timeout of 30 minutes",
        ),
        (egress(), OwnIpsGoal(("/x",)), "not the ARM id"),
        (egress(), OwnIpsGoal((), ("x",)), "does not use x"),
    ],
)
def test_what_azure_would_refuse_is_refused_before(whole: ClusterEgress, goal: Goal, said: str) -> None:
    """With the numbers, and what would do it."""
    with pytest.raises(InvalidInput) as caught:
        plan_scale(whole, goal)
    assert said in caught.value.sentence


def test_nat_gateways_allocate_nothing_to_nodes() -> None:
    """And have their own range of IPs."""
    whole = egress(PathKind.NAT_GATEWAY, nodes=100, declared=NAT)
    with pytest.raises(NotScalable, match="on demand"):
        plan_scale(whole, PortsGoal(1024))
    assert plan_scale(whole, NodePortsGoal(2000)).change == CountChange(1, 4, there=1)
    with pytest.raises(NotScalable, match="cannot be changed to your own"):
        plan_scale(whole, OwnIpsGoal(("/subscriptions/s/resourceGroups/g/providers/x/publicIPAddresses/a",)))


ID = "/subscriptions/s/resourcegroups/g/providers/microsoft.network/{}/{}"


@given(
    own=st.lists(st.sampled_from("abcdef"), unique=True, min_size=1),
    added=st.lists(st.sampled_from("cdefgh"), unique=True),
    removed=st.lists(st.sampled_from("abcdef"), unique=True),
)
def test_no_plan_wipes_own_ips(own: list[str], added: list[str], removed: list[str]) -> None:
    """What is not named stays, one is always left, and prefixes come first."""
    ids = {name: ID.format("publicipprefixes" if name in "af" else "publicipaddresses", name) for name in "abcdefgh"}
    whole = replace(egress(), own=tuple(ids[n] for n in own), has_own_ips=True, desired_ip_count=None)
    try:
        change = plan_scale(whole, OwnIpsGoal(tuple(ids[n] for n in added), tuple(removed))).change
    except InvalidInput:
        return
    assert isinstance(change, OwnIpsChange)
    assert set(change.after) == ({ids[n] for n in {*own, *added}} - {ids[n] for n in removed})
    kinds = ["prefix" in id_ for id_ in change.after]
    assert kinds == sorted(kinds, reverse=True)
    assert change.after
    for goal in (CountGoal(2), CountGoal(2, ipv6=True)):
        with pytest.raises(NotScalable, match="your own"):
            plan_scale(whole, goal)


def test_before_and_after_are_the_capacity() -> None:
    """The card shows what `/egress show` would show then."""
    plan = plan_scale(egress(ips=2, nodes=128, ports=1000), CountGoal(4))
    assert plan.now == capacity(egress(ips=2, nodes=128, ports=1000))
    assert plan.then == capacity(egress(ips=4, nodes=128, ports=1000))
