"""Each condition of the approval policy by example, stages, and time windows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest

from bot.domain.approval import (
    ApprovalPolicy,
    PolicyQuery,
    PolicyRule,
    TimeWindow,
    VerdictKind,
    add_approval,
    approval_of,
    evaluate,
    quorums_text,
)
from bot.domain.approval.policy_rules import ApprovalStage
from bot.domain.fqdn import Protocol, parse_destinations
from bot.domain.people import Identity, Person
from bot.domain.risk import Level, Reason, Risk
from bot.errors import AlreadyDecided, NotPermitted
from tests.domain.values import NOW, an_allowance

RISK = Risk(40, Level.MEDIUM, (Reason("wildcard", 40, "It is a wildcard."),))
HOURS = TimeWindow("hours", zone="Europe/Berlin", days=frozenset({"mon", "tue"}), hours="09:00-17:00")
FREEZE = TimeWindow("freeze", zone="Europe/Berlin", dates="2026-12-20/2027-01-04")
WINDOWS = MappingProxyType({one.name: one for one in (HOURS, FREEZE)})
QUESTION = PolicyQuery(
    "allowance",
    "aks-udr",
    "production",
    RISK,
    parse_destinations("*.example.com"),
    timedelta(days=1),
    tags=(("CostCenter", "4711"), ("team", "payments")),
    requester_groups=frozenset({"interns"}),
    at=datetime(2026, 11, 2, 9, 0, tzinfo=UTC),
)
SCALE = replace(QUESTION, subject="scale", destinations=(), counts=(3, 1))
PORTS = replace(SCALE, counts=(0, 0), change="ports", takes_away=True)

HOLDS: list[tuple[dict[str, Any], PolicyQuery, bool]] = [
    ({"tags": ("costcenter=47*",)}, QUESTION, True),
    ({"tags": ("costcenter=47*", "team=web")}, QUESTION, False),
    ({"risk_reasons": frozenset({"wildcard", "tunnel"})}, QUESTION, True),
    ({"risk_reasons": frozenset({"tunnel"})}, QUESTION, False),
    ({"protocols": frozenset({Protocol.HTTPS})}, QUESTION, True),
    ({"protocols": frozenset({Protocol.TCP})}, QUESTION, False),
    ({"protocols": frozenset({Protocol.HTTPS})}, SCALE, False),
    ({"wildcard": True}, QUESTION, True),
    ({"wildcard": False}, QUESTION, False),
    ({"requesters": ("interns", "guests")}, QUESTION, True),
    ({"requesters": ("guests",)}, QUESTION, False),
    ({"during": ("hours",)}, QUESTION, True),
    ({"during": ("freeze",)}, QUESTION, False),
    ({"outside": ("freeze",)}, QUESTION, True),
    ({"outside": ("hours", "freeze")}, QUESTION, False),
    ({"direction": "down"}, SCALE, True),
    ({"direction": "up"}, SCALE, False),
    ({"direction": "up"}, QUESTION, False),
    ({"direction": "up"}, replace(PORTS, takes_away=False), True),
    ({"direction": "down"}, PORTS, True),
    ({"changes": frozenset({"ports", "idle"})}, PORTS, True),
    ({"changes": frozenset({"count"})}, PORTS, False),
    ({"changes": frozenset({"count"})}, QUESTION, False),
    ({"larger_than": 0}, PORTS, False),
    ({"larger_than": 1}, SCALE, True),
    ({"larger_than": 2}, SCALE, False),
]


@pytest.mark.parametrize(("condition", "question", "holds"), HOLDS)
def test_a_condition(condition: dict[str, Any], question: PolicyQuery, *, holds: bool) -> None:
    """A rule that refuses under this condition alone."""
    rule = PolicyRule("r", VerdictKind.REFUSE, "No.", **condition)
    verdict = evaluate(ApprovalPolicy((rule,), ("platform",), windows=WINDOWS), question)
    assert (verdict.kind is VerdictKind.REFUSE) == holds


@pytest.mark.parametrize(
    ("condition", "question", "kind"),
    [
        ({}, replace(SCALE, counts=(1, 3)), VerdictKind.GRANT),
        ({}, SCALE, VerdictKind.ASK),
        ({"direction": "down"}, SCALE, VerdictKind.ASK),
        ({}, replace(PORTS, takes_away=False), VerdictKind.ASK),
        ({"changes": frozenset({"ports"})}, replace(PORTS, takes_away=False), VerdictKind.GRANT),
        ({"changes": frozenset({"ports"})}, PORTS, VerdictKind.ASK),
    ],
)
def test_what_takes_something_away_needs_a_person(
    condition: dict[str, Any], question: PolicyQuery, kind: VerdictKind
) -> None:
    """Whatever a rule grants; and a rule that names no change grants counts alone."""
    rule = PolicyRule("r", VerdictKind.GRANT, "Yes.", subjects=frozenset({"scale"}), **condition)
    verdict = evaluate(ApprovalPolicy((rule,), ("platform",)), question)
    assert (verdict.kind, verdict.approvers) == (kind, ("platform",) if kind is VerdictKind.ASK else ())


@pytest.mark.parametrize(
    ("condition", "unknown"),
    [
        ({"tags": ("team=web",)}, {"tags": None}),
        ({"requesters": ("guests",)}, {"requester_groups": None}),
        ({"during": ("freeze",)}, {"at": None}),
    ],
)
@pytest.mark.parametrize("then", [VerdictKind.GRANT, VerdictKind.REFUSE])
def test_what_is_not_known_asks_a_human(condition: dict[str, Any], unknown: dict[str, Any], then: VerdictKind) -> None:
    """It neither grants nor refuses, also beside a rule that grants."""
    free = PolicyRule("free", VerdictKind.GRANT, "Yes.")
    rule = PolicyRule("r", then, "Perhaps.", **condition)
    verdict = evaluate(ApprovalPolicy((free, rule), ("platform",), windows=WINDOWS), replace(QUESTION, **unknown))
    assert (verdict.kind, quorums_text(verdict.asks)) == (VerdictKind.ASK, "1 from platform")
    assert "could not be read" in verdict.reason


@pytest.mark.parametrize(
    ("window", "moment", "is_inside"),
    [
        (HOURS, "2026-11-02T08:00:00+00:00", True),  # Monday, 9:00 in Berlin
        (HOURS, "2026-11-02T07:59:00+00:00", False),
        (HOURS, "2026-11-02T16:00:00+00:00", False),
        (HOURS, "2026-11-04T10:00:00+00:00", False),
        (HOURS, "2026-06-01T07:00:00+00:00", True),  # summer time
        (FREEZE, "2026-12-19T23:00:00+00:00", True),
        (FREEZE, "2026-12-19T22:59:00+00:00", False),
        (FREEZE, "2027-01-04T22:59:00+00:00", True),
        (FREEZE, "2027-01-04T23:00:00+00:00", False),
        (TimeWindow("night", days=frozenset({"fri"}), hours="22:00-06:00"), "2026-11-06T23:00:00+00:00", True),
        (TimeWindow("night", days=frozenset({"fri"}), hours="22:00-06:00"), "2026-11-07T05:59:00+00:00", True),
        (TimeWindow("night", days=frozenset({"fri"}), hours="22:00-06:00"), "2026-11-06T05:59:00+00:00", False),
        (TimeWindow("always"), "2026-11-06T23:59:59+00:00", True),
    ],
)
def test_windows(window: TimeWindow, moment: str, *, is_inside: bool) -> None:
    """In the window's own zone; a night belongs to the day on which it begins."""
    assert window.contains(datetime.fromisoformat(moment)) == is_inside


