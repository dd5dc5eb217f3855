"""Writes that Azure accepts and finishes later: sent once, never waited for, polled by their address."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from azure.core.pipeline import PipelineResponse

from bot.azure.clients import Clients
from bot.azure.faults import request_id, retry_after, translated
from bot.azure.settings import ArmSettings
from bot.azure.translate.shapes import dig
from bot.domain.rule_groups import ObservedGroup
from bot.errors import UnknownShape
from bot.ports import Operation, OperationState

WITHIN: Mapping[str, Any] = {"connection_timeout": 5, "read_timeout": 15}
"""Seconds after which a write is given up. Shorter than the reconciler's lease: a write never outlives it."""


class Accepted:
    """Catches where an accepted write can be watched, from the answer that the SDK keeps to itself."""

    def __init__(self) -> None:
        self.headers: Mapping[str, str] = {}
        self.url = ""

    def __call__(self, response: PipelineResponse[Any, Any]) -> None:
        """The SDK's ``raw_response_hook``."""
        self.headers = response.http_response.headers
        self.url = self.headers.get("Azure-AsyncOperation") or self.url or str(response.http_request.url)


def begin(write: Callable[..., object], settings: ArmSettings) -> Operation:
    """Send a write that the SDK neither repeats nor waits for.

    Returns:
        The accepted operation; a write that Azure finished immediately is watched at the resource itself.
    """
    accepted = Accepted()
    with translated():
        write(polling=False, raw_response_hook=accepted, retry_total=0, **WITHIN)
    return Operation(accepted.url, _look_after(accepted.headers, settings), request_id(accepted.headers))


def only_if_unchanged(seen: ObservedGroup) -> dict[str, Any]:
    """Options of a write that holds only for what was read.

    The firewall provider declares no ``If-Match``; whether it honours one is not certain, so the caller reads back.
    """
    return {"headers": {"If-Match": _quoted(seen.etag)} if seen.etag else {"If-None-Match": "*"}}


def _quoted(etag: str) -> str:
    """An etag as a header takes it; bodies of firewall policies show it without quotes."""
    return etag if etag.startswith(('"', "W/")) else f'"{etag}"'


def poll(clients: Clients, operation: Operation) -> OperationState:
    """Read the status of an operation once."""
    body, headers = clients.follow(operation.url, _path_of(operation.url))
    status = dig(body, "status") or dig(body, "properties", "provisioningState")
    if not isinstance(status, str):
        raise UnknownShape("Azure's answer does not include the operation's status.")
    state = OperationState(_STATUSES.get(status.lower(), "InProgress"), _look_after(headers, clients.settings))
    if state.status not in ("Failed", "Canceled"):
        return state
    code, message = dig(body, "error", "code"), dig(body, "error", "message")
    return OperationState(state.status, timedelta(), code, message)


def _look_after(headers: Mapping[str, str], settings: ArmSettings) -> timedelta:
    """When to ask again: as Azure says, else after our default at the pace of Azure."""
    return retry_after(headers) or timedelta(seconds=settings.look_after_s) / settings.pace


_STATUSES = {"succeeded": "Succeeded", "failed": "Failed", "canceled": "Canceled", "cancelled": "Canceled"}
"""Final states; every other word means that Azure is still at it.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations, read 2026-11.
"""


def _path_of(url: str) -> str:
    return "/" + url.partition("://")[2].partition("/")[2]
