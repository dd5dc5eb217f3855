"""Refuse wins over ask, ask over grant, and what cannot be evaluated asks a human."""

from datetime import timedelta

import pytest

from bot.domain.approval import ApprovalPolicy, PolicyRule, Question, VerdictKind, evaluate
from bot.domain.risk import Level, Risk

GRANT = PolicyRule("easy", VerdictKind.GRANT, "Low risk in test.", environments=frozenset({"test"}))
ASK = PolicyRule("long", VerdictKind.ASK, "Long.", longer_than=timedelta(days=30), approvers=("security",), needed=2)
REFUSE = PolicyRule("never", VerdictKind.REFUSE, "Never.", risks=frozenset({"critical"}))
POLICY = ApprovalPolicy((GRANT, ASK, REFUSE), ("platform",))
LOW, CRITICAL = Risk(0, Level.LOW, ()), Risk(90, Level.CRITICAL, ())
SHORT, LONG = timedelta(days=1), timedelta(days=60)

CASES = [
    (Question("allowance", "aks", "test", LOW, (), SHORT), VerdictKind.GRANT, "easy"),
    (Question("allowance", "aks", "test", LOW, (), LONG), VerdictKind.ASK, "long"),
    (Question("allowance", "aks", "test", LOW, (), None), VerdictKind.ASK, "long"),
    (Question("allowance", "aks", "test", CRITICAL, (), LONG), VerdictKind.REFUSE, "never"),
    (Question("allowance", "aks", "production", LOW, (), SHORT), VerdictKind.ASK, "default"),
    (Question("allowance", "aks", "test", None, (), SHORT), VerdictKind.ASK, "default"),
]


@pytest.mark.parametrize(("question", "kind", "rule"), CASES)
def test_the_strongest_rule_decides(question: Question, kind: VerdictKind, rule: str) -> None:
    """Whatever its place in the file."""
    for rules in (POLICY.rules, POLICY.rules[::-1]):
        verdict = evaluate(ApprovalPolicy(rules, POLICY.default_approvers), question)
        assert (verdict.kind, verdict.rule) == (kind, rule)


def test_the_verdict_names_who_is_asked() -> None:
    """The rule's own groups, or the default ones."""
    assert evaluate(POLICY, CASES[1][0]).approvers == ("security",)
    assert evaluate(POLICY, CASES[4][0]).approvers == ("platform",)
    assert evaluate(ApprovalPolicy(), CASES[4][0]).approvers == ()
