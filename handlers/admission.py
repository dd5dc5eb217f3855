"""Lets in what Slack signed: nothing is parsed, logged or kept before the signature is checked.

Bolt decodes the body before it checks the signature, so the check comes first here, on the bytes as they came.
What is signed and is not UTF-8 is made readable, so that the person gets an answer in words: Slack passes on what
clients send.

Source: https://docs.slack.dev/authentication/verifying-requests-from-slack, read 2026-11.
"""

import hmac
import time
from collections.abc import Callable, Iterable
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING, Any

import structlog

from bot.measures import REFUSED_REQUESTS
from handlers.answering import answered
from handlers.payloads import has_shape
from handlers.secret_values import Secret, reveal

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

log = structlog.get_logger(__name__)

Application = Callable[..., Iterable[bytes]]

WINDOW_S = 300
"""Seconds by which the time of a request may differ from ours, both ways, as Slack recommends."""

LONGEST_STAMP = 12
"""Digits of a time in seconds: enough for the next thirty thousand years."""

SIGNATURE, STAMP = "HTTP_X_SLACK_SIGNATURE", "HTTP_X_SLACK_REQUEST_TIMESTAMP"
"""The WSGI keys of the headers."""


class SignedRequests:
    """Bolt's WSGI application behind the check.

    Args:
        slack: The application.
        secret: The signing secret.
        now: Seconds since 1970.
    """

    def __init__(self, slack: Application, secret: Secret, now: Callable[[], float] = time.time) -> None:
        self._slack = slack
        self._secret = secret
        self._now = now

    def __call__(self, asked: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        """Pass on what Slack sent; refuse anything else in one line, and count it."""
        stamp = str(asked.get(STAMP, ""))
        if reason := self._staleness(stamp):
            return _refused(start_response, 401, reason)
        body = asked["wsgi.input"].read()
        if not self._is_signed(asked, stamp, body):
            return _refused(start_response, 401, "signature")
        readable = body.decode("utf-8", "replace").encode()
        kind = str(asked.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()
        if not has_shape(kind, readable.decode()):
            return _refused(start_response, 400, "shape")
        asked["CONTENT_LENGTH"] = str(len(readable))
        asked["wsgi.input"] = BytesIO(readable)
        return self._passed_on(asked, start_response)

    def _passed_on(self, asked: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        try:
            return self._slack(asked, start_response)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            # Signed and no payload that Bolt knows; its text stays out of the log.
            log.warning("request_unreadable", error=type(error).__name__)
            return _refused(start_response, 400, "shape")

    def _staleness(self, stamp: str) -> str:
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= LONGEST_STAMP):
            return "timestamp"
        return "stale" if abs(self._now() - int(stamp)) > WINDOW_S else ""

    def _is_signed(self, asked: dict[str, Any], stamp: str, body: bytes) -> bool:
        given = str(asked.get(SIGNATURE, "")).encode("latin-1", "replace")
        return hmac.compare_digest(self.sign(stamp, body).encode(), given)

    def sign(self, stamp: str, body: bytes) -> str:
        """The signature of a body at a time."""
        return (
            "v0=" + hmac.new(reveal(self._secret).encode(), b"v0:" + stamp.encode() + b":" + body, sha256).hexdigest()
        )


def _refused(start_response: "StartResponse", status: int, reason: str) -> Iterable[bytes]:
    REFUSED_REQUESTS.labels(reason).inc()
    said = "This request did not come from Slack.\n" if status == 401 else "This is not a payload of Slack.\n"
    return answered(start_response, status, "text/plain; charset=utf-8", said)
