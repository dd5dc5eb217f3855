"""Matches names against FQDN patterns, with an index for tens of thousands of them.

The left-most ``*`` matches any text: ``*.contoso.com`` matches any depth below and not ``contoso.com``;
``*contoso.com`` also matches ``contoso.com`` and ``evilcontoso.com``; ``*`` matches everything. Anywhere else ``*`` is
not supported and matches nothing. For one pattern ``bot.domain.fqdn.covers`` says the same. Source:
https://learn.microsoft.com/azure/firewall/firewall-faq ("How do wildcards work in target URLs and target FQDNs in
application rules?", read 2026-11).
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from enum import IntEnum
from operator import itemgetter
from typing import Generic, TypeVar

from bot.domain.fqdn import covers


class Match(IntEnum):
    """The extent of a match; greater values match more.

    ``UNKNOWN``: cannot be known from here. ``PART``: some of its names or addresses, but not all.
    """

    NO = 0
    UNKNOWN = 1
    PART = 2
    YES = 3


def match_of(pattern: str, name: str) -> Match:
    """Match a name or wildcard against one pattern with at most a left-most asterisk."""
    if covers(pattern, name):
        return Match.YES
    is_below = name.startswith("*") and pattern.removeprefix("*").endswith(name[1:])
    return Match.PART if is_below and len(pattern.removeprefix("*")) > len(name[1:]) else Match.NO


T = TypeVar("T")


class NameIndex(Generic[T]):
    """Patterns and what they belong to.

    A look-up costs one dictionary access for each label of the name; for a wildcard, also a binary search.

    Args:
        entries: Pairs of a lower-case pattern and its owner; a pattern may come more than once.
    """

    def __init__(self, entries: Iterable[tuple[str, T]]) -> None:
        self._exact: dict[str, list[T]] = {}
        # Suffixes that begin with a dot are looked up by label; the few others by length.
        self._dotted: dict[str, list[T]] = {}
        self._odd: dict[str, list[T]] = {}
        for pattern, owner in entries:
            text = pattern.removeprefix("*")
            if "*" not in text:
                self._table(pattern, text).setdefault(text, []).append(owner)
        self._odd_lengths = sorted({len(text) for text in self._odd})
        owners = [*self._exact.items(), *self._dotted.items(), *self._odd.items()]
        self._reversed = sorted(((text[::-1], found) for text, found in owners), key=itemgetter(0))

    def _table(self, pattern: str, text: str) -> dict[str, list[T]]:
        if pattern == text:
            return self._exact
        return self._dotted if text.startswith(".") else self._odd

    def find(self, name: str) -> Iterator[tuple[T, Match]]:
        """Every owner of a pattern that matches the name or wildcard, wholly or in part; one pair for each pattern."""
        if not name.startswith("*"):
            for owner in self._exact.get(name, ()):
                yield owner, Match.YES
            yield from self._covering(name)
            return
        yield from self._covering(name[1:])
        yield from self._below(name[1:])

    def _covering(self, text: str) -> Iterator[tuple[T, Match]]:
        dot = text.find(".")
        while dot >= 0:
            for owner in self._dotted.get(text[dot:], ()):
                yield owner, Match.YES
            dot = text.find(".", dot + 1)
        for length in self._odd_lengths:
            if length <= len(text):
                for owner in self._odd.get(text[len(text) - length :], ()):
                    yield owner, Match.YES

    def _below(self, asked: str) -> Iterator[tuple[T, Match]]:
        start = asked[::-1]
        first = bisect_left(self._reversed, start, key=itemgetter(0))
        for place in range(first, len(self._reversed)):
            text, owners = self._reversed[place]
            if not text.startswith(start):
                return
            for owner in owners if len(text) > len(start) else ():
                yield owner, Match.PART
