"""A strict replay of recorded traffic: an azure-core transport that answers only what was recorded, in order."""

import json
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest, HttpResponse
from azure.core.utils import case_insensitive_dict

Json = dict[str, Any]

RECORDINGS = Path(__file__).parent / "recordings"


def recorded(name: str) -> list[Json]:
    """The exchanges of one recording, in order."""
    return [json.loads(line) for line in (RECORDINGS / name).read_text().splitlines()]


def example(name: str) -> Any:
    """The body that an official example answers with."""
    return json.loads((RECORDINGS / "spec-examples" / f"{name}.json").read_text())["responses"]["200"]["body"]


def answer(method: str, path: str, body: Any, *, status: int = 200, headers: Json | None = None) -> Json:
    """An exchange that was not recorded as such, for example a list made of recorded bodies."""
    return {"method": method, "path": path, "status": status, "resp_headers": headers or {}, "resp_body": body}


class FixedCredential:
    """A credential that needs nobody."""

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        """A token that no one checks."""
        return AccessToken("token", 4_000_000_000)


@dataclass(slots=True)
class Sent:
    """One request that the SDK sent."""

    method: str
    path: str
    headers: MutableMapping[str, str]
    body: Any


@dataclass
class Replay(HttpTransport[Any, Any]):
    """Answers each request with the first exchange of the same method and path that was not used yet.

    Anything else fails the test. The api-version may differ: the recordings are older than the SDK.
    """

    exchanges: list[Json]
    sent: list[Sent] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    _lock: Any = field(default_factory=Lock, repr=False)

    def send(self, request: Any, **_options: Any) -> Any:
        """Answer one request."""
        path = unquote(urlsplit(request.url).path)
        text = getattr(request, "content", None) or getattr(request, "data", None)
        body = json.loads(text) if isinstance(text, str | bytes) and text else text
        self.sent.append(Sent(request.method, path, case_insensitive_dict(dict(request.headers)), body))
        with self._lock:  # lists are read by several threads
            for index, exchange in enumerate(self.exchanges):
                if exchange["method"] == request.method and exchange["path"].lower() == path.lower():
                    return Recorded(request, self.exchanges.pop(index))
        raise AssertionError(f"Not recorded: {request.method} {path}")

    def sleep(self, duration: float) -> None:
        """Note a wait instead of waiting."""
        self.slept.append(duration)

    def open(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""

    def __exit__(self, *details: object) -> None:
        self.close()


class Recorded(HttpResponse):
    """A recorded answer in the SDK's own shape."""

    def __init__(self, request: HttpRequest, exchange: Json) -> None:
        body = exchange["resp_body"]
        self._request = request
        self._status: int = exchange["status"]
        self._headers: MutableMapping[str, str] = case_insensitive_dict(exchange["resp_headers"])
        self._content = b"" if body is None else json.dumps(body).encode()
        self._encoding: str | None = None

    request = property(lambda self: self._request)
    status_code = property(lambda self: self._status)
    headers = property(lambda self: self._headers)
    reason = property(lambda self: HTTPStatus(self._status).phrase)
    content_type = property(lambda self: self._headers.get("content-type"))
    is_closed = property(lambda _: True)
    is_stream_consumed = property(lambda _: True)
    url = property(lambda self: self._request.url)
    content = property(lambda self: self._content)

    @property
    def encoding(self) -> str | None:
        """The text encoding."""
        return self._encoding

    @encoding.setter
    def encoding(self, value: str | None) -> None:
        self._encoding = value

    def body(self) -> bytes:
        """The body, as clients of the older generation ask for it."""
        return self._content

    def text(self, encoding: str | None = None) -> str:
        """The body as text."""
        return self._content.decode(encoding or "utf-8")

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self._content)

    def read(self) -> bytes:
        """The body."""
        return self._content

    def raise_for_status(self) -> None:
        """Raise for an error."""
        if self._status >= HTTPStatus.BAD_REQUEST:
            raise HttpResponseError(response=self)

    def iter_bytes(self, **_options: Any) -> Iterator[bytes]:
        """The body in one piece."""
        yield self._content

    def iter_raw(self, **_options: Any) -> Iterator[bytes]:
        """The body in one piece."""
        yield self._content

    def close(self) -> None:
        """Nothing to close."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        return
