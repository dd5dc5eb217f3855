"""A WSGI answer in one piece."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import StartResponse


def answered(
    start_response: "StartResponse", status: int, content_type: str, text: str, *headers: tuple[str, str]
) -> Iterable[bytes]:
    """Begin the answer, and return its body."""
    body = text.encode()
    given = [("Content-Type", content_type), ("Content-Length", str(len(body))), *headers]
    start_response(f"{status} {HTTPStatus(status).phrase}", [*given, ("X-Content-Type-Options", "nosniff")])
    return [body]
