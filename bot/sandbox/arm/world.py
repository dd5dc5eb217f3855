"""The tenant as a caller sees it: stored bodies, overlaid by running operations and by links that Azure derives."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from bot.sandbox.arm.commands.book import CommandBook
from bot.sandbox.arm.ids import INLINE, IP_GROUP, NAT, NSG, POLICY, PREFIX, PUBLIC_IP, ROUTE_TABLE, VNET, ResourceId
from bot.sandbox.arm.links import Links, reference
from bot.sandbox.arm.operations import Ledger
from bot.sandbox.arm.store import ResourceStore, type_of
from bot.sandbox.arm.traffic.script import Traffic
from bot.sandbox.arm.wire import Json


@dataclass(slots=True)
class World:
    """State, time and settings of one simulated tenant.

    Args:
        store: All resources.
        ledger: All operations.
        now: The time of the request that is being answered.
        speed: Azure's durations are divided by this.
        traffic: What pods ask for, and what became of it.
        commands: Commands inside clusters, and what they find there.
        honour_if_match_on_groups: Whether rule collection groups answer 412 to a wrong If-Match; Azure declares no such
            header for them.
        rights: What the caller may do, by the lower-case id of a resource or of what it lies in; else everything.
        asked: The actions that requests have needed since rights were given, in lower case.
    """

    store: ResourceStore
    ledger: Ledger
    now: datetime
    speed: float
    traffic: Traffic
    commands: CommandBook
    honour_if_match_on_groups: bool = True
    rights: dict[str, Json] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    _links: Links | None = None

    @property
    def links(self) -> Links:
        """Who refers to whom, as of the store's present revision."""
        if self._links is None or self._links.revision != self.store.revision:
            self._links = Links(self.store)
        return self._links

    def rights_on(self, key: str) -> Json:
        """The caller's permissions on a resource: those set for it, or for the nearest scope above it."""
        fitting = [scope for scope in self.rights if key == scope or key.startswith(f"{scope}/")]
        return self.rights[max(fitting, key=len)] if fitting else {"actions": ["*"], "notActions": []}

    def view(self, rid: ResourceId) -> Json | None:
        """A resource as a GET returns it, or None."""
        if rid.type_key in INLINE:
            return self._inline(rid)
        return self.view_key(rid.key)

    def view_key(self, key: str) -> Json | None:
        """As ``view``, by lower-case id, for resources that are not inside another."""
        body = self.ledger.shown(key) or self.store.get(key)
        return None if body is None else self._decorated(key, body)

    def views(self, type_key: str) -> list[tuple[str, Json]]:
        """All resources of a type, in the order of their creation."""
        stored = self.store.of_type(type_key)
        fresh = {key for o in self.ledger.running for key in o.during if key not in stored and type_of(key) == type_key}
        seen = ((key, self.view_key(key)) for key in (*stored, *sorted(fresh)))
        return [(key, body) for key, body in seen if body is not None]

    def reserved_addresses(self) -> list[str]:
        """Public addresses that running operations have handed out already."""
        found = (body.get("properties", {}).get("ipAddress") for body in self.ledger.coming())
        return [address for address in found if address]

    def everything(self) -> Iterable[tuple[str, Json]]:
        """All resources, by key."""
        keys = {key: None for key, _ in self.store} | {key: None for o in self.ledger.running for key in o.during}
        for key in keys:
            body = self.view_key(key)
            if body is not None:
                yield key, body

    def _inline(self, rid: ResourceId) -> Json | None:
        parent = self.view(rid.parent) if rid.parent else None
        children = (parent or {}).get("properties", {}).get(INLINE[rid.type_key], [])
        return next((child for child in children if child["name"].lower() == rid.name.lower()), None)

    def _decorated(self, key: str, body: Json) -> Json:
        type_key = type_of(key)
        extra = _DERIVED[type_key](self.links, key) if type_key in _DERIVED else {}
        if type_key == VNET:
            extra = {"virtualNetworkPeerings": [self._peering(key, each) for each in _peerings(body)]}
        if key in self.ledger.touched():
            extra["provisioningState"] = "Updating"
        return {**body, "properties": {**body.get("properties", {}), **extra}} if extra else body

    def _peering(self, key: str, peering: Json) -> Json:
        """A peering is connected once the other network has one back; without that network it is disconnected.

        The network of a virtual hub belongs to Microsoft and lies in no resource group here; its peering never changes.
        """
        target = reference(peering, "remoteVirtualNetwork")
        other = self.store.get(target)
        if other is None and self.store.get(target.partition("/providers/")[0]) is None:
            return peering
        back = [each for each in _peerings(other or {}) if reference(each, "remoteVirtualNetwork") == key]
        state = "Disconnected" if other is None else "Connected" if back else "Initiated"
        return {**peering, "properties": {**peering["properties"], "peeringState": state}}


def _peerings(network: Json) -> list[Json]:
    return list(network.get("properties", {}).get("virtualNetworkPeerings") or [])


def _policy(links: Links, key: str) -> Json:
    return {
        "childPolicies": links.references(links.children, key),
        "ruleCollectionGroups": links.references(links.groups, key),
        "firewalls": links.references(links.firewalls, key),
    }


def _ip_group(links: Links, key: str) -> Json:
    users = links.references(links.users, key)
    policies = [user for user in users if type_of(user["id"].lower()) == POLICY]
    return {"firewalls": [user for user in users if user not in policies], "firewallPolicies": policies}


def _subnets(links: Links, key: str) -> Json:
    found = links.references(links.subnets, key)
    return {"subnets": found} if found else {}


def _address(links: Links, key: str) -> Json:
    return dict(links.addresses.get(key, {}))


def _prefix(links: Links, key: str) -> Json:
    found = links.references(links.members, key)
    return {"publicIPAddresses": found} if found else {}


_DERIVED = {
    POLICY: _policy,
    IP_GROUP: _ip_group,
    NAT: _subnets,
    ROUTE_TABLE: _subnets,
    NSG: _subnets,
    PUBLIC_IP: _address,
    PREFIX: _prefix,
}
