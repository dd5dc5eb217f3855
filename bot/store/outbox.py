"""Notices as rows: owed in the transaction of the fact, sent afterwards, at least once."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from bot.ports import NOTICES, Notice, NoticeKind
from bot.store import schema
from bot.store.leases import SqlWork
from bot.store.rows import notice_from_row

notice = schema.notice.c


class SqlOutbox:
    """``ports.Outbox`` in SQL.

    Args:
        connection: The caller's transaction.
        now: The database's clock, as an expression.
        work: Work in the same transaction: whoever sends notices is woken.
    """

    def __init__(self, connection: Connection, now: ColumnElement[float], work: SqlWork) -> None:
        self._connection = connection
        self._now = now
        self._work = work

    def add(self, owed: Notice) -> None:
        """Owe a notice; a card is drawn from the facts at the time of sending, so one that waits is enough."""
        if owed.kind is NoticeKind.CARD and self._is_owed(owed):
            return
        row = {
            "kind": owed.kind,
            "subject": owed.subject,
            "recipient": owed.recipient,
            "body": dict(owed.body),
            "created": self._now,
            "due": self._now,
            "attempts": 0,
        }
        self._connection.execute(insert(schema.notice).values(row))
        self._work.wake(NOTICES, within=timedelta())

    def due(self, *, limit: int) -> list[Notice]:
        """Those to be sent now, oldest first."""
        waiting = select(schema.notice).where(_unsent(), notice.due <= self._now).order_by(notice.id).limit(limit)
        return [notice_from_row(row) for row in self._connection.execute(waiting)]

    def next_due_in(self) -> timedelta | None:
        """How long until the next one is due; None if none waits."""
        seconds = self._connection.scalar(select(func.min(notice.due) - self._now).where(_unsent()))
        return None if seconds is None else timedelta(seconds=max(0.0, float(seconds)))

    def mark_sent(self, sent: Notice) -> None:
        """It was sent."""
        self._connection.execute(update(schema.notice).filter_by(id=sent.id).values(sent=self._now))

    def mark_failed(self, failed: Notice, why: str, *, retry_in: timedelta | None) -> None:
        """It was not sent; None gives it up and keeps the reason."""
        values: dict[str, Any] = {"attempts": failed.attempts + 1}
        if retry_in is None:
            values |= {"dead": why}
        else:
            values |= {"due": self._now + retry_in.total_seconds()}
        self._connection.execute(update(schema.notice).filter_by(id=failed.id).values(values))

    def card(self, subject: str, channel: str) -> str | None:
        """The Slack timestamp of a card."""
        query = select(schema.card.c.ts).filter_by(subject=subject, channel=channel)
        ts: str | None = self._connection.scalar(query)
        return ts

    def put_card(self, subject: str, channel: str, ts: str) -> None:
        """Remember where a card is."""
        self._connection.execute(delete(schema.card).filter_by(subject=subject, channel=channel))
        self._connection.execute(insert(schema.card).values(subject=subject, channel=channel, ts=ts))

    def backlog(self) -> tuple[int, int]:
        """How many notices wait, and how many were given up."""
        waiting = select(func.count()).select_from(schema.notice).where(_unsent())
        dead = select(func.count()).select_from(schema.notice).where(notice.dead.is_not(None))
        return self._connection.scalar(waiting) or 0, self._connection.scalar(dead) or 0

    def is_quiet(self) -> bool:
        """Whether nothing waits to be sent."""
        return self._connection.execute(select(notice.id).where(_unsent()).limit(1)).first() is None

    def _is_owed(self, owed: Notice) -> bool:
        same = select(notice.id).where(_unsent(), notice.attempts == 0)
        same = same.filter_by(kind=owed.kind, subject=owed.subject, recipient=owed.recipient)
        return self._connection.execute(same).first() is not None


def _unsent() -> ColumnElement[bool]:
    return notice.sent.is_(None) & notice.dead.is_(None)
