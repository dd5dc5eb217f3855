"""The client of the API, for pipelines: what ``python -m bot request``, ``check`` and ``status`` call."""

import http.client
import json
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from bot.errors import BadConfiguration
from bot.http_client import HttpAnswer, send
from handlers.api.openapi import BASE

TIMEOUT_S = 60.0
"""Seconds that an answer may take: a check reads the rules of a firewall from Azure."""

TRIES = 5
"""How often a call is made that the server or its token's budget puts off."""

LATER = frozenset(
    {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
)
"""Answers after which the same call is made again: filing twice is filing once."""


class ApiSilent(Exception):
    """The API did not answer, or put the call off too often."""


@dataclass(frozen=True, slots=True)
class ApiClient:
    """The API as seen by a pipeline.

    Args:
        url: Where the bot is, without a path.
        token: ``egr_…``.
    """

    url: str
    token: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse to call without a token.

        Raises:
            BadConfiguration: There is none.
        """
        if not self.token:
            raise BadConfiguration(
                "Set EGRESS_API_TOKEN to an API token, and EGRESS_API_URL to the address of the bot."
            )

    def request(self, asked: dict[str, Any]) -> tuple[int, Any]:
        """File a request: status, and a ``RequestFacts`` or an ``ApiProblem``."""
        return self._call("POST", "/requests", asked)

    def status(self, request_id: str) -> tuple[int, Any]:
        """Read a request: status, and a ``RequestFacts`` or an ``ApiProblem``."""
        return self._call("GET", f"/requests/{quote(request_id, safe='')}")

    def check(self, asked: dict[str, Any]) -> tuple[int, Any]:
        """Check destinations: status, and a ``CheckFacts`` or an ``ApiProblem``."""
        return self._call("GET", f"/check?{urlencode(asked, doseq=True)}")

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        """Make a call, again where that helps.

        Raises:
            ApiSilent: It does not.
        """
        answer = None
        for number in range(TRIES):
            answer = self._sent(method, path, body)
            if answer.status not in LATER:
                return answer.status, _content(answer)
            time.sleep(answer.retry_after_s if answer.retry_after_s is not None else 2**number)
        raise ApiSilent(f"{self.url} puts the call off: {_content(answer).get('detail', '') if answer else ''}")

    def _sent(self, method: str, path: str, body: dict[str, Any] | None) -> HttpAnswer:
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        headers |= {"Content-Type": "application/json"} if body is not None else {}
        text = json.dumps(body).encode() if body is not None else None
        try:
            return send(method, f"{self.url.rstrip('/')}{BASE}{path}", headers, text, timeout_s=TIMEOUT_S)
        except (OSError, http.client.HTTPException) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise ApiSilent(f"{self.url} does not answer: {why}.") from error


def _content(answer: HttpAnswer) -> Any:
    """The answer's JSON; of what is none, for example a proxy's page, a problem.

    Raises:
        ApiSilent: An answer 2xx that is no JSON: something else listens there.
    """
    try:
        found = answer.json()
    except ValueError as error:
        if answer.status < HTTPStatus.BAD_REQUEST:
            raise ApiSilent("What answers there is not the API of the bot.") from error
        return {"status": answer.status, "detail": f"It answered {answer.status}.", "code": "unknown"}
    return (
        found if isinstance(found, dict) else {"status": answer.status, "detail": str(found)[:200], "code": "unknown"}
    )
