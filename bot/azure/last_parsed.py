"""What large bodies were parsed into: a round that finds the same text as the one before need not parse it again."""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

MOST = 8 * 1024 * 1024
"""Characters that are kept in all: four full rule collection groups. What was made of them takes twice as much."""


class LastParsed(Generic[T]):
    """The last text of each resource, and its value; safe to use from several threads."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, T]] = {}

    def last(self, path: str) -> T | None:
        """The value of what was read last of a resource; None where nothing is kept of it."""
        known = self._known.get(path)
        return known[1] if known is not None else None

    def of(self, path: str, text: str, parse: Callable[[str], T]) -> T:
        """The value of a text that was read just now.

        Args:
            path: The resource.
            text: All of it, as it was received.
            parse: What makes the value; of equal texts it must make equal values.
        """
        known = self._known.get(path)
        if known is not None and known[0] == text:
            return known[1]
        value = parse(text)
        others = {each: kept for each, kept in self._known.items() if each != path}
        is_full = sum(len(kept) for kept, _ in others.values()) + len(text) > MOST
        self._known = {**({} if is_full else others), path: (text, value)}
        return value
