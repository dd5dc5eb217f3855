"""When people are reminded and further groups asked: pure arithmetic over stored times."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.allowance import Allowance
from bot.domain.approval import (
    Approval,
    PolicyRule,
    Quorum,
    Reminders,
    TimeWindow,
    Verdict,
    VerdictKind,
    escalate,
    evaluate,
    next_reminder,
    next_wait,
)
from bot.domain.approval.policy_rules import ApprovalPolicy, PolicyQuery
from bot.domain.dates import end_of
from bot.domain.people import Identity
from bot.domain.risk import Level, Risk
from bot.errors import InvalidInput
from tests.domain.values import an_allowance

HOUR = timedelta(hours=1)
OFFICE = TimeWindow("office", "Europe/Berlin", frozenset({"mon", "tue", "wed", "thu", "fri"}), "09:00-17:00")
FRIDAY = datetime(2026, 11, 27, 14, tzinfo=UTC)
"""15:00 in Berlin, two hours before the weekend."""

moments = st.integers(-40_000, 800_000).map(lambda minutes: FRIDAY + timedelta(minutes=minutes))
windows = st.builds(
    TimeWindow,
    st.just("w"),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
    st.frozensets(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1),
    st.sampled_from(["00:00-24:00", "09:00-17:00", "22:00-06:00", "00:30-01:30"]),
)


@given(windows, moments)
def test_a_window_opens_and_closes(window: TimeWindow, moment: datetime) -> None:
    """The nearest moment inside, on either side, to the minute; a moment inside is its own."""
    opens, closes = window.opens(moment), window.closes(moment)
    assert opens is not None
    assert closes is not None
    assert closes <= moment <= opens
    assert window.contains(opens)
    assert window.contains(closes)
    if window.contains(moment):
        assert opens == closes == moment
    else:
        assert not window.contains(opens - timedelta(minutes=1))
        assert not window.contains(closes + timedelta(minutes=1))


def test_a_window_that_is_over_never_opens() -> None:
    """A change freeze of the past."""
    freeze = TimeWindow("freeze", dates="2025-12-20/2026-01-04")
    assert freeze.opens(FRIDAY) is None
    assert freeze.closes(FRIDAY) == datetime(2026, 1, 4, 23, 59, tzinfo=UTC)


def waiting(*approvals: Approval, reminded_at: datetime | None = None) -> Allowance:
    """A request that waits since Friday and lapses after seven days."""
    verdict = Verdict(VerdictKind.ASK, "why", "r", (Quorum(("platform",), more=("leads",)),))
    base = replace(an_allowance(), requested_at=FRIDAY, lapses_at=FRIDAY + timedelta(days=7), verdict=verdict)
    return replace(base, approvals=approvals, reminded_at=reminded_at)


def planned(one: Allowance, pace: Reminders) -> list[datetime]:
    """Every reminder that goes out to a request that nobody touches."""
    found: list[datetime] = []
    while (at := next_reminder(one, pace, max([FRIDAY, *found]))) is not None:
        found.append(at)
        one = replace(one, reminded_at=at)
    return found


def test_each_wait_is_twice_as_long() -> None:
    """After 4, 12, 28 and 60 hours, and no more once it lapses."""
    hours = [(at - FRIDAY) / HOUR for at in planned(waiting(), Reminders())]
    assert hours == [4, 12, 28, 60, 124]


def test_people_are_reminded_in_working_hours() -> None:
    """What would come on Friday evening comes on Monday morning, and a weekend does not pile reminders up."""
    first, second, *_ = planned(waiting(), Reminders(hours=OFFICE))
    assert first == datetime(2026, 11, 30, 8, tzinfo=UTC)
    assert second == datetime(2026, 12, 1, 8, tzinfo=UTC)


def test_what_was_missed_is_one_reminder() -> None:
    """The bot was down for two days: it reminds at once, or when working hours begin, and once."""
    late = FRIDAY + timedelta(days=2)
    assert next_reminder(waiting(), Reminders(), late) == late
    again = waiting(reminded_at=late)
    assert next_reminder(again, Reminders(), late) == FRIDAY + 60 * HOUR
    assert next_reminder(waiting(), Reminders(hours=OFFICE), late) == datetime(2026, 11, 30, 8, tzinfo=UTC)


def test_a_step_begins_the_wait_again() -> None:
    """Whoever is asked second has had as long as the first."""
    step = Approval(Identity("T", "U1"), FRIDAY + 3 * HOUR)
    assert next_reminder(waiting(), Reminders(), FRIDAY) == FRIDAY + 4 * HOUR
    assert next_reminder(waiting(step), Reminders(), FRIDAY) == FRIDAY + 7 * HOUR


def test_escalation_is_by_time_and_stays() -> None:
    """Not before its time; then the further groups are asked, also after the policy was evaluated again."""
    one, pace = waiting(), Reminders()
    assert escalate(one, pace, FRIDAY + 23 * HOUR) is one
    later = escalate(one, pace, FRIDAY + 24 * HOUR)
    assert later.verdict.approvers == ("leads", "platform")
    again = replace(later, verdict=one.verdict)
    assert escalate(again, pace, FRIDAY + 25 * HOUR) == later
    assert next_wait(one, pace, FRIDAY) == FRIDAY + 4 * HOUR


def test_escalation_never_weakens_another_rule() -> None:
    """Two rules ask the same group; one of them has no further group, so nobody else decides in its place."""
    rules = [
        PolicyRule("a", VerdictKind.ASK, "a", approvers=("x",), escalate_to=("leads",)),
        PolicyRule("b", VerdictKind.ASK, "b", approvers=("x",)),
    ]
    for order in (rules, rules[::-1]):
        policy = ApprovalPolicy(tuple(order))
        verdict = evaluate(policy, PolicyQuery("scale", "c", "e", Risk(0, Level.LOW, ())))
        assert [quorum.more for quorum in verdict.asks] == [()]


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("friday", "2026-11-27"),
        ("FRI", "2026-11-27"),
        ("thursday", "2026-12-03"),
        ("today", "2026-11-27"),
        ("tomorrow", "2026-11-28"),
        ("5d", "2026-12-02"),
        ("2w", "2026-12-11"),
        ("2026-12-24", "2026-12-24"),
    ],
)
def test_days_that_come(typed: str, day: str) -> None:
    """The end of the day that is meant, in the zone of whoever typed it."""
    end = datetime.fromisoformat(f"{day}T23:00+00:00")
    assert end_of(typed, FRIDAY, "Europe/Berlin") == end


@pytest.mark.parametrize(
    ("typed", "hint"), [("fryday", "did you mean friday"), ("never", "write friday"), ("", "is not a day")]
)
def test_other_words_are_refused(typed: str, hint: str) -> None:
    """With what would be right."""
    with pytest.raises(InvalidInput, match=hint):
        end_of(typed, FRIDAY)
