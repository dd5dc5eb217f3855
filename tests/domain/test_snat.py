"""SNAT arithmetic against Azure's published examples, and plans that say what they would do."""

from dataclasses import replace
from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.egress import ClusterEgress, EgressPath, NodePool, OutboundIp, OutboundType, PathKind
from bot.domain.egress.resolve import resolve
from bot.domain.snat import CountChange, CountGoal, base_digest, capacity, plan_scale
from bot.domain.snat.capacity import LB_PORTS_PER_IP, needed_ips
from bot.domain.snat.tiers import LB_TIERS, Cliff, next_cliff, tier_ports
from bot.errors import InvalidInput, NotScalable
from tests.domain.egress_facts import cluster, network


def egress(
    kind: PathKind = PathKind.LOAD_BALANCER,
    *,
    ips: int = 1,
    nodes: int = 3,
    most: int | None = None,
    ports: int = 0,
    declared: OutboundType = OutboundType.LOAD_BALANCER,
) -> ClusterEgress:
    """A cluster with so many addresses and nodes; an upgrade adds none."""
    pool = NodePool("np", count=nodes, max_count=most, autoscaling=most is not None, max_surge="0")
    addresses = tuple(OutboundIp(f"20.0.0.{n + 1}", 4, f"/ip/{n}", "managed") for n in range(ips))
    base = resolve(cluster(pools=(NodePool("np"),)), network())
    return replace(
        base,
        declared=str(declared),
        outbound_type=declared,
        etag="e1",
        pools=(pool,),
        paths=(EgressPath(None, ("np",), kind, addresses),),
        desired_ip_count=ips,
        allocated_ports=ports if declared is OutboundType.LOAD_BALANCER else None,
    )


@pytest.mark.parametrize(("ports", "ips", "nodes"), [(1000, 2, 128), (4000, 7, 112)])
def test_published_examples_of_explicit_ports(ports: int, ips: int, nodes: int) -> None:
    """Microsoft's own examples: so many nodes can have so many ports with so many addresses."""
    found = capacity(egress(ips=ips, nodes=nodes, ports=ports))

    assert (found.node_limit, found.headroom_nodes, found.ports_per_node) == (nodes, 0, ports)
    assert found.near_exhaustion
    assert needed_ips(egress(ips=ips, nodes=nodes, ports=ports)) == ips
    assert needed_ips(egress(ips=ips, nodes=nodes + 1, ports=ports)) == ips + 1


@given(ports=st.integers(1, 8000).map(lambda n: n * 8), nodes=st.integers(1, 1000))
def test_needed_ips_are_enough_and_not_one_too_many(ports: int, nodes: int) -> None:
    """The formula of the documentation, from both sides."""
    need = needed_ips(egress(nodes=nodes, ports=ports))

    assert need * LB_PORTS_PER_IP >= ports * nodes
    assert need == 1 or (need - 1) * LB_PORTS_PER_IP < ports * nodes


@pytest.mark.parametrize(
    ("nodes", "ports"),
    [(1, 1024), (50, 1024), (51, 512), (100, 512), (101, 256), (200, 256), (201, 128), (400, 128), (401, 64), (800, 64),
     (801, 32), (1000, 32), (1001, 0)],
)  # fmt: skip
def test_the_table(nodes: int, ports: int) -> None:
    """Both ends of every tier."""
    assert tier_ports(nodes) == ports


@given(nodes=st.integers(1, 1200))
def test_the_next_cliff_is_the_next_loss(nodes: int) -> None:
    """Up to the cliff nothing changes, at it the ports halve, and past the last tier there is none."""
    cliff = next_cliff(nodes)
    if cliff is None:
        assert nodes > LB_TIERS[-2][0]
        return
    assert tier_ports(cliff.at_nodes - 1) == tier_ports(nodes) == cliff.ports_before
    assert tier_ports(cliff.at_nodes) == cliff.ports_after == cliff.ports_before // 2


def test_growing_over_a_cliff_is_near_exhaustion() -> None:
    """50 nodes that may become 51."""
    near, enough = capacity(egress(nodes=50, most=51)), capacity(egress(nodes=49, most=50))

    assert (near.near_exhaustion, near.cliff) == (True, Cliff(51, 1024, 512))
    assert "drops from 1,024 to 512" in near.advice
    assert not enough.near_exhaustion
    assert enough.advice.startswith("Enough")


def test_beyond_the_end_of_the_table_nothing_is_enough() -> None:
    """Azure's table names no ports for more than 1,000 nodes, and nothing is said of nodes that it does not know."""
    for nodes, most in ((900, 1200), (1200, 1300)):
        found = capacity(egress(nodes=nodes, most=most))
        assert found.near_exhaustion
        assert "ends at 1,000 nodes" in found.advice


@given(ips=st.integers(1, 16), most=st.integers(1, 2000))
def test_nat_gateways_give_on_demand(ips: int, most: int) -> None:
    """64,512 ports of each address for all nodes together."""
    found = capacity(
        egress(PathKind.NAT_GATEWAY, ips=ips, nodes=1, most=most, declared=OutboundType.MANAGED_NAT_GATEWAY)
    )

    assert (found.total_ports, found.ports_per_node, found.is_shared) == (64_512 * ips, None, False)
    assert found.near_exhaustion == (64_512 * ips / most < 1024)


