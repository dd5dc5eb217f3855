"""Warnings about routes: exceptions, routes that Azure does not show, and traffic that is not routed."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from bot.domain.egress.facts import AzureNetwork, Route, vnet_of
from bot.domain.egress.firewalls import name_of
from bot.domain.egress.routed import unread_hubs
from bot.domain.egress.routes import has_v6_route, hop_of, routed_internet
from bot.domain.egress.values import ClusterEgress, EgressPath, EgressWarning, OutboundType, PathKind
from bot.domain.grouping import grouped
from bot.domain.phrases import listed

_FIREWALLS = frozenset({PathKind.FIREWALL, PathKind.HUB_FIREWALL})

Found = Iterator[EgressWarning]


def warnings_of_routes(egress: ClusterEgress, network: AzureNetwork) -> tuple[EgressWarning, ...]:
    """Every warning about routes that applies."""
    return tuple(warning for look in _OF_NETWORK for warning in look(egress, network))


def whose(path: EgressPath) -> str:
    """Name the traffic of a path and its destinations, as the subject of a sentence."""
    pools = f"node pool {', '.join(path.pools)}" if path.pools else "the cluster"
    named = {"pods": f"pods of {pools}", "nodes": f"the nodes of {pools}", "virtualNodes": "virtual nodes' traffic"}
    part = f" to {listed(path.destinations, 3)}" if path.destinations else ""
    return f"{named.get(path.carries, pools)}{part}"


def _detours(egress: ClusterEgress, network: AzureNetwork) -> Found:
    """Longer routes lead elsewhere; the firewall's own public address has one for a reason."""
    own = {f"{ip.address}/{32 if ip.version == 4 else 128}" for ip in egress.ips}
    for subnet_id, paths in grouped((path.subnet_id, path) for path in egress.paths).items():
        exceptions = [r for r in routed_internet(network, network.subnet(subnet_id)).exceptions if r.prefix not in own]
        for alike in grouped((hop_of(route), route) for route in exceptions).values():
            yield _detour(paths[0], alike)


def _detour(path: EgressPath, routes: list[Route]) -> EgressWarning:
    who = whose(replace(path, destinations=()))
    shown = listed([route.prefix for route in routes], MOST_NAMED)
    hop, hops = routes[0].hop_type.lower(), ", ".join(routes[0].hops)
    if hop == "internet":
        past = "the firewall" if path.kind in _FIREWALLS else f"the {path.kind}"
        text = f"Traffic of {who} to {shown} bypasses {past} through a separate route."
        return EgressWarning("bypass", text, "Remove the route if this is not intended.")
    if hop == "none":
        text = f"Traffic of {who} to {shown} is dropped by a route (next hop None)."
        return EgressWarning("dropped", text, "Remove the route if this is not intended.")
    text = f"Traffic of {who} to {shown} goes to {hops or routes[0].hop_type} instead, through a separate route."
    return EgressWarning("detour", text, "Ask its owner for the public addresses.")


MOST_NAMED = 10
"""Prefixes that one warning names."""


def _learned(egress: ClusterEgress, network: AzureNetwork) -> Found:
    """Routes that are in no route table: of a gateway, by BGP, or of a virtual hub that could not be read."""
    for subnet_id, paths in grouped((path.subnet_id, path) for path in egress.paths).items():
        subnet = network.subnet(subnet_id)
        if subnet is None or paths[0].kind is PathKind.BLOCKED:
            continue
        who, vnet = whose(replace(paths[0], destinations=())), vnet_of(subnet.id)
        is_open = any(way.route is None for way in routed_internet(network, subnet).ways)
        if _learns(network, subnet.id):
            yield _bgp(who, is_open=is_open)
        for hub in unread_hubs(network, vnet) if is_open else ():
            text = f"The network of {who} is connected to the virtual hub {hub}, whose routes were not read: "
            text += "it may send internet traffic another way."
            yield EgressWarning("hub-routes", text, "Grant the bot's identity permission to read the hub.")


def _learns(network: AzureNetwork, subnet_id: str) -> bool:
    vnet, subnet = network.vnets.get(vnet_of(subnet_id)), network.subnet(subnet_id)
    table = network.route_tables.get(subnet.route_table or "") if subnet else None
    return bool(vnet and vnet.has_gateway and (table is None or table.learns))


def _bgp(who: str, *, is_open: bool) -> EgressWarning:
    text = f"Routes that a gateway learned through BGP also apply to {who}, and Azure does not show them here: "
    text += "a default route among them would take this traffic to the gateway." if is_open else ""
    text += "" if is_open else "those that are longer than the route table's take precedence over it."
    return EgressWarning("bgp-routes", text, "Check the effective routes of a node's network interface.")


def _firewall_learns(egress: ClusterEgress, network: AzureNetwork) -> Found:
    """A firewall with a management address may be led on by a default route that its network learned."""
    for id_ in dict.fromkeys(path.firewall for path in egress.paths if path.firewall and not path.behind):
        firewall = network.firewalls.get(id_)
        home = firewall.subnet if firewall and firewall.has_management else None
        is_open = any(way.route is None for way in routed_internet(network, network.subnet(home)).ways)
        if home and is_open and _learns(network, home):
            yield _bgp(f"Azure Firewall {name_of(id_)}", is_open=True)


def _ipv6_unrouted(egress: ClusterEgress, network: AzureNetwork) -> Found:
    if "IPv6" not in egress.ip_families or egress.outbound_type is not OutboundType.USER_DEFINED_ROUTING:
        return
    for path in egress.paths:
        subnet = network.subnet(path.subnet_id)
        if any(way.route for way in routed_internet(network, subnet).ways) and not has_v6_route(network, subnet):
            text = f"IPv6 of {whose(path)} is not routed: the route table has no route for ::/0."
            yield EgressWarning("ipv6-not-routed", text, "Add a route for ::/0 to the same next hop.")


_OF_NETWORK: tuple[Callable[[ClusterEgress, AzureNetwork], Found], ...] = (
    _detours,
    _learned,
    _firewall_learns,
    _ipv6_unrouted,
)
