"""Several destinations at a time, as people paste them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.domain.fqdn.destinations import TYPOGRAPHIC_QUOTES, Destination, parse_destination, refang
from bot.domain.fqdn.placeholders import split_placeholders
from bot.domain.fqdn.protocols import WEB_PORTS
from bot.errors import InvalidFqdn

_BULLETS = "\u2022\u00b7\u2023\u25e6\u25aa\u2013\u2014"


@dataclass(frozen=True, slots=True)
class Problem:
    """One piece of a pasted list that is not a destination.

    Attributes:
        text: The piece as it was found.
        sentence: What is wrong with it.
        suggestion: The corrected form, where one exists.
    """

    text: str
    sentence: str
    suggestion: str | None


@dataclass(frozen=True, slots=True)
class Parsed:
    """A parsed list: destinations and problems, both in order and without duplicates."""

    destinations: tuple[Destination, ...]
    problems: tuple[Problem, ...]


_SLACK_LINK = re.compile(r"<(?:mailto:)?([^<>|\s]+)(?:\|([^<>\n]*))?>")
_BULLET = re.compile(rf"^[ \t]*(?:[-*+{_BULLETS}]|[0-9]{{1,3}}[.)])[ \t]+(?=\S)", re.MULTILINE)
_SEPARATOR = re.compile(rf"[\s,;|\"'`<>(){{}}\[\]{TYPOGRAPHIC_QUOTES}]+")
_QUALIFIER = re.compile(
    r"(?:(?P<before>https?|mssql|tcp|udp)[:/])?(?P<port>[0-9]{1,5})|(?P<alone>https?|mssql)", re.IGNORECASE
)
_JOINING_WORDS = frozenset({"", "and", "or", "&", "-", *_BULLETS})


def parse_many(text: str) -> Parsed:
    """Read a pasted list: any separators, bullets, quotes, brackets, defanged dots, Slack's own link markup.

    Never raises; what is not a destination is a problem beside those that are.
    """
    destinations: dict[Destination, None] = {}
    problems: dict[str, Problem] = {}
    for piece in _pieces(text):
        try:
            destinations[parse_destination(piece)] = None
        except InvalidFqdn as error:
            problems[piece] = Problem(piece, error.sentence, error.suggestion)
    return Parsed(tuple(destinations), tuple(problems.values()))


def _pieces(text: str) -> Iterator[str]:
    bare, placeheld = split_placeholders(refang(text))
    bare = _SLACK_LINK.sub(lambda link: f" {link[2] or link[1]} ", bare)
    previous = ""
    for piece in _SEPARATOR.split(_BULLET.sub("", bare)):
        if previous and (qualifier := _QUALIFIER.fullmatch(piece)):
            yield _qualified(previous, qualifier)
            previous = ""
            continue
        if previous:
            yield previous
        previous = "" if piece.lower() in _JOINING_WORDS else piece
    yield from (previous, *placeheld) if previous else placeheld


def _qualified(host: str, qualifier: re.Match[str]) -> str:
    """A host with the protocol and the port that stand behind it, as in ``mcr.microsoft.com HTTPS:443``."""
    if ":" in host or "." not in host:
        return f"{host} {qualifier[0]}"
    protocol = (qualifier["before"] or qualifier["alone"] or "").lower()
    port = qualifier["port"] or ""
    is_plain = protocol == "tcp" and int(port or 443) in WEB_PORTS
    return ":".join(part for part in ("" if is_plain else protocol, host, port) if part)


def parse_destinations(text: str) -> tuple[Destination, ...]:
    """Read a pasted list in which every piece must be a destination.

    Raises:
        InvalidFqdn: Nothing was found, or a piece is wrong: the first one's sentence, and how many others are.
    """
    parsed = parse_many(text)
    if parsed.problems:
        first, *others = parsed.problems
        more = f" {len(others)} more from this list cannot be used either." if others else ""
        raise InvalidFqdn(first.sentence + more, suggestion=first.suggestion)
    if not parsed.destinations:
        raise InvalidFqdn("No destination given: write a host name such as example.com.")
    return parsed.destinations
