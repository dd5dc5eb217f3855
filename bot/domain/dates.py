"""Dates as people type them, and times in sentences."""

import re
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from bot.domain.duration import duration_from_text
from bot.errors import InvalidInput

YEARS = range(1970, 3000)
"""Years that can be meant; the ends of the calendar have no day before or after them."""

FORMS = "2026-11-01, 2026-11-01T14:30, today, yesterday, monday or 7d"
"""What can be typed for a time in the past."""

_DAY = "2026-11-01"
_MINUTE = timedelta(minutes=1)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(days=7)}
_AGO = re.compile(r"(\d{1,4})([hdw])")
_LOOSE_AGO = re.compile(r"(\d{1,4})[\s_-]*(h|d|w)[a-z]*(?:[\s_-]*ago)?")
_YEAR_FIRST = re.compile(r"(\d{4})[./-](\d{1,2})[./-](\d{1,2})")
_DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")


def time_text(moment: datetime) -> str:
    """A time in a sentence. Where Slack draws markup, people read it in their own time zone instead."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def between_text(first: datetime, last: datetime) -> str:
    """When something happened that was seen between two readings, in a sentence; times are to the minute."""
    start, end = time_text(first), time_text(last)
    return f"at {end}" if start == end else f"between {start} and {end}"


def span_from_text(text: str, now: datetime, zone: str = "UTC") -> tuple[datetime, datetime]:
    """A time in the past, from its beginning up to its end, in UTC.

    ``today``, ``yesterday``, a weekday (the last one, today included) and ``2026-11-01`` are whole days;
    ``2026-11-01T14:30`` and ``7d``, ``12h`` or ``2w`` ago are minutes.

    Args:
        text: As it was typed, in any case.
        now: The time.
        zone: The IANA time zone of whoever typed it.

    Raises:
        InvalidInput: It is none of these, or of a year that nobody means.
    """
    typed, today = text.strip().lower(), now.astimezone(ZoneInfo(zone)).date()
    ago = _AGO.fullmatch(typed)
    if ago:
        return _minute(text, now - int(ago[1]) * _UNITS[ago[2]])
    day = _day_before(typed, today)
    return _whole(day, zone) if day else _written(text.strip(), zone)


def _day_before(typed: str, today: date) -> date | None:
    """A day that is named by its distance from today."""
    if typed in ("today", "yesterday"):
        return today - timedelta(days=typed == "yesterday")
    weekday = _weekday(typed)
    return None if weekday is None else today - timedelta(days=(today.weekday() - weekday) % 7)


def _weekday(typed: str) -> int | None:
    return next((at for at, name in enumerate(_DAYS) if len(typed) > 2 and name.startswith(typed)), None)


def _whole(day: date, zone: str) -> tuple[datetime, datetime]:
    """A day from midnight to midnight: 23 to 25 hours."""
    first, last = (datetime.combine(one, time(), ZoneInfo(zone)) for one in (day, day + timedelta(days=1)))
    return first.astimezone(UTC), last.astimezone(UTC)


def _written(text: str, zone: str) -> tuple[datetime, datetime]:
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise InvalidInput(f"“{text[:60]}” is not a valid date; {_nearest(text.lower())}") from error
    if moment.tzinfo is None and len(text) <= len(_DAY):
        _minute(text, moment.replace(tzinfo=UTC))
        return _whole(moment.date(), zone)
    return _minute(text, moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone)))


def _minute(text: str, moment: datetime) -> tuple[datetime, datetime]:
    if moment.year not in YEARS:
        raise InvalidInput(f"“{text[:60]}” is out of range: write a date like 2026-11-01.")
    start = moment.astimezone(UTC)
    return start, start + _MINUTE


def _nearest(typed: str) -> str:
    """The valid form that is nearest to what was typed, or all of them."""
    ago, year_first, day_first = (each.fullmatch(typed) for each in (_LOOSE_AGO, _YEAR_FIRST, _DAY_FIRST))
    meant = get_close_matches(typed, (*_DAYS, "today", "yesterday"), 1)
    if ago:
        meant = [f"{ago[1]}{ago[2]}"]
    if year_first or day_first:
        meant = _iso(*(year_first.groups() if year_first else day_first.groups()[::-1] if day_first else ()))
    return f"did you mean {meant[0]}?" if meant else f"write {FORMS}."


def _iso(year: str, month: str, day: str) -> list[str]:
    try:
        return [date(int(year), int(month), int(day)).isoformat()]
    except ValueError:
        return []


def end_of(text: str, now: datetime, zone: str = "UTC") -> datetime:
    """The end of a coming day: ``friday``, ``fri``, ``today``, ``tomorrow``, ``5d``, ``2w`` or ``2026-12-05``.

    Args:
        text: The day; a weekday is the next one, today included.
        now: The time.
        zone: The IANA time zone of whoever typed it.

    Raises:
        InvalidInput: It is none of these.
    """
    typed, today = text.strip().lower(), now.astimezone(ZoneInfo(zone)).date()
    weekday = _weekday(typed)
    if weekday is not None:
        day = today + timedelta(days=(weekday - today.weekday()) % 7)
    elif typed in ("today", "tomorrow"):
        day = today + timedelta(days=1 if typed == "tomorrow" else 0)
    elif typed[:-1].isdecimal() and typed[-1:] in ("d", "w") and len(typed) < 5:
        day = today + timedelta(days=int(typed[:-1]) * (7 if typed.endswith("w") else 1))
    else:
        day = _date(typed)
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)


def _date(typed: str) -> date:
    try:
        day = date.fromisoformat(typed)
    except ValueError as error:
        near = get_close_matches(typed, (*_DAYS, "today", "tomorrow"), 1)
        hint = f"did you mean {near[0]}?" if near else "write friday, tomorrow, 5d, 2w or 2026-12-05."
        raise InvalidInput(f"“{typed[:60]}” is not a day; {hint}") from error
    if day.year not in YEARS:
        raise InvalidInput(f"“{typed[:60]}” is out of range: write a date like 2026-12-05.")
    return day


def end_from_text(text: str, now: datetime, zone: str = "UTC") -> datetime | None:
    """``30d`` from now, the end of a day as ``end_of`` reads it, or ``2026-12-05T14:30``; None for “no end”.

    Raises:
        InvalidInput: It is none of them.
    """
    if not text.strip():
        return None
    try:
        if "-" not in text and (text.strip()[0].isdigit() or " " in text.strip()):
            duration = duration_from_text(text)
            return None if duration is None else now + duration
        return span_from_text(text, now, zone)[0] if ":" in text else end_of(text, now, zone)
    except InvalidInput as error:
        raise InvalidInput(
            f"“{text[:60]}” is neither a duration nor a day: write 30d, friday, 2026-12-05 or 2026-12-05T14:30.",
            field="until",
        ) from error
