"""Messages and ephemerals: what is posted, edited, deleted, and who sees it.

Sources (read 2026-11): https://docs.slack.dev/reference/methods/chat.postMessage,
https://docs.slack.dev/reference/methods/chat.update.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from bot.sandbox.slack.directory import BOT
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.inputs import State, initial_state, kept_state
from bot.sandbox.slack.installation import APP_ID, BOT_ID, BOT_USER_ID, TEAM_ID
from bot.sandbox.slack.ledger import Ledger
from bot.sandbox.slack.stamps import Stamps, with_ids

Blocks = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Content:
    """The checked content of a message."""

    text: str = ""
    blocks: Blocks = field(default_factory=list)
    thread_ts: str | None = None
    metadata: dict[str, Any] | None = None
    files: tuple[str, ...] = ()
    attachments: Blocks = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it is now.

    Args:
        ephemeral_for: The only person who sees it, or None for everybody in the channel.
        state: What people put into its inputs.
        edits: How often it was updated.
    """

    channel: str
    ts: str
    user: str
    text: str
    blocks: Blocks
    thread_ts: str | None = None
    ephemeral_for: str | None = None
    edits: int = 0
    deleted: bool = False
    edited_ts: str | None = None
    metadata: dict[str, Any] | None = None
    files: tuple[str, ...] = ()
    state: State = field(default_factory=dict)
    reactions: tuple[str, ...] = ()
    attachments: Blocks = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """As ``GET /_sandbox/slack`` shows it."""
        keys = ("channel", "ts", "thread_ts", "user", "text", "blocks", "ephemeral_for", "edits", "deleted", "state")
        return {key: getattr(self, key) for key in keys} | {
            "reactions": list(self.reactions),
            "attachments": self.attachments,
        }

    def wire(self) -> dict[str, Any]:
        """As the Web API and payloads carry it."""
        body: dict[str, Any] = {"type": "message", "user": self.user, "ts": self.ts, "text": self.text}
        if self.user == BOT_USER_ID:
            body |= {"bot_id": BOT_ID, "app_id": APP_ID, "team": TEAM_ID, "bot_profile": _BOT_PROFILE}
        optional = {
            "blocks": self.blocks,
            "thread_ts": self.thread_ts,
            "metadata": self.metadata,
            "edited": {"user": self.user, "ts": self.edited_ts} if self.edited_ts else None,
            "files": [{"id": file_id} for file_id in self.files],
            "attachments": self.attachments,
            "reactions": [{"name": name, "users": [BOT_USER_ID], "count": 1} for name in self.reactions],
        }
        return body | {key: value for key, value in optional.items() if value}


_BOT_PROFILE = {
    "id": BOT_ID,
    "app_id": APP_ID,
    "user_id": BOT_USER_ID,
    "name": BOT.name,
    "icons": {},
    "deleted": False,
    "updated": 1_790_000_000,
    "team_id": TEAM_ID,
}


class Messages:
    """All messages, in the order in which they were posted.

    Args:
        journal: Keeps them.
    """

    def __init__(self, journal: Ledger, stamps: Stamps) -> None:
        self._journal = journal
        self._stamps = stamps
        rows = sorted(journal.load("slack.message").items())
        self._by_ts = {ts: _from_row(body) for ts, body in rows}

    def __iter__(self) -> Iterator[Message]:
        return iter(list(self._by_ts.values()))

    def post(self, channel: str, content: Content, *, user: str = BOT_USER_ID, only_for: str | None = None) -> Message:
        """Add a message, ephemeral if ``only_for`` names somebody."""
        blocks = with_ids(content.blocks, self._stamps)
        return self.keep(
            Message(
                channel=channel,
                ts=self._stamps.ts(),
                user=user,
                text=content.text,
                blocks=blocks,
                thread_ts=content.thread_ts,
                ephemeral_for=only_for,
                metadata=content.metadata,
                files=content.files,
                attachments=content.attachments,
                state=initial_state(blocks),
            )
        )

    def get(self, channel: str, ts: str) -> Message:
        """A message that exists, else ``message_not_found``."""
        found = self._by_ts.get(ts)
        if found is None or found.channel != channel or found.deleted:
            raise SlackError("message_not_found")
        return found

    def own(self, channel: str, ts: str, error: str) -> Message:
        """A message of the bot that the Web API may change: ephemerals cannot be reached."""
        found = self.get(channel, ts)
        if found.ephemeral_for is not None:
            raise SlackError("message_not_found")
        if found.user != BOT_USER_ID:
            raise SlackError(error)
        return found

    def edit(self, message: Message, content: Content, *, keep_blocks: bool = False) -> Message:
        """Replace what a message says."""
        blocks = message.blocks if keep_blocks else with_ids(content.blocks, self._stamps)
        return self.keep(
            replace(
                message,
                text=content.text,
                blocks=blocks,
                metadata=content.metadata or message.metadata,
                attachments=content.attachments,
                edits=message.edits + 1,
                edited_ts=self._stamps.ts(),
                state=kept_state(blocks, message.state),
            )
        )

    def delete(self, message: Message) -> None:
        """Take a message away."""
        self.keep(replace(message, deleted=True))

    def put_state(self, message: Message, state: State) -> Message:
        """Keep what somebody put into the message's inputs."""
        return self.keep(replace(message, state=state))

    def keep(self, message: Message) -> Message:
        """Keep a changed message in the place of the one with its timestamp."""
        self._by_ts[message.ts] = message
        self._journal.put("slack.message", message.ts, message)
        return message


def _from_row(body: dict[str, Any]) -> Message:
    return Message(**{**body, "files": tuple(body["files"]), "reactions": tuple(body["reactions"])})
