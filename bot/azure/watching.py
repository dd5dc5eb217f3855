"""Watches every answer of Azure: how many there were of which kind, how long they took, and how many calls are left.

Source:
https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling, read 2026-11.
"""

from collections.abc import Mapping
from time import monotonic
from typing import Any

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import SansIOHTTPPolicy

from bot.measures import ARM_LEFT, ARM_REQUESTS, ARM_SECONDS

REMAINING = "x-ms-ratelimit-remaining-"
"""How the headers begin that say what is left; the rest of the name is the kind of limit."""

_BEGAN = "egress_began"


class Watching(SansIOHTTPPolicy[Any, Any]):
    """A policy behind the retries, so that it sees every try."""

    def __init__(self) -> None:
        super().__init__()
        self._left: dict[str, int] = {}

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Note when it began."""
        request.context[_BEGAN] = monotonic()

    def on_response(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:
        """Count it."""
        method, status = request.http_request.method, response.http_response.status_code
        ARM_REQUESTS.labels(method, str(status)).inc()
        if began := request.context.get(_BEGAN):
            ARM_SECONDS.labels(method).observe(monotonic() - began)
        for kind, left in _remaining(response.http_response.headers).items():
            self._left[kind] = left
            ARM_LEFT.labels(kind).set(left)

    def left(self) -> Mapping[str, int]:
        """How many calls were left at the last answer that said so, by kind of limit."""
        return dict(self._left)


def _remaining(headers: Mapping[str, str]) -> dict[str, int]:
    found = {name.lower(): str(value) for name, value in headers.items() if name.lower().startswith(REMAINING)}
    return {name.removeprefix(REMAINING): int(value) for name, value in found.items() if value.isdecimal()}
