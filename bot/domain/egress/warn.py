"""What a person should know about a cluster's egress: one function for each warning, in the order they are shown."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from bot.domain.egress.facts import AzureNetwork, Route, vnet_of
from bot.domain.egress.firewalls import name_of
from bot.domain.egress.routed import unread_hubs
from bot.domain.egress.routes import has_v6_route, hop_of, routed_internet
from bot.domain.egress.values import ClusterEgress, EgressPath, EgressWarning, OutboundType, PathKind

_NAT = frozenset({PathKind.NAT_GATEWAY})
_FIREWALLS = frozenset({PathKind.FIREWALL, PathKind.HUB_FIREWALL})
_ROUTED = frozenset({PathKind.FIREWALL, PathKind.HUB_FIREWALL, PathKind.APPLIANCE, PathKind.VNET_GATEWAY})

EXPECTED: dict[OutboundType, frozenset[PathKind]] = {
    OutboundType.LOAD_BALANCER: frozenset({PathKind.LOAD_BALANCER}),
    OutboundType.MANAGED_NAT_GATEWAY: _NAT,
    OutboundType.MANAGED_NAT_GATEWAY_V2: _NAT,
    OutboundType.USER_ASSIGNED_NAT_GATEWAY: _NAT,
    OutboundType.USER_DEFINED_ROUTING: _ROUTED,
    OutboundType.NONE: frozenset({PathKind.NONE, PathKind.DEFAULT_OUTBOUND}),
    OutboundType.BLOCK: frozenset({PathKind.BLOCKED}),
}
"""What each outbound type promises; source: https://learn.microsoft.com/azure/aks/egress-outboundtype, read 2026-11."""

Found = Iterator[EgressWarning]


def warnings_of(egress: ClusterEgress, network: AzureNetwork) -> tuple[EgressWarning, ...]:
    """Every warning that applies."""
    of_egress = (warning for check in _OF_EGRESS for warning in check(egress))
    of_network = (warning for look in _OF_NETWORK for warning in look(egress, network))
    return (*of_egress, *of_network, *_unreadable(network))


def _unknown_type(egress: ClusterEgress) -> Found:
    if egress.outbound_type is None:
        text = f"Azure calls the outbound type {egress.declared or 'nothing'}, which this bot does not know."
        yield EgressWarning("unknown-outbound-type", text, "Look at the cluster in the Azure portal.")


def _converging(egress: ClusterEgress) -> Found:
    if egress.is_converging:
        text = (
            f"Converging: Azure is changing the cluster ({egress.state}); its outbound IPs may still be the old ones."
        )
        yield EgressWarning("converging", text, "Look again when it has finished.")


def _failed(egress: ClusterEgress) -> Found:
    if egress.state.lower() in ("failed", "canceled"):
        text = f"Azure's last update of the cluster ended as {egress.state}."
        yield EgressWarning("failed", text, "Repeat the update, or see the cluster's error in the Azure portal.")


def _stopped(egress: ClusterEgress) -> Found:
    if not egress.is_running:
        yield EgressWarning("stopped", "The cluster is stopped: nothing leaves it.")


def _mismatch(egress: ClusterEgress) -> Found:
    expected = EXPECTED.get(egress.outbound_type) if egress.outbound_type else None
    for path in egress.paths:
        is_ours = path.carries != "virtualNodes"
        if expected and is_ours and path.kind not in expected:
            text = f"Declared {egress.declared}, but {_who(path)} really leaves by {path.kind}. {path.why}"
            yield EgressWarning("mismatch", text, "Change the outbound type, or what is attached to the subnet.")


def _who(path: EgressPath) -> str:
    """Whose traffic a path carries, and to where, as the subject of a sentence."""
    pools = f"node pool {', '.join(path.pools)}" if path.pools else "the cluster"
    named = {"pods": f"pods of {pools}", "nodes": f"the nodes of {pools}", "virtualNodes": "virtual nodes' traffic"}
    part = f" to {', '.join(path.destinations[:3])}" if path.destinations else ""
    return f"{named.get(path.carries, pools)}{part}"


def _unknown_hop(egress: ClusterEgress) -> Found:
    for path in egress.paths:
        is_hidden = path.kind in (PathKind.APPLIANCE, PathKind.VNET_GATEWAY)
        if is_hidden or path.behind:
            behind = "the virtual network gateway" if path.kind is PathKind.VNET_GATEWAY else path.next_hop
            text = f"The public IPs of {_who(path)} are not known: Azure does not show what is behind "
            text += f"{path.behind or behind}."
            yield EgressWarning("unknown-next-hop", text, "Ask whoever runs it for its public addresses.")


