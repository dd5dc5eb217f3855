"""Warnings about a cluster's egress: one function for each, in display order."""

from collections.abc import Callable, Iterator

from bot.domain.egress.facts import DELETED, AzureNetwork
from bot.domain.egress.values import ClusterEgress, EgressWarning, OutboundType, PathKind
from bot.domain.egress.warn_routes import warnings_of_routes, whose

_NAT = frozenset({PathKind.NAT_GATEWAY})
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
"""Paths by outbound type; source: https://learn.microsoft.com/azure/aks/egress-outboundtype, read 2026-11."""

Found = Iterator[EgressWarning]


def warnings_of(egress: ClusterEgress, network: AzureNetwork) -> tuple[EgressWarning, ...]:
    """Every warning that applies."""
    of_egress = (warning for check in _OF_EGRESS for warning in check(egress))
    return (*of_egress, *warnings_of_routes(egress, network), *_unreadable(network))


def _unknown_type(egress: ClusterEgress) -> Found:
    if egress.outbound_type is None:
        text = f"Azure reports the outbound type {egress.declared or 'nothing'}, which this bot does not know."
        yield EgressWarning("unknown-outbound-type", text, "Check the cluster in the Azure portal.")


def _converging(egress: ClusterEgress) -> Found:
    if egress.state.lower() == "deleting":
        yield EgressWarning("deleting", "Azure is deleting the cluster, including its managed outbound IPs.")
    elif egress.is_converging:
        text = (
            f"Converging: Azure is changing the cluster ({egress.state}); its outbound IPs may still be the old ones."
        )
        yield EgressWarning("converging", text, "Check again when it has finished.")


def _failed(egress: ClusterEgress) -> Found:
    if egress.state.lower() in ("failed", "canceled"):
        text = f"Azure's last update of the cluster ended with state {egress.state}."
        yield EgressWarning("failed", text, "Retry the update, or check the cluster's error in the Azure portal.")


def _stopped(egress: ClusterEgress) -> Found:
    if not egress.is_running:
        yield EgressWarning("stopped", "The cluster is stopped: nothing leaves it.")


def _mismatch(egress: ClusterEgress) -> Found:
    if egress.outbound_type is None or (egress.is_converging and not any(path.subnet_id for path in egress.paths)):
        return
    for path in egress.paths:
        if path.carries != "virtualNodes" and path.kind not in EXPECTED[egress.outbound_type]:
            text = f"Declared {egress.declared}, but {whose(path)} actually leaves by {path.kind}. {path.why}"
            yield EgressWarning("mismatch", text, "Change the outbound type, or the resources attached to the subnet.")


def _unknown_hop(egress: ClusterEgress) -> Found:
    for path in egress.paths:
        is_hidden = path.kind in (PathKind.APPLIANCE, PathKind.VNET_GATEWAY)
        if is_hidden or path.behind:
            behind = "the virtual network gateway" if path.kind is PathKind.VNET_GATEWAY else path.next_hop
            text = f"The public IPs of {whose(path)} are unknown: Azure does not show what is behind "
            text += f"{path.behind or behind}."
            yield EgressWarning("unknown-next-hop", text, "Ask its owner for the public addresses.")


def _default_outbound(egress: ClusterEgress) -> Found:
    for path in egress.paths:
        if path.kind is PathKind.DEFAULT_OUTBOUND:
            text = f"{whose(path)} may leave through an address that Azure chooses, shares and changes without notice."
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


def _several_targets(egress: ClusterEgress) -> Found:
    """Warn about several targets: a request can choose a pool but not a destination."""
    ruled = [path for path in egress.paths if path.is_ruled]
    pools = {path.pools for path in ruled}
    if any(len({path.target for path in ruled if path.pools == each}) > 1 for each in pools):
        text = "Its routes split internet traffic between several paths, so a firewall sees only part of it."
        yield EgressWarning("split-routes", text, "Send everything to one next hop with a route for 0.0.0.0/0.")
    elif len({path.target for path in ruled}) > 1:
        text = "Node pools use different egress paths, so a rule for the whole cluster would not work for all of them."
        yield EgressWarning("split", text, "Name the node pool in a request.")


def _node_ips(egress: ClusterEgress) -> Found:
    names = [pool.name for pool in egress.pools if pool.node_public_ip]
    if names:
        text = f"Nodes in {', '.join(names)} have their own public IPs, which come and go with the nodes."
        yield EgressWarning(
            "node-public-ips", text, "Use a public IP prefix for the nodes if partners allowlist by IP."
        )


def _gateway_pools(egress: ClusterEgress) -> Found:
    pools = [pool for pool in egress.pools if pool.mode.lower() == "gateway"]
    if pools:
        named = ", ".join(f"{p.name} (/{p.gateway_prefix_size})" if p.gateway_prefix_size else p.name for p in pools)
        text = f"Static egress gateway: namespaces that use {named} use that pool's prefix instead."
        yield EgressWarning(
            "static-egress-gateway", text, "See StaticGatewayConfiguration in the cluster for the prefix."
        )


def _proxy(egress: ClusterEgress) -> Found:
    if egress.http_proxy:
        text = (
            f"Pods are configured to use the HTTP proxy {egress.http_proxy}: traffic that uses it leaves with "
            "the proxy's address."
        )
        yield EgressWarning("http-proxy", text)


def _no_ips(egress: ClusterEgress) -> Found:
    known = (PathKind.LOAD_BALANCER, PathKind.NAT_GATEWAY, PathKind.FIREWALL, PathKind.HUB_FIREWALL)
    for path in egress.paths:
        if path.kind in known and not path.ips and not path.behind:
            text = f"No public IP is known for {whose(path)}, although it leaves by {path.kind}."
            yield EgressWarning("no-addresses", text, "Check that it has a public IP, and that the bot may read it.")


def _basic(egress: ClusterEgress) -> Found:
    if egress.is_basic:
        text = "Its load balancer is of the basic SKU, which has no outbound rules and was retired by Azure in 2025."
        yield EgressWarning("basic-load-balancer", text, "Move the cluster to a standard load balancer.")


def _unreadable(network: AzureNetwork) -> Found:
    for what, reason in sorted(network.unreadable.items()):
        if reason == DELETED:
            text = f"{what} was deleted in Azure, but something still refers to it."
            yield EgressWarning("deleted", text, "Restore it, or remove the reference.")
        else:
            text = f"Could not read {what} ({reason}). Anything that depends on it is not shown."
            yield EgressWarning("unreadable", text, "Grant the bot's identity permission to read it.")


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
    _basic,
)