def test_firewalls_are_shared() -> None:
    """2,496 ports for each address and instance, of which there are two at least; a NAT gateway on it gives its own."""
    plain = egress(PathKind.FIREWALL, ips=2, declared=OutboundType.USER_DEFINED_ROUTING)
    behind_nat = replace(plain, paths=(replace(plain.paths[0], nat_gateway="/nat"),))

    assert (capacity(plain).total_ports, capacity(plain).is_shared) == (2 * 2 * 2_496, True)
    assert capacity(behind_nat).total_ports == 2 * 64_512


def test_prefixes_count_every_address() -> None:
    """A /30 is four addresses."""
    whole = egress()
    path = replace(
        whole.paths[0],
        ips=(OutboundIp("20.9.0.0/30", 4, "/p", "prefix"), OutboundIp("2001:db8::/124", 6, "/q", "prefix")),
    )

    assert capacity(replace(whole, paths=(path,))).ip_count == 4


def test_nothing_is_known_of_an_appliance() -> None:
    """No number is better than a wrong one."""
    found = capacity(egress(PathKind.APPLIANCE, ips=0, declared=OutboundType.USER_DEFINED_ROUTING))

    assert (found.total_ports, found.near_exhaustion) == (0, False)
    assert "does not know" in found.advice


def test_a_cluster_without_pools() -> None:
    """Half-read clusters have a capacity too."""
    assert capacity(replace(egress(), pools=(), paths=())).total_ports == 0


NAT = OutboundType.MANAGED_NAT_GATEWAY


@given(before=st.integers(1, 100), after=st.integers(-5, 120))
def test_plans_of_load_balancers(before: int, after: int) -> None:
    """Every count of 1..100 but the present one is a plan; going down puts every address at risk."""
    whole = egress(ips=before)
    if after not in range(1, 101) or after == before:
        with pytest.raises(InvalidInput):
            plan_scale(whole, CountGoal(after))
        return
    plan = plan_scale(whole, CountGoal(after))
    assert (plan.change, plan.kind, plan.etag) == (CountChange(before, after, before), "loadBalancer", "e1")
    assert plan.at_risk == (plan.ips_before if after < before else ())
    assert plan.ports_after - plan.ports_before == (after - before) * 64_000
    assert plan.warnings


@pytest.mark.parametrize("count", [0, 17, 100])
def test_nat_gateways_have_at_most_sixteen(count: int) -> None:
    """The sentence says the range."""
    with pytest.raises(InvalidInput, match="1 to 16"):
        plan_scale(egress(PathKind.NAT_GATEWAY, ips=2, declared=NAT), CountGoal(count))


def test_too_few_for_the_allocated_ports() -> None:
    """Azure is expected to refuse it; we do it first, with the numbers."""
    whole = egress(ips=8, nodes=112, ports=4000)
    need = ceil(4000 * 112 / 64_000)

    assert plan_scale(whole, CountGoal(need)).change.ends[1] == "7"
    with pytest.raises(InvalidInput, match="need 7"):
        plan_scale(whole, CountGoal(need - 1))


def test_ipv6_needs_a_dual_stack_cluster() -> None:
    """And its count is apart from that of IPv4."""
    dual = replace(egress(), desired_ipv6_count=2)

    assert plan_scale(dual, CountGoal(1, ipv6=True)).change == CountChange(2, 1, there=0, ipv6=True)
    with pytest.raises(InvalidInput, match="dual-stack"):
        plan_scale(egress(), CountGoal(2, ipv6=True))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"outbound_type": OutboundType.USER_DEFINED_ROUTING}, "your own route"),
        ({"outbound_type": OutboundType.NONE}, "type none"),
        ({"outbound_type": OutboundType.BLOCK}, "blocked"),
        ({"outbound_type": None, "declared": "wormhole"}, "wormhole"),
        ({"has_own_ips": True}, "your own"),
        ({"is_converging": True, "state": "Updating"}, "Updating"),
        ({"is_running": False}, "stopped"),
    ],
)
def test_not_scalable(changes: dict[str, Any], words: str) -> None:
    """Each reason is a sentence about the cluster."""
    with pytest.raises(NotScalable, match=words) as caught:
        plan_scale(replace(egress(), **changes), CountGoal(2))
    assert caught.value.sentence.startswith("aks ")


def test_user_assigned_gateways_get_the_command() -> None:
    """The person is told what would do it."""
    whole = egress(PathKind.NAT_GATEWAY, declared=OutboundType.USER_ASSIGNED_NAT_GATEWAY)
    whole = replace(whole, paths=(replace(whole.paths[0], nat_gateway="/rg/nat-a"),))

    with pytest.raises(NotScalable, match="az network nat gateway update --ids /rg/nat-a"):
        plan_scale(whole, CountGoal(2))


def test_the_digest_is_of_what_is_applied() -> None:
    """Another count or another state is another plan; the same is the same."""
    whole = egress()
    plans = [
        plan_scale(whole, CountGoal(2)),
        plan_scale(whole, CountGoal(3)),
        plan_scale(replace(whole, etag="e2"), CountGoal(2)),
        plan_scale(replace(whole, allocated_ports=8), CountGoal(2)),
    ]

    assert plan_scale(whole, CountGoal(2)).digest == plans[0].digest
    assert len({plan.digest for plan in plans}) == 4
    assert plans[0].base_digest == base_digest(whole)
