"""API tokens as rows; how many calls each has left is counted here, so that all replicas count together."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, insert, select, update

from bot.domain.api_token import Token
from bot.domain.budget import Budget
from bot.store import schema
from bot.store.times import text_from_time, time_from_text

_TOKEN = TypeAdapter(Token)
_COLUMNS = {"digest", "revoked_at", "last_used_at"}


class SqlTokens:
    """``ports.Tokens`` in SQL.

    Args:
        connection: The caller's transaction.
        now: The database's clock, as an expression.
    """

    def __init__(self, connection: Connection, now: ColumnElement[float]) -> None:
        self._connection = connection
        self._now = now

    def get(self, name: str) -> Token | None:
        """One by name."""
        row = self._connection.execute(select(schema.api_token).filter_by(name=name)).one_or_none()
        return _token_from_row(row) if row is not None else None

    def all(self) -> list[Token]:
        """Every token, revoked ones included, by name."""
        query = select(schema.api_token).order_by(schema.api_token.c.name)
        return [_token_from_row(row) for row in self._connection.execute(query)]

    def add(self, token: Token) -> None:
        """Store a new one; its first minute's worth of calls is there at once."""
        row = {
            "name": token.name,
            "digest": token.digest,
            "body": _TOKEN.dump_python(token, mode="json", exclude=_COLUMNS),
            "calls_left": 0.0,
            "counted_at": 0.0,
        }
        self._connection.execute(insert(schema.api_token).values(row))

    def revoke(self, name: str, at: datetime) -> None:
        """It counts no longer."""
        row = update(schema.api_token).filter_by(name=name)
        self._connection.execute(row.values(revoked_at=text_from_time(at)))

    def use(self, digest: str, at: datetime, per_minute: int) -> tuple[Token | None, float]:
        """Take one call; nobody else does at the same time, because only one transaction writes."""
        query = select(schema.api_token, self._now.label("now_s")).filter_by(digest=digest)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            return None, 0.0
        left, wait_s = Budget(row.calls_left, row.counted_at).spend(per_minute, float(row.now_s))
        values = {"calls_left": left.left, "counted_at": left.at_s, "last_used_at": text_from_time(at)}
        self._connection.execute(update(schema.api_token).filter_by(name=row.name).values(values))
        return replace(_token_from_row(row), last_used_at=at), wait_s


def _token_from_row(row: Any) -> Token:
    times = {name: time_from_text(getattr(row, name)) if getattr(row, name) else None for name in _TIMES}
    return _TOKEN.validate_python({**row.body, "digest": row.digest, **times})


_TIMES = ("revoked_at", "last_used_at")
