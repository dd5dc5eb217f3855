"""The filters of ``/egress audit``, as people type them."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import partial
from types import MappingProxyType
from typing import Any

from bot.domain.audit import OUTCOMES, Action, AuditFilter
from bot.domain.dates import span_from_text
from bot.domain.ids import canonical_id, is_id
from bot.domain.phrases import listed
from bot.domain.risk import Level
from bot.errors import InvalidInput
from bot.proofs import WRITERS

FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "actor": "actor",
        "user": "actor",
        "cluster": "cluster",
        "host": "destination",
        "id": "subject",
        "action": "action",
        "outcome": "outcome",
        "risk": "risk",
        "since": "since",
        "until": "until",
        "text": "text",
        "before": "before",
    }
)
"""Filter names that people type, and the filter's fields."""

_WORD = re.compile(r'(?P<name>\w+):["“”](?P<quoted>[^"“”]*)["“”](?=\s|$)|(?P<word>\S+)')
"""``name:"several words"`` with the quotation marks that telephones write, too, or one word."""

_USER = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>")
_ACTIONS = frozenset({str(action) for action in Action} | {str(action).partition(":")[0] for action in Action})


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """The question that a person asks.

    Args:
        filter: Which events.
        form: ``csv``, ``jsonl``, ``verify``, ``story``, or empty for a page.
        subject: Of which allowance or proposal the story is asked for; empty for anything else.
    """

    filter: AuditFilter
    form: str = ""
    subject: str = ""

    @classmethod
    def parse(cls, text: str, now: datetime, zone: str) -> "AuditQuery":
        """Read ``actor:@x cluster:aks-udr since:7d text:"two words" csv`` in any order, or an id alone.

        Args:
            text: As it was typed.
            now: The time.
            zone: The IANA time zone of whoever typed it.

        Raises:
            InvalidInput: With the word that is not understood, and the nearest that is.
        """
        query = cls(AuditFilter())
        for name, given in _words(text):
            query = query._with(name, given, partial(span_from_text, now=now, zone=zone))
        if query.subject and query != cls(AuditFilter(), "story", query.subject):
            raise InvalidInput(f"Give {query.subject} alone for its story, or id:{query.subject} among other filters.")
        return query

    def _with(self, name: str, given: str, span: Callable[[str], tuple[datetime, datetime]]) -> "AuditQuery":
        if not name:
            return self._with_word(given)
        field = FIELDS.get(name)
        if field is None or not given.strip():
            raise InvalidInput(_unknown(name, given))
        if field in ("since", "until"):
            start, end = span(given)
            is_whole_day = end - start > timedelta(hours=1)
            meant: dict[str, Any] = {field: end if field == "until" and is_whole_day else start}
        else:
            meant = {field: _READ.get(field, str.lower)(given)}
        return replace(self, filter=replace(self.filter, **meant))

    def _with_word(self, word: str) -> "AuditQuery":
        if word.lower() in (*WRITERS, "verify"):
            return replace(self, form=word.lower())
        if is_id(word):
            return replace(self, form="story", subject=canonical_id(word))
        raise InvalidInput(_unknown(word, ""))


def _words(text: str) -> Iterator[tuple[str, str]]:
    """Each filter by name and what follows it; what has no colon has no name."""
    for found in _WORD.finditer(text):
        name, colon, given = (
            (found["name"] or "", ":", found["quoted"] or "") if found["name"] else _split(found["word"])
        )
        yield (name.lower(), given) if colon else ("", name)


def _split(word: str) -> tuple[str, str, str]:
    return word.partition(":") if not word.startswith("<") else (word, "", "")


def _unknown(name: str, given: str) -> str:
    """The word that is not understood, and what may have been meant."""
    typed = f"{name}:{given}" if given else name
    near = get_close_matches(name.lower(), (*FIELDS, *WRITERS, "verify"), 1, cutoff=0.5)
    if name in FIELDS:
        return f"“{name[:60]}:” has no value. Write {name}:…, for example {EXAMPLES[name]}."
    if near:
        meant = f"{near[0]}:{given[:60] or '…'}" if near[0] in FIELDS else near[0]
        return f"“{typed[:60]}” is not a valid filter. Did you mean {meant}?"
    known = ", ".join(f"{one}:…" for one in FIELDS if one not in ("user", "before"))
    return f"“{typed[:60]}” is not a valid filter. Use {known}, an id, or csv, jsonl or verify."


EXAMPLES: Mapping[str, str] = MappingProxyType(
    {
        "actor": "actor:@name",
        "user": "user:@name",
        "cluster": "cluster:aks-prod",
        "host": "host:example.com",
        "id": "id:a1b2c3d4e5",
        "action": "action:allowance:approve",
        "outcome": "outcome:refused",
        "risk": "risk:high",
        "since": "since:7d",
        "until": "until:yesterday",
        "text": 'text:"two words"',
        "before": "before:100",
    }
)
"""One of each."""


def _actor(given: str) -> str:
    mention = _USER.fullmatch(given)
    if mention:
        return mention[1]
    if re.fullmatch(r"[UW][A-Z0-9]{2,}", given.upper()):
        return given.upper()
    raise InvalidInput(f"“{given[:60]}” is not a user. Type actor:@ and pick someone from the list.")


def _among(what: str, known: Collection[str]) -> Callable[[str], str]:
    """Reads one of these words."""

    def read(given: str) -> str:
        if given.lower() in known:
            return given.lower()
        near = get_close_matches(given.lower(), known, 1)
        hint = f"Did you mean {near[0]}?" if near else f"Use {listed(list(known), 10)}."
        raise InvalidInput(f"“{given[:60]}” is not {what}. {hint}")

    return read


def _before(given: str) -> int:
    if not given.isdecimal():
        raise InvalidInput(f"“{given[:60]}” is not an event number.")
    return int(given[:18])


_READ: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {
        "actor": _actor,
        "action": _among("an action", sorted(_ACTIONS)),
        "outcome": _among("an outcome", tuple(OUTCOMES)),
        "risk": _among("a level of risk", tuple(Level)),
        "before": _before,
        "subject": canonical_id,
        "text": str.strip,
    }
)
