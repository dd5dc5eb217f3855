"""Faults that are switched on from outside: each matches a method and a path, a number of times."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bot.sandbox.arm.wire import ArmRequest, ArmResponse, Json, aks_error, network_error

NO_CONTENT = 204
_FIELDS = [
    "method",
    "path",
    "times",
    "status",
    "code",
    "message",
    "retry_after_s",
    "latency_s",
    "fail_operation",
    "drop_response",
    "partial",
    "claims",
]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Args:
        method: HTTP method, or ``*``.
        path: Regular expression that is searched in the path, case ignored.
        times: How often it still strikes.
        status: Answered immediately instead of handling the request; 0 handles it, 204 answers nothing.
        code: Azure's error code.
        message: Azure's message.
        retry_after_s: Retry-After of the answer.
        latency_s: The answer comes so much later.
        fail_operation: The write is accepted and its operation ends as Failed with the code.
        drop_response: The request is handled and the connection closed without an answer.
        partial: A query of logs is answered with the first half of its rows, and says so.
        claims: A 401 asks for a token with these claims (JSON), as when an identity's rights were taken back.
    """

    method: str = "*"
    path: str = ""
    times: int = 1
    status: int = 0
    code: str = "InternalServerError"
    message: str = ""
    retry_after_s: int | None = None
    latency_s: float = 0
    fail_operation: bool = False
    drop_response: bool = False
    partial: bool = False
    claims: str = ""

    @classmethod
    def parse(cls, body: Any) -> "Fault":
        """Read a fault from JSON.

        Raises:
            ValueError: With a sentence that says what is wrong.
        """
        if not isinstance(body, Mapping):
            raise ValueError("A fault is a JSON object.")
        if unknown := sorted(set(body) - set(_FIELDS)):
            raise ValueError(f"A fault has no field {', '.join(unknown)}; it has {', '.join(_FIELDS)}.")
        try:
            fault = cls(**{name: value for name, value in body.items() if value is not None})
            re.compile(fault.path)
        except (TypeError, re.error) as error:
            raise ValueError(f"The fault's path must be a regular expression: {error}.") from None
        times: object = fault.times
        if not isinstance(times, int) or times < 1:
            raise ValueError("A fault strikes 1 or more times.")
        if fault.status not in (0, NO_CONTENT, *range(400, 600)):
            raise ValueError("A fault's status is 204, or 400 to 599.")
        return fault

    def matches(self, request: ArmRequest) -> bool:
        """Return whether it strikes this request."""
        return self.method.upper() in ("*", request.method) and bool(re.search(self.path, request.path, re.IGNORECASE))

    def answer(self, request: ArmRequest) -> ArmResponse | None:
        """The error it answers with, in the shape of the provider that is asked; None handles the request."""
        if not self.status:
            return None
        if self.status == NO_CONTENT:
            return ArmResponse(NO_CONTENT)
        message = self.message or f"Simulated fault {self.code}."
        aks = "microsoft.containerservice" in request.path.lower()
        error = aks_error(self.status, self.code, message) if aks else network_error(self.status, self.code, message)
        retry = {"retry-after": str(self.retry_after_s)} if self.retry_after_s is not None else {}
        return replace(error.response, headers={**error.response.headers, **retry, **_challenge(self.claims)})

    def carried(self, response: ArmResponse) -> ArmResponse:
        """An answer with the delay or loss that this fault gives it."""
        latency = timedelta(seconds=self.latency_s)
        if self.partial and "tables" in (response.body or {}):
            response = replace(response, body=_half(response.body))
        return replace(response, latency=response.latency + latency, dropped=response.dropped or self.drop_response)

    @property
    def operation_error(self) -> Json | None:
        """How the accepted operation fails, if it does."""
        return {"code": self.code, "message": self.message} if self.fail_operation else None


def _challenge(claims: str) -> dict[str, str]:
    """A claims challenge (https://learn.microsoft.com/entra/identity-platform/claims-challenge, read 2026-11)."""
    if not claims:
        return {}
    encoded = base64.urlsafe_b64encode(claims.encode()).decode().rstrip("=")
    uri = "https://login.microsoftonline.com/common/oauth2/authorize"
    said = f'Bearer realm="", authorization_uri="{uri}", error="insufficient_claims", claims="{encoded}"'
    return {"www-authenticate": said}


def _half(body: Json) -> Json:
    """The first half of the rows, with the error that a query which ran out of time or memory carries in its 200.

    https://learn.microsoft.com/azure/azure-monitor/logs/api/errors (read 2026-11).
    """
    reason = "The results of this query exceed the set limit of 67108864 bytes, so not all records were returned."
    inner = {"code": "-2133196797", "message": reason, "severity": 2, "severityName": "Error"}
    detail = {"code": "EngineError", "message": "Something went wrong processing your query.", "innererror": inner}
    message = "There were some errors when processing your query."
    tables = [{**table, "rows": table["rows"][: len(table["rows"]) // 2]} for table in body["tables"]]
    return {"tables": tables, "error": {"code": "PartialError", "message": message, "details": [detail]}}


class Faults:
    """The faults that still strike; the first that matches does."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def clear(self) -> None:
        """Forget all faults."""
        self._faults.clear()

    def add(self, fault: Fault) -> None:
        """Switch one on."""
        self._faults.append(fault)

    def strike(self, request: ArmRequest) -> Fault | None:
        """Take the first fault that matches, once."""
        for index, fault in enumerate(self._faults):
            if fault.matches(request):
                left = replace(fault, times=fault.times - 1)
                self._faults[index : index + 1] = [left] if left.times else []
                return fault
        return None
