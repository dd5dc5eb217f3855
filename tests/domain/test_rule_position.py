"""Where a new bot rule would go, what would make it dead, and what filters a way out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.egress import ClusterEgress, ClusterRef, EgressPath, NodePool, OutboundType, PathKind
from bot.domain.egress_filter import FILTER_KINDS, FilterKind, egress_filter
from bot.domain.firewall import (
    ApplicationRule,
    Evaluator,
    Flow,
    NetworkRule,
    Outcome,
    PolicyLayer,
    RuleAction,
    RuleCollection,
    RuleCollectionGroup,
    RuleKind,
    RulePosition,
    RuleSet,
)
from bot.domain.fqdn import Destination
from bot.domain.rule_position import GroupSettings, position_of
from bot.domain.rule_rendering import owner_of
from bot.domain.target import Target, TargetKind

POLICY = Target(TargetKind.POLICY, "/policies/own")
CLASSIC = Target(TargetKind.CLASSIC, "/firewalls/old")
HOME = GroupSettings("rcg-ours", 300)
SOURCES = ("10.1.0.0/16",)


def group(name: str, priority: int, *collections: RuleCollection) -> RuleCollectionGroup:
    """A rule collection group."""
    return RuleCollectionGroup(id=f"/groups/{name}", name=name, priority=priority, collections=collections)


def collection(name: str, priority: int, action: RuleAction = RuleAction.ALLOW, *fqdns: str) -> RuleCollection:
    """Application rules for HTTPS from everywhere."""
    rule = ApplicationRule(name="r", source_addresses=("*",), protocols=(("https", 443),), target_fqdns=fqdns)
    return RuleCollection(name=name, priority=priority, action=action, kind=RuleKind.APPLICATION, rules=(rule,))


def rules(*groups: RuleCollectionGroup, parent: tuple[RuleCollectionGroup, ...] = ()) -> RuleSet:
    """A firewall policy below a parent."""
    layers = (
        PolicyLayer(id="/policies/parent", name="parent", groups=parent),
        PolicyLayer(id=POLICY.id, name="own", groups=groups),
    )
    return RuleSet(layers=layers)


def classic(*collections: RuleCollection) -> RuleSet:
    """A classic firewall."""
    return RuleSet(
        layers=(PolicyLayer(id=CLASSIC.id, name="old", groups=(group("", 100, *collections),)),), has_groups=False
    )


def test_our_group_decides_where_it_is() -> None:
    """Whatever its priority became; a collection more goes behind those that are there."""
    ours = group("RCG-ours", 417, collection("egress-a", 100), collection("foreign", 101), collection("egress-b", 102))
    assert position_of(rules(ours), POLICY, HOME) == RulePosition(POLICY.id, 417, 103)


def test_a_group_that_is_missing_takes_the_next_free_priority() -> None:
    """As the writer does; the parent's priorities are its own business."""
    made = rules(group("a", 300), group("b", 301), parent=(group("p", 302),))
    assert position_of(made, POLICY, HOME) == RulePosition(POLICY.id, 302, 100)


def test_a_classic_firewall_has_one_row() -> None:
    """The next free priority among its application rule collections."""
    made = classic(collection("a", HOME.priority), collection("b", HOME.priority + 2))
    assert position_of(made, CLASSIC, HOME) == RulePosition(CLASSIC.id, 100, HOME.priority + 1)
    assert position_of(RuleSet(has_groups=False), CLASSIC, HOME).collection_priority == HOME.priority


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(HOME.priority, HOME.priority + 12)),
        max_size=8,
        unique_by=lambda row: row[1],
    )
)
def test_a_place_is_free(rows: list[tuple[bool, int]]) -> None:
    """No foreign collection has it, and no lower free one was left for the same count of ours."""
    found = [collection(f"{'egress-' if is_ours else 'x-'}{n}", n) for is_ours, n in rows]
    foreign = {n for is_ours, n in rows if not is_ours}
    place = position_of(classic(*found), CLASSIC, HOME).collection_priority
    assert place not in foreign
    assert sum(n not in foreign for n in range(HOME.priority, place)) == len(rows) - len(foreign)


FLOW = Flow(sources=SOURCES, destination=Destination("example.com"))


