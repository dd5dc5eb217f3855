"""How much each person wants to be told in direct messages. Cards, threads and the audit log do not depend on it.

Whatever is listed here can be left out; everything else is always said: outcomes of somebody's own requests, and what
they have to act on.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from bot.ports.notice_events import NoticeEvent


class NoticeLevel(StrEnum):
    """What a person is told."""

    ALL = "all"
    DECISIONS = "decisions"
    MINE = "mine"


UNDER_WAY = frozenset(
    {
        NoticeEvent.SECONDED,
        NoticeEvent.REWEIGHED,
        NoticeEvent.MISSING,
        NoticeEvent.HELD,
        NoticeEvent.MOVED,
        NoticeEvent.GONE,
    }
)
"""Events on the way from one outcome to the next, which ``decisions`` leaves out. Nobody has to do anything."""

CUT = ("cut", "duration")
"""What a notice says where an approver left something out: the request itself was changed, which is always said."""


def is_said(level: NoticeLevel, body: Mapping[str, str], *, is_followed: bool) -> bool:
    """Whether a person gets a direct message about an event.

    Args:
        level: What they chose.
        body: Of the notice.
        is_followed: Whether they only follow the request, because they asked for the same while it was open.
    """
    if level is NoticeLevel.MINE:
        return not is_followed
    is_under_way = body.get("event") in UNDER_WAY and not any(body.get(name) for name in CUT)
    return level is NoticeLevel.ALL or not is_under_way


class NoticeLevels(Protocol):
    """What people chose, in the caller's transaction."""

    def get(self, user: str) -> NoticeLevel:
        """The level of a Slack user id; ``ALL`` where nothing was chosen."""
        ...

    def put(self, user: str, level: NoticeLevel) -> None:
        """Remember a choice."""
        ...
