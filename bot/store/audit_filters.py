"""The filters of the audit log as SQL: each condition on its own."""

from typing import Any

from sqlalchemy import ColumnElement, Select, String, Text, and_, bindparam, cast, func, or_, select

from bot.domain.audit import OUTCOMES, AuditFilter
from bot.domain.chain import COLUMNS
from bot.domain.people import Identity
from bot.store import schema
from bot.store.times import text_from_time

_JSON = ("destinations", "detail")
RECORDS = select(
    *(cast(schema.audit_event.c[name], Text) if name in _JSON else schema.audit_event.c[name] for name in COLUMNS)
)
"""Every column as it is stored, JSON as text: what somebody damaged must not fail before it is verified."""


def conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    """What must hold of a row, all of it; a text still has to be looked for in the row itself."""
    column = schema.audit_event.c
    made: list[tuple[Any, Any]] = [
        (wanted.since, lambda value: column.at >= text_from_time(value)),
        (wanted.until, lambda value: column.at < text_from_time(value)),
        (wanted.actor, lambda value: column.actor == value),
        (wanted.cluster, lambda value: column.cluster == value.lower()),
        (wanted.destination, lambda value: column.destination_text.contains(value.lower(), autoescape=True)),
        (wanted.subject, lambda value: column.subject == value),
        (wanted.action, is_action),
        (wanted.before, lambda value: column.seq < value),
        (wanted.after, lambda value: column.seq > value),
        (wanted.outcome, has_outcome),
        (wanted.risk, _has_risk),
        (wanted.text, _may_mention),
        (wanted.own, lambda value: or_(*own(value))),
    ]
    return [condition(value) for value, condition in made if value is not None]


def is_action(action: str) -> ColumnElement[bool]:
    """An action, or all of a subject."""
    column = schema.audit_event.c.action
    return column == action if ":" in action else column.startswith(f"{action}:", autoescape=True)


def has_outcome(outcome: str) -> ColumnElement[bool]:
    """One of the actions of an outcome."""
    return schema.audit_event.c.action.in_([str(action) for action in OUTCOMES[outcome]])


def own(who: Identity) -> tuple[ColumnElement[bool], ...]:
    """What makes an event a person's own: each of these alone, so that each can use its index."""
    return _own(**own_values(who))


def own_values(who: Identity) -> dict[str, str]:
    """The values of ``OWN`` for a person."""
    return {"who": str(who), "team": who.team, "user": who.user}


def _own(who: Any, team: Any, user: Any) -> tuple[ColumnElement[bool], ...]:
    column, by = schema.audit_event.c, schema.scale.c.body["requester"]
    asked = select(schema.allowance.c.id).where(schema.allowance.c.requester == who)
    proposed = select(schema.scale.c.id).where(by["team"].as_string() == team, by["user"].as_string() == user)
    return and_(column.actor == user, column.team == team), column.subject.in_(asked), column.subject.in_(proposed)


OWN = _own(*(bindparam(name, type_=String()) for name in ("who", "team", "user")))
"""The same of anybody."""


def newest_first(query: Select[Any]) -> Select[Any]:
    """In the order of pages."""
    return query.order_by(schema.audit_event.c.seq.desc())


def _has_risk(level: str) -> ColumnElement[bool]:
    """The fact ``risk`` is written as level and score; its JSON begins alike on both databases."""
    return cast(schema.audit_event.c.detail, Text).contains(f'["risk", "{level} ', autoescape=True)


def _may_mention(text: str) -> ColumnElement[bool]:
    """Rules out most rows; SQLite does not know the cases of other letters than ASCII ones, so they fit anything."""
    escaped = "".join(f"/{one}" if one in "/%_" else one if one.isascii() else "%" for one in text.lower())
    column = schema.audit_event.c
    texts = (column.reason, column.policy_rule, column.destination_text, column.subject)
    return or_(*(func.lower(one).like(f"%{escaped}%", escape="/") for one in texts))