@pytest.mark.parametrize(
    ("made", "obstructing"),
    [
        (rules(group("a", 200, collection("deny", 100, RuleAction.DENY, "example.com"))), "deny"),
        (rules(group("a", 400, collection("deny", 100, RuleAction.DENY, "example.com"))), None),
        (rules(parent=(group("p", 900, collection("deny", 100, RuleAction.DENY, "*.com", "example.com")),)), "deny"),
        (rules(group("a", 200, collection("open", 100, RuleAction.ALLOW, "example.com"))), None),
        (rules(group("a", 200, collection("else", 100, RuleAction.DENY, "example.net"))), None),
    ],
)
def test_what_is_read_before_and_ends_it_is_in_the_way(made: RuleSet, obstructing: str | None) -> None:
    """A deny before our place; not one behind it, and not what allows."""
    step = Evaluator(made).stands_in_the_way(FLOW, position_of(made, POLICY, HOME))
    assert (step.collection if step else None) == obstructing


def test_a_broad_network_rule_makes_every_name_dead() -> None:
    """It allows the traffic before any name is looked at."""
    rule = NetworkRule(
        name="all",
        source_addresses=("*",),
        destination_addresses=("*",),
        destination_ports=("443",),
        ip_protocols=("TCP",),
    )
    network = RuleCollection(name="net", priority=100, action=RuleAction.ALLOW, kind=RuleKind.NETWORK, rules=(rule,))
    made = rules(group("late", 9000, network))
    step = Evaluator(made).stands_in_the_way(FLOW, position_of(made, POLICY, HOME))
    assert step is not None
    assert (step.collection, step.rule) == ("net", "all")


@pytest.mark.parametrize(
    ("name", "rule", "owner"),
    [
        ("egress-rg-aks", "a0s560gxpd-https-443", "a0s560gxpd"),
        ("egress-rg-aks", "somebody-elses", None),
        ("other", "a0s560gxpd-https-443", None),
    ],
)
def test_a_rule_of_ours_leads_back_to_its_allowance(name: str, rule: str, owner: str | None) -> None:
    """By collection and rule name together."""
    application = ApplicationRule(
        name=rule, source_addresses=("*",), protocols=(("https", 443),), target_fqdns=("example.com",)
    )
    ours = RuleCollection(
        name=name, priority=100, action=RuleAction.ALLOW, kind=RuleKind.APPLICATION, rules=(application,)
    )
    evaluation = Evaluator(rules(group("g", 200, ours))).evaluate(FLOW)
    assert evaluation.outcome is Outcome.ALLOWED
    assert evaluation.deciding is not None
    assert owner_of(evaluation.deciding) == owner


def cluster(*paths: EgressPath) -> ClusterEgress:
    """A cluster with these ways out."""
    ref = ClusterRef("/clusters/x", "aks-x", "s", "rg", "westeurope")
    pools = tuple(NodePool(pool) for path in paths for pool in path.pools)
    return ClusterEgress(
        ref,
        "userDefinedRouting",
        "Succeeded",
        pools=pools,
        outbound_type=OutboundType.USER_DEFINED_ROUTING,
        is_converging=False,
        paths=paths,
    )


def path(
    kind: PathKind, pool: str = "one", target: Target | None = POLICY, sources: tuple[str, ...] = SOURCES
) -> EgressPath:
    """One way out."""
    return EgressPath(None, (pool,), kind, target=target, sources=sources)


@pytest.mark.parametrize("kind", list(PathKind))
def test_every_kind_of_path_has_its_barrier(kind: PathKind) -> None:
    """Anything outside the table is unknown; a target and sources come with a firewall only."""
    way = egress_filter(cluster(path(kind)))
    assert way.barrier is FILTER_KINDS.get(kind, FilterKind.UNKNOWN)
    assert (way.target is not None) == (way.barrier is FilterKind.FIREWALL) == bool(way.sources)
    assert "aks-x" in way.sentence


@pytest.mark.parametrize(
    "broken",
    [path(PathKind.FIREWALL, target=None), path(PathKind.FIREWALL, sources=())],
    ids=["no target", "no sources"],
)
def test_a_firewall_that_cannot_be_evaluated_is_unknown(broken: EgressPath) -> None:
    """Not guessed."""
    assert egress_filter(cluster(broken)).barrier is FilterKind.UNKNOWN
    assert egress_filter(cluster()).barrier is FilterKind.UNKNOWN


def test_pools_may_leave_by_different_ways() -> None:
    """The whole cluster has no answer, each pool has its own."""
    mixed = cluster(path(PathKind.FIREWALL, "one"), path(PathKind.NAT_GATEWAY, "two"))
    two_firewalls = cluster(path(PathKind.FIREWALL, "one"), path(PathKind.FIREWALL, "two", CLASSIC))
    for egress in (mixed, two_firewalls):
        way = egress_filter(egress)
        assert way.barrier is FilterKind.MIXED
        assert "one, two" in way.sentence
        assert egress_filter(egress, "one").target == POLICY
    assert egress_filter(mixed, "two").barrier is FilterKind.OPEN
    assert egress_filter(two_firewalls, "two").target == CLASSIC
