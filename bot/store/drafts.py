"""Stores lists that exceed Slack's 2,000-character limit for a button's value."""

import secrets
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from bot.store import schema

KEPT_FOR = timedelta(days=7)
"""How long a button works; what is older is deleted when the next one is drawn."""


class SqlDrafts:
    """``ports.Drafts`` in SQL.

    Args:
        connection: The caller's transaction.
        now: The database's clock, as an expression.
    """

    def __init__(self, connection: Connection, now: ColumnElement[float]) -> None:
        self._connection = connection
        self._now = now

    def keep(self, text: str) -> str:
        """Store a text and return its id."""
        column = schema.draft.c
        self._connection.execute(delete(schema.draft).where(column.created < self._now - KEPT_FOR.total_seconds()))
        draft_id = secrets.token_urlsafe(12)
        self._connection.execute(insert(schema.draft).values(id=draft_id, created=self._now, body=text))
        return draft_id

    def get(self, draft_id: str) -> str | None:
        """The text, or None if it is no longer stored."""
        found: str | None = self._connection.scalar(select(schema.draft.c.body).filter_by(id=draft_id))
        return found