def _default_outbound(egress: ClusterEgress) -> Found:
    for path in egress.paths:
        if path.kind is PathKind.DEFAULT_OUTBOUND:
            text = f"{_who(path)} may leave through an address that Azure chooses, shares and changes without notice."
            way_out = "Attach a NAT gateway or a route to the subnet, or make it private."
            yield EgressWarning("default-outbound", text[0].upper() + text[1:], way_out)


def _asymmetric(egress: ClusterEgress) -> Found:
    routed = any(path.kind in _ROUTED for path in egress.paths)
    public = [ip.address for ip in egress.ingress if ip.via == "loadBalancer"]
    if routed and public:
        text = (
            f"Asymmetric routing: requests arrive at {', '.join(public)} on the load balancer, "
            "but answers leave through the route, and the firewall drops them."
        )
        way_out = "Use an internal load balancer behind DNAT on the firewall, or an Application Gateway."
        yield EgressWarning("asymmetric", text, way_out)


def _detours(egress: ClusterEgress, network: AzureNetwork) -> Found:
    """Longer routes lead elsewhere; the firewall's own public address has one for a reason."""
    own = {f"{ip.address}/{32 if ip.version == 4 else 128}" for ip in egress.ips}
    for subnet_id, paths in _by_subnet(egress).items():
        exceptions = [r for r in routed_internet(network, network.subnet(subnet_id)).exceptions if r.prefix not in own]
        for hop in dict.fromkeys(hop_of(route) for route in exceptions):
            alike = [route for route in exceptions if hop_of(route) == hop]
            yield _detour(paths[0], alike)


def _by_subnet(egress: ClusterEgress) -> dict[str | None, list[EgressPath]]:
    found: dict[str | None, list[EgressPath]] = {}
    for path in egress.paths:
        found.setdefault(path.subnet_id, []).append(path)
    return found


def _detour(path: EgressPath, routes: list[Route]) -> EgressWarning:
    who = _who(replace(path, destinations=()))
    shown = ", ".join(route.prefix for route in routes[:MOST_NAMED])
    shown += f" and {len(routes) - MOST_NAMED} more" if len(routes) > MOST_NAMED else ""
    hop, hops = routes[0].hop_type.lower(), ", ".join(routes[0].hops)
    if hop == "internet":
        past = "the firewall" if path.kind in _FIREWALLS else f"the {path.kind}"
        text = f"Traffic of {who} to {shown} goes around {past}, by a route of its own."
        return EgressWarning("bypass", text, "Remove the route if that is not wanted.")
    if hop == "none":
        text = f"Traffic of {who} to {shown} is dropped by a route (next hop None)."
        return EgressWarning("dropped", text, "Remove the route if that is not wanted.")
    text = f"Traffic of {who} to {shown} goes to {hops or routes[0].hop_type} instead, by a route of its own."
    return EgressWarning("detour", text, "Ask whoever runs that for its public addresses.")


MOST_NAMED = 10
"""Prefixes that one warning names."""


def _learned(egress: ClusterEgress, network: AzureNetwork) -> Found:
    """Routes that are in no route table: of a gateway, by BGP, or of a virtual hub that could not be read."""
    for subnet_id, paths in _by_subnet(egress).items():
        subnet = network.subnet(subnet_id)
        if subnet is None or paths[0].kind is PathKind.BLOCKED:
            continue
        who, vnet = _who(replace(paths[0], destinations=())), vnet_of(subnet.id)
        is_open = any(way.route is None for way in routed_internet(network, subnet).ways)
        if _learns(network, subnet.id):
            yield _bgp(who, is_open=is_open)
        for hub in unread_hubs(network, vnet) if is_open else ():
            text = f"The network of {who} is connected to the virtual hub {hub}, whose routes were not read: "
            text += "it may send internet traffic another way."
            yield EgressWarning("hub-routes", text, "Give the bot's identity the right to read the hub.")


def _learns(network: AzureNetwork, subnet_id: str) -> bool:
    vnet, subnet = network.vnets.get(vnet_of(subnet_id)), network.subnet(subnet_id)
    table = network.route_tables.get(subnet.route_table or "") if subnet else None
    return bool(vnet and vnet.has_gateway and (table is None or table.learns))


def _bgp(who: str, *, is_open: bool) -> EgressWarning:
    text = f"Routes that a gateway learned by BGP apply to {who} as well, and Azure does not show them here: "
    text += "a default route among them would take this traffic to the gateway." if is_open else ""
    text += "" if is_open else "those that are longer than the route table's take precedence over it."
    return EgressWarning("bgp-routes", text, "Look at the effective routes of a node's network interface.")


