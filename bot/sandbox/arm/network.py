"""Requests that the network provider refuses: numbers out of range, dangling references, resources still in use.

Ranges (read 2026-11): idle timeouts https://learn.microsoft.com/en-us/azure/nat-gateway/nat-gateway-resource and
https://learn.microsoft.com/en-us/azure/virtual-network/ip-services/public-ip-addresses; prefix lengths
https://learn.microsoft.com/en-us/azure/virtual-network/ip-services/public-ip-address-prefix; routes
https://learn.microsoft.com/en-us/azure/virtual-network/virtual-networks-udr-overview. Codes and words of what is in use
follow errors that people report in public issue threads.
"""

from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from bot.sandbox.arm.ids import (
    CLUSTER,
    FIREWALL,
    NAT,
    NSG,
    PREFIX,
    PUBLIC_IP,
    ROUTE_TABLE,
    SUBNET,
    VNET,
    ResourceId,
    parse_id,
)
from bot.sandbox.arm.links import reference, references
from bot.sandbox.arm.wire import ArmError, Json, network_error
from bot.sandbox.arm.world import World

IDLE_MINUTES: Mapping[str, range] = {NAT: range(4, 121), PUBLIC_IP: range(4, 31)}
"""Idle timeouts by type, in minutes."""

PREFIX_LENGTHS: Mapping[str, range] = {"IPv4": range(28, 32), "IPv6": range(124, 128)}
"""Lengths of public IP prefixes by version."""

HOPS = frozenset({"VirtualNetworkGateway", "VnetLocal", "Internet", "VirtualAppliance", "None"})
"""Next hop types of a route."""


def check(world: World, rid: ResourceId, body: Json) -> None:
    """Refuse a body as the network provider does.

    Raises:
        ArmError: 400 with what is wrong, 429 where a referenced resource is busy.
    """
    checks = _CHECKS.get(rid.type_key)
    if checks:
        checks(rid, body.get("properties") or {})
    _check_references(world, rid, body)
    _check_addresses(world, rid, body)


def check_unused(world: World, rid: ResourceId, old: Json) -> None:
    """Refuse to delete what something else depends on.

    Raises:
        ArmError: 400 that names who uses it.
    """
    users = list(_users(world, rid, old))
    if users:
        code, text = _IN_USE[rid.type_key]
        raise network_error(400, code, text.format(id=rid.text, name=rid.name, user=users[0], count=len(users)))


def user_outside(world: World, key: str, group: str) -> str | None:
    """Return who depends on a resource from outside its resource group, if anybody does."""
    rid, body = parse_id(key), world.view_key(key)
    if rid is None or body is None or rid.type_key not in _IN_USE:
        return None
    return next((user for user in _users(world, rid, body) if not user.lower().startswith(f"{group}/")), None)


def _check_idle(rid: ResourceId, properties: Json) -> None:
    minutes, allowed = properties.get("idleTimeoutInMinutes"), IDLE_MINUTES[rid.type_key]
    if minutes is not None and minutes not in allowed:
        raise network_error(
            400,
            "IdleTimeoutInMinutesOutOfRange",
            f"IdleTimeoutInMinutes {minutes} of {rid.text} must be between {allowed.start} and {allowed.stop - 1}.",
        )


def _check_prefix(rid: ResourceId, properties: Json) -> None:
    version = str(properties.get("publicIPAddressVersion") or "IPv4")
    length, allowed = properties.get("prefixLength"), PREFIX_LENGTHS.get(version)
    if allowed is None:
        raise network_error(400, "InvalidPublicIPAddressVersion", f"{version} of {rid.text} is not IPv4 or IPv6.")
    if length is not None and length not in allowed:
        raise network_error(
            400,
            "InvalidPublicIpPrefixLength",
            f"Prefix length {length} of {rid.text} must be between {allowed.start} and {allowed.stop - 1} "
            f"for {version}.",
        )


def _check_routes(_rid: ResourceId, properties: Json) -> None:
    for route in properties.get("routes") or []:
        check_route(str(route.get("name")), route.get("properties") or {})


