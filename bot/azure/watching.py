"""Watches every answer of Azure: how many of which kind, how long they took, how many calls are left, what time it is.

Sources, read 2026-11:
https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling and
https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1 (Date).
"""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from time import monotonic, time
from typing import Any

import structlog
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import SansIOHTTPPolicy

from bot.domain.clocks import skew_sentence
from bot.measures import ARM_LEFT, ARM_REQUESTS, ARM_SECONDS, CLOCK_SKEW

log = structlog.get_logger(__name__)

REMAINING = "x-ms-ratelimit-remaining-"
"""How the headers begin that say what is left; the rest of the name is the kind of limit."""

_BEGAN = "egress_began"


class Watching(SansIOHTTPPolicy[Any, Any]):
    """A policy behind the retries, so that it sees every try.

    Attributes:
        clock_problem: That this machine's clock differed from Azure's at its last answer, as a sentence; None if it
            did not.
    """

    def __init__(self) -> None:
        super().__init__()
        self._left: dict[str, int] = {}
        self.clock_problem: str | None = None

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
        self._compare_clocks(str(response.http_response.headers.get("Date", "")))

    def _compare_clocks(self, date: str) -> None:
        try:
            skew_s = time() - parsedate_to_datetime(date).timestamp()
        except ValueError:  # none, or none that can be read
            return
        CLOCK_SKEW.set(round(skew_s))
        before, self.clock_problem = self.clock_problem, skew_sentence(skew_s, "Azure's")
        if (before is None) != (self.clock_problem is None):
            log.warning("clock_agrees" if before else "clock_differs", problem=self.clock_problem)

    def left(self) -> Mapping[str, int]:
        """How many calls were left at the last answer that said so, by kind of limit."""
        return dict(self._left)


def _remaining(headers: Mapping[str, str]) -> dict[str, int]:
    found = {name.lower(): str(value) for name, value in headers.items() if name.lower().startswith(REMAINING)}
    return {name.removeprefix(REMAINING): int(value) for name, value in found.items() if value.isdecimal()}
