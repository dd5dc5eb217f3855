"""The filters of ``/egress audit``, as people type them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any

from bot.domain.audit import Action, AuditFilter
from bot.domain.dates import span_from_text
from bot.domain.ids import canonical_id
from bot.errors import InvalidInput
from bot.proofs import WRITERS

FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "user": "actor",
        "cluster": "cluster",
        "host": "destination",
        "id": "subject",
        "action": "action",
        "since": "since",
        "until": "until",
        "before": "before",
    }
)
"""Filter names that people type, and the filter's fields."""

_USER = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>")
_ACTIONS = frozenset({str(action) for action in Action} | {str(action).partition(":")[0] for action in Action})


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """The question that a person asks.

    Args:
        filter: Which events.
        form: ``csv``, ``jsonl``, ``verify``, or empty for a page.
    """

    filter: AuditFilter
    form: str = ""

    @classmethod
    def parse(cls, text: str, now: datetime, zone: str) -> "AuditQuery":
        """Read ``user:@x cluster:aks-udr since:7d until:yesterday csv``.

        Args:
            text: As it was typed.
            now: The time.
            zone: The IANA time zone of whoever typed it.

        Raises:
            InvalidInput: With the word that is not understood.
        """
        query = cls(AuditFilter())
        for word in text.split():
            query = query._with(word, partial(span_from_text, now=now, zone=zone))
        return query

    def _with(self, word: str, span: Callable[[str], tuple[datetime, datetime]]) -> "AuditQuery":
        if word.lower() in (*WRITERS, "verify"):
            return replace(self, form=word.lower())
        name, colon, given = word.partition(":")
        field = FIELDS.get(name.lower())
        if not colon or not given or field is None:
            known = ", ".join(f"{one}:…" for one in FIELDS)
            raise InvalidInput(f"“{word[:60]}” is not a valid filter. Use {known}, or csv, jsonl or verify.")
        if field in ("since", "until"):
            start, end = span(given)
            is_whole_day = end - start > timedelta(hours=1)
            meant: dict[str, Any] = {field: end if field == "until" and is_whole_day else start}
        else:
            meant = {field: _READ.get(field, str.lower)(given)}
        return replace(self, filter=replace(self.filter, **meant))


def _actor(given: str) -> str:
    mention = _USER.fullmatch(given)
    if mention:
        return mention[1]
    if re.fullmatch(r"[UW][A-Z0-9]{2,}", given.upper()):
        return given.upper()
    raise InvalidInput(f"“{given[:60]}” is not a user. Type user:@ and pick someone from the list.")


def _action(given: str) -> str:
    if given.lower() in _ACTIONS:
        return given.lower()
    raise InvalidInput(
        f"“{given[:60]}” is not an action. Use one such as allowance:approve, or allowance for all of them."
    )


def _before(given: str) -> int:
    if not given.isdecimal():
        raise InvalidInput(f"“{given[:60]}” is not an event number.")
    return int(given[:18])


_READ: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {
        "actor": _actor,
        "action": _action,
        "before": _before,
        "subject": canonical_id,
    }
)
