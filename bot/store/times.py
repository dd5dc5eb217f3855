"""Times as text that sorts: ISO 8601 in UTC, always with microseconds."""

from datetime import UTC, datetime

from bot.errors import InvariantBroken


def text_from_time(time: datetime) -> str:
    """The one text of a time.

    Raises:
        InvariantBroken: For a time without a zone: nobody could say when that was.
    """
    if time.tzinfo is None:
        raise InvariantBroken("A time without a zone must never reach the database.")
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"


def time_from_text(text: str) -> datetime:
    """The inverse of ``text_from_time``."""
    return datetime.fromisoformat(text)
