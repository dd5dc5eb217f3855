"""The simulated Azure inside a process: an azure-core transport that calls it directly.

Pollers sleep through the transport, so simulated minutes cost nothing: a sleep moves the simulated clock.
"""

import json
from collections.abc import Iterator, MutableMapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Self

from azure.core.exceptions import HttpResponseError, ServiceResponseError
from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest, HttpResponse
from azure.core.utils import case_insensitive_dict

from bot.sandbox.arm import ArmResponse, ArmSubscription
from bot.sandbox.clock import SandboxClock


class ArmTransport(HttpTransport[Any, Any]):
    """Dispatches every request of an Azure SDK client to a simulated tenant, in process.

    Hand it to a client as ``transport=``; several clients may share one.

    Args:
        arm: The tenant.
        clock: Moved by each sleep; the tenant's own.
    """

    def __init__(self, arm: ArmSubscription, clock: SandboxClock) -> None:
        self._arm = arm
        self._clock = clock

    def send(self, request: Any, **_kwargs: Any) -> Any:
        """Answer one request.

        Raises:
            ServiceResponseError: If a fault drops the answer: the request was handled all the same.
        """
        body = getattr(request, "content", None) or getattr(request, "data", None)
        answer = self._arm.handle(request.method, request.url, dict(request.headers), body)
        if answer.latency:
            self.sleep(answer.latency.total_seconds())
        if answer.dropped:
            raise ServiceResponseError("Connection aborted: the remote end closed the connection without a response.")
        return _Answer(request, answer)

    def sleep(self, duration: float) -> None:
        """Move the simulated clock instead of waiting."""
        self._clock.advance(timedelta(seconds=duration))

    def open(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""

    def __exit__(self, *exc_details: object) -> None:
        self.close()


class _Answer(HttpResponse):
    """An answer in the SDK's own shape; ``body`` is for clients of the older generation."""

    def __init__(self, request: HttpRequest, answer: ArmResponse) -> None:
        self._request = request
        self._answer = answer
        self._headers: MutableMapping[str, str] = case_insensitive_dict(answer.headers)
        self._encoding: str | None = None
        self._content = answer.content

    @property
    def request(self) -> HttpRequest:
        return self._request

    @property
    def status_code(self) -> int:
        return self._answer.status

    @property
    def headers(self) -> MutableMapping[str, str]:
        return self._headers

    @property
    def reason(self) -> str:
        return HTTPStatus(self._answer.status).phrase

    @property
    def content_type(self) -> str | None:
        return self._headers.get("content-type")

    @property
    def is_closed(self) -> bool:
        return True

    @property
    def is_stream_consumed(self) -> bool:
        return True

    @property
    def encoding(self) -> str | None:
        return self._encoding

    @encoding.setter
    def encoding(self, value: str | None) -> None:
        self._encoding = value

    @property
    def url(self) -> str:
        return self._request.url

    @property
    def content(self) -> bytes:
        return self._content

    def body(self) -> bytes:
        """The body, as clients of the older generation ask for it."""
        return self.content

    def text(self, encoding: str | None = None) -> str:
        return self.content.decode(encoding or self._encoding or "utf-8")

    def json(self) -> Any:
        return json.loads(self.content)

    def raise_for_status(self) -> None:
        if self.status_code >= HTTPStatus.BAD_REQUEST:
            raise HttpResponseError(response=self)

    def read(self) -> bytes:
        return self.content

    def iter_bytes(self, **_kwargs: Any) -> Iterator[bytes]:
        yield self.content

    def iter_raw(self, **_kwargs: Any) -> Iterator[bytes]:
        yield self.content

    def close(self) -> None:
        return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()
