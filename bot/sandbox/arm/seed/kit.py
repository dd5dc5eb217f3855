"""Builders of inhabitants: each adds one resource, and what Azure would create with it, to a tenant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.arm import balancers, classic, etags, rules
from bot.sandbox.arm.balancers import network_id, settled
from bot.sandbox.arm.front import group_body, group_key
from bot.sandbox.arm.ids import KINDS, NETWORK, ResourceId
from bot.sandbox.arm.wire import Json

REGION = "westeurope"


@dataclass(slots=True)
class Tenant:
    """Resources under construction, all in one subscription.

    Args:
        subscription: Its id.
        location: Azure region.
        resources: What was built, by lower-case id.
    """

    subscription: str
    location: str = REGION
    resources: dict[str, Json] = field(default_factory=dict)

    def rid(self, group: str, kind: str, name: str) -> ResourceId:
        """The id of a top-level network resource; its resource group comes into being."""
        self.resources.setdefault(
            group_key(self.subscription, group), group_body(self.subscription, group, self.location)
        )
        return network_id(self.subscription, group, kind, name)

    def add(self, rid: ResourceId, properties: Mapping[str, Any], **top: Any) -> str:
        """Add a network resource at rest; returns its id."""
        kind = KINDS[rid.type_key]
        head = {"name": rid.name, "id": rid.text, "type": kind.shown, "location": self.location, **top}
        self.resources[rid.key] = settled(rid, {**head, "properties": dict(properties)})
        return rid.text

    def public_ip(self, group: str, name: str, address: str, tags: Json | None = None) -> str:
        """A public IP address; returns its id."""
        rid = self.rid(group, "publicIPAddresses", name)
        self.resources[rid.key] = balancers.public_ip(rid, self.location, address, tags=tags)
        return rid.text

    def prefix(self, group: str, name: str, block: str) -> str:
        """A public IP prefix; returns its id."""
        rid = self.rid(group, "publicIPPrefixes", name)
        properties = {
            "resourceGuid": etags.guid_of(rid.key, "guid"),
            "prefixLength": int(block.split("/")[1]),
            "publicIPAddressVersion": "IPv4",
            "ipPrefix": block,
            "ipTags": [],
        }
        return self.add(rid, properties, sku={"name": "Standard", "tier": "Regional"})

    def nat_gateway(self, group: str, name: str, addresses: Sequence[str], **settings: Any) -> str:
        """A NAT gateway; returns its id."""
        rid = self.rid(group, "natGateways", name)
        self.resources[rid.key] = balancers.nat_gateway(rid, self.location, addresses, **settings)
        return rid.text

    def route_table(self, group: str, name: str, routes: Mapping[str, tuple[str, str | None]]) -> str:
        """A route table; ``routes``: address prefix to next hop type and address. Returns its id."""
        rid = self.rid(group, "routeTables", name)
        entries = [_route(prefix, *hop) for prefix, hop in routes.items()]
        return self.add(rid, {"disableBgpRoutePropagation": False, "routes": entries})

    def vnet(self, group: str, name: str, space: str, subnets: Mapping[str, Json], peers: Sequence[str] = ()) -> str:
        """A virtual network; ``subnets``: name to properties; ``peers``: ids of networks. Returns its id."""
        rid = self.rid(group, "virtualNetworks", name)
        properties = {
            "resourceGuid": etags.guid_of(rid.key, "guid"),
            "addressSpace": {"addressPrefixes": [space]},
            "subnets": [{"name": subnet, "properties": _subnet(inner)} for subnet, inner in subnets.items()],
            "virtualNetworkPeerings": [_peering(peer) for peer in peers],
            "enableDdosProtection": False,
        }
        return self.add(rid, properties)

    def firewall(self, group: str, name: str, private: str, subnet: str, addresses: Sequence[str], **more: Any) -> str:
        """A firewall in a virtual network; ``more`` goes into its properties. Returns its id."""
        rid = self.rid(group, "azureFirewalls", name)
        configurations = [
            {"name": f"ipconfig{index + 1}", "properties": _configuration(private, subnet, address, first=index == 0)}
            for index, address in enumerate(addresses)
        ]
        properties = {
            "sku": {"name": "AZFW_VNet", "tier": "Standard"},
            "threatIntelMode": "Alert",
            "ipConfigurations": configurations,
            **more,
        }
        return self.add(rid, classic.normalised(name, properties))

    def workspace(self, group: str, name: str) -> str:
        """A Log Analytics workspace; returns its id."""
        network = self.rid(group, "workspaces", name)
        rid = ResourceId(network.subscription, group, "Microsoft.OperationalInsights", ("workspaces",), (name,))
        access = {"enableLogAccessUsingOnlyResourcePermissions": True}
        properties = {
            "customerId": etags.guid_of(rid.key, "customer"),
            "retentionInDays": 30,
            "sku": {"name": "PerGB2018"},
            "features": access,
            "publicNetworkAccessForQuery": "Enabled",
        }
        return self.add(rid, properties)

    def logged(self, firewall: str, workspace: str, *, destination: str | None = None) -> str:
        """A diagnostic setting that sends all logs of a firewall to a workspace; returns its id."""
        group, name = firewall.split("/")[4], firewall.rsplit("/", 1)[-1]
        types, names = ("azureFirewalls", "providers", "diagnosticSettings"), (name, "Microsoft.Insights", "logs")
        rid = ResourceId(self.subscription, group, NETWORK, types, names)
        logs = [{"categoryGroup": "allLogs", "enabled": True, "retentionPolicy": {"enabled": False, "days": 0}}]
        return self.add(rid, {"workspaceId": workspace, "logs": logs, "logAnalyticsDestinationType": destination})

    def policy(self, group: str, name: str, **properties: Any) -> str:
        """A firewall policy; returns its id."""
        rid = self.rid(group, "firewallPolicies", name)
        defaults = {"size": "0.001355171 MB", "sku": {"tier": "Standard"}, "threatIntelMode": "Alert"}
        return self.add(rid, {**defaults, **properties})

    def rule_collection_group(self, policy: str, name: str, priority: int, collections: Sequence[Json]) -> str:
        """A rule collection group of a policy; returns its id."""
        group, policy_name = policy.split("/")[4], policy.rsplit("/", 1)[-1]
        types, names = ("firewallPolicies", "ruleCollectionGroups"), (policy_name, name)
        rid = ResourceId(self.subscription, group, NETWORK, types, names)
        return self.add(rid, rules.normalised({"priority": priority, "ruleCollections": list(collections)}))


def collection(name: str, priority: int, members: Sequence[Json], *, deny: bool = False) -> Json:
    """A filter rule collection."""
    return {
        "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
        "name": name,
        "priority": priority,
        "action": {"type": "Deny" if deny else "Allow"},
        "rules": list(members),
    }


def web_rule(
    name: str, sources: Sequence[str], fqdns: Sequence[str] = (), *, tag: str = "", http: bool = False
) -> Json:
    """An application rule for HTTPS (and HTTP), by FQDNs or by one FQDN tag."""
    protocols = [{"protocolType": "Https", "port": 443}, *([{"protocolType": "Http", "port": 80}] if http else [])]
    rule = {"ruleType": "ApplicationRule", "name": name, "sourceAddresses": list(sources), "protocols": protocols}
    return {**rule, **({"fqdnTags": [tag]} if tag else {"targetFqdns": list(fqdns)})}


def network_rule(
    name: str, sources: Sequence[str], target: Mapping[str, Sequence[str]], ports: str, protocol: str
) -> Json:
    """A network rule; ``target`` is one of Azure's destination arrays by its name."""
    return {
        "ruleType": "NetworkRule",
        "name": name,
        "ipProtocols": [protocol],
        "sourceAddresses": list(sources),
        "destinationPorts": [ports],
        **{field: list(values) for field, values in target.items()},
    }