def check_route(name: str, route: Json) -> None:
    """A route needs a prefix, and a virtual appliance as its hop needs an address; no other hop takes one.

    Raises:
        ArmError: 400.
    """
    hop, address = str(route.get("nextHopType") or ""), route.get("nextHopIpAddress")
    if hop not in HOPS:
        raise network_error(400, "InvalidNextHopType", f"Route {name} has the unknown next hop type '{hop}'.")
    if (hop == "VirtualAppliance") != bool(address or (route.get("nextHop") or {}).get("nextHopIpAddresses")):
        raise network_error(
            400,
            "RouteNextHopIpAddressInvalid",
            f"Route {name} with next hop type {hop} must {'' if hop == 'VirtualAppliance' else 'not '}have a next hop "
            "IP address.",
        )
    if not _is_network(route.get("addressPrefix")):
        prefix = route.get("addressPrefix")
        raise network_error(400, "InvalidAddressPrefixFormat", f"Address prefix '{prefix}' of route {name} is invalid.")


def _is_network(text: Any) -> bool:
    """An address block or a service tag, which has no slash and no dot before its region."""
    try:
        ip_network(str(text))
    except ValueError:
        return isinstance(text, str) and text[:1].isalpha()
    return True


def _check_subnets(rid: ResourceId, properties: Json) -> None:
    space = [ip_network(block) for block in (properties.get("addressSpace") or {}).get("addressPrefixes") or []]
    for subnet in properties.get("subnets") or []:
        inner = subnet.get("properties") or {}
        for block in [inner.get("addressPrefix"), *(inner.get("addressPrefixes") or [])]:
            if block and not any(_is_inside(block, each) for each in space):
                text = f"Subnet '{subnet.get('name')}' is not valid because its IP address range is outside the IP "
                raise network_error(400, "NetcfgSubnetRangeOutsideVnet", f"{text}address range of '{rid.name}'.")


def _is_inside(block: str, space: Any) -> bool:
    inner = ip_network(block)
    return inner.version == space.version and inner.subnet_of(space)


_CHECKS: Mapping[str, Callable[[ResourceId, Json], None]] = {
    NAT: _check_idle,
    PUBLIC_IP: _check_idle,
    PREFIX: _check_prefix,
    ROUTE_TABLE: _check_routes,
    VNET: _check_subnets,
}


def _check_references(world: World, rid: ResourceId, body: Json) -> None:
    """Everything that a body refers to must be an id, exist and be at rest."""
    for text in references(body.get("properties")):
        target = parse_id(text)
        if target is None:
            raise _malformed(text)
        is_own = target.key == rid.key or target.key.startswith(f"{rid.key}/")
        if is_own or target.kind is None or _is_read_only(rid, target):
            continue
        found = world.view(target)
        if found is None:
            raise _missing(rid, text)
        if found["properties"].get("provisioningState") == "Updating":
            raise _busy(rid, text)


def _is_read_only(rid: ResourceId, target: ResourceId) -> bool:
    """References that the server writes itself and that a read-modify-write sends back."""
    return (rid.type_key, target.type_key) in {(NAT, SUBNET), (ROUTE_TABLE, SUBNET), (NSG, SUBNET), (PREFIX, PUBLIC_IP)}


def _malformed(text: str) -> ArmError:
    return network_error(
        400,
        "LinkedInvalidPropertyId",
        f"Property id '{text}' is invalid. Expect fully qualified resource Id that start with "
        "'/subscriptions/{subscriptionId}' or '/providers/{resourceProviderNamespace}/'.",
    )


def _missing(rid: ResourceId, target: str) -> ArmError:
    return network_error(
        400,
        "InvalidResourceReference",
        f"Resource {target} referenced by resource {rid.text} was not found. Please make sure that the "
        "referenced resource exists, and that both resources are in the same region.",
    )


