"""Which sources are read next: those that were not read for longest, as many as the requests suffice for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from bot.domain.measured.values import Source

NEVER = datetime.min.replace(tzinfo=UTC)


def due_sources(sources: Iterable[Source], tried: Mapping[str, datetime], before: datetime) -> list[Source]:
    """Those that were last tried before a time, or never; the longest ago first.

    Args:
        sources: All there are.
        tried: When each was last asked for, by its id.
        before: The time.
    """
    due = [one for one in sources if tried.get(one.id, NEVER) <= before]
    return sorted(due, key=lambda one: (tried.get(one.id, NEVER), one.id))


def longest_prefix(sources: Sequence[Source], fits: Callable[[Sequence[Source]], bool]) -> list[Source]:
    """The longest beginning of a list that fits, where a longer one never fits if a shorter one does not."""
    least, most = 0, len(sources)
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if fits(sources[:middle]) else (least, middle - 1)
    return list(sources[:least])
