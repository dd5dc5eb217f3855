"""Signed HTTP deliveries to the bot's request URL.

Source (read 2026-11): https://docs.slack.dev/authentication/verifying-requests-from-slack.
"""

import hashlib
import hmac
import http.client
import json
import secrets
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

from bot.sandbox.slack.delivery import FAILED, TIMED_OUT, Outgoing, Undelivered
from bot.sandbox.slack.installation import Addresses

FORM = "application/x-www-form-urlencoded"
OK = 200


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The ``v0=`` signature of a delivery."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


class HttpTransport:
    """Posts every payload to the URL that the application has for it.

    Args:
        signing_secret: Signs the deliveries, with the machine's own time: that is what the bot compares it with.
        verification_token: What a challenge carries, like every payload.

    Attributes:
        addresses: Where payloads go; None as long as no bot is known.
    """

    def __init__(self, signing_secret: str, verification_token: str) -> None:
        self._secret = signing_secret
        self._token = verification_token
        self._verified: set[str] = set()
        self.addresses: Addresses | None = None

    def sign_with(self, secret: str) -> None:
        """Sign with another secret from now on."""
        self._secret = secret

    def is_connected(self) -> bool:
        """Return whether a bot's URL is known."""
        return self.addresses is not None

    def disconnect(self, *, is_hard: bool) -> None:
        """Nothing stays open between two deliveries."""

    def send(self, outgoing: Outgoing, deadline_s: float) -> tuple[int, Any]:
        """Post and read the answer; an event goes only to a URL that has answered a challenge."""
        url = self._url(outgoing)
        if url is None:
            raise Undelivered(FAILED)
        if outgoing.envelope == "events_api" and url not in self._verified:
            self._verify(url, outgoing, deadline_s)
        return self._post(url, outgoing, deadline_s)

    def _url(self, outgoing: Outgoing) -> str | None:
        where = self.addresses or Addresses()
        if outgoing.envelope == "slash_commands":
            return where.commands.get(outgoing.payload["command"])
        if outgoing.envelope == "events_api":
            return where.events
        return where.options or where.interactions if outgoing.kind == "options" else where.interactions

    def _verify(self, url: str, outgoing: Outgoing, deadline_s: float) -> None:
        """Ask the URL to echo a challenge.

        Source (read 2026-11): https://docs.slack.dev/reference/events/url_verification.
        """
        challenge = secrets.token_urlsafe(32)
        asked = {"type": "url_verification", "token": self._token, "challenge": challenge}
        status, body = self._post(url, Outgoing("challenge", outgoing.user, outgoing.envelope, asked), deadline_s)
        said = body.get("challenge") if isinstance(body, dict) else body
        if status != OK or said != challenge:
            raise Undelivered("url_not_verified")
        self._verified.add(url)

    def _post(self, url: str, outgoing: Outgoing, deadline_s: float) -> tuple[int, Any]:
        body, content_type = _encoded(outgoing)
        target = urlsplit(url)
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
