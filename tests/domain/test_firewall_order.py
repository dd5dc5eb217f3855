"""Each rule of Azure Firewall's order, by example: stages, priorities, inheritance, dead rules."""

import pytest

from bot.domain.firewall import (
    Evaluator,
    Flow,
    NatRule,
    Outcome,
    PolicyLayer,
    Result,
    RuleAction,
    RulePosition,
    RuleSet,
    Stage,
    ThreatIntelMode,
)
from bot.domain.fqdn import Destination, Protocol
from bot.errors import InvariantBroken
from tests.rulesets import NODES, allow, collection, deny, evaluate, fqdn, group, inherited, net, outcome, rule_set, to


def test_nothing_matches_is_denied_by_default() -> None:
    """An empty rule set denies, after every stage."""
    found = evaluate(rule_set(), to())
    assert found.outcome is Outcome.DEFAULT_DENIED
    assert [step.stage for step in found.trace] == [Stage.THREAT_INTEL, Stage.INFRASTRUCTURE, Stage.DEFAULT]
    assert found.deciding is found.trace[-1]


def test_application_rule_allows_and_says_where() -> None:
    """The deciding step names firewall policy, group, collection, priority and rule."""
    found = evaluate(rule_set(allow(fqdn("docker.io", name="r1"), name="team", priority=250)), to())
    step = found.deciding
    assert step is not None
    assert found.outcome is Outcome.ALLOWED
    assert (step.policy, step.group, step.collection, step.priority, step.rule) == (
        "own",
        "group-300",
        "team",
        250,
        "r1",
    )
    assert (step.stage, step.action, step.result) == (Stage.APPLICATION, RuleAction.ALLOW, Result.HIT)
    assert step.why == "r1 names docker.io for https:443."


def test_network_rules_come_before_application_rules_whatever_the_priority() -> None:
    """A network allow ends it before an application deny with a smaller number is read."""
    rules = rule_set(deny(fqdn("docker.io"), priority=100), allow(net("*"), priority=60000))
    found = evaluate(rules, to())
    assert found.outcome is Outcome.ALLOWED
    assert [step.stage for step in found.trace] == [Stage.THREAT_INTEL, Stage.NETWORK]


def test_network_deny_beats_application_allow() -> None:
    """And so does a network deny."""
    assert (
        outcome(rule_set(deny(net("0.0.0.0/0"), priority=60000), allow(fqdn("*"), priority=100)), to())
        is Outcome.DENIED
    )


def test_nat_rules_are_shown_and_never_match() -> None:
    """Traffic to a name is not traffic to the firewall's own address."""
    nat = collection("nat", 100, RuleAction.DNAT, NatRule(name="in", source_addresses=("*",)))
    found = evaluate(rule_set(nat, allow(fqdn("docker.io"))), to())
    assert (found.trace[1].stage, found.trace[1].result) == (Stage.DNAT, Result.MISS)
    assert found.outcome is Outcome.ALLOWED


def test_parent_policy_comes_first_regardless_of_numbers() -> None:
    """A parent's deny at 60000 cannot be undone by a child's allow at 100."""
    parent = (group(60000, deny(fqdn("*.docker.io", "docker.io"), priority=60000)),)
    assert outcome(inherited(parent, (group(100, allow(fqdn("docker.io"), priority=100)),)), to()) is Outcome.DENIED


def test_type_comes_before_inheritance() -> None:
    """A child's network rule is read before a parent's application rule."""
    parent, own = (group(100, deny(fqdn("*"))),), (group(65000, allow(net("*"))),)
    assert outcome(inherited(parent, own), to()) is Outcome.ALLOWED


def test_group_priority_then_collection_priority() -> None:
    """The group's number decides first; inside a group the collection's."""
    first, last = group(100, allow(fqdn("*"), priority=9000)), group(200, deny(fqdn("*"), priority=100))
    assert outcome(inherited((), (last, first)), to()) is Outcome.ALLOWED
    assert outcome(rule_set(allow(fqdn("*"), priority=300), deny(fqdn("*"), priority=200)), to()) is Outcome.DENIED


def test_classic_firewall_has_collection_priorities_alone() -> None:
    """In a classic firewall the group number means nothing."""
    groups = (group(100, allow(fqdn("*"), priority=400)), group(200, deny(fqdn("*"), priority=300)))
    layers = (PolicyLayer(id="/fw", name="legacy-firewall", groups=groups),)
    assert outcome(RuleSet(layers=layers, has_groups=False), to()) is Outcome.DENIED
    assert outcome(RuleSet(layers=layers), to()) is Outcome.ALLOWED


def test_trace_ends_where_the_firewall_stops() -> None:
    """Rules are terminating: what follows the deciding collection is not in the trace."""
    rules = rule_set(
        deny(fqdn("quay.io"), priority=100),
        allow(fqdn("docker.io"), priority=200),
        deny(fqdn("*"), name="rest", priority=300),
    )
    found = evaluate(rules, to())
    assert [(step.collection, step.result) for step in found.trace[1:]] == [
        ("deny", Result.MISS),
        ("allow", Result.HIT),
    ]


# Threat intelligence and infrastructure


