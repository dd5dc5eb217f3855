"""Dates as people type them."""

from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from bot.errors import InvalidInput

YEARS = range(1970, 3000)
"""Years that can be meant; the ends of the calendar have no day before or after them."""

_DAY = "2026-11-01"


def span_from_text(text: str) -> tuple[datetime, datetime]:
    """``2026-11-01`` as the whole day (UTC), ``2026-11-01T14:30`` as a minute: from its beginning up to its end.

    Raises:
        InvalidInput: It is neither, or of a year that nobody means.
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"“{text[:60]}” is not a valid date: write 2026-11-01 or 2026-11-01T14:30 (UTC).") from error
    if time.year not in YEARS:
        raise InvalidInput(f"“{text[:60]}” is out of range: write a date like 2026-11-01.")
    start = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    return start, start + (timedelta(days=1) if len(text) <= len(_DAY) else timedelta(minutes=1))


_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


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
    weekday = next((at for at, name in enumerate(_DAYS) if len(typed) > 2 and name.startswith(typed)), None)
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
