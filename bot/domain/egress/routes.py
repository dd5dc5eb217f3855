"""Finds the route that carries internet traffic: by longest prefix, as Azure chooses.

Source: https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview#how-azure-selects-a-route,
read 2026-11.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from bot.domain.egress.facts import AzureNetwork, Route, RouteTable, SubnetFacts
from bot.domain.firewall.owners import GLOBAL_IPV6, PRIVATE_RANGES
from bot.domain.grouping import grouped

APPLIANCES = ("virtualappliance", "virtualapplianceecmp")
"""Next hop types that carry addresses; source as above."""

LEAST_SHARE = 1 / 32
"""Our own judgement: the part of the public IPv4 addresses from which on routes are a way out of their own.

``0.0.0.0/1`` or a handful of /3 is one; what leads elsewhere for less, such as one /8, is an exception to a way.
"""

_NOT_PUBLIC = tuple(IPv4Network(text) for text in PRIVATE_RANGES)

_EVERYTHING = IPv4Network("0.0.0.0/0")
_GLOBAL_V6 = IPv6Network(GLOBAL_IPV6)


@dataclass(frozen=True, slots=True)
class RoutePath:
    """The next hop for a large part of the internet.

    Args:
        route: The first of its routes; None where no route of the table says anything, so that Azure's own apply.
        prefixes: What it carries, where other ways carry the rest; empty where it carries everything.
    """

    route: Route | None = None
    prefixes: tuple[str, ...] = ()


EVERYTHING = RoutePath()
"""Azure's own routes, for the whole internet."""


@dataclass(frozen=True, slots=True)
class RoutedInternet:
    """The internet divided by the routes of a route table.

    Args:
        ways: What carries a good part of it, the largest first; at least one.
        exceptions: Routes to some addresses or to a service tag that lead elsewhere.
    """

    ways: tuple[RoutePath, ...]
    exceptions: tuple[Route, ...] = ()


def routed_internet(network: AzureNetwork, subnet: SubnetFacts | None) -> RoutedInternet:
    """Divide the internet by a subnet's route table; without one, Azure's own routes carry everything."""
    table = network.route_tables.get(subnet.route_table or "") if subnet else None
    return divide(table) if table else RoutedInternet((EVERYTHING,))


def has_v6_route(network: AzureNetwork, subnet: SubnetFacts | None) -> bool:
    """Whether routes of a subnet's table cover all of the IPv6 internet."""
    table = network.route_tables.get(subnet.route_table or "") if subnet else None
    nets = [
        net for route in (table.routes if table else ()) if isinstance(net := network_of(route.prefix), IPv6Network)
    ]
    return any(_GLOBAL_V6.subnet_of(net) for net in collapse_addresses(nets))


@lru_cache(maxsize=4096)
def divide(table: RouteTable) -> RoutedInternet:
    """Divide the internet by the routes of a table."""
    carried = grouped((hop_of(route), (route, size)) for route, size in _carried(table))
    shares = {key: sum(size for _, size in found) for key, found in carried.items()}
    routes = {key: [route for route, _ in found if route] for key, found in carried.items()}
    least = public_size(_EVERYTHING) * LEAST_SHARE
    main = sorted((key for key in shares if shares[key] >= least), key=lambda key: -shares[key])
    ways = tuple(_way(routes[key], is_only=len(main) == 1) for key in main)
    led = {_led(key) for key in main}
    small = (route for key, found in routes.items() if key not in main for route in found)
    exceptions = (*small, *(route for route in table.routes if is_tag(route.prefix)))
    return RoutedInternet(ways, tuple(r for r in exceptions if len(led) > 1 or _led(hop_of(r)) not in led))


def _way(routes: list[Route], *, is_only: bool) -> RoutePath:
    prefixes = tuple(route.prefix for route in routes) or ("everything else",)
    return RoutePath(routes[0] if routes else None, () if is_only else prefixes)


def hop_of(route: Route | None) -> tuple[str, ...]:
    """The next hop of a route, for comparison: the type, and appliance addresses; empty without a route."""
    return (route.hop_type.lower(), *sorted(route.hops)) if route else ()


def _led(key: tuple[str, ...]) -> tuple[str, ...]:
    """Azure's own route leads to the internet."""
    return key or ("internet",)


def is_tag(prefix: str) -> bool:
    """Whether a route is for a service tag, such as ``AzureMonitor``, and not for addresses."""
    return bool(prefix) and network_of(prefix) is None


@lru_cache(maxsize=16384)
def network_of(prefix: str) -> IPv4Network | IPv6Network | None:
    """The addresses of a route; None for a service tag."""
    try:
        return ip_network(prefix, strict=False)
    except ValueError:
        return None


def _carried(table: RouteTable) -> Iterator[tuple[Route | None, int]]:
    """Each IPv4 route with the number of public addresses that no longer prefix takes from it."""
    nets: dict[IPv4Network, Route | None] = {_EVERYTHING: None}
    for route in table.routes:
        if isinstance(net := network_of(route.prefix), IPv4Network):
            nets[net] = nets.get(net) or route
    sizes = {net: public_size(net) for net in nets}
    left = dict(sizes)
    for net in nets:
        holder = next((up for up in _above(net) if up in nets), None)
        if holder is not None:
            left[holder] -= sizes[net]
    return ((nets[net], size) for net, size in left.items() if size > 0)


def _above(net: IPv4Network) -> Iterator[IPv4Network]:
    return (net.supernet(new_prefix=length) for length in range(net.prefixlen - 1, -1, -1))


@lru_cache(maxsize=16384)
def public_size(net: IPv4Network) -> int:
    """Count the public addresses in a range."""
    if any(net.subnet_of(other) for other in _NOT_PUBLIC):
        return 0
    return net.num_addresses - sum(other.num_addresses for other in _NOT_PUBLIC if other.subnet_of(net))
