"""Notices due to Slack, and the interface that sends them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from bot.ports.notice_events import NoticeEvent, ReviewEvent


class NoticeKind(StrEnum):
    """The way a notice reaches people."""

    CARD = "card"
    THREAD = "thread"
    DIRECT = "direct"
    CHANNEL = "channel"
    WEBHOOK = "webhook"


LONGEST = timedelta(days=7)
"""How old a notice may get while Slack keeps refusing it; after that nobody needs it and it is given up."""

GATHER = timedelta(minutes=1)
"""How long a direct message about progress waits for the outcome, which then says everything in one message.

It is a minute of the person who reads it, so the sandbox does not divide it.
"""

GATHERED = frozenset({NoticeEvent.APPROVED, NoticeEvent.GRANTED})
"""Events whose outcome may follow within a minute."""

REMINDERS = frozenset({NoticeEvent.REMINDED, NoticeEvent.UNANSWERED, NoticeEvent.REVIEW_DUE})
"""Events about what waits: nothing is said of them once it does not."""

PROGRESS = (
    GATHERED | REMINDERS | {NoticeEvent.SECONDED, NoticeEvent.APPLYING, NoticeEvent.EXPIRING, ReviewEvent.REMINDER}
)
"""Events that a later one about the same makes superfluous while they are still unsent.

Whatever is not listed is an outcome (live, failed, denied, revoked, expired …) and is always said.
"""

ABOUT = "about"
"""In the body of news under a card that several requests share: the ids of those that it is about, with blanks."""

CHOICES = frozenset({NoticeEvent.EXPIRING})
"""Events whose direct message offers a choice about one request: each is a message of its own."""

CARD_ONLY = frozenset({NoticeEvent.REQUESTED, NoticeEvent.APPLYING})
"""Events without a direct message: the person has just been told that this comes next."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice due to Slack. It carries no wording: what is said is rendered from the facts when it is sent.

    Args:
        kind: A card is drawn or redrawn; a thread entry goes under the card; a direct message goes to a person; a
            webhook goes to another system.
        subject: Id of the allowance, scale proposal or target that it is about; of several requests with one card, the
            one under whose id the card is, except for a webhook.
        recipient: Channel id, or user id for a direct message or a card in somebody's own conversation, or
            ``hook:NAME`` for a webhook.
        body: What the wording needs beside the subject, for example ``{"event": "live"}``.
        id: Its number in the outbox, 0 before it is stored.
        attempts: How often it was tried and Slack did not say to wait.
        version: How often a card was owed while this notice waited: what is drawn shows the facts of that version.
        age: How long it has been owed.
    """

    kind: NoticeKind
    subject: str
    recipient: str
    body: Mapping[str, str] = field(default_factory=dict)
    id: int = 0
    attempts: int = 0
    version: int = 0
    age: timedelta = timedelta()

    @property
    def about(self) -> tuple[str, ...]:
        """Ids of the requests that it is about: its subject, or those that share its card and are named in it."""
        return tuple(self.body.get(ABOUT, self.subject).split(" "))


@dataclass(frozen=True, slots=True)
class Pause:
    """A lane in which nothing is sent for now.

    Args:
        lane: What is paused; see ``bot.ports.lanes``.
        code: Slack's error code where somebody has to act; empty where waiting is enough.
        failures: How often in a row it was paused.
        notices: How many notices wait behind it.
    """

    lane: str
    code: str
    failures: int
    notices: int


class Outbox(Protocol):
    """Notices, in the caller's transaction."""

    def backlog(self) -> tuple[int, dict[str, int]]:
        """How many notices wait, and how many were given up, by the reason; rare reasons are counted as ``other``."""
        ...

    def add(self, notice: Notice) -> None:
        """Owe a notice.

        Changes of one card are one redraw, wherever the card is. A direct message takes the place of progress
        about the same subject that the same person has not been sent yet. What one transaction says of several
        requests with one card is one message.
        """
        ...

    def due(self, *, limit: int) -> list[Notice]:
        """The notices to send now: outside paused lanes, the first per subject, kind and recipient.

        Oldest first, five of each recipient in turn: nobody waits behind the thousands that a channel is owed.
        """
        ...

    def as_owed(self, read: Notice) -> Notice | None:
        """A notice that was read before as it is owed now; None where it no longer is."""
        ...

    def next_due_in(self) -> timedelta | None:
        """The time until the next notice may be due; None if none is waiting."""
        ...

    def lanes(self, notices: Collection[Notice]) -> Mapping[int, Collection[str]]:
        """The lanes with a pause that each goes through, by its id; asked before it is sent: later it takes others."""
        ...

    def mark_sent(self, notice: Notice, lanes: Collection[str]) -> None:
        """It was sent and these lanes work; a card that was owed again meanwhile stays owed."""
        ...

    def mark_failed(self, notice: Notice) -> None:
        """Record a failed attempt; ``pause`` pauses its lane."""
        ...

    def give_up(self, notice: Notice, why: str) -> None:
        """It is not tried again; the reason is kept."""
        ...

    def give_up_old(self, *, age: timedelta) -> int:
        """Give up what is older and waits in a lane that fails; how many those are."""
        ...

    def pause(self, lane: str, delay: timedelta, *, code: str = "") -> None:
        """Send nothing in this lane for a while."""
        ...

    def failures(self, lane: str) -> int:
        """The number of consecutive pauses of this lane."""
        ...

    def refusals(self) -> list[Pause]:
        """The lanes that wait for somebody to act, and how many notices wait behind each."""
        ...

    def unseen_cards(self) -> list[Notice]:
        """Cards that cannot be drawn until somebody acts, and that stand nowhere else."""
        ...

    def lost_cards(self, subject: str) -> frozenset[str]:
        """The conversations for which a card of a subject was given up."""
        ...

    def card(self, subject: str, channel: str) -> str | None:
        """The Slack timestamp of a card."""
        ...

    def subject_of(self, channel: str, ts: str) -> str | None:
        """What a card is about, by where it is; None for another message."""
        ...

    def put_card(self, subject: str, channel: str, ts: str | None) -> None:
        """Remember where a card is; None forgets it."""
        ...

    def conversation(self, user: str) -> str | None:
        """The channel id of the bot's conversation with a person, as far as it is known."""
        ...

    def put_conversation(self, user: str, channel: str | None) -> None:
        """Remember it; None forgets it."""
        ...


class Notifier(Protocol):
    """Slack, as the one who is told."""

    def deliver(self, notice: Notice, now: datetime) -> None:
        """Say it; raises the ``Slack…`` errors of ``bot.errors``."""
        ...
