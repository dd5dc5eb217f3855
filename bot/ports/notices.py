"""What we owe Slack, and who says it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


class NoticeKind(StrEnum):
    """How a notice reaches people."""

    CARD = "card"
    THREAD = "thread"
    DIRECT = "direct"
    CHANNEL = "channel"


NOTICES = "notices"
"""The work key of whoever sends notices."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What we owe Slack to say. It carries no wording: what is said is rendered from the facts when it is sent.

    Args:
        kind: A card is drawn or redrawn; a thread entry goes under the card; a direct message goes to a person.
        subject: Id of the allowance, scale proposal or target that it is about.
        recipient: Channel id, or user id for a direct message.
        body: What the wording needs beside the subject, for example ``{"event": "live"}``.
        id: Its number in the outbox, 0 before it is stored.
        attempts: How often it was tried.
    """

    kind: NoticeKind
    subject: str
    recipient: str
    body: Mapping[str, str] = field(default_factory=dict)
    id: int = 0
    attempts: int = 0


class Outbox(Protocol):
    """Notices, in the caller's transaction."""

    def add(self, notice: Notice) -> None:
        """Owe a notice. A card that is owed already is owed once."""
        ...

    def due(self, *, limit: int) -> list[Notice]:
        """Those to be sent now, oldest first."""
        ...

    def next_due_in(self) -> timedelta | None:
        """How long until the next one is due; None if none waits."""
        ...

    def mark_sent(self, notice: Notice) -> None:
        """It was sent."""
        ...

    def mark_failed(self, notice: Notice, why: str, *, retry_in: timedelta | None) -> None:
        """It was not sent; None gives it up and keeps the reason."""
        ...

    def card(self, subject: str, channel: str) -> str | None:
        """The Slack timestamp of a card."""
        ...

    def put_card(self, subject: str, channel: str, ts: str) -> None:
        """Remember where a card is."""
        ...


class Notifier(Protocol):
    """Slack, as the one who is told."""

    def deliver(self, notice: Notice, now: datetime) -> None:
        """Say it; raises the ``Slack…`` errors of ``bot.errors``."""
        ...
