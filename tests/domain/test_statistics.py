"""Numbers are counted as a person would with the log on paper."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.audit import Action, Event
from bot.domain.people import Identity
from bot.domain.statistics import Statistics, Tally, rows_of, spread

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def event(action: Action, minute: int, subject: str = "a1", **more: object) -> Event:
    """One event, so many minutes after the start."""
    facts = tuple((name, str(value)) for name, value in more.items() if name not in ("reason", "hosts"))
    hosts, reason = more.get("hosts", ("a.example.com",)), str(more.get("reason", ""))
    who = Identity("T1", "UAPP0001")
    assert isinstance(hosts, tuple)
    return Event(START + minute * MINUTE, action, who, "bot", subject, destinations=hosts, reason=reason, detail=facts)


def counted(*events: Event) -> Statistics:
    """The numbers of events in the order in which they happened, read in pages of two, newest first."""
    tally, newest_first = Tally(), list(reversed(events))
    for at in range(0, len(newest_first), 2):
        tally.add(newest_first[at : at + 2])
    return tally.result


def test_a_life_is_counted_once() -> None:
    """The last of several approvals decides; the first time live counts."""
    numbers = counted(
        event(Action.ALLOWANCE_REQUEST, 0),
        event(Action.ALLOWANCE_APPROVE, 5, still_asked="1 from security"),
        event(Action.ALLOWANCE_APPROVE, 20),
        event(Action.FIREWALL_DONE, 24, "policy", carried=3),
        event(Action.ALLOWANCE_LIVE, 25),
        event(Action.ALLOWANCE_LIVE, 90),
    )
    assert (numbers.requests, numbers.approved, numbers.auto_share) == (1, 1, 0.0)
    assert numbers.to_decide.median == 20 * MINUTE
    assert numbers.to_live.p90 == 25 * MINUTE
    assert numbers.deciders == (("UAPP0001", 2),)
    assert (numbers.updates, numbers.carried, numbers.saved) == (1, 3, 2)


def test_what_was_renewed_did_not_expire_unrenewed() -> None:
    """The renewal comes before the end."""
    numbers = counted(
        event(Action.ALLOWANCE_RENEW, 0, "a2", renews="a1"),
        event(Action.ALLOWANCE_EXPIRE, 10, "a1"),
        event(Action.ALLOWANCE_EXPIRE, 11, "a9"),
    )
    assert (numbers.expired, numbers.renewals) == (1, 1)


def test_lists_begin_with_the_most_frequent() -> None:
    """Reasons as they were written, hosts as they were asked for; ties by name."""
    numbers = counted(
        event(Action.ALLOWANCE_REQUEST, 0, "a1", hosts=("b.example.com", "c.example.com")),
        event(Action.ALLOWANCE_REQUEST, 1, "a2", hosts=("c.example.com", "a.example.com")),
        event(Action.ALLOWANCE_DENY, 2, "a1", reason="too wide"),
        event(Action.ALLOWANCE_DENY, 3, "a2", reason="too wide"),
        event(Action.ALLOWANCE_GRANT, 4, "a3"),
    )
    assert numbers.hosts == (("c.example.com", 2), ("a.example.com", 1), ("b.example.com", 1))
    assert numbers.denials == (("too wide", 2),)
    assert numbers.auto_share == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("minutes", "median", "p90"),
    [([7], 7, 7), ([1, 2, 3, 4], 2, 4), (list(range(1, 11)), 5, 9), ([3, 1, 2], 2, 3), (list(range(1, 101)), 50, 90)],
)
def test_percentiles_are_times_that_were_taken(minutes: list[int], median: int, p90: int) -> None:
    """By the nearest rank."""
    found = spread(minute * MINUTE for minute in minutes)
    assert (found.count, found.median, found.p90) == (len(minutes), median * MINUTE, p90 * MINUTE)


def test_nothing_is_no_number() -> None:
    """Without requests there is no share and no median, and the file says nothing rather than 0."""
    numbers = counted()
    assert (numbers.auto_share, numbers.to_decide.median) == (None, None)
    assert ("time to decide", "median", None, "seconds") in rows_of(numbers)
