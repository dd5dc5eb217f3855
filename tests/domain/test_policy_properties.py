"""What holds of every approval policy and every request or scale: over all conditions that a rule can set."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.approval import (
    ApprovalPolicy,
    PolicyQuery,
    PolicyRule,
    Quorum,
    TimeWindow,
    Verdict,
    VerdictKind,
    add_approval,
    approval_of,
    evaluate,
)
from bot.domain.approval.policy_rules import SCALE_CHANGES, ApprovalStage
from bot.domain.fqdn import Destination, Protocol, parse_destinations
from bot.domain.people import Identity, Person
from bot.domain.risk import Level, Reason, Risk
from bot.errors import AlreadyDecided, NotPermitted
from tests.domain.values import NOW, an_allowance, asked

LOW, HIGH, CRITICAL = Risk(0, Level.LOW, ()), Risk(50, Level.HIGH, ()), Risk(90, Level.CRITICAL, ())
SHORT, LONG = timedelta(days=1), timedelta(days=60)
HUB, REST = frozenset(parse_destinations("hub.docker.io *.data.docker.io")), parse_destinations("exfil.example.net")
NAMES = st.sampled_from(["security", "platform", "lead"])
some_groups = st.lists(NAMES, min_size=1, max_size=2, unique=True).map(tuple)
groups = st.just(()) | some_groups
hosts = st.sampled_from(
    [*sorted(HUB), *REST, *parse_destinations("pypi.org http:hub.docker.io tcp:db.example.net:5432")]
)
rules = st.builds(
    PolicyRule,
    st.sampled_from("abcdef"),
    st.sampled_from(VerdictKind),
    st.sampled_from(["One.", "Two."]),
    subjects=st.sampled_from([frozenset({"allowance", "scale"}), frozenset({"allowance"}), frozenset({"scale"})]),
    clusters=st.sampled_from([(), ("aks*",), ("other", "AKS"), ("other",)]),
    protocols=st.sampled_from([frozenset(), frozenset({Protocol.HTTPS}), frozenset({Protocol.HTTP, Protocol.TCP})]),
    risk_reasons=st.sampled_from([frozenset(), frozenset({"wildcard"}), frozenset({"plain_http", "long_duration"})]),
    changes=st.sampled_from([frozenset(), frozenset({"ports"}), frozenset({"count", "idle"})]),
    direction=st.sampled_from([None, "up", "down"]),
    larger_than=st.none() | st.integers(0, 3),
    environments=st.sampled_from([frozenset(), frozenset({"production"})]),
    risks=st.sampled_from([frozenset(), frozenset({"high", "critical"})]),
    bundles=st.sampled_from([frozenset(), frozenset({"docker"})]),
    longer_than=st.none() | st.just(timedelta(days=7)),
    tags=st.sampled_from([(), ("team=a*",)]),
    wildcard=st.none() | st.booleans(),
    break_glass=st.none() | st.booleans(),
    requesters=st.sampled_from([(), ("interns",)]),
    during=st.sampled_from([(), ("freeze",)]),
    outside=st.sampled_from([(), ("freeze",)]),
    approvers=groups,
    people=st.sampled_from([(), ("U1",)]),
    needed=st.integers(1, 3),
    stages=st.sampled_from([(), (ApprovalStage(("lead",)), ApprovalStage(("security",), needed=2))]),
    in_order=st.booleans(),
    escalate_to=st.sampled_from([(), ("lead",)]),
)
policies = st.builds(
    ApprovalPolicy,
    st.lists(rules, max_size=5).map(tuple),
    groups,
    st.just(MappingProxyType({"docker": HUB})),
    st.just(MappingProxyType({"freeze": TimeWindow("freeze", dates="2026-12-20/2027-01-04")})),
)
risks = st.sampled_from([LOW, HIGH, CRITICAL, None, replace(HIGH, reasons=(Reason("wildcard", 50, "Wide."),))])
circumstances = {
    "cluster": st.sampled_from(["aks", "aks-two"]),
    "environment": st.sampled_from(["test", "production"]),
    "risk": risks,
    "tags": st.sampled_from([None, (), (("Team", "ABC"),)]),
    "requester_groups": st.sampled_from([None, frozenset(), frozenset({"interns"})]),
    "at": st.sampled_from([None, NOW, datetime(2026, 12, 24, 12, tzinfo=UTC)]),
}
allowance_questions = st.builds(
    PolicyQuery,
    st.just("allowance"),
    destinations=st.lists(hosts, min_size=1, max_size=3, unique=True).map(tuple),
    duration=st.sampled_from([SHORT, LONG, None]),
    is_break_glass=st.booleans(),
    **circumstances,
)
scale_questions = st.builds(
    PolicyQuery,
    st.just("scale"),
    counts=st.none() | st.tuples(st.integers(1, 6), st.integers(1, 6)),
    change=st.sampled_from(SCALE_CHANGES),
    takes_away=st.none() | st.booleans(),
    **circumstances,
)
questions = allowance_questions | scale_questions
people = st.builds(
    lambda number, mine: Person(Identity("T1", f"U{number}"), frozenset(), frozenset(mine)), st.integers(0, 5), groups
)
RANK = {VerdictKind.GRANT: 0, VerdictKind.ASK: 1, VerdictKind.REFUSE: 2}


@given(policies, questions, st.randoms())
def test_the_order_of_rules_and_of_hosts_means_nothing(
    policy: ApprovalPolicy, question: PolicyQuery, random: Random
) -> None:
    """The same verdict in each, word for word."""
    shuffled = list(policy.rules)
    random.shuffle(shuffled)
    turned = replace(question, destinations=question.destinations[::-1])
    for asked_ in (question, turned):
        assert evaluate(replace(policy, rules=tuple(shuffled)), asked_) == evaluate(policy, asked_)
    assert evaluate(policy, turned).kind is evaluate(policy, question).kind


@given(policies, questions, rules)
def test_a_rule_that_refuses_never_opens_more(policy: ApprovalPolicy, question: PolicyQuery, rule: PolicyRule) -> None:
    """Of a request or a scale, whatever the rule is about, wherever it stands."""
    refusing = replace(rule, then=VerdictKind.REFUSE)
    before = evaluate(policy, question)
    for rules_ in ((refusing, *policy.rules), (*policy.rules, refusing)):
        after = evaluate(replace(policy, rules=rules_), question)
        assert RANK[after.kind] >= RANK[before.kind]
        if after.kind is VerdictKind.ASK:  # nobody who was asked before is left out
            wanted = {(quorum.groups, quorum.people): quorum.needed for quorum in after.asks}
            assert all(wanted[quorum.groups, quorum.people] >= quorum.needed for quorum in before.asks)


@given(policies, allowance_questions, rules, hosts)
def test_more_rules_that_forbid_and_more_hosts_never_open_more(
    policy: ApprovalPolicy, question: PolicyQuery, rule: PolicyRule, host: Destination
) -> None:
    """A refuse, an ask beside a matching rule, a further destination: the verdict only gets stricter."""
    before = evaluate(policy, question)
    refusing = replace(policy, rules=(*policy.rules, replace(rule, then=VerdictKind.REFUSE)))
    assert RANK[evaluate(refusing, question).kind] >= RANK[before.kind]
    asking = replace(policy, rules=(*policy.rules, replace(rule, then=VerdictKind.ASK)))
    is_named = question.is_break_glass and rule.break_glass  # what no rule names is refused, and this one names it
    assert is_named or RANK[evaluate(asking, question).kind] >= RANK[before.kind]
    more = evaluate(policy, replace(question, destinations=(*question.destinations, host)))
    assert RANK[more.kind] >= RANK[before.kind]
    if more.kind is VerdictKind.ASK:
        wanted = {(quorum.groups, quorum.people): quorum.needed for quorum in more.asks}
        assert all(wanted[quorum.groups, quorum.people] >= quorum.needed for quorum in before.asks)


@given(policies, questions)
def test_nothing_opens_at_once_that_no_rule_opens(policy: ApprovalPolicy, question: PolicyQuery) -> None:
    """Break-glass is granted by rules that say so, with reviewers; otherwise it is refused or asked."""
    verdict = evaluate(policy, replace(question, is_break_glass=True))
    if verdict.kind is VerdictKind.GRANT:
        assert verdict.reviewers is not None
        opening = {rule.name for rule in policy.rules if rule.opens_at_once}
        assert set(verdict.rule.split(", ")) <= opening
    else:
        assert verdict.reviewers is None
    ordinary = evaluate(policy, replace(question, is_break_glass=False))
    assert ordinary.reviewers is None
    without = replace(policy, rules=tuple(rule for rule in policy.rules if not rule.break_glass))
    assert evaluate(without, replace(question, is_break_glass=False)) == ordinary, (
        "other requests are untouched by them"
    )


@given(policies, questions, st.lists(people, max_size=6))
def test_escalation_adds_people_and_takes_nothing_away(
    policy: ApprovalPolicy, question: PolicyQuery, voters: list[Person]
) -> None:
    """Each quorum stays, with the same number and at least its groups; what was enough is enough."""
    before = evaluate(policy, question)
    after = before.escalated
    for old, new in zip(before.asks, after.asks, strict=True):
        assert (new.needed, new.people, new.stage, new.more) == (old.needed, old.people, old.stage, ())
        assert set(new.groups) == {*old.groups, *old.more}
    given_ = [approval_of(before, voter, NOW) for voter in voters]
    assert after.is_satisfied(given_) or not before.is_satisfied(given_)


@given(policies, questions, st.lists(people, max_size=6, unique_by=lambda one: one.identity))
def test_what_is_filed_can_be_approved(policy: ApprovalPolicy, question: PolicyQuery, present: list[Person]) -> None:
    """Everybody who exists says yes, in any order that the stages allow: approved exactly where nobody was short."""
    verdict = evaluate(policy, question)
    members = {group: frozenset(one.identity for one in present if group in one.groups) for group in verdict.approvers}
    named = tuple(Person(Identity("T1", user), frozenset()) for user in verdict.people)
    others = [one for one in named if one.identity not in {each.identity for each in present}]
    waiting = replace(an_allowance(), verdict=verdict)
    for voter in (*present, *others) * 3:
        if verdict.asks and waiting.approved_at is None:
            with suppress(AlreadyDecided, NotPermitted):
                waiting = add_approval(waiting, approval_of(verdict, voter, NOW))
    is_enough = waiting.approved_at is not None
    assert is_enough == (bool(verdict.asks) and verdict.short_of(members) == ())


@given(st.lists(st.tuples(people, st.sets(st.sampled_from(["U0", "U1", "U2"]))), max_size=6), st.integers(1, 3))
def test_nobody_fills_two_seats(voters: list[tuple[Person, set[str]]], needed: int) -> None:
    """Whoever decides for others counts once in a quorum, and somebody and their delegate count once together."""
    quorum = Quorum(("platform",), needed, people=("U0", "U1", "U2"))
    verdict = Verdict(VerdictKind.ASK, "why", "r", (quorum,))
    waiting = replace(an_allowance(), verdict=verdict)
    for voter, away in voters:
        who = replace(voter, stands_for=frozenset(away))
        with suppress(AlreadyDecided, NotPermitted):
            waiting = add_approval(waiting, approval_of(verdict, who, NOW)) if not waiting.approved_at else waiting
    seats = [quorum.seat(one.by.user, one.groups, one.stands_for) for one in waiting.approvals]
    assert len(seats) == len(set(seats)) <= len({one.by for one in waiting.approvals})
    assert (waiting.approved_at is not None) == (len(seats) >= needed)


@given(st.lists(st.tuples(some_groups, st.integers(1, 3)), min_size=1, max_size=3), st.lists(people, max_size=9))
def test_it_is_approved_exactly_when_every_quorum_is(
    quorums: list[tuple[tuple[str, ...], int]], voters: list[Person]
) -> None:
    """Counted by hand, in any order of people; nobody counts twice for one quorum, each counts for all of theirs."""
    verdict = asked(*quorums)
    waiting = replace(an_allowance(), verdict=verdict)
    for voter in voters:
        if waiting.approved_at is None:
            try:
                waiting = add_approval(waiting, approval_of(verdict, voter, NOW))
            except AlreadyDecided:
                continue
    given_ = waiting.approvals
    counts = [len({one.by for one in given_ if set(one.groups) & set(names)}) for names, _ in quorums]
    enough = [count >= needed for count, (_, needed) in zip(counts, quorums, strict=True)]
    assert (waiting.approved_at is not None) == all(enough)
    assert len(verdict.missing(given_)) == enough.count(False)
