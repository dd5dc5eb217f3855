"""For which nodes a rule is, by example: ranges, IP groups, parts of a cluster."""

import pytest

from bot.domain.firewall import (
    Flow,
    Outcome,
    Result,
)
from bot.errors import InvariantBroken
from tests.rulesets import NODES, allow, deny, evaluate, fqdn, outcome, rule_set, to


@pytest.mark.parametrize(
    ("source", "expected", "result"),
    [
        ("*", Outcome.ALLOWED, Result.HIT),
        (NODES, Outcome.ALLOWED, Result.HIT),
        ("10.0.0.0/8", Outcome.ALLOWED, Result.HIT),
        ("10.1.0.0-10.1.0.255", Outcome.ALLOWED, Result.HIT),
        ("10.1.0.0/25", Outcome.DEPENDS, Result.PARTIAL),
        ("10.1.0.9", Outcome.DEPENDS, Result.PARTIAL),
        ("10.2.0.0/24", Outcome.DEFAULT_DENIED, Result.MISS),
        ("fd00::/8", Outcome.DEFAULT_DENIED, Result.MISS),
    ],
)
def test_sources(source: str, expected: Outcome, result: Result) -> None:
    """The rule must be for all nodes; for some of them it depends on the node."""
    found = evaluate(rule_set(allow(fqdn("docker.io", source_addresses=(source,)))), to())
    assert (found.outcome, found.trace[1].result) == (expected, result)


def test_partial_sources_say_which() -> None:
    """The sentence names the nodes that get out."""
    found = evaluate(rule_set(allow(fqdn("docker.io", name="half", source_addresses=("10.1.0.128/25",)))), to())
    (sentence,) = found.depends_on
    assert sentence.startswith("Rule collection allow of own allows: half names docker.io for https:443.")
    assert sentence.endswith("It applies only to the sources 10.1.0.128/25.")


def test_two_rules_for_half_of_the_nodes_each_cover_all() -> None:
    """In one collection or in two, of two node pools or one cluster."""
    one, two = (fqdn("docker.io", source_addresses=(half,)) for half in ("10.1.0.0/25", "10.1.0.128/25"))
    assert outcome(rule_set(allow(one, two)), to()) is Outcome.ALLOWED
    apart = evaluate(rule_set(allow(one, priority=100), allow(two, name="second", priority=200)), to())
    assert apart.outcome is Outcome.ALLOWED
    assert [step.result for step in apart.trace[1:]] == [Result.PARTIAL, Result.HIT]
    assert outcome(rule_set(deny(one), allow(fqdn("*"))), to()) is Outcome.DEPENDS


def test_ip_groups_are_read_and_an_unread_one_is_unknown() -> None:
    """Ids of IP groups are compared without case."""
    rule = fqdn("docker.io", source_addresses=(), source_ip_groups=("/Subscriptions/x/ipGroups/Nodes",))
    known = rule_set(allow(rule), ip_groups={"/subscriptions/X/ipgroups/nodes": ("10.1.0.0/16",)})
    assert outcome(known, to()) is Outcome.ALLOWED
    unread = evaluate(rule_set(allow(rule)), to())
    assert unread.outcome is Outcome.DEPENDS
    assert "IP group nodes" in unread.depends_on[0]


def test_pod_selectors_are_unknown() -> None:
    """Which pods a selector picks is not for us to say."""
    rule = fqdn("docker.io", source_addresses=(), source_kube_selector_groups=("/selectors/web",))
    assert outcome(rule_set(allow(rule)), to()) is Outcome.DEPENDS


def test_dual_stack_nodes_need_both_families() -> None:
    """A rule for the IPv4 range leaves the IPv6 range out."""
    flow = to(sources=(NODES, "fd00:1::/64"))
    assert outcome(rule_set(allow(fqdn("docker.io", source_addresses=(NODES,)))), flow) is Outcome.DEPENDS
    assert outcome(rule_set(allow(fqdn("docker.io", source_addresses=(NODES, "fd00::/16")))), flow) is Outcome.ALLOWED


@pytest.mark.parametrize("flow", [to(sources=()), to(sources=("nodes",)), to(addresses=("somewhere",))])
def test_a_flow_that_is_no_flow_is_our_mistake(flow: Flow) -> None:
    """Nobody types a flow: a bad one is a defect."""
    with pytest.raises(InvariantBroken):
        evaluate(rule_set(), flow)


def test_tag_rules_with_and_without_addresses_stand_beside_each_other() -> None:
    """Both are in the sentence of their collection."""
    one = fqdn(name="first", fqdn_tags=("HDInsight",))
    two = fqdn(name="second", fqdn_tags=("AzureBackup",), destination_addresses=("20.0.0.0/8",))
    (sentence,) = evaluate(rule_set(allow(one, two)), to("backup.windowsazure.com")).depends_on
    assert "first has the FQDN tag HDInsight" in sentence
    assert "second has the FQDN tag AzureBackup" in sentence
    assert "20.0.0.0/8" in sentence


def test_what_is_decided_before_is_said_to_be() -> None:
    """A rule for nodes that an earlier collection has ended does nothing more."""
    half = ("10.1.0.0/25",)
    rules = rule_set(deny(fqdn("*", source_addresses=half)), allow(fqdn("docker.io", source_addresses=half)))
    step = evaluate(rules, to()).trace[2]
    assert (step.result, step.why) == (Result.MISS, "Everything it matches is decided before it.")


def test_every_rule_that_could_change_the_outcome_is_told() -> None:
    """The certain part first, then what is unknown; rules that only come near are left out, three sentences at most."""
    half = fqdn("docker.io", name="half", source_addresses=("10.1.0.0/25",))
    near = fqdn("docker.io", name="near", protocols=(("http", 80),))
    tags = [fqdn(name=f"tag-{number}", web_categories=("Business",)) for number in range(3)]
    step = evaluate(rule_set(allow(near, *tags, half)), to()).trace[1]
    assert (step.result, step.rule) == (Result.PARTIAL, "half")
    assert step.why.startswith("half names docker.io")
    assert "tag-1 matches if" in step.why
    assert "near" not in step.why
    assert step.why.endswith("And 1 more like these.")
