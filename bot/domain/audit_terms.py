"""What the search of the audit log looks up: the terms of each block of events, and those that a filter needs.

A block's terms say which blocks cannot have what is searched for; the events themselves decide. Words are what is
between blanks and punctuation, in lower case; other terms have a ``=`` in them, which no word has.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.domain.audit import OUTCOMES, AuditFilter, Event
from bot.domain.chain import Record

BLOCK = 512
"""Events of one block: one block with a match is read in about a millisecond."""

LONGEST = 64
"""Characters of a term; of a longer word its beginning."""

_WORD = re.compile(r"\w+")
_RISK = re.compile(r'\["risk",\s*"(\w+) ')


@dataclass(frozen=True, slots=True)
class Term:
    """A term that a block must have.

    Args:
        text: The term.
        is_prefix: Whether a term that begins so is enough.
    """

    text: str
    is_prefix: bool = False


Needed = Sequence[Sequence[Sequence[Term]]]
"""Every one of these; of each, one alternative; of that, every term."""


def block_of(seq: int) -> int:
    """The number of the block that an event is in, from 0."""
    return (seq - 1) // BLOCK


def bounds_of(block: int) -> tuple[int, int]:
    """The first and the last event of a block."""
    return block * BLOCK + 1, (block + 1) * BLOCK


def terms_of(records: Iterable[Record]) -> set[str]:
    """The terms of some events, also of those that somebody damaged."""
    texts, named, details = set[object](), set[tuple[str, str, str]](), set[object]()
    for row in records:
        texts.update((row.reason, row.policy_rule, row.destination_text, row.subject))
        named.add((row.actor, row.cluster, row.action))
        details.add(row.detail)
    terms = {word[:LONGEST] for word in set(_WORD.findall("\n".join(map(str, texts)).lower()))}
    for actor, cluster, action in named:
        terms |= {_named("actor", actor), _named("cluster", cluster), _named("action", action)}
    return terms | {_named("risk", level) for text in details for level in _RISK.findall(str(text))}


def needed_for(wanted: AuditFilter, hosts: Sequence[str] | None = None) -> Needed:
    """What a block must have that has what is wanted.

    Args:
        wanted: The filter.
        hosts: The destinations that it may mean, as far as they are few; None where they are many.
    """
    exact = [[[Term(_named(name, text))]] for name, text in _exact(wanted)]
    actions = [[[one] for one in _actions(wanted)]] if wanted.action or wanted.outcome else []
    words = [[list(_words(text))] for text in (wanted.text, wanted.subject) if text]
    return [*exact, *actions, *words, *([[list(_words(host)) for host in hosts]] if hosts is not None else [])]


def _exact(wanted: AuditFilter) -> Iterator[tuple[str, str]]:
    if wanted.actor:
        yield "actor", wanted.actor
    if wanted.cluster:
        yield "cluster", wanted.cluster.lower()
    if wanted.risk:
        yield "risk", wanted.risk


def _actions(wanted: AuditFilter) -> list[Term]:
    if wanted.action is None:
        return [Term(_named("action", action)) for action in sorted(OUTCOMES[wanted.outcome or ""])]
    is_whole = ":" in wanted.action
    return [Term(_named("action", wanted.action if is_whole else f"{wanted.action}:"), is_prefix=not is_whole)]


def _named(name: str, text: str) -> str:
    return f"{name}={text}"[:LONGEST]


def _words(text: str) -> Iterator[Term]:
    """The words of a text; the last may be the beginning of one, unless something follows it."""
    lower = text.lower()
    for found in _WORD.finditer(lower):
        word = found[0][:LONGEST]
        yield Term(word, is_prefix=found.end() == len(lower) and len(word) < LONGEST)


def mentions(text: str) -> Callable[[Record | Event], bool]:
    """Whether an event's reason, policy rule, destinations or subject mention a text, from the start of a word on."""
    start = r"(?<!\w)" if _WORD.match(text) else ""
    found = re.compile(start + re.escape(text.lower())).search

    def is_in(one: Record | Event) -> bool:
        hosts = one.destination_text if isinstance(one, Record) else " ".join(one.destinations)
        return any(found(str(each).lower()) for each in (one.reason, one.policy_rule, hosts, one.subject))

    return is_in
