"""A firewall policy: our rules are in rule collection groups of their own, beside those of others."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import structlog

from bot.azure.clients import FIREWALL_API, Clients, Json, segment_after
from bot.azure.operations import begin, only_if_unchanged
from bot.azure.settings import ArmSettings
from bot.azure.targets.shared import OUR_KINDS, digest, ip_group_ranges, require_untouched, state_of
from bot.azure.translate.bot_rules import json_from_collection
from bot.azure.translate.firewall_rules import (
    collection_from_json,
    group_from_json,
    rule_set_from,
    size_bytes_from,
    takes_names,
)
from bot.azure.translate.shapes import dig, id_of, ids, items, object_from_text, whole
from bot.domain.firewall import PolicyLayer, RuleCollection, RuleCollectionGroup, RuleSet
from bot.domain.rule_groups import ObservedGroup, group_name, group_number
from bot.domain.target import Target
from bot.errors import ArmForbidden, ArmNotFound, UnknownShape
from bot.ports import ObservedTarget, Operation

log = structlog.get_logger(__name__)

DEEPEST_CHAIN = 5
"""Parents of a firewall policy before the chain is taken for a loop; Azure has one level today.

Source: https://learn.microsoft.com/azure/firewall-manager/policy-overview, read 2026-11.
"""

LAST_PRIORITY = 65000
"""The highest priority that Azure takes.

