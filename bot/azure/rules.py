"""Reads of firewall rules: everything that is evaluated, and our own part right before a write."""

import json
import logging
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Any

from bot.azure.clients import FIREWALL_API, Clients, Json
from bot.azure.settings import ArmSettings
from bot.azure.translate.rules import (
    OUR_ARRAYS,
    classic_collections,
    classic_layer,
    collection_from_json,
    group_from_json,
    ip_group_ids,
    rule_set_from,
    takes_names,
)
from bot.azure.translate.shapes import dig, id_of, ids, items, texts, whole
from bot.domain.firewall import Kind, PolicyLayer, RuleSet
from bot.domain.rules import is_network_name
from bot.domain.target import Target, TargetKind
from bot.errors import ArmForbidden, ArmNotFound, UnknownShape
from bot.ports import ObservedTarget

log = logging.getLogger(__name__)

DEEPEST_CHAIN = 5
"""Parents of a firewall policy before the chain is taken for a loop; Azure has one level today.

Source: https://learn.microsoft.com/azure/firewall-manager/policy-overview, read 2026-11.
"""

LAST_PRIORITY = 65000
"""The highest priority that Azure takes.

Source: https://learn.microsoft.com/azure/firewall/policy-rule-sets, read 2026-11.
"""

OUR_KINDS = (Kind.APPLICATION, Kind.NETWORK)
"""The kinds of rule collection that are ours."""

VOLATILE = frozenset({"etag", "provisioningState", "size"})
"""Fields that change with every write and say nothing of the rules."""


def read_rules(clients: Clients, target: Target) -> RuleSet:
    """Every rule that the firewall of a target evaluates."""
    if target.kind is TargetKind.CLASSIC:
        bodies = [clients.get(target.id, FIREWALL_API)]
        layers = [classic_layer(bodies[0])]
    else:
        bodies = _chain(clients, target.id)
        layers = clients.in_parallel(lambda body: _layer(clients, body), bodies)
    ranges = _ip_groups(clients, layers)
    return rule_set_from(bodies, layers, ranges, classic=target.kind is TargetKind.CLASSIC)


def _chain(clients: Clients, policy_id: str) -> list[Json]:
    """The policy and its parents, the root first."""
    chain: list[Json] = []
    next_id: str | None = policy_id
    while next_id:
        if len(chain) > DEEPEST_CHAIN:
            raise UnknownShape(f"The parent chain of firewall policy {policy_id} does not end.")
        chain.insert(0, clients.get(next_id, FIREWALL_API))
        next_id = id_of(chain[0], "properties", "basePolicy")
    return chain


def _layer(clients: Clients, policy: Json) -> PolicyLayer:
    rows = clients.list_all(f"{policy['id']}/ruleCollectionGroups", FIREWALL_API)
    return PolicyLayer(id=policy["id"], name=str(policy.get("name", "")), groups=tuple(map(group_from_json, rows)))


def _ip_groups(clients: Clients, layers: list[PolicyLayer]) -> dict[str, tuple[str, ...]]:
    read = clients.in_parallel(lambda id_: _ip_group(clients, id_), ip_group_ids(layers))
    return {id_: ranges for id_, ranges in read if ranges is not None}


def _ip_group(clients: Clients, id_: str) -> tuple[str, tuple[str, ...] | None]:
    """An IP group that cannot be read is left out: what it holds is then unknown, not empty."""
    try:
        return id_, texts(clients.get(id_, FIREWALL_API), "properties", "ipAddresses")
    except (ArmForbidden, ArmNotFound):
        return id_, None


def observe(clients: Clients, target: Target) -> ObservedTarget:
    """Read the bot's own part of a target."""
    if target.kind is TargetKind.CLASSIC:
        return observed_classic(clients.get(target.id, FIREWALL_API), clients.settings)
    looks = (
        partial(_get_or_none, clients, target.id),
        partial(_get_or_none, clients, group_id(target, clients.settings)),
        partial(_draft, clients, target),
    )
    policy, group, draft = clients.in_parallel(lambda look: look(), looks)
    if policy is None:
        raise ArmNotFound(f"The firewall policy {target.name} does not exist in Azure.", code="ResourceNotFound")
    seen = observed_policy(policy, group, draft, clients.settings)
    priority = seen.priority or _free_priority(clients, target)
    has_names = seen.takes_names or _inherits_proxy(clients, policy)
    return replace(seen, priority=priority, takes_names=has_names, **_firewall_states(clients, policy))


def _inherits_proxy(clients: Clients, policy: Json) -> bool | None:
    """Whether a parent has the DNS proxy on, which a child inherits; None where a parent cannot be read."""
    parent = id_of(policy, "properties", "basePolicy")
    try:
        return any(map(takes_names, _chain(clients, parent))) if parent else False
    except (ArmForbidden, ArmNotFound):
        return None


def _free_priority(clients: Clients, target: Target) -> int:
    """The configured priority for our group, or the next one that no other group of the policy has."""
    taken = {priority for priority, _ in group_priorities(clients, target)}
    return next(p for p in range(clients.settings.group_priority, LAST_PRIORITY + 1) if p not in taken)


