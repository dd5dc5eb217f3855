"""Approvals that wait for a sign-in, as rows."""

from dataclasses import replace
from datetime import datetime, timedelta

from pydantic import TypeAdapter
from sqlalchemy import Connection, delete, insert, select, update

from bot.domain.step_up import Challenge
from bot.store import schema
from bot.store.times import text_from_time, time_from_text

_CHALLENGE = TypeAdapter(Challenge)

KEPT_FOR = timedelta(days=7)
"""How long it can still be said of a link that it was used or has expired."""


class SqlChallenges:
    """``ports.Challenges`` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, challenge: Challenge) -> None:
        """Store a new one; what ended long ago is forgotten."""
        oldest = text_from_time(challenge.made_at - KEPT_FOR)
        self._connection.execute(delete(schema.challenge).where(schema.challenge.c.expires_at < oldest))
        body = _CHALLENGE.dump_python(challenge, mode="json", exclude={"id", "ended_at"})
        row = {"id": challenge.id, "expires_at": text_from_time(challenge.expires_at), "body": body}
        self._connection.execute(insert(schema.challenge).values(row))

    def get(self, challenge_id: str) -> Challenge | None:
        """One by id."""
        row = self._connection.execute(select(schema.challenge).filter_by(id=challenge_id)).one_or_none()
        if row is None:
            return None
        ended_at = time_from_text(row.ended_at) if row.ended_at else None
        return replace(_CHALLENGE.validate_python({**row.body, "id": row.id}), ended_at=ended_at)

    def end(self, challenge_id: str, at: datetime) -> bool:
        """End one; False if it had ended."""
        row = update(schema.challenge).filter_by(id=challenge_id, ended_at=None)
        return self._connection.execute(row.values(ended_at=text_from_time(at))).rowcount == 1
