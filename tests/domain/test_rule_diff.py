"""Rendering is deterministic, the difference is by meaning, and a plan that goes too far is refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.allowance import Allowance
from bot.domain.firewall import ApplicationRule, NetworkRule, RuleAction, RuleCollection
from bot.domain.rule_diff import ChangeKind, Limits, Meanings, check_safe, content_digest, diff, meaning_of
from bot.domain.rule_rendering import allowance_id_from_rule, placed, render
from bot.errors import UnsafePlan
from tests.domain.values import SCOPE, a_live_allowance

THREE = [a_live_allowance("a.example.com", "http:b.example.com", number=n) for n in range(3)]


@given(st.permutations(THREE))
def test_the_order_of_allowances_does_not_matter(shuffled: list[Allowance]) -> None:
    """The same allowances are the same rules."""
    assert render(shuffled) == render(THREE)


def test_a_rule_leads_back_to_its_allowance_and_its_source_is_the_clusters_own() -> None:
    """Never ``*``; one rule for each protocol and port."""
    rules = [rule for each in render(THREE[:1]) for rule in each.rules]
    assert [rule.name for rule in rules] == ["a000000000-http-80", "a000000000-https-443"]
    assert {allowance_id_from_rule(rule.name) for rule in rules} == {"a000000000"}
    assert {rule.source_addresses for rule in rules} == {SCOPE.sources}


def test_pools_have_collections_of_their_own() -> None:
    """So that a pool's rules are found and removed together."""
    pooled = replace(THREE[0], scope=replace(SCOPE, pool="blue"))
    assert [each.name for each in render([pooled, THREE[1]])] == ["egress-rg-aks", "egress-rg-aks-blue"]


def shuffled_meaning(collections: tuple[RuleCollection, ...]) -> list[RuleCollection]:
    """The same in Azure's eyes, in another order and spelling."""
    return [
        replace(
            each,
            priority=each.priority + 7,
            rules=tuple(
                replace(rule, description="Azure's", source_addresses=rule.source_addresses[::-1])
                for rule in reversed(each.rules)
                if isinstance(rule, ApplicationRule)
            ),
        )
        for each in reversed(collections)
    ]


def test_what_means_the_same_is_not_a_difference() -> None:
    """Order, descriptions and the priorities among our collections cost no update."""
    assert diff(shuffled_meaning(render(THREE)), render(THREE)).is_empty


def test_a_difference_is_named_rule_by_rule() -> None:
    """Added, removed, altered; the rest is kept."""
    plan = diff(render(THREE[:2]), render(THREE[1:]))
    kinds = {(change.rule, change.kind) for change in plan.changes}
    assert ("a000000000-https-443", ChangeKind.REMOVE) in kinds
    assert ("a000000002-https-443", ChangeKind.ADD) in kinds
    assert plan.kept == 2
    widened = [
        replace(
            each, rules=tuple(replace(r, source_addresses=("*",)) for r in each.rules if isinstance(r, ApplicationRule))
        )
        for each in render(THREE)
    ]
    assert diff(widened, render(THREE)).count(ChangeKind.ALTER) == 6


def test_digests_tell_contents_apart() -> None:
    """Verified and observed content are compared by digests."""
    assert content_digest(render(THREE)) == content_digest(shuffled_meaning(render(THREE)))
    assert content_digest(render(THREE)) != content_digest(render(THREE[:2]))


RULES = tuple(rule for allowance in THREE for each in render([allowance]) for rule in each.rules)


@given(st.lists(st.tuples(st.sampled_from(RULES), st.sampled_from(RuleAction), st.booleans()), max_size=8))
def test_a_kept_meaning_is_the_rules_own(asked: list[tuple[ApplicationRule, RuleAction, bool]]) -> None:
    """Of whatever has been in its place before, equal or not, and in whatever kind of collection."""
    meanings, (head, *_) = Meanings(), render(THREE)
    for rule, action, is_over in asked:
        collection = replace(head, action=action)
        assert meanings.of(("place", "rule"), collection, replace(rule)) == meaning_of(collection, rule)
        if is_over:
            meanings.turn()


def test_a_mass_removal_that_nobody_ended_is_refused() -> None:
    """That is what an empty or wrong database looks like; explained removals may be as many as they are."""
    many = [a_live_allowance(f"h{n}.example.com", number=n) for n in range(40)]
    plan = diff(render(many), ())
    with pytest.raises(UnsafePlan, match="40 of the bot's 40"):
        check_safe(plan, Limits(), ended=())
    check_safe(plan, Limits(), ended={each.id for each in many})


BOTH = a_live_allowance("a.example.com", "tcp:db.example.com:5432", "udp:ntp.example.com:123", number=7)


def test_each_kind_of_rule_has_its_collection() -> None:
    """Network rules by transport and port; no name of one kind can be one of the other."""
    web, net = render([BOTH])
    assert (web.name, web.kind, net.name, net.kind) == ("egress-rg-aks", "application", "egress-rg-aks.net", "network")
    assert [rule.name for rule in net.rules] == ["a000000007-tcp-5432", "a000000007-udp-123"]
    pooled = replace(BOTH, scope=replace(SCOPE, pool="net"))
    long = replace(BOTH, scope=replace(SCOPE, cluster_name="c" * 63, resource_group="g" * 80))
    names = [each.name for each in render([BOTH, pooled, long])]
    assert len(set(names)) == len(names) == 6
    assert all(len(name) <= 80 for name in names)


def test_network_rules_are_compared_by_meaning() -> None:
    """Descriptions, order and the case of TCP are Azure's; ports and names are ours."""
    (net,) = [each for each in render([BOTH]) if each.kind == "network"]
    rules = [rule for rule in net.rules if isinstance(rule, NetworkRule)]
    same = replace(
        net, rules=tuple(replace(r, description="", ip_protocols=("Tcp",)) for r in rules[:1]) + net.rules[1:]
    )
    assert diff([same], [net]).is_empty
    wider = replace(net, rules=(replace(rules[0], destination_ports=("*",)), *net.rules[1:]))
    assert [change.kind for change in diff([wider], [net]).changes] == [ChangeKind.ALTER]


def test_priorities_are_free_for_the_kind() -> None:
    """An existing collection keeps its priority, unless somebody else has it for that kind."""
    web, net = render([BOTH])
    taken = {(net.kind, 100), (net.kind, 101), (net.kind, 103)}
    found = placed((web, net), (replace(web, priority=100),), taken=taken)
    assert [each.priority for each in found] == [100, 102]
    assert [each.priority for each in placed((web, net), found, taken=taken)] == [100, 102]


def test_more_names_than_a_firewall_takes_are_not_sent() -> None:
    """Before Azure would refuse the whole write."""
    many = [a_live_allowance(f"tcp:h{n}.example.com:22", number=n) for n in range(1001)]
    with pytest.raises(UnsafePlan, match="1,001 FQDNs"):
        check_safe(diff((), render(many)), Limits(), ended=())
