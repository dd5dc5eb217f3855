"""How each cluster leaves Azure by what ``az`` lists, worked out without the product."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.outside.azure_cli.tool import Az

FIREWALLS, HUBS, TABLES = "2024-10-01", "2024-05-01", "2025-07-01"
"""API versions."""


@dataclass(frozen=True)
class Listed:
    """Everything that the tool lists, by lower-case id."""

    clusters: Mapping[str, Any]
    addresses: Mapping[str, Any]
    prefixes: Mapping[str, Any]
    gateways: Mapping[str, Any]
    networks: Mapping[str, Any]
    tables: Mapping[str, Any]
    firewalls: Mapping[str, Any]
    hubs: Mapping[str, Any]


def listed(az: Az) -> Listed:
    """Ask the tool for all of it."""
    clusters = _by_id(az.listed("aks", "list"))
    here = next(iter(clusters)).partition("/resourcegroups/")[0]
    firewalls, hubs, tables = (
        _by_id(az.rest("get", f"{here}/providers/Microsoft.Network/{kind}", version).output["value"])
        for kind, version in (("azureFirewalls", FIREWALLS), ("virtualHubs", HUBS), ("routeTables", TABLES))
    )
    return Listed(
        clusters=clusters,
        addresses=_by_id(az.listed("network", "public-ip", "list")),
        prefixes=_by_id(az.listed("network", "public-ip", "prefix", "list")),
        gateways=_by_id(az.listed("network", "nat", "gateway", "list")),
        networks=_by_id(az.listed("network", "vnet", "list")),
        tables=tables,
        firewalls=firewalls,
        hubs={hub: _connected(az, hub) for hub in hubs},
    )


def _connected(az: Az, hub: str) -> list[str]:
    said = az.rest("get", f"{hub}/hubVirtualNetworkConnections", HUBS)
    return [each["properties"]["remoteVirtualNetwork"]["id"].lower() for each in said.output["value"]]


def _by_id(items: list[Any]) -> dict[str, Any]:
    return {each["id"].lower(): each for each in items}


def egress_of(all_: Listed, cluster: Mapping[str, Any]) -> set[str]:
    """The addresses and prefixes that the cluster's traffic comes from; none where the tool cannot know."""
    profile = cluster["networkProfile"]
    kind = profile["outboundType"]
    if kind == "loadBalancer":
        return set(_shown(all_, _ids(profile["loadBalancerProfile"]["effectiveOutboundIPs"])))
    if kind.startswith("managedNATGateway"):
        return set(_shown(all_, _ids(profile["natGatewayProfile"]["effectiveOutboundIPs"])))
    subnets = {pool["vnetSubnetId"].lower() for pool in cluster["agentPoolProfiles"] if pool["vnetSubnetId"]}
    if kind == "userAssignedNATGateway":
        return {each for subnet in subnets for each in _through_gateway(all_, subnet)}
    if kind == "userDefinedRouting":
        return {each for subnet in subnets for each in _through_firewall(all_, subnet)}
    return set()


def _ids(references: Any) -> list[str]:
    return [each["id"].lower() for each in references or ()]


def _shown(all_: Listed, ids: list[str]) -> Iterator[str]:
    for each in ids:
        known = all_.addresses.get(each) or all_.prefixes[each]
        yield known.get("ipAddress") or known["ipPrefix"]


def _subnet(all_: Listed, subnet: str) -> Any:
    network = all_.networks[subnet.partition("/subnets/")[0]]
    return next(each for each in network["subnets"] if each["id"].lower() == subnet)


def _through_gateway(all_: Listed, subnet: str) -> Iterator[str]:
    gateway = all_.gateways[_subnet(all_, subnet)["natGateway"]["id"].lower()]
    yield from _shown(all_, _ids(gateway.get("publicIpAddresses")))
    yield from _shown(all_, _ids(gateway.get("publicIpPrefixes")))


def _through_firewall(all_: Listed, subnet: str) -> Iterator[str]:
    network = all_.networks[subnet.partition("/subnets/")[0]]
    peerings = [each for each in network["virtualNetworkPeerings"] if each["peeringState"] == "Connected"]
    near = {network["id"].lower(), *_ids([each["remoteVirtualNetwork"] for each in peerings])}
    hop = _next_hop(all_, subnet)
    for firewall in all_.firewalls.values():
        configurations = [each["properties"] for each in firewall["properties"].get("ipConfigurations") or ()]
        where = {re.split("/subnets/", c["subnet"]["id"].lower())[0] for c in configurations if c.get("subnet")}
        if hop and where & near and hop in {c.get("privateIPAddress") for c in configurations}:
            yield from _shown(all_, [c["publicIPAddress"]["id"].lower() for c in configurations])
        hub = (firewall["properties"].get("virtualHub") or {}).get("id", "").lower()
        if network["id"].lower() in all_.hubs.get(hub, ()):
            inside = firewall["properties"]["hubIPAddresses"]["publicIPs"]["addresses"]
            yield from (each["address"] for each in inside)


def _next_hop(all_: Listed, subnet: str) -> str | None:
    table = _subnet(all_, subnet).get("routeTable")
    routes = all_.tables[table["id"].lower()]["properties"]["routes"] if table else []
    hops = {each["properties"]["addressPrefix"]: each["properties"].get("nextHopIpAddress") for each in routes}
    return hops.get("0.0.0.0/0")
