"""Stored rows as events for readers."""

import json
from datetime import UTC, datetime
from typing import Any

from bot.domain.audit import Action, ChainedEvent, Event, UnknownAction
from bot.domain.chain.records import Record
from bot.domain.people import Identity


def event_from_record(record: Record) -> ChainedEvent:
    """The audit event in a row, as far as it can be read: a page must not fail over one damaged row."""
    if set(map(type, record)) != {int, str}:
        record = Record._make(map(readable, record))
    detail = [(str(pair[0]), str(pair[1])) for pair in _listed(record.detail) if _is_pair(pair)]
    try:
        at = datetime.fromisoformat(record.at)
    except ValueError:
        at, detail = UNREAD, [*detail, ("damaged", f"Its time cannot be read: {record.at}")]
    event = Event(
        at=at if at.tzinfo else at.replace(tzinfo=UTC),
        action=Action(record.action) if record.action in _ACTIONS else UnknownAction(record.action),
        actor=Identity(record.team, record.actor),
        via=record.via,
        subject=record.subject,
        cluster=record.cluster,
        destinations=tuple(str(one) for one in _listed(record.destinations)),
        reason=record.reason,
        policy_rule=record.policy_rule,
        detail=tuple(detail),
        actor_name=record.actor_name,
        correlation=record.correlation,
    )
    return ChainedEvent(record.seq, event, record.previous, record.hash)


UNREAD = datetime(1970, 1, 1, tzinfo=UTC)
"""Shown for a time that somebody made unreadable; the event's detail has what is stored."""


def _listed(text: str) -> list[Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return []
    return value if isinstance(value, list) else []


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2


_ACTIONS = frozenset(Action)


def readable(stored: Any) -> Any:
    """A stored value as text or a number: SQLite gives bytes where somebody put them in the place of text."""
    return stored.decode("utf-8", "replace") if isinstance(stored, bytes) else stored