def _firewall_learns(egress: ClusterEgress, network: AzureNetwork) -> Found:
    """A firewall with a management address may be led on by a default route that its network learned."""
    for id_ in dict.fromkeys(path.firewall for path in egress.paths if path.firewall and not path.behind):
        firewall = network.firewalls.get(id_)
        home = firewall.subnet if firewall and firewall.has_management else None
        is_open = any(way.route is None for way in routed_internet(network, network.subnet(home)).ways)
        if home and is_open and _learns(network, home):
            yield _bgp(f"Azure Firewall {name_of(id_)}", is_open=True)


def _several_targets(egress: ClusterEgress) -> Found:
    """By pool a request can say which; by destination it cannot."""
    ruled = [path for path in egress.paths if path.is_ruled]
    pools = {path.pools for path in ruled}
    if any(len({path.target for path in ruled if path.pools == each}) > 1 for each in pools):
        text = "Its routes divide the internet between different ways, so a firewall sees only a part of the traffic."
        yield EgressWarning("split-routes", text, "Lead everything to one next hop, by a route for 0.0.0.0/0.")
    elif len({path.target for path in ruled}) > 1:
        text = "Node pools leave by different ways, so a rule for the whole cluster would not work for all of them."
        yield EgressWarning("split", text, "Name the node pool in a request.")


def _node_ips(egress: ClusterEgress) -> Found:
    names = [pool.name for pool in egress.pools if pool.node_public_ip]
    if names:
        text = f"Nodes of {', '.join(names)} have public IPs of their own, which come and go with the nodes."
        yield EgressWarning(
            "node-public-ips", text, "Use a public IP prefix for the nodes if partners allow by address."
        )


def _gateway_pools(egress: ClusterEgress) -> Found:
    pools = [pool for pool in egress.pools if pool.mode.lower() == "gateway"]
    if pools:
        named = ", ".join(f"{p.name} (/{p.gateway_prefix_size})" if p.gateway_prefix_size else p.name for p in pools)
        text = f"Static egress gateway: namespaces that use {named} leave with that pool's own prefix instead."
        yield EgressWarning(
            "static-egress-gateway", text, "See StaticGatewayConfiguration in the cluster for the prefix."
        )


def _proxy(egress: ClusterEgress) -> Found:
    if egress.http_proxy:
        text = (
            f"Pods are told to use the HTTP proxy {egress.http_proxy}: what obeys it leaves with the proxy's address."
        )
        yield EgressWarning("http-proxy", text)


def _no_ips(egress: ClusterEgress) -> Found:
    known = (PathKind.LOAD_BALANCER, PathKind.NAT_GATEWAY, PathKind.FIREWALL, PathKind.HUB_FIREWALL)
    for path in egress.paths:
        if path.kind in known and not path.ips and not path.behind:
            text = f"No public address is known for {_who(path)}, although it leaves by {path.kind}."
            yield EgressWarning("no-addresses", text, "Check that it has a public IP, and that the bot may read it.")


def _ipv6_unrouted(egress: ClusterEgress, network: AzureNetwork) -> Found:
    if "IPv6" not in egress.ip_families or egress.outbound_type is not OutboundType.USER_DEFINED_ROUTING:
        return
    for path in egress.paths:
        subnet = network.subnet(path.subnet_id)
        if any(way.route for way in routed_internet(network, subnet).ways) and not has_v6_route(network, subnet):
            text = f"IPv6 of {_who(path)} is not routed: the route table has no route for ::/0."
            yield EgressWarning("ipv6-not-routed", text, "Add a route for ::/0 to the same next hop.")


def _unreadable(network: AzureNetwork) -> Found:
    for what, reason in sorted(network.unreadable.items()):
        text = f"Could not be read: {what} ({reason}). What depends on it is not shown."
        yield EgressWarning("unreadable", text, "Give the bot's identity the right to read it.")


_OF_EGRESS: tuple[Callable[[ClusterEgress], Found], ...] = (
    _unknown_type,
    _converging,
    _failed,
    _stopped,
    _mismatch,
    _unknown_hop,
    _default_outbound,
    _asymmetric,
    _several_targets,
    _no_ips,
    _node_ips,
    _gateway_pools,
    _proxy,
)

_OF_NETWORK: tuple[Callable[[ClusterEgress, AzureNetwork], Found], ...] = (
    _detours,
    _learned,
    _firewall_learns,
    _ipv6_unrouted,
)
