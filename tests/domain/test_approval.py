"""Refuse wins over ask, ask over grant, every ask counts, and what cannot be evaluated asks a human."""

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import pytest

from bot.domain.access import may_decide
from bot.domain.approval import (
    Approval,
    ApprovalPolicy,
    PolicyQuery,
    PolicyRule,
    Quorum,
    Verdict,
    VerdictKind,
    add_approval,
    approval_of,
    evaluate,
    quorums_text,
)
from bot.domain.fqdn import Destination, parse_destinations
from bot.domain.people import Identity, Person
from bot.domain.risk import Level, Risk
from bot.errors import AlreadyDecided
from tests.domain.values import NOW, an_allowance, asked

GRANT = PolicyRule("easy", VerdictKind.GRANT, "Low risk in test.", environments=frozenset({"test"}))
ASK = PolicyRule("long", VerdictKind.ASK, "Long.", longer_than=timedelta(days=30), approvers=("security",), needed=2)
REFUSE = PolicyRule("never", VerdictKind.REFUSE, "Never.", risks=frozenset({"critical"}))
POLICY = ApprovalPolicy((GRANT, ASK, REFUSE), ("platform",))
LOW, HIGH, CRITICAL = Risk(0, Level.LOW, ()), Risk(50, Level.HIGH, ()), Risk(90, Level.CRITICAL, ())
SHORT, LONG = timedelta(days=1), timedelta(days=60)

CASES = [
    (PolicyQuery("allowance", "aks", "test", LOW, (), SHORT), VerdictKind.GRANT, "easy"),
    (PolicyQuery("allowance", "aks", "test", LOW, (), LONG), VerdictKind.ASK, "long"),
    (PolicyQuery("allowance", "aks", "test", LOW, (), None), VerdictKind.ASK, "long"),
    (PolicyQuery("allowance", "aks", "test", CRITICAL, (), LONG), VerdictKind.REFUSE, "never"),
    (PolicyQuery("allowance", "aks", "production", LOW, (), SHORT), VerdictKind.ASK, "default"),
    (PolicyQuery("allowance", "aks", "test", None, (), SHORT), VerdictKind.ASK, "default"),
]


@pytest.mark.parametrize(("question", "kind", "rule"), CASES)
def test_the_strongest_rule_decides(question: PolicyQuery, kind: VerdictKind, rule: str) -> None:
    """Whatever its place in the file."""
    for rules in (POLICY.rules, POLICY.rules[::-1]):
        verdict = evaluate(ApprovalPolicy(rules, POLICY.default_approvers), question)
        assert (verdict.kind, verdict.rule) == (kind, rule)


def test_the_verdict_names_who_is_asked() -> None:
    """The rule's own groups, or the default ones."""
    assert evaluate(POLICY, CASES[1][0]).approvers == ("security",)
    assert evaluate(POLICY, CASES[4][0]).approvers == ("platform",)
    assert evaluate(ApprovalPolicy(), CASES[4][0]).approvers == ()


PRODUCTION = PolicyRule(
    "production", VerdictKind.ASK, "Production.", environments=frozenset({"production"}), approvers=("security",)
)
RISKY = PolicyRule("risky", VerdictKind.ASK, "High.", risks=frozenset({"high"}), approvers=("platform",), needed=2)


def test_every_rule_that_asks_is_asked() -> None:
    """Not the one that needs the most people."""
    verdict = evaluate(ApprovalPolicy((PRODUCTION, RISKY)), PolicyQuery("allowance", "aks", "production", HIGH))
    assert quorums_text(verdict.asks) == "2 from platform and 1 from security"
    assert (verdict.needed, verdict.approvers) == (2, ("platform", "security"))
    assert verdict.rule == "risky, production"


def test_of_the_same_groups_the_most_people_are_asked() -> None:
    """Two of platform include one of platform, and both rules are named."""
    one = replace(PRODUCTION, approvers=("platform",))
    verdict = evaluate(ApprovalPolicy((one, RISKY)), PolicyQuery("allowance", "aks", "production", HIGH))
    assert [(quorum.words, quorum.rule) for quorum in verdict.asks] == [("2 from platform", "production, risky")]


HUB, REST = frozenset(parse_destinations("hub.docker.io *.data.docker.io")), parse_destinations("exfil.example.net")


def about(then: VerdictKind, *asked_: Destination, name: str = "hub", risk: Risk | None = LOW) -> Verdict:
    """The verdict of one rule about a bundle, beside the default approvers."""
    rule = PolicyRule(name, then, "A bundle.", bundles=frozenset({"docker"}), approvers=("lead",))
    policy = ApprovalPolicy((rule,), ("platform",), MappingProxyType({"docker": HUB}))
    return evaluate(policy, PolicyQuery("allowance", "aks", "test", risk, asked_))


