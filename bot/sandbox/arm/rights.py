"""Whether the caller may do what a request asks for: the action that it needs, and those on what it refers to.

Sources (read 2026-11): https://learn.microsoft.com/azure/role-based-access-control/resource-provider-operations,
https://learn.microsoft.com/azure/role-based-access-control/troubleshooting (AuthorizationFailed,
LinkedAuthorizationFailed). Resource Graph and the list of subscriptions are not refused: they show what may be read.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from bot.sandbox.arm.wire import ArmRequest, gateway_error
from bot.sandbox.arm.world import World

_ASSIGN = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"

LINKED = {
    "microsoft.network/publicipaddresses": "Microsoft.Network/publicIPAddresses/join/action",
    "microsoft.network/publicipprefixes": "Microsoft.Network/publicIPPrefixes/join/action",
    "microsoft.network/virtualnetworks/subnets": "Microsoft.Network/virtualNetworks/subnets/join/action",
    "microsoft.managedidentity/userassignedidentities": _ASSIGN,
}
"""What a write needs on the resources that its body names, by their type."""

_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}


def require_rights(world: World, request: ArmRequest) -> None:
    """Refuse what the caller's roles do not grant; without roles everything is granted.

    Raises:
        ArmError: 403 AuthorizationFailed, or LinkedAuthorizationFailed for what the body refers to.
    """
    if not world.rights:
        return
    action = action_of(request.method, request.path)
    if action and not allows(world, _scope(request.path), action):
        raise gateway_error(403, "AuthorizationFailed", _said("action", action, _scope(request.path)))
    for key in dict.fromkeys(_named(request.body)) if request.method == "PUT" else ():
        linked = LINKED.get(_type_of(key), "")
        if linked and not allows(world, key, linked):
            raise gateway_error(403, "LinkedAuthorizationFailed", _said("linked action", linked, key))


def _scope(path: str) -> str:
    """Where the action must be granted."""
    return path.removesuffix("/metrics:getBatch")


def action_of(method: str, path: str) -> str:
    """The action of a request; empty for what needs none."""
    kind = _type_of(path)
    if path.lower().endswith("/metrics:getbatch"):  # needs the right on the whole subscription
        return "Microsoft.Insights/metrics/read"
    if not kind or kind.startswith("microsoft.resourcegraph/"):
        return ""
    written = path.rstrip("/")[len(path.lower().rpartition("/providers/")[0]) + len("/providers/") :].split("/")
    spelt = "/".join([written[0], *written[1::2]])
    return f"{spelt}/{_VERBS.get(method, 'action')}"


def _type_of(path: str) -> str:
    _, found, inside = path.lower().rpartition("/providers/")
    parts = inside.strip("/").split("/")
    return "/".join([parts[0], *parts[1::2]]) if found else ""


def allows(world: World, path: str, action: str) -> bool:
    """Return whether the caller's roles grant an action on a resource; without roles everything is granted."""
    world.asked.add(action.lower())
    rights = world.rights_on(path.rstrip("/").lower())
    return _fits(action, rights["actions"]) and not _fits(action, rights["notActions"])


def _fits(action: str, patterns: Iterable[str]) -> bool:
    return any(re.fullmatch(re.escape(one).replace(r"\*", ".*"), action, re.IGNORECASE) for one in patterns)


def _named(body: Any) -> Iterator[str]:
    """Every ARM id in a body."""
    if isinstance(body, str) and body.lower().startswith("/subscriptions/"):
        yield body
    for child in [*body, *body.values()] if isinstance(body, dict) else body if isinstance(body, list) else ():
        yield from _named(child)


def _said(what: str, action: str, scope: str) -> str:
    return (
        f"The client 'sandbox' with object id 'sandbox' does not have authorization to perform {what} '{action}' over "
        f"scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials."
    )
