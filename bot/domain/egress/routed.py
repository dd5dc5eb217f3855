"""Paths by a route: through an Azure Firewall, a virtual hub, an appliance or a gateway, or nowhere."""

from dataclasses import replace

from bot.domain.egress.facts import AzureNetwork, Firewall, Hub, Route, hub_name_of
from bot.domain.egress.firewalls import firewall_at, name_of, onward, reaches_hub, stopped_at, target_of
from bot.domain.egress.path_query import PathQuery
from bot.domain.egress.routes import APPLIANCES, routed_internet
from bot.domain.egress.values import EgressPath, PathKind


def by_route(question: PathQuery, bare: EgressPath) -> EgressPath | None:
    """The path of a route that leads neither to the internet nor nowhere in particular."""
    route = question.way.route
    hop = route.hop_type.lower() if route else ""
    if route is None or hop in ("internet", "vnetlocal"):
        return None
    if hop in APPLIANCES:
        return _by_appliance(question, bare, route)
    said = _said(route)
    if hop == "virtualnetworkgateway":
        why = f"{said} leads to a virtual network gateway; Azure does not show what is behind it."
        return replace(bare, kind=PathKind.VNET_GATEWAY, next_hop=route.hop_type, why=why)
    if hop == "none":
        return replace(
            bare, kind=PathKind.NONE, next_hop=route.hop_type, why=f"{said} drops everything (next hop None)."
        )
    why = f"{said} has the next hop {route.hop_type}, which this bot does not know."
    return replace(bare, next_hop=route.hop_type, why=why)


def _said(route: Route) -> str:
    return "The default route" if route.prefix in ("0.0.0.0/0", "::/0") else f"The route for {route.prefix}"


def _by_appliance(question: PathQuery, bare: EgressPath, route: Route) -> EgressPath:
    network, vnet = question.network, question.vnet
    found = [firewall_at(network, vnet, hop) for hop in route.hops]
    firewalls = [firewall for firewall in found if firewall]
    hops = ", ".join(route.hops) or "an address that Azure does not show"
    if firewalls and len(firewalls) == len(found):
        return _through(network, replace(bare, next_hop=hops), firewalls, f"{_said(route)} leads to {hops}")
    stopped = next((name for hop in route.hops if (name := stopped_at(network, vnet, hop))), "")
    if stopped and not firewalls:
        why = f"{_said(route)} leads to {hops}, where no firewall runs: {stopped} is stopped, so nothing leaves."
        return replace(bare, kind=PathKind.NONE, next_hop=hops, why=why)
    return replace(bare, kind=PathKind.APPLIANCE, next_hop=hops, why=_unknown_hop(network, hops, route))


def _unknown_hop(network: AzureNetwork, hops: str, route: Route) -> str:
    elsewhere = [f for f in network.firewalls.values() if set(f.private_addresses) & set(route.hops)]
    text = (
        f"Egress leaves via {hops}, which is not an Azure Firewall that the cluster's VNet reaches: its IPs "
        "are unknown."
    )
    if elsewhere:
        text += f" {name_of(elsewhere[0].id)} has the same address in a network that is not connected."
    return text


def by_hub(question: PathQuery, bare: EgressPath) -> EgressPath | None:
    """The path of a default route that a virtual hub pushes; any route of the subnet's own comes before it."""
    if question.way.route is not None:
        return None
    network, vnet = question.network, question.vnet
    hubs = {hub: hop for hub in hubs_of(network, vnet) if (hop := hub.internet_hop(vnet))}
    if not hubs:
        return None
    firewalls = [network.firewalls[hop] for hop in hubs.values() if hop in network.firewalls]
    hub, hop = next(iter(hubs.items()))
    said = "Routing intent" if hub.internet_next_hop else "A static default route"
    if len(firewalls) < len(hubs):
        why = (
            f"{said} of the virtual hub {name_of(hub.id)} sends internet traffic to {name_of(hop)}, which is "
            "not an Azure Firewall that the bot can read: its IPs are unknown."
        )
        return replace(bare, kind=PathKind.APPLIANCE, next_hop=name_of(hop), why=why)
    if firewalls[0].is_stopped:
        why = f"{said} of the virtual hub sends internet traffic to {name_of(hop)}, which is stopped: nothing leaves."
        return replace(bare, kind=PathKind.NONE, next_hop=name_of(hop), why=why)
    return _through(network, bare, firewalls, f"{said} of the virtual hub sends internet traffic")


def hubs_of(network: AzureNetwork, vnet: str) -> tuple[Hub, ...]:
    """The virtual hubs that were read and that a network is connected to."""
    return tuple(hub for hub in network.hubs.values() if vnet and reaches_hub(network, vnet, hub.id))


def unread_hubs(network: AzureNetwork, vnet: str) -> tuple[str, ...]:
    """The names of virtual hubs that a network is connected to and whose routes were not read."""
    peers = network.peers_of(vnet)
    known = {name_of(hub.id) for hub in network.hubs.values()}
    return tuple(name for peer in peers if (name := hub_name_of(peer)) and name not in known)


def firewalls_of(network: AzureNetwork, vnet: str, subnet_id: str | None) -> tuple[Firewall, ...]:
    """The firewalls that the routes of a subnet, or its hub, lead to."""
    ways = routed_internet(network, network.subnet(subnet_id)).ways
    hops = [hop for way in ways if way.route for hop in way.route.hops]
    found = [firewall_at(network, vnet, hop) for hop in hops]
    if any(way.route is None for way in ways):
        found += [network.firewalls.get(hub.internet_hop(vnet) or "") for hub in hubs_of(network, vnet)]
    return tuple(firewall for firewall in found if firewall)


def _through(network: AzureNetwork, bare: EgressPath, firewalls: list[Firewall], why: str) -> EgressPath:
    targets = {target_of(firewall) for firewall in firewalls}
    found = [onward(network, firewall) for firewall in firewalls]
    ips = [ip for each in found for ip in each.ips]
    names = " and ".join(name_of(firewall.id) for firewall in firewalls)
    gateway = next((each.nat_gateway for each in found if each.nat_gateway), None)
    behind = next((each.behind for each in found if each.behind), "")
    after = "; a NAT gateway on its subnet carries the traffic out" if gateway else ""
    if behind:
        after = (
            f"; the route table on its subnet sends the traffic on to {behind} (forced tunnelling), "
            "so its own public IPs are not the egress IPs"
        )
    return replace(
        bare,
        kind=PathKind.HUB_FIREWALL if firewalls[0].hub else PathKind.FIREWALL,
        ips=tuple(dict.fromkeys(ips)),
        nat_gateway=gateway,
        firewall=firewalls[0].id,
        target=targets.pop() if len(targets) == 1 else None,
        why=f"{why}: Azure Firewall {names}{after}.",
        behind=behind,
    )