STAGES = (ApprovalStage(("platform",)), ApprovalStage(("security",), ("UCISO",), needed=2))


def person(user: str, *groups: str) -> Person:
    """Somebody of these groups."""
    return Person(Identity("T1", user), frozenset(), frozenset(groups))


@pytest.mark.parametrize(
    ("in_order", "words"),
    [
        (True, "1 from platform, then 2 from security or <@UCISO>"),
        (False, "1 from platform and 2 from security or <@UCISO>"),
    ],
)
def test_stages_are_said(*, in_order: bool, words: str) -> None:
    """One after the other, or together."""
    rule = PolicyRule("r", VerdictKind.ASK, "Both.", stages=STAGES, in_order=in_order)
    assert quorums_text(evaluate(ApprovalPolicy((rule,)), QUESTION).asks) == words


def test_stages_in_order() -> None:
    """The second stage waits for the first; groups and named people count for it, nobody twice."""
    rule = PolicyRule("r", VerdictKind.ASK, "Both.", stages=STAGES, in_order=True)
    verdict = evaluate(ApprovalPolicy((rule,)), QUESTION)
    waiting = replace(an_allowance(), verdict=verdict)
    with pytest.raises(NotPermitted, match="first needs 1 from platform; you are asked after that"):
        add_approval(waiting, approval_of(verdict, person("USEC1", "security"), NOW))
    waiting = add_approval(waiting, approval_of(verdict, person("UPLAT", "platform"), NOW))
    waiting = add_approval(waiting, approval_of(verdict, person("UCISO"), NOW))
    with pytest.raises(AlreadyDecided, match="You already approved"):
        add_approval(waiting, approval_of(verdict, person("UCISO"), NOW))
    with pytest.raises(AlreadyDecided, match=r"Your groups \(platform\) have already"):
        add_approval(waiting, approval_of(verdict, person("UPLAT2", "platform"), NOW))
    assert waiting.approved_at is None
    assert add_approval(waiting, approval_of(verdict, person("USEC1", "security"), NOW)).approved_at == NOW


def test_several_rules_keep_the_later_stage() -> None:
    """Security is asked by one rule at any time and by another one in its second stage: it waits for the first."""
    ordered = PolicyRule(
        "ordered", VerdictKind.ASK, "A.", stages=(ApprovalStage(("lead",)), ApprovalStage(("security",))), in_order=True
    )
    plain = PolicyRule("plain", VerdictKind.ASK, "B.", approvers=("security",), needed=2)
    verdict = evaluate(ApprovalPolicy((ordered, plain)), QUESTION)
    assert quorums_text(verdict.asks) == "1 from lead, then 2 from security"
