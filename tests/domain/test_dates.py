"""Dates as people type them, in their own time zone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.dates import FORMS, span_from_text, time_text
from bot.errors import InvalidInput

NOW = datetime(2026, 11, 29, 23, 30, tzinfo=UTC)
"""A Sunday in UTC, and Monday already in Berlin."""

BERLIN, TOKYO, NEW_YORK = "Europe/Berlin", "Asia/Tokyo", "America/New_York"


@pytest.mark.parametrize(
    ("typed", "zone", "start", "end"),
    [
        ("today", "UTC", "2026-11-29T00:00", "2026-11-30T00:00"),
        ("today", BERLIN, "2026-11-29T23:00", "2026-11-30T23:00"),
        ("Yesterday", NEW_YORK, "2026-11-28T05:00", "2026-11-29T05:00"),
        ("monday", BERLIN, "2026-11-29T23:00", "2026-11-30T23:00"),
        ("mon", "UTC", "2026-11-23T00:00", "2026-11-24T00:00"),
        ("7d", TOKYO, "2026-11-22T23:30", "2026-11-22T23:31"),
        ("12h", "UTC", "2026-11-29T11:30", "2026-11-29T11:31"),
        ("2W", "UTC", "2026-11-15T23:30", "2026-11-15T23:31"),
        ("2026-11-01", TOKYO, "2026-10-31T15:00", "2026-11-01T15:00"),
        ("2026-11-01T14:30", BERLIN, "2026-11-01T13:30", "2026-11-01T13:31"),
        ("2026-11-01T14:30Z", BERLIN, "2026-11-01T14:30", "2026-11-01T14:31"),
        ("2026-10-25", BERLIN, "2026-10-24T22:00", "2026-10-25T23:00"),
        ("2026-03-29", BERLIN, "2026-03-28T23:00", "2026-03-29T22:00"),
    ],
)
def test_a_span_is_that_of_the_reader(typed: str, zone: str, start: str, end: str) -> None:
    """Whole days from midnight to midnight, 23 to 25 hours long; everything else a minute."""
    assert [f"{one:%Y-%m-%dT%H:%M}" for one in span_from_text(typed, NOW, zone)] == [start, end]


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("yestrday", "did you mean yesterday?"),
        ("wensday", "did you mean wednesday?"),
        ("7days", "did you mean 7d?"),
        ("2 weeks ago", "did you mean 2w?"),
        ("2026/11/1", "did you mean 2026-11-01?"),
        ("1.11.2026", "did you mean 2026-11-01?"),
        ("2026/13/40", f"write {FORMS}."),
        ("11/12/2026", f"write {FORMS}."),
        ("never", f"write {FORMS}."),
        ("0001-01-01", "out of range"),
        ("9999-12-31T23:59", "out of range"),
        ("9999w", "out of range"),
        ("", f"write {FORMS}."),
    ],
)
def test_what_is_no_date_names_the_nearest_form(typed: str, hint: str) -> None:
    """The hint is something that can be typed."""
    with pytest.raises(InvalidInput) as refused:
        span_from_text(typed, NOW)
    assert hint in refused.value.sentence
    if "did you mean" in hint:
        span_from_text(hint.removeprefix("did you mean ").removesuffix("?"), NOW)


@given(st.text(max_size=20) | st.from_regex(r"[0-9]{1,4}[./-]?[0-9hdw./-]{0,12}", fullmatch=True))
def test_any_text_is_a_span_or_refused(typed: str) -> None:
    """Never another error, and never an empty or endless span."""
    try:
        start, end = span_from_text(typed, NOW, BERLIN)
    except InvalidInput:
        return
    assert timedelta() < end - start <= timedelta(hours=25)


def test_a_time_in_a_sentence_is_in_utc() -> None:
    """Whatever zone the value has."""
    assert time_text(NOW.astimezone()) == "2026-11-29 23:30 UTC"
