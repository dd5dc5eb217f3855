"""Dates as people type them."""

from datetime import UTC, datetime, timedelta

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
