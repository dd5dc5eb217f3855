"""Requests and time to live by week, as the charts of ``stats`` show them."""

from datetime import UTC, date, datetime, timedelta

from bot.domain.audit import Action, AuditFilter, Event
from bot.domain.people import Identity
from bot.domain.statistics import Tally, rows_of
from handlers.blocks.stats import stats_message
from tests.blockkit import assert_valid

MONDAY = datetime(2026, 10, 5, 0, 30, tzinfo=UTC)
WEEK, MINUTE = timedelta(weeks=1), timedelta(minutes=1)


def life(number: int, at: datetime, minutes: int | None) -> list[Event]:
    """A request, and when it was live, if ever; newest first."""
    who, subject = Identity("T1", "U1"), f"a{number}"
    filed = Event(at, Action.ALLOWANCE_REQUEST, who, "slack:modal", subject=subject)
    live = [] if minutes is None else [Event(at + minutes * MINUTE, Action.ALLOWANCE_LIVE, who, "bot", subject=subject)]
    return [*live, filed]


def test_every_week_counts_also_an_empty_one() -> None:
    """From the first to the last, each with its median; Monday is the first day, in UTC."""
    tally = Tally()
    tally.add([*life(4, MONDAY + 2 * WEEK, None), *life(3, MONDAY + timedelta(days=6), 9), *life(2, MONDAY, 4)])
    tally.add(life(1, MONDAY - MINUTE * 31, 6))
    weeks = tally.result.weeks
    assert [(week.begins, week.requests) for week in weeks] == [
        (date(2026, 9, 28), 1),
        (date(2026, 10, 5), 2),
        (date(2026, 10, 12), 0),
        (date(2026, 10, 19), 1),
    ]
    assert [week.to_live.median for week in weeks] == [6 * MINUTE, 4 * MINUTE, None, None]
    rows = [row for row in rows_of(tally.result) if row[1] == "2026-10-05"]
    assert [(what, value) for what, _, value, _ in rows] == [("requests by week", 2), ("time to live by week", 240)]
    said = stats_message(tally.result, AuditFilter())
    assert_valid(said, "message")
    requests, to_live = said.charts
    assert (requests.labels, requests.curves[0].values) == (("28 Sep", "05 Oct", "12 Oct", "19 Oct"), (1, 2, 0, 1))
    assert (to_live.labels, to_live.curves[0].values) == (("28 Sep", "05 Oct"), (6, 4))
    assert requests.said == "Requests by week: 4 in all, 2 in the week of 05 October."


def test_one_week_is_no_chart() -> None:
    """There is nothing to compare."""
    tally = Tally()
    tally.add(life(1, MONDAY, 5))
    assert stats_message(tally.result, AuditFilter()).charts == ()