def test_a_grant_for_a_bundle_carries_nothing_beyond_it() -> None:
    """The bundle's hosts are granted, named or not; people decide about one host more, and are told which."""
    assert about(VerdictKind.GRANT, *HUB).kind is VerdictKind.GRANT
    assert about(VerdictKind.GRANT, *parse_destinations("a.data.docker.io")).kind is VerdictKind.GRANT
    verdict = about(VerdictKind.GRANT, *HUB, *REST)
    assert (verdict.kind, verdict.approvers) == (VerdictKind.ASK, ("platform",))
    assert "exfil.example.net" in verdict.reason
    for wider in ("*.docker.io", "http:hub.docker.io", "hub.docker.io:8443"):
        assert about(VerdictKind.GRANT, *parse_destinations(wider)).kind is VerdictKind.ASK
    assert about(VerdictKind.GRANT).kind is VerdictKind.ASK


def test_who_is_asked_about_a_bundle_does_not_decide_on_what_is_beyond_it() -> None:
    """Both are asked, each about their own."""
    assert about(VerdictKind.ASK, *HUB).approvers == ("lead",)
    assert about(VerdictKind.ASK, *HUB, *REST).approvers == ("lead", "platform")
    assert about(VerdictKind.ASK, *REST).approvers == ("platform",)


def test_a_refused_bundle_is_not_let_through_with_more() -> None:
    """Nor by a wildcard over it."""
    for hosts in (HUB, (*HUB, *REST), parse_destinations("*.docker.io")):
        assert about(VerdictKind.REFUSE, *hosts).kind is VerdictKind.REFUSE
    assert about(VerdictKind.REFUSE, *REST).kind is VerdictKind.ASK


def test_what_cannot_be_assessed_is_decided_by_people() -> None:
    """Whoever a risk would ask for is asked too; what is refused whatever the risk stays refused."""
    question = PolicyQuery("allowance", "aks", "production", None)
    assert evaluate(ApprovalPolicy((RISKY,), ("lead",)), question).approvers == ("lead", "platform")
    grant = replace(GRANT, environments=frozenset())
    assert evaluate(ApprovalPolicy((grant,), ("lead",)), question).kind is VerdictKind.ASK
    assert evaluate(ApprovalPolicy((replace(REFUSE, risks=frozenset()),)), question).kind is VerdictKind.REFUSE


def test_one_person_counts_for_each_of_their_groups() -> None:
    """For those to which they belonged then; others are told that their groups have spoken."""
    verdict = asked((("security",), 1), (("platform",), 2))
    both = Person(Identity("T1", "UBOTH"), frozenset(), frozenset({"security", "platform", "other"}))
    guard = Person(Identity("T1", "UGUARD"), frozenset(), frozenset({"security"}))
    waiting = add_approval(replace(an_allowance(), verdict=verdict), approval_of(verdict, both, NOW, "fine"))
    assert waiting.approvals == (Approval(both.identity, NOW, "fine", ("security", "platform")),)
    assert quorums_text(verdict.missing(waiting.approvals)) == "1 from platform"
    with pytest.raises(AlreadyDecided, match=r"\(security\) have already approved .* still missing: 1 from platform"):
        add_approval(waiting, approval_of(verdict, guard, NOW))
    with pytest.raises(AlreadyDecided, match="You already approved"):
        add_approval(waiting, approval_of(verdict, both, NOW))


def test_a_verdict_that_asks_nobody_is_never_satisfied() -> None:
    """An empty list of quorums is no approval."""
    assert not Verdict(VerdictKind.ASK, "people decide", "default").is_satisfied(())
    assert Quorum(()).words == "1 from nobody (no group is configured)"


def test_what_waits_for_a_person_is_what_only_they_or_their_groups_can_give() -> None:
    """Not their own request, not what they approved, not what their groups have given already."""
    verdict = asked((("security",), 1), (("platform",), 2))
    guard, first, second = (
        Person(Identity("T1", user), frozenset(), frozenset({group}))
        for user, group in (("UG", "security"), ("U1", "platform"), ("U2", "platform"))
    )
    given_ = (approval_of(verdict, guard, NOW), approval_of(verdict, first, NOW))
    nobody = Identity("T1", "UDEV")
    assert [may_decide(verdict, who, nobody) for who in (guard, first, second)] == [True] * 3
    assert [may_decide(verdict, who, nobody, given_) for who in (guard, first, second)] == [False, False, True]
    assert not may_decide(verdict, second, second.identity)