def _firewall_states(clients: Clients, policy: Json) -> Json:
    """Whether a firewall that uses the policy is being updated, or has failed; one that cannot be read says nothing."""
    states = clients.in_parallel(
        lambda id_: _firewall_state(clients, id_), ids(items(policy, "properties", "firewalls"))
    )
    faulted = next((id_.rsplit("/", 1)[-1] for id_, state in states if state == "Failed"), None)
    is_updating = _state(policy) == "Updating" or any(state == "Updating" for _, state in states)
    return {"faulted": faulted, **({"is_updating": True} if is_updating else {})}


def _firewall_state(clients: Clients, id_: str) -> tuple[str, str]:
    try:
        return id_, _state(clients.get(id_, FIREWALL_API))
    except (ArmForbidden, ArmNotFound):
        return id_, ""


def group_priorities(clients: Clients, target: Target) -> list[tuple[int, str]]:
    """Priority and name of every rule collection group of a policy."""
    groups = map(group_from_json, clients.list_all(f"{target.id}/ruleCollectionGroups", FIREWALL_API))
    return [(group.priority, group.name) for group in groups]


def group_id(target: Target, settings: ArmSettings) -> str:
    """The id of our own rule collection group in a firewall policy."""
    return f"{target.id}/ruleCollectionGroups/{settings.group}"


def _draft(clients: Clients, target: Target) -> Json | None:
    """The draft of a policy. Only a warning rests on it: without the right to read it nothing else is held up."""
    try:
        return _get_or_none(clients, f"{target.id}/firewallPolicyDrafts/default")
    except ArmForbidden as error:
        log.info("no permission to read whether %s has a draft: %s", target.name, error)
        return None


def _get_or_none(clients: Clients, path: str) -> Json | None:
    try:
        return clients.get(path, FIREWALL_API)
    except ArmNotFound:
        return None


def observed_policy(policy: Json, group: Json | None, draft: Json | None, settings: ArmSettings) -> ObservedTarget:
    """Our group in a policy, and the state of both."""
    states = [_state(body) for body in (policy, group) if body is not None]
    bodies = items(group, "properties", "ruleCollections")
    foreign = [body for body in bodies if not is_ours(body, settings)]
    return ObservedTarget(
        collections=tuple(collection_from_json(body) for body in bodies if is_ours(body, settings)),
        foreign=digest(foreign),
        etag=group.get("etag") if group else None,
        is_updating="Updating" in states,
        has_failed="Failed" in states,
        size_bytes=group_from_json(group).size_bytes if group else None,
        group_count=len(items(policy, "properties", "ruleCollectionGroups")),
        draft=_draft_words(draft),
        raw=json.dumps(group) if group else None,
        priority=whole(dig(group, "properties", "priority")),
        taken=frozenset((kind, whole(body.get("priority")) or 0) for body in foreign for kind in OUR_KINDS),
        takes_names=takes_names(policy),
    )


def _draft_words(draft: Json | None) -> str | None:
    return None if draft is None else str(draft.get("name") or "default")


def observed_classic(body: Json, settings: ArmSettings) -> ObservedTarget:
    """Our rule collections in a classic firewall, and a digest of all the rest of it."""
    found = [
        (is_ours_classic(key, c, settings), collection)
        for key in OUR_ARRAYS
        for c, collection in zip(items(body, "properties", key), classic_collections(body, key), strict=True)
    ]
    state = _state(body)
    return ObservedTarget(
        collections=tuple(collection for is_own, collection in found if is_own),
        foreign=digest(without_ours(body, settings)),
        etag=body.get("etag"),
        is_updating=state == "Updating",
        has_failed=state == "Failed",
        raw=json.dumps(body),
        first_priority=settings.group_priority,
        taken=frozenset((collection.kind, collection.priority) for is_own, collection in found if not is_own),
        moved_to=id_of(body, "properties", "firewallPolicy"),
        takes_names=takes_names(body),
    )


def _state(body: Json) -> str:
    return str(dig(body, "properties", "provisioningState") or "")


def is_ours(collection: Json, settings: ArmSettings) -> bool:
    """Whether a rule collection's name says that it is ours."""
    return str(collection.get("name", "")).startswith(settings.collection_prefix)


def is_ours_classic(key: str, collection: Json, settings: ArmSettings) -> bool:
    """Whether a name in one of the arrays of a classic firewall is the bot's."""
    if key == "networkRuleCollections":
        return is_network_name(str(collection.get("name", "")), settings.collection_prefix)
    return is_ours(collection, settings)


def without_ours(body: Json, settings: ArmSettings) -> Json:
    """A classic firewall without our rule collections."""
    properties = body["properties"]
    kept = {
        key: [c for c in items(properties, key) if not is_ours_classic(key, c, settings)]
        for key in OUR_ARRAYS
        if key in properties or key == "applicationRuleCollections"
    }
    return {**body, "properties": {**properties, **kept}}


def digest(body: object) -> str:
    """A digest of JSON that does not change with what Azure rewrites on every write."""
    return sha256(json.dumps(_stable(body), sort_keys=True).encode()).hexdigest()


def _stable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _stable(item) for key, item in value.items() if key not in VOLATILE}
    return [_stable(item) for item in value] if isinstance(value, list) else value
