"""Dates as people type them."""

from datetime import UTC, datetime, timedelta

from bot.domain.duration import duration_from_text
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


def end_from_text(text: str, now: datetime) -> datetime | None:
    """``30d`` from now, ``2026-11-01`` with all its hours or ``2026-11-01T14:30`` (UTC); None for nothing or “no end”.

    Raises:
        InvalidInput: It is none of them.
    """
    if not text.strip():
        return None
    try:
        duration = duration_from_text(text)
        return None if duration is None else now + duration
    except InvalidInput:
        pass  # a date, or nothing that can be read
    try:
        start, end = span_from_text(text.strip())
    except InvalidInput as error:
        raise InvalidInput(
            f"“{text[:60]}” is neither a duration nor a date: write 30d, 2026-12-31 or 2026-12-31T14:30 (UTC).",
            field="until",
        ) from error
    return end if end - start == timedelta(days=1) else start
