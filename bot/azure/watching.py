"""Watches every answer of Azure: how many of which kind, how long they took, how many calls are left, what time it is.

Sources, read 2026-11:
https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling and
https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1 (Date).
"""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from time import monotonic, time
from typing import Any
from uuid import uuid4

import structlog
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import SansIOHTTPPolicy

from bot.domain.clocks import skew_sentence
from bot.measures import ARM_LEFT, ARM_REQUESTS, ARM_SECONDS, CLOCK_SKEW

log = structlog.get_logger(__name__)

REMAINING = "x-ms-ratelimit-remaining-"
"""How the headers begin that say what is left; the rest of the name is the kind of limit."""

REQUEST_ID = "x-ms-client-request-id"
"""The header with our own id of a request; every try of it has the same one."""

_BEGAN = "egress_began"

_STREAM = "stream"
"""The SDK's option of a request whose body is left unread. Behind the transport it means: do not parse it.

Source: ``ContentDecodePolicy`` of azure-core 1.x, read 2026-11.
"""


class Watching(SansIOHTTPPolicy[Any, Any]):
    """A policy behind the retries, so that it sees every try."""

    def __init__(self) -> None:
        super().__init__()
        self._left: dict[str, int] = {}
        self._clock: tuple[float, float] | None = None
        self._is_said = False

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Note when it began, and give it an id.

        The SDK's own ids are made by libuuid, which may keep a file open for every thread that ever made one.
        """
        request.context[_BEGAN] = monotonic()
        request.context.options[_STREAM] = False
        request.http_request.headers.setdefault(REQUEST_ID, str(uuid4()))

    def on_response(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:
        """Count it, and keep the SDK from parsing what was read: who asked does that, and a policy holds megabytes."""
        request.context.options[_STREAM] = request.http_request.method == "GET"
        method, status = request.http_request.method, response.http_response.status_code
        ARM_REQUESTS.labels(method, str(status)).inc()
        if began := request.context.get(_BEGAN):
            ARM_SECONDS.labels(method).observe(monotonic() - began)
        for kind, left in _remaining(response.http_response.headers).items():
            self._left[kind] = left
            ARM_LEFT.labels(kind).set(left)
        self._compare_clocks(str(response.http_response.headers.get("Date", "")))

    def _compare_clocks(self, date: str) -> None:
        try:
            self._clock = (parsedate_to_datetime(date).timestamp(), monotonic())
        except ValueError:  # none, or none that can be read
            return
        CLOCK_SKEW.set(round(self._skew_s()))
        problem = self.clock_problem()
        if (problem is not None) != self._is_said:
            self._is_said = problem is not None
            log.warning("clock_differs" if problem else "clock_agrees", problem=problem)

    def _skew_s(self) -> float:
        """Seconds that this machine's clock is ahead: of what Azure's showed last, and of the time since."""
        if self._clock is None:
            return 0.0
        theirs, since = self._clock
        return time() - (theirs + monotonic() - since)

    def clock_problem(self) -> str | None:
        """That this machine's clock differs from Azure's, as a sentence; None if it does not, or was not compared."""
        return skew_sentence(self._skew_s(), "Azure's")

    def left(self) -> Mapping[str, int]:
        """How many calls were left at the last answer that said so, by kind of limit."""
        return dict(self._left)


def _remaining(headers: Mapping[str, str]) -> dict[str, int]:
    found = {name.lower(): str(value) for name, value in headers.items() if name.lower().startswith(REMAINING)}
    return {name.removeprefix(REMAINING): int(value) for name, value in found.items() if value.isdecimal()}
