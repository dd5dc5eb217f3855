"""Searches of the audit log that a person keeps under a name."""

from collections.abc import Collection
from dataclasses import dataclass

from bot.errors import InvalidInput

MOST = 20
"""Saved searches of one person: the Home tab lists them in one block."""

MAX_NAME = 60
"""Characters of a name."""

MAX_QUERY = 1000
"""Characters of the filters."""


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """Filters of the audit log under a name.

    Args:
        name: 1 to ``MAX_NAME`` characters, on one line.
        query: The filters as they were typed; they are read anew each time, so that ``since:7d`` stays a week.
    """

    name: str
    query: str


def named(name: str, query: str) -> SavedSearch:
    """A search under the name that somebody typed.

    Raises:
        InvalidInput: The name or the filters are missing or too long.
    """
    kept, filters = " ".join(name.split()), query.strip()
    if not kept or len(kept) > MAX_NAME:
        raise InvalidInput(f"Enter a name of up to {MAX_NAME} characters.", field="name")
    if not filters or len(filters) > MAX_QUERY:
        raise InvalidInput(f"Only a search with filters of up to {MAX_QUERY:,} characters can be saved.", field="name")
    return SavedSearch(kept, filters)


def require_room(kept: Collection[SavedSearch], name: str) -> None:
    """Refuse one more than a person may keep; one of the same name is replaced.

    Raises:
        InvalidInput: There are too many.
    """
    if len(kept) >= MOST and name not in {one.name for one in kept}:
        raise InvalidInput(f"You have {MOST} saved searches. Forget one on the Home tab, then save this one.")
