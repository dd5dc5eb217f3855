"""Network resources, as facts."""

from collections.abc import Callable
from typing import Any

from bot.azure.translate.shapes import Json, address, cidr, dig, id_of, ids, ip_version, items, minutes, texts
from bot.domain.egress.facts import (
    Address,
    AzureNetwork,
    Firewall,
    Frontend,
    Hub,
    LoadBalancer,
    NatGateway,
    Route,
    RouteTable,
    SubnetFacts,
    Vnet,
)
from bot.domain.egress.needs import ResourceKind


def _key(body: Json) -> str:
    return str(body.get("id", "")).lower()


def address_from_json(body: Json) -> Address:
    """A public IP."""
    properties = body.get("properties")
    return Address(
        id=_key(body),
        name=str(body.get("name", "")),
        address=address(dig(properties, "ipAddress")),
        version=ip_version(dig(properties, "publicIPAddressVersion")),
        nat_gateway=id_of(properties, "natGateway"),
        attached_to=id_of(properties, "ipConfiguration"),
    )


def prefix_from_json(body: Json) -> Address:
    """A public IP prefix."""
    id_, properties = _key(body), body.get("properties")
    version = ip_version(dig(properties, "publicIPAddressVersion"))
    return Address(id_, id_.rsplit("/", 1)[-1], cidr(dig(properties, "ipPrefix")), version)


def vnet_from_json(body: Json) -> Vnet:
    """A virtual network with its subnets and connected peerings."""
    properties = body.get("properties")
    peers = [p for p in items(properties, "virtualNetworkPeerings") if _is_connected(p)]
    return Vnet(
        id=_key(body),
        subnets=tuple(subnet_from_json(subnet) for subnet in items(properties, "subnets")),
        peers=ids(dig(peer, "properties", "remoteVirtualNetwork") for peer in peers),
        dns_servers=texts(properties, "dhcpOptions", "dnsServers"),
        uses_remote_gateway=any(dig(peer, "properties", "useRemoteGateways") is True for peer in peers),
    )


def _is_connected(peering: Json) -> bool:
    return str(dig(peering, "properties", "peeringState") or "Connected").lower() == "connected"


def subnet_from_json(body: Json) -> SubnetFacts:
    """A subnet; Azure gives its ranges as a list or as one."""
    properties = body.get("properties")
    one = dig(properties, "addressPrefix")
    return SubnetFacts(
        id=_key(body),
        ranges=texts(properties, "addressPrefixes") or ((str(one),) if one else ()),
        route_table=id_of(properties, "routeTable"),
        nat_gateway=id_of(properties, "natGateway"),
        default_outbound=found if isinstance(found := dig(properties, "defaultOutboundAccess"), bool) else None,
    )


def route_table_from_json(body: Json) -> RouteTable:
    """A route table."""
    routes = tuple(_route(route) for route in items(body, "properties", "routes"))
    return RouteTable(_key(body), routes, learns=dig(body, "properties", "disableBgpRoutePropagation") is not True)


def _route(body: Json) -> Route:
    properties = body.get("properties")
    one, several = dig(properties, "nextHopIpAddress"), texts(properties, "nextHop", "nextHopIpAddresses")
    return Route(
        prefix=str(dig(properties, "addressPrefix") or ""),
        hop_type=str(dig(properties, "nextHopType") or ""),
        hops=several or ((str(one),) if one else ()),
    )


def nat_gateway_from_json(body: Json) -> NatGateway:
    """A NAT gateway."""
    properties = body.get("properties")
    return NatGateway(
        id=_key(body),
        addresses=ids([*items(properties, "publicIpAddresses"), *items(properties, "publicIpAddressesV6")]),
        prefixes=ids([*items(properties, "publicIpPrefixes"), *items(properties, "publicIpPrefixesV6")]),
        idle_timeout=minutes(dig(properties, "idleTimeoutInMinutes")),
    )


