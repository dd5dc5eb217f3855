"""A classic firewall: our rule collections are part of the firewall's own body, which is written as a whole."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

from bot.azure.clients import FIREWALL_API, Clients, Json, segment_after
from bot.azure.operations import begin, only_if_unchanged
from bot.azure.settings import ArmSettings
from bot.azure.targets.shared import OUR_KINDS, digest, ip_group_ranges, require_untouched, state_of
from bot.azure.translate.bot_rules import classic_json_from_collection
from bot.azure.translate.firewall_rules import (
    OUR_ARRAYS,
    classic_collections,
    classic_layer,
    rule_set_from,
    takes_names,
)
from bot.azure.translate.shapes import id_of, items
from bot.domain.firewall import RuleCollection, RuleSet
from bot.domain.rule_groups import ObservedGroup
from bot.domain.rule_rendering import is_network_name
from bot.domain.target import Target
from bot.errors import UnknownShape
from bot.ports import ObservedTarget, Operation

READ_ONLY = frozenset({"name", "type", "etag"})
"""Fields of a firewall that Azure fills in itself, as the SDK's model has them."""


class ClassicTarget:
    """``ports.RuleTarget`` for a classic firewall.

    Args:
        clients: Azure.
        target: The firewall.
    """

    def __init__(self, clients: Clients, target: Target) -> None:
        self._clients = clients
        self._settings = clients.settings
        self._target = target

    def read(self, _seen: ObservedTarget | None = None, /) -> RuleSet:
        """Every rule of the firewall, which one request gives."""
        body = self._clients.get(self._target.id, FIREWALL_API)
        layers = [classic_layer(body)]
        return rule_set_from([body], layers, ip_group_ranges(self._clients, layers), has_groups=False)

    def observe(self) -> ObservedTarget:
        """Our rule collections in the firewall, and a digest of all the rest of it."""
        return _observed(self._clients.get(self._target.id, FIREWALL_API), self._settings)

    def prepare(self, group: ObservedGroup) -> ObservedGroup:
        """The firewall: it exists, and has no priority."""
        return group

    def begin_write(self, collections: Sequence[RuleCollection], group: ObservedGroup) -> Operation:
        """Write the firewall as it was read, but for our own rule collections."""
        body = _body(group.raw, collections, self._settings)
        require_untouched(_without_ours(body, self._settings), group)
        sent: Any = {key: value for key, value in body.items() if key not in READ_ONLY}
        network = self._clients.network(segment_after(self._target.id, "subscriptions"))
        write = partial(
            network.azure_firewalls.begin_create_or_update,
            segment_after(self._target.id, "resourceGroups"),
            segment_after(self._target.id, "azureFirewalls"),
            sent,
            **only_if_unchanged(group),
        )
        return begin(write, self._settings)


def _observed(body: Json, settings: ArmSettings) -> ObservedTarget:
    found = [
        (_is_ours(key, each, settings), collection)
        for key in OUR_ARRAYS
        for each, collection in zip(items(body, "properties", key), classic_collections(body, key), strict=True)
    ]
    group = ObservedGroup(
        collections=tuple(collection for is_own, collection in found if is_own),
        foreign=digest(_without_ours(body, settings)),
        etag=body.get("etag"),
        has_failed=state_of(body) == "Failed",
        raw=json.dumps(body),
        first_priority=settings.group_priority,
        taken=frozenset((collection.kind, collection.priority) for is_own, collection in found if not is_own),
    )
    return ObservedTarget(
        groups=(group,),
        is_updating=state_of(body) == "Updating",
        has_failed=group.has_failed,
        moved_to=id_of(body, "properties", "firewallPolicy"),
        takes_names=takes_names(body),
    )


def _body(raw: str | None, collections: Sequence[RuleCollection], settings: ArmSettings) -> Json:
    if raw is None:
        raise UnknownShape("A classic firewall can only be written based on a previous read.")
    body = _without_ours(json.loads(raw), settings)
    properties = {key: value for key, value in body["properties"].items() if key != "provisioningState"}
    for key, kind in zip(OUR_ARRAYS, OUR_KINDS, strict=True):
        ours = [classic_json_from_collection(collection) for collection in collections if collection.kind is kind]
        if ours or key in properties:
            properties[key] = [*(properties.get(key) or ()), *ours]
    return {**{key: value for key, value in body.items() if key != "etag"}, "properties": properties}


def _without_ours(body: Json, settings: ArmSettings) -> Json:
    properties = body["properties"]
    kept = {
        key: [each for each in items(properties, key) if not _is_ours(key, each, settings)]
        for key in OUR_ARRAYS
        if key in properties or key == "applicationRuleCollections"
    }
    return {**body, "properties": {**properties, **kept}}


def _is_ours(key: str, collection: Json, settings: ArmSettings) -> bool:
    """Whether a rule collection's name says that it is ours, in one of the firewall's arrays."""
    name = str(collection.get("name", ""))
    if key == "networkRuleCollections":
        return is_network_name(name, settings.collection_prefix)
    return name.startswith(settings.collection_prefix)