def _busy(rid: ResourceId, target: str) -> ArmError:
    detail = (
        f"Cannot proceed with operation because resource {target} used by resource {rid.text} is not in Succeeded "
        "state. Resource is in Updating state and the last operation that updated/is updating the resource is "
        "PutOperation."
    )
    details = [{"code": "ReferencedResourceNotProvisioned", "message": detail}]
    return network_error(429, "RetryableError", "A retryable error occurred.", details=details)


def _check_addresses(world: World, rid: ResourceId, body: Json) -> None:
    """A public IP address is on one thing."""
    for key in _public_ips(body.get("properties") or {}):
        holders = list(world.links.addresses.get(key, {}).values())
        user = str(holders[0]["id"]) if holders else ""
        if user and not f"{user.lower()}/".startswith(f"{rid.key}/"):
            raise network_error(
                400,
                "PublicIPAddressInUse",
                f"Resource {rid.text} is referencing public IP address {key} that is already allocated to resource "
                f"{user}.",
            )


def _public_ips(value: Any) -> Iterator[str]:
    for text in references(value):
        target = parse_id(text)
        if target is not None and target.type_key == PUBLIC_IP:
            yield target.key


def _users(world: World, rid: ResourceId, old: Json) -> Iterator[str]:
    properties = old["properties"]
    if rid.type_key == PUBLIC_IP:
        holders = (properties.get(name) for name in ("ipConfiguration", "natGateway"))
        yield from (holder["id"] for holder in holders if holder)
    elif rid.type_key == PREFIX:
        yield from (each["id"] for each in properties.get("publicIPAddresses") or [])
        yield from world.links.prefixes.get(rid.key, [])
    elif rid.type_key in (NAT, ROUTE_TABLE, NSG):
        yield from (each["id"] for each in properties.get("subnets") or [])
    elif rid.type_key in (SUBNET, VNET):
        yield from _residents(world, rid)


def _residents(world: World, rid: ResourceId) -> Iterator[str]:
    """Return who lives in a subnet, or in any subnet of a network."""
    inside = rid.key if rid.type_key == SUBNET else f"{rid.key}/subnets/"
    for _, cluster in world.views(CLUSTER):
        for pool in cluster["properties"].get("agentPoolProfiles") or []:
            if any(str(pool.get(name) or "").lower().startswith(inside) for name in ("vnetSubnetID", "podSubnetID")):
                yield cluster["id"]
    for _, firewall in world.views(FIREWALL):
        for configuration in firewall["properties"].get("ipConfigurations") or []:
            if reference(configuration, "subnet").startswith(inside):
                yield configuration["id"]


_IN_USE: Mapping[str, tuple[str, str]] = {
    PUBLIC_IP: (
        "PublicIPAddressCannotBeDeleted",
        "Public IP address {id} can not be deleted since it is still allocated to resource {user}.",
    ),
    PREFIX: ("InUsePublicIpPrefixCannotBeDeleted", "Public IP prefix {id} is in use by {user} and cannot be deleted."),
    NAT: (
        "CannotDeleteNatGatewayAssociatedToSubnet",
        "NAT Gateway {id} is still configured on {count} subnets. Remove NAT Gateway from all of them first.",
    ),
    ROUTE_TABLE: ("InUseRouteTableCannotBeDeleted", "Route table {name} is in use and cannot be deleted."),
    NSG: (
        "InUseNetworkSecurityGroupCannotBeDeleted",
        "Network security group {id} cannot be deleted because it is in use by the following resources: {user}.",
    ),
    SUBNET: (
        "InUseSubnetCannotBeDeleted",
        "Subnet {name} is in use by {user} and cannot be deleted. Delete all the resources within the subnet first.",
    ),
    VNET: ("InUseSubnetCannotBeDeleted", "A subnet of {name} is in use by {user} and cannot be deleted."),
}


def first_address(block: str) -> str:
    """The first address of a subnet that Azure hands out: it keeps four for itself.

    Source: https://learn.microsoft.com/en-us/azure/virtual-network/virtual-networks-faq, read 2026-11.
    """
    return str(ip_address(int(ip_network(block).network_address) + 4))