Source: https://learn.microsoft.com/azure/firewall/policy-rule-sets, read 2026-11.
"""

READ_ONLY = frozenset({"id", "name", "type", "etag", "location"})
"""Fields of a rule collection group that Azure fills in itself."""


class PolicyTarget:
    """``ports.RuleTarget`` for a firewall policy.

    Args:
        clients: Azure.
        target: The policy.
    """

    def __init__(self, clients: Clients, target: Target) -> None:
        self._clients = clients
        self._settings = clients.settings
        self._target = target

    def read(self, seen: ObservedTarget | None = None, /) -> RuleSet:
        """Every rule that a firewall with this policy evaluates, parent policies first."""
        bodies = self._chain(self._target.id)
        layers = self._clients.in_parallel(partial(self._layer, seen=seen), bodies)
        return rule_set_from(bodies, layers, ip_group_ranges(self._clients, layers), has_groups=True)

    def observe(self) -> ObservedTarget:
        """Our groups, and the state of everything that a write would wait for."""
        looks: tuple[Callable[[], Any], ...] = (self._policy, lambda: self._group(1), self._draft)
        policy, first, draft = self._clients.in_parallel(lambda look: look(), looks)
        if policy is None:
            raise ArmNotFound(
                f"The firewall policy {self._target.name} does not exist in Azure.", code="ResourceNotFound"
            )
        groups = (first, *self._clients.in_parallel(self._group, self._further(policy)))
        seen = _observed(policy, [group for group in groups if group is not None], draft)
        has_names = seen.takes_names or self._inherits_proxy(policy)
        return replace(seen, takes_names=has_names, **self._firewall_states(policy))

    def prepare(self, group: ObservedGroup) -> ObservedGroup:
        """The group; one that does not exist gets the first free priority at or behind the configured one."""
        if group.exists:
            return group
        rows = self._clients.list_all(f"{self._target.id}/ruleCollectionGroups", FIREWALL_API)
        taken = {whole(dig(row, "properties", "priority")) for row in rows}
        first = group.priority or self._settings.group_priority
        return replace(group, priority=next(p for p in range(first, LAST_PRIORITY + 1) if p not in taken))

    def begin_write(self, collections: Sequence[RuleCollection], group: ObservedGroup) -> Operation:
        """Replace our own part of our group; what others put into it stays."""
        body: Any = _group_body(group, collections, self._settings)
        require_untouched(_foreign(body, self._settings), group)
        network = self._clients.network(segment_after(self._target.id, "subscriptions"))
        write = partial(
            network.firewall_policy_rule_collection_groups.begin_create_or_update,
            segment_after(self._target.id, "resourceGroups"),
            segment_after(self._target.id, "firewallPolicies"),
            group_name(self._settings.group, group.number),
            body,
            **only_if_unchanged(group),
        )
        return begin(write, self._settings)

    def _path(self, number: int) -> str:
        """The ARM id of one of our groups."""
        return f"{self._target.id}/ruleCollectionGroups/{group_name(self._settings.group, number)}"

    def _policy(self) -> Json | None:
        return self._get_or_none(self._target.id)

    def _group(self, number: int) -> ObservedGroup | None:
        """One of our groups as it is; None where it does not exist."""
        path = self._path(number)
        try:
            text = self._clients.get_text(path, FIREWALL_API)
        except ArmNotFound:
            return None
        parse = partial(_observed_group, path=path, number=number, settings=self._settings)
        return self._clients.groups.of(path, text, parse)

    def _further(self, policy: Json) -> list[int]:
        """The numbers of our groups besides the first, by what the policy lists."""
        listed = (id_.rsplit("/", 1)[-1] for id_ in ids(items(policy, "properties", "ruleCollectionGroups")))
        numbers = {group_number(name, self._settings.group) for name in listed}
        return sorted(number for number in numbers if number not in (None, 1))

    def _chain(self, policy_id: str) -> list[Json]:
        """The policy and its parents, the root first."""
        chain: list[Json] = []
        next_id: str | None = policy_id
        while next_id:
            if len(chain) > DEEPEST_CHAIN:
                raise UnknownShape(f"The parent chain of firewall policy {policy_id} does not end.")
            chain.insert(0, self._clients.get(next_id, FIREWALL_API))
            next_id = id_of(chain[0], "properties", "basePolicy")
        return chain

    def _layer(self, policy: Json, seen: ObservedTarget | None) -> PolicyLayer:
        groups = self._around(policy, seen) if seen is not None else None
        if groups is None:
            rows = self._clients.list_all(f"{policy['id']}/ruleCollectionGroups", FIREWALL_API)
            groups = [self._parsed(policy["id"], row) for row in rows]
        return PolicyLayer(id=policy["id"], name=str(policy.get("name", "")), groups=tuple(groups))

    def _around(self, policy: Json, seen: ObservedTarget) -> list[RuleCollectionGroup] | None:
        """The groups of the policy, ours as they were seen; None where asking for each of the others is too much.

        A list would hold ours again, which are megabytes.
        """
        ours = {self._path(group.number).lower(): group for group in seen.groups if group.exists}
        listed = ids(items(policy, "properties", "ruleCollectionGroups"))
        others = [id_ for id_ in listed if id_ not in ours]
        if len(others) == len(listed) or len(others) > self._settings.workers:
            return None
        bodies = self._clients.in_parallel(self._get_or_none, others)
        mine = [_whole_group(ours[id_]) for id_ in listed if id_ in ours]
        return [*(group_from_json(body) for body in bodies if body is not None), *mine]

    def _parsed(self, policy_id: str, row: Json) -> RuleCollectionGroup:
        """A group of the policy; what one of ours holds under the same etag was parsed when it was observed."""
        number = group_number(str(row.get("name", "")), self._settings.group)
        is_here = number is not None and policy_id.lower() == self._target.id.lower()
        last = self._clients.groups.last(self._path(number or 1)) if is_here else None
        is_same = last is not None and last.etag is not None and last.etag == row.get("etag")
        return group_from_json(row, last.collections if last is not None and is_same else ())

    def _inherits_proxy(self, policy: Json) -> bool | None:
        """Whether a parent has the DNS proxy on, which a child inherits; None where a parent cannot be read."""
        parent = id_of(policy, "properties", "basePolicy")
        try:
            return any(map(takes_names, self._chain(parent))) if parent else False
        except (ArmForbidden, ArmNotFound):
            return None

    def _firewall_states(self, policy: Json) -> Json:
        """Whether a firewall that uses the policy is being updated, or has failed; an unreadable one says nothing."""
        states = self._clients.in_parallel(self._firewall_state, ids(items(policy, "properties", "firewalls")))
        faulted = next((id_.rsplit("/", 1)[-1] for id_, state in states if state == "Failed"), None)
        is_updating = state_of(policy) == "Updating" or any(state == "Updating" for _, state in states)
        return {"faulted": faulted, **({"is_updating": True} if is_updating else {})}

    def _firewall_state(self, id_: str) -> tuple[str, str]:
        try:
            return id_, state_of(self._clients.get(id_, FIREWALL_API))
        except (ArmForbidden, ArmNotFound):
            return id_, ""

    def _draft(self) -> Json | None:
        """The policy's draft. Only a warning rests on it: without the right to read it nothing else is held up."""
        try:
            return self._get_or_none(f"{self._target.id}/firewallPolicyDrafts/default")
        except ArmForbidden as error:
            log.info("draft_unread", target=self._target.name, error=str(error))
            return None

    def _get_or_none(self, path: str) -> Json | None:
        try:
            return self._clients.get(path, FIREWALL_API)
        except ArmNotFound:
            return None


