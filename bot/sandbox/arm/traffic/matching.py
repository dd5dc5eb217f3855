"""Whether one rule fits one request: sources, addresses, ports, names, FQDN tags."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from bot.sandbox.arm.dependencies import endpoints
from bot.sandbox.arm.traffic.flows import address_of
from bot.sandbox.arm.wire import Json
from bot.sandbox.arm.world import World

_AZURES_OWN = (".azmk8s.io", ".azure.com", ".microsoft.com", ".windows.net", ".azureedge.net", ".azure.net")
"""Names whose addresses are in the service tag AzureCloud, as far as the simulated Internet knows."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as a firewall sees it.

    Args:
        source: The address that it comes from.
        address: The address that it goes to.
        port: Destination port.
        protocol: ``https``, ``http``, ``mssql``, ``tcp`` or ``udp``.
        host: The name that the pod asked for, or its address.
        name: The name that the firewall can read (SNI or Host); empty if there is none.
        tagged: The names of the FQDN tag AzureKubernetesService for the cluster that asks.
    """

    source: str
    address: str
    port: int
    protocol: str
    host: str
    name: str
    tagged: tuple[str, ...] = ()


def tagged_names(cluster: Json) -> tuple[str, ...]:
    """The names of AzureKubernetesService: what a cluster needs over HTTP and HTTPS."""
    found = (each for category in endpoints(cluster)["value"] for each in category["endpoints"])
    return tuple(one["domainName"] for one in found if one["endpointDetails"][0]["protocol"] in ("Http", "Https"))


def fits_network_rule(world: World, rule: Json, request: Request) -> bool:
    """Return whether a network rule, of a policy or a classic one, fits."""
    kinds = {str(kind).lower() for kind in rule.get("ipProtocols") or rule.get("protocols") or ()}
    transport = "udp" if request.protocol == "udp" else "tcp"
    return (
        bool(kinds & {"any", transport})
        and any(_has_port(ports, request.port) for ports in rule.get("destinationPorts") or ())
        and fits_source(world, rule, request.source)
        and _fits_destination(world, rule, request)
    )


def fits_application_rule(world: World, rule: Json, request: Request) -> bool:
    """Return whether an application rule fits; without a readable name none does."""
    wanted = [(str(each["protocolType"]).lower(), each["port"]) for each in rule.get("protocols") or ()]
    if not request.name or (wanted and (request.protocol, request.port) not in wanted):
        return False
    names = list(rule.get("targetFqdns") or ())
    if any(str(tag).lower() == "azurekubernetesservice" for tag in rule.get("fqdnTags") or ()):
        names += request.tagged
    return any(fits_name(pattern, request.name) for pattern in names) and fits_source(world, rule, request.source)


def fits_name(pattern: str, name: str) -> bool:
    """Return whether an FQDN, or one with ``*`` at its left, covers a name."""
    given = pattern.lower().rstrip(".")
    return name.endswith(given[1:]) if given.startswith("*") else name == given


def fits_source(world: World, rule: Json, source: str) -> bool:
    """Return whether a rule is for this source."""
    return _has_address((*(rule.get("sourceAddresses") or ()), *_members(world, rule, "sourceIpGroups")), source)


def _fits_destination(world: World, rule: Json, request: Request) -> bool:
    blocks = [*(rule.get("destinationAddresses") or ()), *_members(world, rule, "destinationIpGroups")]
    names = [str(each).lower() for each in rule.get("destinationFqdns") or ()]
    return (
        _has_address(blocks, request.address)
        or any(request.address == address_of(name) for name in names)
        or (request.host.endswith(_AZURES_OWN) and any(str(each).startswith("AzureCloud") for each in blocks))
    )


def _members(world: World, rule: Json, field: str) -> Iterable[str]:
    for group in rule.get(field) or ():
        yield from (world.view_key(str(group).lower()) or {"properties": {}})["properties"].get("ipAddresses") or ()


def _has_address(blocks: Iterable[str], address: str) -> bool:
    return any(_is_within(str(block), address) for block in blocks)


def _is_within(block: str, address: str) -> bool:
    if block == "*":
        return True
    low, _, high = block.partition("-")
    try:
        if high:
            return int(ip_address(low)) <= int(ip_address(address)) <= int(ip_address(high))
        return ip_address(address) in ip_network(block, strict=False)
    except ValueError:
        return False


def _has_port(ports: str, port: int) -> bool:
    low, _, high = str(ports).partition("-")
    return low == "*" or int(low) <= port <= int(high or low)
