"""What the API and the list of egress IPs answer with: JSON, text, or a problem."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from bot.domain.api_token import PREFIX
from bot.errors import NotAuthenticated
from handlers.api.problem import ApiProblem, problem

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

JSON = "application/json"
"""The content type of values."""

PROBLEM = "application/problem+json"
"""The content type of problems; source: https://www.rfc-editor.org/rfc/rfc9457, read 2026-11."""


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """Status, text and further headers of an answer."""

    status: int
    text: str
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


def respond(given: ApiResponse, asked: Mapping[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
    """The answer as a WSGI application gives it; nothing of it is kept on the way unless its headers say so."""
    body = given.text.encode()
    content = {"Content-Type": given.content_type, "Content-Length": str(len(body))}
    headers = {
        **(content if given.status != HTTPStatus.NOT_MODIFIED else {}),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        **given.headers,
    }
    start_response(f"{given.status} {HTTPStatus(given.status).phrase}", list(headers.items()))
    return [b"" if asked["REQUEST_METHOD"] == "HEAD" else body]


def secret_of(asked: Mapping[str, Any]) -> str:
    """The secret of the token that a call presents.

    Raises:
        NotAuthenticated: It presents none.
    """
    kind, _, secret = str(asked.get("HTTP_AUTHORIZATION", "")).partition(" ")
    if kind.lower() != "bearer" or not secret.strip().startswith(PREFIX):
        raise NotAuthenticated(f"Send an API token: Authorization: Bearer {PREFIX}…; operators make them.")
    return secret.strip()


def not_allowed(methods: list[str]) -> ApiResponse:
    """The answer to another method."""
    allow = ", ".join(methods)
    said = problem(HTTPStatus.METHOD_NOT_ALLOWED, "method-not-allowed", f"Only {allow} is possible here.")
    return refused(said, {"Allow": allow})


def refused(said: ApiProblem, headers: Mapping[str, str] | None = None) -> ApiResponse:
    """A problem as an answer."""
    return ApiResponse(said.status, written_as(ApiProblem)(said), PROBLEM, headers or {})


@cache
def written_as(kind: Any) -> Callable[[Any], str]:
    """What writes a value of a kind as JSON."""
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    return lambda value: adapter.dump_json(value).decode()


BUSY = refused(
    problem(HTTPStatus.SERVICE_UNAVAILABLE, "busy", "The bot answers other calls. Try again in a moment."),
    {"Retry-After": "1"},
)
"""The answer where too many calls are under way."""