def firewall_from_json(body: Json) -> Firewall:
    """An Azure Firewall; only one of its IP configurations has the private address and the subnet.

    The address of its management IP configuration is left out: no cluster traffic leaves with it.
    """
    properties = body.get("properties")
    configurations = [dig(c, "properties") for c in items(properties, "ipConfigurations")]
    private = [dig(c, "privateIPAddress") for c in configurations]
    private.append(dig(properties, "hubIPAddresses", "privateIPAddress"))
    given = items(properties, "hubIPAddresses", "publicIPs", "addresses")
    subnets = [id_of(c, "subnet") for c in configurations]
    return Firewall(
        id=_key(body),
        private_addresses=tuple(text for value in private if (text := address(value))),
        subnet=next((subnet for subnet in subnets if subnet), None),
        hub=id_of(properties, "virtualHub"),
        policy=id_of(properties, "firewallPolicy"),
        addresses=ids(dig(c, "publicIPAddress") for c in configurations),
        hub_addresses=tuple(text for item in given if (text := address(item.get("address")))),
        has_management=bool(dig(properties, "managementIpConfiguration")),
    )


def load_balancer_from_json(body: Json) -> LoadBalancer:
    """A load balancer by its public frontends."""
    frontends = [_frontend(f) for f in items(body, "properties", "frontendIPConfigurations")]
    return LoadBalancer(_key(body), tuple(frontend for frontend in frontends if frontend))


def _frontend(body: Json) -> Frontend | None:
    properties = body.get("properties")
    used = id_of(properties, "publicIPAddress") or id_of(properties, "publicIPPrefix")
    inbound = ("loadBalancingRules", "inboundNatRules", "inboundNatPools")
    if used is None:
        return None
    return Frontend(used, any(items(properties, key) for key in inbound), bool(items(properties, "outboundRules")))


def hub_from_json(hub_id: str, connections: list[Json], intents: list[Json], tables: list[Json]) -> Hub:
    """A virtual hub, from its connections, its routing intents and its route tables."""
    policies = [policy for intent in intents for policy in items(intent, "properties", "routingPolicies")]
    internet = [p for p in policies if "Internet" in texts(p, "destinations")]
    hops = [(_key(table), hop) for table in tables if (hop := _static_hop(table))]
    linked = [(vnet, c) for c in connections if (vnet := id_of(c, "properties", "remoteVirtualNetwork"))]
    used = [(vnet, id_of(c, "properties", "routingConfiguration", "associatedRouteTable")) for vnet, c in linked]
    return Hub(
        id=hub_id,
        vnets=tuple(vnet for vnet, _ in linked),
        internet_next_hop=next((str(p["nextHop"]).lower() for p in internet if p.get("nextHop")), None),
        static_hops=tuple(hops),
        tables=tuple((vnet, table) for vnet, table in used if table),
        unsecured=tuple(vnet for vnet, c in linked if dig(c, "properties", "enableInternetSecurity") is not True),
    )


def _static_hop(table: Json) -> str | None:
    """Find the default next hop of a hub's route table; only a route for ``0.0.0.0/0`` is a default route there."""
    routes = (route for route in items(table, "properties", "routes") if "0.0.0.0/0" in texts(route, "destinations"))
    return next((str(route["nextHop"]).lower() for route in routes if route.get("nextHop")), None)


Reader = Callable[[list[Json]], AzureNetwork]


def _reader(field: str, read: Callable[[Json], Any]) -> Reader:
    """Reads bodies of one kind into their field of ``AzureNetwork``."""
    return lambda rows: AzureNetwork(**{field: {_key(row): read(row) for row in rows}})


READERS: dict[ResourceKind, Reader] = {
    ResourceKind.ADDRESSES: _reader("addresses", address_from_json),
    ResourceKind.PREFIXES: _reader("prefixes", prefix_from_json),
    ResourceKind.VNETS: _reader("vnets", vnet_from_json),
    ResourceKind.ROUTE_TABLES: _reader("route_tables", route_table_from_json),
    ResourceKind.NAT_GATEWAYS: _reader("nat_gateways", nat_gateway_from_json),
    ResourceKind.FIREWALLS: _reader("firewalls", firewall_from_json),
    ResourceKind.LOAD_BALANCERS: _reader("load_balancers", load_balancer_from_json),
}
"""The reader for each kind of body."""
