"""The parts that both kinds of target share: IP groups, states, and a proof that nothing foreign changes."""

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from bot.azure.clients import FIREWALL_API, Clients, Json
from bot.azure.translate.firewall_rules import ip_group_ids
from bot.azure.translate.shapes import dig, texts
from bot.domain.firewall import PolicyLayer, RuleKind
from bot.domain.rule_groups import ObservedGroup
from bot.errors import ArmForbidden, ArmNotFound, UnsafePlan

OUR_KINDS = (RuleKind.APPLICATION, RuleKind.NETWORK)
"""The kinds of rule collection that are ours."""

VOLATILE = frozenset({"etag", "provisioningState", "size"})
"""Fields that change with every write and say nothing about the rules."""


def ip_group_ranges(clients: Clients, layers: Sequence[PolicyLayer]) -> dict[str, tuple[str, ...]]:
    """The ranges of every IP group that rules name; one that cannot be read is left out: unknown, not empty."""
    read = clients.in_parallel(lambda id_: _ip_group(clients, id_), ip_group_ids(list(layers)))
    return {id_: ranges for id_, ranges in read if ranges is not None}


def _ip_group(clients: Clients, id_: str) -> tuple[str, tuple[str, ...] | None]:
    try:
        return id_, texts(clients.get(id_, FIREWALL_API), "properties", "ipAddresses")
    except (ArmForbidden, ArmNotFound):
        return id_, None


def state_of(body: Json) -> str:
    """The provisioning state of a resource; empty if it says none."""
    return str(dig(body, "properties", "provisioningState") or "")


def require_untouched(foreign: object, seen: ObservedGroup) -> None:
    """Refuse to send anything in which what is not ours differs from what was read.

    Raises:
        UnsafePlan: It differs.
    """
    if digest(foreign) != seen.foreign:
        raise UnsafePlan("The write would have changed something the bot does not own; nothing was sent.")


def digest(body: object) -> str:
    """A digest of JSON that does not change with what Azure rewrites on every write."""
    return sha256(json.dumps(_stable(body), sort_keys=True).encode()).hexdigest()


def _stable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _stable(item) for key, item in value.items() if key not in VOLATILE}
    return [_stable(item) for item in value] if isinstance(value, list) else value
