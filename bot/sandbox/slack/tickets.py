"""Things that the bot may use for a short while: trigger ids, response URLs, upload URLs, socket tickets.

Sources (read 2026-11): https://docs.slack.dev/interactivity/handling-user-interaction (trigger ids: 3 s, once;
response URLs: five times within 30 minutes).
"""

import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.sandbox.clock import SandboxClock
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.ledger import Ledger
from bot.sandbox.slack.stamps import Stamps

TRIGGER_LIFE = timedelta(seconds=3)
RESPONSE_LIFE = timedelta(minutes=30)
RESPONSE_USES = 5
REMEMBERED = timedelta(seconds=30)
"""How long a trigger id is told apart from one that never was."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """Who did something, and in which modal if it was in one."""

    user: str
    view_id: str | None
    issued: datetime
    is_used: bool = False


@dataclass(frozen=True, slots=True)
class ResponseUrl:
    """Where an answer goes; ``message_ts`` is the message whose button was pressed."""

    user: str
    channel: str
    message_ts: str | None
    thread_ts: str | None
    issued: str
    uses: int = 0


class Tickets:
    """Issues tickets and takes them back.

    Args:
        journal: Keeps the response URLs; triggers are gone before a process is back.
    """

    def __init__(self, clock: SandboxClock, journal: Ledger, stamps: Stamps) -> None:
        self._clock = clock
        self._journal = journal
        self._stamps = stamps
        self._lock = threading.Lock()
        self._triggers: dict[str, Trigger] = {}
        self._urls = {key: ResponseUrl(**body) for key, body in journal.load("slack.response_url").items()}

    def issue_trigger(self, user: str, view_id: str | None = None) -> str:
        """A trigger id for what this person just did."""
        now = self._clock.now()
        trigger_id = self._stamps.trigger()
        with self._lock:
            self._triggers = {key: t for key, t in self._triggers.items() if now - t.issued < REMEMBERED}
            self._triggers[trigger_id] = Trigger(user, view_id, now)
        return trigger_id

    def check_trigger(self, trigger_id: str) -> Trigger:
        """The trigger, if it may be exchanged now."""
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.is_used:
            raise SlackError("exchanged_trigger_id")
        if self._clock.now() - trigger.issued > TRIGGER_LIFE:
            raise SlackError("expired_trigger_id")
        return trigger

    def spend_trigger(self, trigger_id: str) -> None:
        """Nobody may use this trigger again."""
        with self._lock:
            self._triggers[trigger_id] = replace(self._triggers[trigger_id], is_used=True)

    def issue_response_url(self, user: str, channel: str, *, message_ts: str | None, thread_ts: str | None) -> str:
        """The key of a new response URL."""
        key = self._stamps.id("R")
        self._keep(key, ResponseUrl(user, channel, message_ts, thread_ts, self._clock.now().isoformat()))
        return key

    def check_response_url(self, key: str) -> ResponseUrl:
        """The response URL, if it still works."""
        ticket = self._urls.get(key)
        if ticket is None:
            raise SlackError("invalid_url")
        if ticket.uses >= RESPONSE_USES:
            raise SlackError("used_url")
        if self._clock.now() - datetime.fromisoformat(ticket.issued) > RESPONSE_LIFE:
            raise SlackError("expired_url")
        return ticket

    def count_use(self, key: str) -> None:
        """One of the five uses is gone."""
        self._keep(key, replace(self._urls[key], uses=self._urls[key].uses + 1))

    def _keep(self, key: str, ticket: ResponseUrl) -> None:
        self._urls[key] = ticket
        self._journal.put("slack.response_url", key, ticket)
