"""Files: upload URL, content, completion, download.

Sources (read 2026-11): https://docs.slack.dev/reference/methods/files.getUploadURLExternal,
https://docs.slack.dev/reference/methods/files.completeUploadExternal.
"""

import base64
from dataclasses import dataclass, replace
from typing import Any

from bot.sandbox.journal import fields_of
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.installation import BOT_USER_ID, TEAM_ID
from bot.sandbox.slack.ledger import Ledger
from bot.sandbox.slack.stamps import Stamps


@dataclass(frozen=True, slots=True)
class File:
    """A file.

    Args:
        content: None until it was uploaded.
        channel: None until it was shared.
        loses_share: Whether it has an ``alt_txt``: sharing it is then lost without an error
            (https://github.com/slackapi/python-slack-sdk/issues/1818, read 2026-11).
        ready_at: When Slack has checked it, in seconds since 1970; it cannot be used in a block before.
    """

    id: str
    name: str
    title: str
    length: int
    created: int
    content: bytes | None = None
    channel: str | None = None
    is_complete: bool = False
    ready_at: float = 0.0
    loses_share: bool = False

    @property
    def mimetype(self) -> str:
        """By what it begins with."""
        head = (self.content or b"")[:8]
        return next((kind for mark, kind in _MARKS.items() if head.startswith(mark)), "text/plain")

    def shown(self, base_url: str) -> dict[str, Any]:
        """As ``GET /_sandbox/slack`` shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "title": self.title,
            "channel": self.channel,
            "size": self.length,
            "url": f"{base_url}/files/{self.id}/{self.name}",
        }

    def wire(self, base_url: str, *, is_ready: bool = True) -> dict[str, Any]:
        """As the Web API returns it; before it was checked, nobody knows what it is."""
        url = f"{base_url}/files/{self.id}/{self.name}"
        return {
            "id": self.id,
            "created": self.created,
            "timestamp": self.created,
            "name": self.name,
            "title": self.title,
            "mimetype": self.mimetype if is_ready else "",
            "filetype": self.name.rpartition(".")[2] if is_ready else "",
            "user": BOT_USER_ID,
            "size": self.length,
            "mode": "hosted",
            "is_external": False,
            "is_public": False,
            "url_private": url,
            "url_private_download": url,
            "permalink": url,
            "channels": [self.channel] if self.channel and not self.channel.startswith("D") else [],
            "ims": [self.channel] if self.channel and self.channel.startswith("D") else [],
            "groups": [],
            "shares": {},
            "user_team": TEAM_ID,
            "pretty_type": _PRETTY[self.mimetype] if is_ready else "",
            "external_type": "",
            "comments_count": 0,
            "display_as_bot": False,
            "editable": False,
            "has_rich_preview": False,
            "is_starred": False,
            "public_url_shared": False,
        }


_MARKS = {b"\x89PNG": "image/png", b"\xff\xd8": "image/jpeg", b"GIF8": "image/gif"}
_PRETTY = {"image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF", "text/plain": "Plain Text"}

READY_AFTER_S = 1.0
"""Seconds for which Slack checks an uploaded file (https://github.com/slackapi/node-slack-sdk/issues/2040, read
2026-11: a few seconds, longer under load)."""


class Files:
    """All files by id.

    Args:
        journal: Keeps them, content included.
    """

    def __init__(self, journal: Ledger, stamps: Stamps) -> None:
        self._journal = journal
        self._stamps = stamps
        self.ready_after_s = READY_AFTER_S
        self._by_id = {key: _from_row(body) for key, body in journal.load("slack.file").items()}

    def shared(self) -> list[File]:
        """The files that people can see, oldest first."""
        return [file for file in self._by_id.values() if file.is_complete]

    def reserve(self, name: str, length: int, *, loses_share: bool = False) -> File:
        """A file that awaits its content."""
        created = int(self._stamps.ts().split(".")[0])
        return self._keep(File(self._stamps.id("F"), name, name, length, created, loses_share=loses_share))

    def get(self, file_id: str) -> File:
        """The file, or ``file_not_found``."""
        found = self._by_id.get(file_id)
        if found is None:
            raise SlackError("file_not_found")
        return found

    def upload(self, file_id: str, content: bytes) -> None:
        """Take the content; its length must be the one that was announced."""
        file = self.get(file_id)
        if file.is_complete or len(content) != file.length:
            raise SlackError("file_upload_size_mismatch")
        self._keep(replace(file, content=content))

    def complete(self, file_id: str, *, title: str | None, channel: str | None) -> File:
        """Share an uploaded file, in a channel or with nobody."""
        file = self.get(file_id)
        if file.content is None or file.is_complete:
            raise SlackError("file_not_found")
        ready_at = float(self._stamps.ts()) + self.ready_after_s
        return self._keep(
            replace(file, title=title or file.title, channel=channel, is_complete=True, ready_at=ready_at)
        )

    def is_ready(self, file: File) -> bool:
        """Whether Slack has checked it by now."""
        return file.is_complete and file.ready_at <= float(self._stamps.ts())

    def delete(self, file_id: str) -> None:
        """Forget a shared file."""
        if not self.get(file_id).is_complete:
            raise SlackError("file_not_found")
        del self._by_id[file_id]
        self._journal.delete("slack.file", file_id)

    def _keep(self, file: File) -> File:
        self._by_id[file.id] = file
        content = None if file.content is None else base64.b64encode(file.content).decode()
        self._journal.put("slack.file", file.id, {**fields_of(file), "content": content})
        return file


def _from_row(body: dict[str, Any]) -> File:
    content = None if body["content"] is None else base64.b64decode(body["content"])
    return File(**{**body, "content": content})
