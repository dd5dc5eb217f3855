"""References read backwards: what Azure shows on the resource that is referred to."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from bot.sandbox.arm.ids import BALANCER, FIREWALL, GROUP, NAT, POLICY, PUBLIC_IP, VNET
from bot.sandbox.arm.store import ResourceStore
from bot.sandbox.arm.wire import Json

Index = dict[str, list[str]]


def references(value: Any) -> Iterator[str]:
    """Every ``id`` of a reference inside a value, in order."""
    if isinstance(value, dict):
        if isinstance(value.get("id"), str):
            yield value["id"]
        for child in value.values():
            yield from references(child)
    elif isinstance(value, list):
        for child in value:
            yield from references(child)


def reference(body: Json, name: str) -> str:
    """The lower-case id that a body's property refers to, or an empty string."""
    return str((body.get("properties", {}).get(name) or {}).get("id") or "").lower()


class Links:
    """One pass over the store; valid for one revision of it."""

    def __init__(self, store: ResourceStore) -> None:
        self.revision = store.revision
        self.children: Index = defaultdict(list)
        self.groups: Index = defaultdict(list)
        self.firewalls: Index = defaultdict(list)
        self.users: Index = defaultdict(list)
        self.subnets: Index = defaultdict(list)
        self.addresses: dict[str, Json] = {}
        self.prefixes: Index = defaultdict(list)
        self.members: Index = defaultdict(list)
        self._policies(store)
        self._firewalls(store)
        self._networks(store)

    @staticmethod
    def references(index: Mapping[str, list[str]], key: str) -> list[Json]:
        """The entries of an index in Azure's shape."""
        return [{"id": found} for found in index.get(key, [])]

    def _policies(self, store: ResourceStore) -> None:
        for body in store.of_type(POLICY).values():
            if base := reference(body, "basePolicy"):
                self.children[base].append(body["id"])
        for key, body in store.of_type(GROUP).items():
            policy = key.split("/rulecollectiongroups/")[0]
            self.groups[policy].append(body["id"])
            self._ip_groups(body, (store.get(policy) or body)["id"])

    def _firewalls(self, store: ResourceStore) -> None:
        for body in store.of_type(FIREWALL).values():
            if policy := reference(body, "firewallPolicy"):
                self.firewalls[policy].append(body["id"])
            self._ip_groups(body, body["id"])
            self._attach(body["properties"].get("ipConfigurations", []))

    def _ip_groups(self, body: Json, user: str) -> None:
        for group in _ip_groups(body["properties"]):
            if user not in self.users[group]:
                self.users[group].append(user)

    def _networks(self, store: ResourceStore) -> None:
        for body in store.of_type(VNET).values():
            for subnet in body["properties"].get("subnets", []):
                for name in ("natGateway", "routeTable", "networkSecurityGroup"):
                    if target := reference(subnet, name):
                        self.subnets[target].append(subnet["id"])
        for kind in (BALANCER, "microsoft.network/applicationgateways"):
            for body in store.of_type(kind).values():
                self._attach(body["properties"].get("frontendIPConfigurations", []))
        self._nat_gateways(store)
        self._members(store)

    def _members(self, store: ResourceStore) -> None:
        for body in store.of_type(PUBLIC_IP).values():
            if prefix := reference(body, "publicIPPrefix"):
                self.members[prefix].append(body["id"])

    def _nat_gateways(self, store: ResourceStore) -> None:
        for body in store.of_type(NAT).values():
            for name in ("publicIpAddresses", "publicIpAddressesV6"):
                for address in body["properties"].get(name, []):
                    self.addresses[address["id"].lower()] = {"natGateway": {"id": body["id"]}}
            for name in ("publicIpPrefixes", "publicIpPrefixesV6"):
                for prefix in body["properties"].get(name, []):
                    self.prefixes[prefix["id"].lower()].append(body["id"])

    def _attach(self, configurations: list[Json]) -> None:
        for configuration in configurations:
            if address := reference(configuration, "publicIPAddress"):
                self.addresses[address] = {"ipConfiguration": {"id": configuration["id"]}}
            if prefix := reference(configuration, "publicIPPrefix"):
                self.prefixes[prefix].append(configuration["id"])


def _ip_groups(properties: Json) -> set[str]:
    """The IP groups that the rules of a rule collection group or of a classic firewall name, in lower case."""
    arrays = (value for name, value in properties.items() if name.lower().endswith("rulecollections"))
    collections = [each for array in arrays for each in _objects(array)]
    lists = [each.get("rules") or dict(each.get("properties") or {}).get("rules") for each in collections]
    rules = (rule for each in lists for rule in _objects(each))
    named = (rule.get(end) for rule in rules for end in ("sourceIpGroups", "destinationIpGroups"))
    return {str(group).lower() for groups in named if groups for group in groups}


def _objects(value: Any) -> list[Json]:
    """What is an object in a list; somebody may have put in anything by hand."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
