"""What each person wants to be told, as rows."""

from sqlalchemy import Connection, bindparam, delete, insert, select

from bot.ports.notice_levels import NoticeLevel
from bot.store import schema

# Asked with every message to a person, and built once.
LEVEL = select(schema.notice_level.c.level).where(schema.notice_level.c.user == bindparam("whose"))


class SqlNoticeLevels:
    """``ports.NoticeLevels`` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, user: str) -> NoticeLevel:
        """The level of a Slack user id; all where nothing was chosen, or what only a newer version knows."""
        found = self._connection.scalar(LEVEL, {"whose": user})
        return NoticeLevel(found) if found in set(NoticeLevel) else NoticeLevel.ALL

    def put(self, user: str, level: NoticeLevel) -> None:
        """Remember a choice, in the place of the last."""
        self._connection.execute(delete(schema.notice_level).filter_by(user=user))
        self._connection.execute(insert(schema.notice_level).values(user=user, level=level))