def _observed(policy: Json, groups: Sequence[ObservedGroup], draft: Json | None) -> ObservedTarget:
    return ObservedTarget(
        groups=tuple(groups),
        spare=ObservedGroup(foreign=digest([])),
        is_updating=state_of(policy) == "Updating" or any(group.is_updating for group in groups),
        has_failed=state_of(policy) == "Failed" or any(group.has_failed for group in groups),
        group_count=len(items(policy, "properties", "ruleCollectionGroups")),
        draft=None if draft is None else str(draft.get("name") or "default"),
        takes_names=takes_names(policy),
    )


def _observed_group(text: str, *, path: str, number: int, settings: ArmSettings) -> ObservedGroup:
    body = object_from_text(text, path)
    foreign = _foreign(body, settings)
    ours = [each for each in items(body, "properties", "ruleCollections") if _is_ours(each, settings)]
    return ObservedGroup(
        number=number,
        collections=tuple(map(collection_from_json, ours)),
        foreign=digest(foreign),
        foreign_bytes=len(json.dumps(foreign)) if foreign else 0,
        etag=body.get("etag"),
        is_updating=state_of(body) == "Updating",
        has_failed=state_of(body) == "Failed",
        size_bytes=size_bytes_from(dig(body, "properties", "size")),
        raw=json.dumps(_without_ours(body, foreign)),
        priority=whole(dig(body, "properties", "priority")),
        taken=frozenset((kind, whole(each.get("priority")) or 0) for each in foreign for kind in OUR_KINDS),
    )


def _whole_group(group: ObservedGroup) -> RuleCollectionGroup:
    """One of our groups with what others put into it."""
    rest = group_from_json(object_from_text(group.raw or "", "a rule collection group"))
    return replace(rest, collections=(*rest.collections, *group.collections))


def _without_ours(body: Json, foreign: list[Json]) -> Json:
    return {**body, "properties": {**(body.get("properties") or {}), "ruleCollections": foreign}}


def _group_body(group: ObservedGroup, collections: Sequence[RuleCollection], settings: ArmSettings) -> Json:
    """The body of our group: what others put into it stays, and so does every field that we do not know."""
    body: Json = json.loads(group.raw) if group.raw else {"properties": {}}
    ours = [json_from_collection(collection) for collection in collections]
    properties = {key: value for key, value in body["properties"].items() if key not in ("provisioningState", "size")}
    kept = {key: value for key, value in body.items() if key not in READ_ONLY}
    properties["priority"] = group.priority or settings.group_priority
    properties["ruleCollections"] = [*_foreign(body, settings), *ours]
    return {**kept, "properties": properties}


def _foreign(group: Json | None, settings: ArmSettings) -> list[Json]:
    return [body for body in items(group, "properties", "ruleCollections") if not _is_ours(body, settings)]


def _is_ours(collection: Json, settings: ArmSettings) -> bool:
    """Whether a rule collection's name says that it is ours."""
    return str(collection.get("name", "")).startswith(settings.collection_prefix)
