"""Signed HTTP deliveries to the bot's request URL.

Source (read 2026-11): https://docs.slack.dev/authentication/verifying-requests-from-slack.
"""

import hashlib
import hmac
import http.client
import json
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

from bot.sandbox.slack.delivery import FAILED, TIMED_OUT, Outgoing, Undelivered

FORM = "application/x-www-form-urlencoded"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The ``v0=`` signature of a delivery."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


class HttpTransport:
    """Posts every payload to one URL.

    Args:
        signing_secret: Signs the deliveries, with the machine's own time: that is what the bot compares it with.
    """

    def __init__(self, signing_secret: str) -> None:
        self._secret = signing_secret
        self.bot_url: str | None = None

    def is_connected(self) -> bool:
        """Return whether a bot's URL is known."""
        return self.bot_url is not None

    def disconnect(self, *, is_hard: bool) -> None:
        """Nothing stays open between two deliveries."""

    def send(self, outgoing: Outgoing, deadline_s: float) -> tuple[int, Any]:
        """Post and read the answer."""
        if self.bot_url is None:
            raise Undelivered(FAILED)
        body, content_type = _encoded(outgoing)
        target = urlsplit(self.bot_url)
        connection = http.client.HTTPConnection(target.hostname or "127.0.0.1", target.port, timeout=deadline_s)
        try:
            connection.request("POST", target.path or "/", body, self._headers(body, content_type, outgoing))
            response = connection.getresponse()
            return response.status, parsed(response.read())
        except TimeoutError:
            raise Undelivered(TIMED_OUT) from None
        except (OSError, http.client.HTTPException):
            raise Undelivered(FAILED) from None
        finally:
            connection.close()

    def _headers(self, body: bytes, content_type: str, outgoing: Outgoing) -> dict[str, str]:
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "Accept": "application/json,*/*",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(self._secret, timestamp, body),
        }
        if outgoing.attempt:
            headers |= {"X-Slack-Retry-Num": str(outgoing.attempt), "X-Slack-Retry-Reason": outgoing.reason}
        return headers


def _encoded(outgoing: Outgoing) -> tuple[bytes, str]:
    if outgoing.envelope == "slash_commands":
        return urlencode(outgoing.payload).encode(), FORM
    if outgoing.envelope == "events_api":
        return json.dumps(outgoing.payload).encode(), "application/json"
    return urlencode({"payload": json.dumps(outgoing.payload)}).encode(), FORM


def parsed(raw: bytes) -> Any:
    """JSON if it is JSON, else text, else None."""
    text = raw.decode("utf-8", "replace").strip()
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
