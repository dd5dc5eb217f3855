"""The lanes of a notice as SQL conditions; the lanes themselves are named in ``bot.ports.lanes``."""

from sqlalchemy import ColumnElement, String, and_, cast, exists, func, literal, not_, or_, true

from bot.ports import NoticeKind
from bot.ports.lanes import EVERYTHING, OPEN, POST, UPDATE
from bot.store import schema

notice, paused = schema.notice.c, schema.delivery_pause.c

PEOPLE = ("U%", "W%")
"""Prefixes of Slack's user ids (https://docs.slack.dev/reference/objects/user-object, read 2026-11)."""

Condition = ColumnElement[bool]


def unsent() -> Condition:
    """Whether a notice is still owed."""
    return notice.sent.is_(None) & notice.dead.is_(None)


def passes() -> Condition:
    """Whether a notice goes through a lane; both are rows of the query around it."""
    card, known = schema.card.c, schema.conversation.c
    here = (card.subject == notice.subject) & (card.channel == notice.recipient)
    is_drawn = and_(notice.kind == NoticeKind.CARD, exists().where(here).correlate(schema.notice))
    is_slack = notice.kind != NoticeKind.WEBHOOK
    is_known = exists().where(known.user == notice.recipient).correlate(schema.notice)
    return or_(
        and_(paused.lane == EVERYTHING, is_slack),
        paused.lane == notice.recipient,
        paused.lane == literal("notice ") + cast(notice.id, String),
        and_(paused.lane == UPDATE, is_drawn),
        and_(paused.lane.in_([literal(POST), literal(f"{POST} ") + notice.recipient]), is_slack, not_(is_drawn)),
        and_(paused.lane == OPEN, or_(*(notice.recipient.like(each) for each in PEOPLE)), not_(is_known)),
    )


def is_held(how: Condition | None = None) -> Condition:
    """Whether a notice goes through a lane that is paused so."""
    return exists().where(true() if how is None else how, passes()).correlate(schema.notice)


def holds(which: Condition) -> Condition:
    """Whether such a notice goes through a lane."""
    return exists().where(which, passes()).correlate(schema.delivery_pause)


def is_first() -> Condition:
    """Whether a notice is the first of its subject, kind and recipient: words keep their order, cards need none.

    It looks at all rows of the query around it together. Asked of each row by itself, PostgreSQL compares each with all
    others wherever it expects a few and a thousand wait: that took a second.
    """
    return notice.id == func.min(notice.id).over(partition_by=[notice.kind, notice.subject, notice.recipient])
