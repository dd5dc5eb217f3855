"""Slack's wire in a process that may die: the real SDK, its calls answered by the simulated workspace."""

import json
from collections.abc import Callable
from email.message import Message
from io import BytesIO
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qsl
from urllib.request import Request

from slack_sdk import WebClient

from bot.sandbox.clock import ManualClock
from bot.sandbox.journal import Journal
from bot.sandbox.slack import Installation, SlackWorkspace, WebApi
from bot.sandbox.slack.web_api import Answer
from tests.histories.mortal import Fuse

BOT_TOKEN = "xoxb-history"
BASE = "https://slack.history/api/"
FIRST_ERROR = 400


def workspace_at(clock: ManualClock) -> SlackWorkspace:
    """An empty workspace at simulated time."""
    installation = Installation(signing_secret="secret", bot_token=BOT_TOKEN, app_token="xapp-history")
    return SlackWorkspace(clock, Journal(), installation=installation)


class SlackWire(WebClient):
    """The SDK's client, except that its requests go to a simulated workspace in this process.

    Args:
        workspace: Who answers.
        fuse: Kills before a call leaves, and before its answer is read.
    """

    def __init__(self, workspace: SlackWorkspace, fuse: Fuse) -> None:
        super().__init__(token=BOT_TOKEN, base_url=BASE, retry_handlers=[])
        self._api = WebApi(workspace)
        self._fuse = fuse
        self.in_flight: Callable[[], None] | None = None

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        """One call; what others do while it is in flight happens after Slack has it and before we know."""
        self._fuse.step()
        answer = self._api.call(url.removeprefix(BASE), _arguments(req), _token(req))
        meanwhile, self.in_flight = self.in_flight, None
        if meanwhile is not None:
            meanwhile()
        self._fuse.step()
        return _answered(url, answer)


def _arguments(req: Request) -> dict[str, Any]:
    raw = req.data if isinstance(req.data, bytes) else b""
    if "json" in req.headers.get("Content-type", ""):
        found: dict[str, Any] = json.loads(raw)
        return found
    return dict(parse_qsl(raw.decode(), keep_blank_values=True))


def _token(req: Request) -> str:
    return str(req.headers.get("Authorization", "")).removeprefix("Bearer ")


def _answered(url: str, answer: Answer) -> dict[str, Any]:
    """As urllib gives it: an error status is an exception."""
    headers = Message()
    for name, value in {"Content-Type": "application/json", **(answer.headers or {})}.items():
        headers[name] = value
    text = json.dumps(answer.body)
    if answer.status >= FIRST_ERROR:
        raise HTTPError(url, answer.status, "refused", headers, BytesIO(text.encode()))
    return {"status": answer.status, "headers": dict(headers.items()), "body": text}