@pytest.mark.parametrize(
    ("mode", "allowed", "result"),
    [
        (ThreatIntelMode.OFF, (), Result.MISS),
        (ThreatIntelMode.ALERT, (), Result.MISS),
        (ThreatIntelMode.DENY, (), Result.UNKNOWN),
        (ThreatIntelMode.DENY, ("*.docker.io",), Result.UNKNOWN),
        (ThreatIntelMode.DENY, ("Docker.io",), Result.MISS),
    ],
)
def test_threat_intelligence_is_noted_and_does_not_decide(
    mode: ThreatIntelMode, allowed: tuple[str, ...], result: Result
) -> None:
    """Its list is not published: in mode Deny the trace says so, unless the name is on the allowlist."""
    rules = rule_set(allow(fqdn("docker.io")), threat_intel_mode=mode, threat_intel_allow_fqdns=allowed)
    found = evaluate(rules, to())
    assert found.outcome is Outcome.ALLOWED
    assert (found.trace[0].stage, found.trace[0].result) == (Stage.THREAT_INTEL, result)


def test_threat_intelligence_allowlist_by_address() -> None:
    """Every address that the name resolves to must be on it."""
    rules = rule_set(threat_intel_mode=ThreatIntelMode.DENY, threat_intel_allow_ips=("20.1.0.0/16",))
    assert evaluate(rules, to(addresses=("20.1.1.1",))).trace[0].result is Result.MISS
    assert evaluate(rules, to(addresses=("20.1.1.1", "20.2.1.1"))).trace[0].result is Result.UNKNOWN


def test_infrastructure_rules_are_unknown_for_managed_disks_only() -> None:
    """Azure lists services and no names; only the names of managed disks have a documented shape."""
    disk = evaluate(rule_set(), to("md-hdd-x.z1.blob.storage.azure.net"))
    assert disk.outcome is Outcome.DEPENDS
    assert "managed disk" in disk.depends_on[0]
    assert outcome(rule_set(), to("account.blob.core.windows.net")) is Outcome.DEFAULT_DENIED
    assert outcome(rule_set(deny(fqdn("*"))), to("md-x.blob.core.windows.net")) is Outcome.DENIED


# Dead rules


def obstacle(rules: RuleSet, flow: Flow | None = None, *, layer: str = "/p/own") -> str | None:
    """The collection in the way of a rule at group 300, collection 500."""
    step = Evaluator(rules).stands_in_the_way(flow or to(), RulePosition(layer, 300, 500))
    return step.collection if step else None


def test_dead_rules() -> None:
    """A network rule or an earlier deny makes an allowance dead."""
    assert obstacle(rule_set(allow(net("*"), name="open"))) == "open"
    assert obstacle(rule_set(deny(net("*"), name="shut", priority=60000))) == "shut"
    assert obstacle(rule_set(deny(fqdn("*"), name="shut", priority=499))) == "shut"
    assert obstacle(inherited((group(65000, deny(fqdn("*"), name="shut", priority=65000)),), (group(300),))) == "shut"


def test_rules_that_are_not_dead() -> None:
    """Later rules, other names, unknown matches, parts, and what is allowed already are not in the way."""
    assert obstacle(rule_set()) is None
    assert obstacle(rule_set(deny(fqdn("*"), priority=500))) is None
    assert obstacle(rule_set(deny(fqdn("quay.io"), priority=100))) is None
    assert obstacle(rule_set(allow(net("20.0.0.0/8")))) is None
    assert obstacle(rule_set(deny(fqdn("docker.io", source_addresses=("10.1.0.0/25",))))) is None
    assert (
        obstacle(rule_set(allow(fqdn("docker.io"), priority=100), deny(fqdn("*"), name="rest", priority=400))) is None
    )
    wild = Flow(sources=(NODES,), destination=Destination("*.docker.io"))
    assert obstacle(rule_set(deny(fqdn("auth.docker.io"))), wild) is None


def test_a_place_in_an_unknown_policy_is_our_mistake() -> None:
    """The layer must be one that the firewall obeys."""
    with pytest.raises(InvariantBroken):
        obstacle(rule_set(), layer="/p/other")


# Values


def test_case_is_folded_where_azure_folds_it() -> None:
    """Equal to Azure, equal to us."""
    left = fqdn("Docker.IO", protocols=(("Https", 443),), source_ip_groups=("/IPGroups/A",))
    assert left == fqdn("docker.io", source_ip_groups=("/ipgroups/a",))
    assert net(destination_fqdns=("NTP.ubuntu.com",)).destination_fqdns == ("ntp.ubuntu.com",)


def test_an_evaluator_answers_again_and_again() -> None:
    """Nothing of one question stays for the next."""
    evaluator = Evaluator(rule_set(allow(fqdn("docker.io")), deny(net("20.0.0.0/8"), name="net")))
    first = [
        evaluator.evaluate(to(addresses=("30.0.0.1",))),
        evaluator.evaluate(to()),
        evaluator.evaluate(to("quay.io")),
    ]
    again = [
        evaluator.evaluate(to(addresses=("30.0.0.1",))),
        evaluator.evaluate(to()),
        evaluator.evaluate(to("quay.io")),
    ]
    assert first == again
    assert [found.outcome for found in first] == [Outcome.ALLOWED, Outcome.DEPENDS, Outcome.DEFAULT_DENIED]


def test_protocols_of_the_values_are_those_of_destinations() -> None:
    """The evaluator compares the two as text."""
    assert {str(protocol) for protocol in Protocol} == {"http", "https", "mssql", "tcp", "udp"}
