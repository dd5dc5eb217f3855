"""Makes requests readable whose bytes are not UTF-8, so that the person gets an answer in words.

Slack itself passes on what clients send. Bolt decodes the body before it checks the signature, so the check comes
first here, on the bytes as they came; what is not signed stays unsigned.
"""

import hmac
from collections.abc import Callable, Iterable
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

Application = Callable[..., Iterable[bytes]]


class ReadableBodies:
    """Bolt's WSGI application behind a look at the bytes.

    Args:
        slack: The application.
        secret: The signing secret.
    """

    def __init__(self, slack: Application, secret: str) -> None:
        self._slack = slack
        self._secret = secret.encode()

    def __call__(self, asked: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        """Pass a request on, with invalid text replaced by the replacement character."""
        body = asked["wsgi.input"].read(int(asked.get("CONTENT_LENGTH") or 0))
        readable = body.decode("utf-8", "replace").encode()
        if readable != body and hmac.compare_digest(self._sign(asked, body), asked.get(SIGNATURE, "")):
            asked[SIGNATURE] = self._sign(asked, readable)
        asked["CONTENT_LENGTH"] = str(len(readable))
        asked["wsgi.input"] = BytesIO(readable)
        return self._slack(asked, start_response)

    def _sign(self, asked: dict[str, Any], body: bytes) -> str:
        stamp = str(asked.get("HTTP_X_SLACK_REQUEST_TIMESTAMP", "")).encode("latin-1")
        return "v0=" + hmac.new(self._secret, b"v0:" + stamp + b":" + body, sha256).hexdigest()


SIGNATURE = "HTTP_X_SLACK_SIGNATURE"
"""The WSGI key of the header (https://docs.slack.dev/authentication/verifying-requests-from-slack, read 2026-11)."""
