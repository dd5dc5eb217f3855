"""Durations as people type and read them."""

import re
from datetime import timedelta

from bot.errors import InvalidInput

UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_FORM = re.compile(
    r"\s*(\d{1,5})\s*(?:(m)(?:ins?|inutes?)?|(h)(?:rs?|ours?)?|(d)(?:ays?)?|(w)(?:ks?|eeks?)?)\s*", re.IGNORECASE
)


def duration_from_text(text: str) -> timedelta | None:
    """``30m``, ``8h``, ``7d``, ``2w`` or ``no end`` (None).

    Raises:
        InvalidInput: For anything else, and for zero.
    """
    if text.strip().lower() in ("no end", "none", "forever"):
        return None
    match = _FORM.fullmatch(text)
    if not match or int(match[1]) == 0:
        raise InvalidInput(f"“{text}” is not a duration: write 30m, 8h, 7d, 2w or “no end”.", field="duration")
    return int(match[1]) * UNITS[match[match.lastindex or 0].lower()]


def duration_text(duration: timedelta | None) -> str:
    """The largest unit that fits without a rest: ``90 minutes``, ``8 hours``, ``7 days``, ``no end``."""
    if duration is None:
        return "no end"
    seconds = int(duration.total_seconds())
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            return _counted(seconds // size, word)
    return _counted(seconds, "second")


def duration_code(duration: timedelta | None) -> str:
    """The form that ``duration_from_text`` reads back; whole minutes only."""
    if duration is None:
        return "no end"
    minutes = int(duration.total_seconds() // 60)
    return next(
        (f"{minutes // size}{unit}" for size, unit in ((1440, "d"), (60, "h")) if minutes % size == 0), f"{minutes}m"
    )


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