def _route(prefix: str, hop: str, address: str | None) -> Json:
    name = "default" if prefix == "0.0.0.0/0" else prefix.replace("/", "-").replace(":", "")
    inner = {"addressPrefix": prefix, "nextHopType": hop, "hasBgpOverride": False}
    return {"name": name, "properties": {**inner, **({"nextHopIpAddress": address} if address else {})}}


def _subnet(inner: Json) -> Json:
    fixed = {
        "privateEndpointNetworkPolicies": "Disabled",
        "privateLinkServiceNetworkPolicies": "Enabled",
        "delegations": [],
    }
    return {**{name: {"id": value} if name in _LINKS else value for name, value in inner.items()}, **fixed}


_LINKS = ("routeTable", "natGateway", "networkSecurityGroup")


def _peering(peer: str) -> Json:
    inner = {
        "peeringState": "Connected",
        "peeringSyncLevel": "FullyInSync",
        "remoteVirtualNetwork": {"id": peer},
        "allowVirtualNetworkAccess": True,
        "allowForwardedTraffic": True,
        "allowGatewayTransit": False,
        "useRemoteGateways": False,
    }
    return {"name": f"to-{peer.rsplit('/', 1)[-1]}", "properties": inner}


def _configuration(private: str, subnet: str, address: str, *, first: bool) -> Json:
    own = {"privateIPAddress": private, "privateIPAllocationMethod": "Dynamic", "subnet": {"id": subnet}}
    return {**(own if first else {}), "publicIPAddress": {"id": address}}
