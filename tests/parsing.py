"""Properties of every pasted text, whatever it is: for Hypothesis and for the fuzzer."""

import re

from bot.domain.error_parsing import find_destinations
from bot.domain.fqdn import Destination, parse_destination, parse_many
from bot.errors import InvalidFqdn
from handlers.hosts import HostWords

# Written apart from the parser: labels without doubled hyphens, or A-labels; a top level that begins with a letter.
_LABEL = r"(?:xn--[a-z0-9-]{1,59}|(?=[a-z0-9-]{1,63}(?:\.|$))[a-z0-9]+(?:-[a-z0-9]+)*)"
ACCEPTED = re.compile(rf"(?=.{{1,253}}$)(?:\*\.)?(?:{_LABEL}\.)+(?=[a-z]){_LABEL}")
"""Names that Azure Firewall takes and reads as they look."""

STARS = "*\uff0a\ufe61"
"""Characters that stand for an asterisk, in any width."""


def check_text(text: str) -> None:
    """Read a text in every way that there is.

    Raises:
        AssertionError: Something was accepted that the firewall would refuse or read more widely than it looks.
        Exception: Anything outside the error family is a finding as well.
    """
    check_one(text)
    for destination in (*parse_many(text).destinations, *find_destinations(text).destinations):
        check_destination(destination)
    for problem in parse_many(text).problems:
        check_suggestion(problem.suggestion)
    words = HostWords.parse(text)
    assert not set(words.pool + words.bundle) & set(" \n\t")


def check_one(text: str) -> None:
    """One destination: taken as it looks, or refused with a sentence."""
    taken = taken_or_refused(text)
    if isinstance(taken, InvalidFqdn):
        assert taken.sentence.endswith("."), taken
        check_suggestion(taken.suggestion)
        return
    check_destination(taken)
    assert taken.is_wildcard == any(star in text for star in STARS), text


def taken_or_refused(text: str) -> Destination | InvalidFqdn:
    """The parser's result for a text; anything outside the error family escapes."""
    try:
        return parse_destination(text)
    except InvalidFqdn as error:
        return error


def check_destination(destination: Destination) -> None:
    """The firewall takes it, and what people read of it is the same thing again."""
    assert ACCEPTED.fullmatch(destination.fqdn), destination
    assert 1 <= destination.port <= 64_000
    assert parse_destination(str(destination)) == destination


def check_suggestion(suggestion: str | None) -> None:
    """An offered suggestion is valid as it is."""
    assert suggestion is None or str(parse_destination(suggestion)) == suggestion
