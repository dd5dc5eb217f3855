"""Requests and answers on the wire, and Azure's error bodies.

Bodies follow recorded traffic of the real service: the network provider wraps its errors in ``error``, AKS does not,
and the firewall provider answers a rule it does not like with ASP.NET's ``ModelState``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

Json = dict[str, Any]

DEFAULT_BASE_URL = "https://management.azure.com"


@dataclass(frozen=True, slots=True)
class ArmRequest:
    """One request: path without query, query keys and header names in lower case, JSON body or None."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    base_url: str

    @classmethod
    def parse(cls, method: str, url: str, headers: Mapping[str, str], body: bytes | str | Any) -> "ArmRequest":
        """Read a request from an absolute URL or a path.

        Raises:
            ArmError: 400 InvalidRequestContent if the body is not JSON.
        """
        parts = urlsplit(url)
        lower = {name.lower(): value for name, value in headers.items()}
        host = f"{parts.scheme}://{parts.netloc}" if parts.netloc else _base_of(lower)
        query = {name.lower(): value for name, value in parse_qsl(parts.query, keep_blank_values=True)}
        return cls(method.upper(), unquote(parts.path), query, lower, _decode(body), host)


@dataclass(frozen=True, slots=True)
class ArmResponse:
    """One answer.

    Args:
        status: HTTP status.
        headers: Header names in lower case.
        body: JSON value, or None for an empty body.
        latency: How long the carrier waits before it delivers this.
        dropped: The carrier closes the connection instead of delivering this.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    latency: timedelta = timedelta()
    dropped: bool = False

    @property
    def content(self) -> bytes:
        """The body as it goes over the wire."""
        return b"" if self.body is None else _encoded(self.body)


class _Encoder:
    """Makes the bytes of answers, and keeps those of large resources: a firewall's are asked for again and again.

    A resource is never changed once it is stored, so that the same one always has the same bytes. A list is made anew
    for each answer.
    """

    def __init__(self) -> None:
        self._last: dict[int, tuple[Any, bytes]] = {}

    def __call__(self, body: Any) -> bytes:
        """The bytes of a JSON value."""
        known = self._last.get(id(body))  # what is kept holds its body, so that no other one has its id
        if known is not None:
            return known[1]
        content = json.dumps(body).encode()
        if len(content) >= _LARGE and "etag" in body:
            others = list(self._last.items())[-_MOST_KEPT:]
            self._last = {**dict(others), id(body): (body, content)}
        return content


_LARGE = 64 * 1024
"""Bytes from which on an answer is kept: making it takes half a millisecond and more."""

_MOST_KEPT = 15
"""Answers that are kept beside the latest one: some 32 MB where all are full rule collection groups."""

_encoded = _Encoder()


class ArmError(Exception):
    """An answer that is an error: raised anywhere, turned into a response at the door."""

    def __init__(self, status: int, body: Json, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(json.dumps(body))
        self.status = status
        self.body = body
        self.headers = dict(headers or {})

    @property
    def response(self) -> ArmResponse:
        """The answer to send."""
        return ArmResponse(self.status, {"content-type": "application/json; charset=utf-8", **self.headers}, self.body)


def network_error(status: int, code: str, message: str, *, details: list[Json] | None = None) -> ArmError:
    """An error as Microsoft.Network and ARM itself send it: wrapped in ``error``."""
    return ArmError(status, {"error": {"code": code, "message": message, "details": details or []}})


def gateway_error(status: int, code: str, message: str) -> ArmError:
    """An error of ARM's own front door."""
    return ArmError(status, {"error": {"code": code, "message": message}}, {"x-ms-failure-cause": "gateway"})


def aks_error(status: int, code: str, message: str, *, target: str | None = None, subcode: str = "") -> ArmError:
    """An error as AKS sends it: not wrapped."""
    body: Json = {"code": code, "details": None, "message": message, "subcode": subcode}
    return ArmError(status, {**body, "target": target} if target else body)


def invalid_rules(code: str, message: str) -> ArmError:
    """A refusal of the firewall policy provider: no ``error`` and no code, the reason is JSON inside a string.

    Seen in https://github.com/Azure/azure-cli/issues/18932 (read 2026-11).
    """
    inner = json.dumps({"Status": "Failed", "Error": {"Code": code, "Message": message, "Target": None}})
    return ArmError(400, {"Message": "The request is invalid.", "ModelState": {"resource": [inner]}})


def resource_not_found(kind: str, name: str, group: str) -> ArmError:
    """404 with the words of the recorded answer."""
    return gateway_error(
        404,
        "ResourceNotFound",
        f"The Resource '{kind}/{name}' under resource group '{group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    )


def _base_of(headers: Mapping[str, str]) -> str:
    return f"https://{headers['host']}" if headers.get("host") else DEFAULT_BASE_URL


def _decode(body: Any) -> Any:
    if not isinstance(body, bytes | str):
        return body
    if not body.strip():
        return None
    try:
        return json.loads(body)
    except ValueError as error:
        raise gateway_error(
            400, "InvalidRequestContent", f"The request content was invalid and could not be deserialized: '{error}'."
        ) from None
