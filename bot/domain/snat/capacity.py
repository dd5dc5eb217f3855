"""SNAT ports: how many there are and how many are needed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from bot.domain.egress import ClusterEgress, EgressPath, OutboundIp, PathKind
from bot.domain.grouping import grouped
from bot.domain.phrases import counted
from bot.domain.snat.tiers import LB_TIERS, Cliff, next_cliff, tier_ports

LB_PORTS_PER_IP = 64_000
"""SNAT ports of one load balancer frontend IP.

Source: https://learn.microsoft.com/azure/load-balancer/load-balancer-outbound-connections, read 2026-11.
"""

NAT_PORTS_PER_IP = 64_512
"""SNAT ports of one public IP on a NAT gateway, given out on demand.

Source: https://learn.microsoft.com/azure/nat-gateway/nat-gateway-snat, read 2026-11.
"""

FIREWALL_PORTS_PER_IP_AND_INSTANCE = 2_496
"""SNAT ports of one public IP on one instance of Azure Firewall.

Source: https://learn.microsoft.com/azure/firewall/integrate-with-nat-gateway, read 2026-11.
"""

FIREWALL_LEAST_INSTANCES = 2
"""Instances that every Azure Firewall has at least; source as above."""

LB_IP_COUNTS = range(1, 101)
"""Managed outbound IPs of a load balancer.

Source: https://learn.microsoft.com/azure/aks/load-balancer-standard#scale-the-number-of-managed-outbound-public-ips,
read 2026-11.
"""

NAT_IP_COUNTS = range(1, 17)
"""Managed outbound IPs of a NAT gateway; source: https://learn.microsoft.com/azure/aks/nat-gateway, read 2026-11."""

ENOUGH_PORTS_PER_NODE = 1024
"""Our own judgement: below this a shared, on-demand pool counts as near exhaustion.

It is what Azure gives each node of the smallest load balancer tier (``LB_TIERS``).
"""

TIGHT_SHARE = 0.9
"""Our own judgement: explicitly allocated ports count as near exhaustion when more than this share is needed."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """The SNAT capacity of a cluster.

    Args:
        kind: What gives out the ports; ``none`` where nothing is known.
        ip_count: Public IPv4 addresses that ports come from, those in prefixes counted one by one.
        ports_per_ip: SNAT ports of each.
        total_ports: All of them.
        ports_per_node: Ports of each node now; None where they are given out on demand.
        nodes_now: Nodes that run now.
        max_nodes: Nodes with every autoscaler at its most and every pool in an upgrade's surge.
        node_limit: Nodes that the ports suffice for; None where they are given out on demand.
        headroom_nodes: ``node_limit - max_nodes``: below zero, nodes will not start or have no ports.
        cliff: The next step down of Azure's table; None without the table, or past its end.
        near_exhaustion: Whether something should be done.
        advice: One sentence: whether it is near exhaustion, and what to do.
        is_shared: Whether others draw from the same ports (firewalls).
        surge_nodes: How many of ``max_nodes`` exist only while pools are upgraded.
        pools: The node pools that draw from these ports, as far as they were told apart.
        through: The name of the NAT gateway or firewall; empty where Azure names none.
        is_unbounded: Whether AKS shows no limit of the nodes: ``max_nodes`` counts only those of the pools it shows.
    """

    kind: PathKind
    ip_count: int
    ports_per_ip: int
    total_ports: int
    ports_per_node: int | None
    nodes_now: int
    max_nodes: int
    node_limit: int | None = None
    headroom_nodes: int | None = None
    cliff: Cliff | None = None
    near_exhaustion: bool = False
    advice: str = ""
    is_shared: bool = False
    surge_nodes: int = 0
    pools: tuple[str, ...] = ()
    through: str = ""
    is_unbounded: bool = False


def capacity(egress: ClusterEgress) -> Capacity:
    """The SNAT capacity of the tightest of a cluster's ways out."""
    return capacities(egress)[0]


def capacities(egress: ClusterEgress) -> tuple[Capacity, ...]:
    """The SNAT capacity of each of a cluster's ways out, the tightest first; at least one.

    Pools on the same NAT gateway or firewall draw from the same ports; a load balancer counts every node of the
    cluster, because all of them are in its backend pool.

    Ports per IP, the table and the firewall's figures: see the constants of this module. Explicit allocation follows
    ``IPs >= ceil(ports per node * (max nodes + surge) / 64000)``
    (https://learn.microsoft.com/azure/aks/load-balancer-standard#configure-the-allocated-outbound-ports, read 2026-11).
    """
    ways = grouped(((path.kind, path.nat_gateway or path.firewall), path) for path in egress.paths)
    found = [_of_way(egress, kind, source or "", paths) for (kind, source), paths in ways.items()]
    return tuple(sorted(found, key=_tightness)) or (_on_demand(egress, PathKind.NONE, 0),)


def _of_way(egress: ClusterEgress, kind: PathKind, source: str, paths: Sequence[EgressPath]) -> Capacity:
    ips = _addresses([ip for path in paths for ip in path.ips])
    pools = tuple(dict.fromkeys(name for path in paths for name in path.pools))
    if kind is PathKind.LOAD_BALANCER and not ips:
        found, surge = replace(_by_table(egress, 0), **_NO_IPS), surge_nodes(egress)
    elif kind is PathKind.LOAD_BALANCER:
        ports = egress.allocated_ports
        found = _allocated(egress, ips, ports) if ports else _by_table(egress, ips)
        surge = surge_nodes(egress)
    else:
        drawing = tuple(pool for pool in egress.pools if pool.name in pools)
        part = replace(egress, pools=drawing, paths=tuple(paths))
        found, surge = _on_demand(part, kind, ips), surge_nodes(part)
    whole = replace(found, surge_nodes=surge, pools=pools, through=source.rsplit("/", 1)[-1])
    whole = _incomplete(whole) if any(one.code == "missing-address" for one in egress.warnings) else whole
    return _unbounded(whole) if egress.is_unbounded else whole


def _incomplete(found: Capacity) -> Capacity:
    """Rewrite the advice when a configured outbound IP is missing: nothing is called enough then."""
    if found.kind not in (PathKind.LOAD_BALANCER, PathKind.NAT_GATEWAY) or found.near_exhaustion:
        return found
    rest = found.advice.removeprefix("Enough: ")
    return replace(found, near_exhaustion=True, advice=f"An outbound IP is missing. With the remaining ones: {rest}")


def _unbounded(found: Capacity) -> Capacity:
    """Without a limit of nodes nothing is enough: what there is, and for how many nodes, is all that can be said."""
    if found.near_exhaustion or not found.total_ports:
        return replace(found, is_unbounded=True, headroom_nodes=None)
    nodes = found.node_limit or found.total_ports // ENOUGH_PORTS_PER_NODE
    advice = (
        "AKS sets no node limit here (node auto-provisioning, or pools that AKS hosts): "
        f"{found.total_ports:,} ports are enough for {counted(nodes, 'node')}. Monitor the node count."
    )
    return replace(found, is_unbounded=True, headroom_nodes=None, advice=advice)


def _tightness(found: Capacity) -> tuple[bool, bool, float]:
    """Near exhaustion first; what nobody knows last."""
    share = found.ports_per_node or found.total_ports / max(1, found.max_nodes)
    return not found.near_exhaustion, not found.total_ports, share


def needed_ips(egress: ClusterEgress) -> int:
    """Load balancer IPs that the explicitly allocated ports need at the most nodes; 1 without explicit allocation."""
    return max(1, ceil((egress.allocated_ports or 0) * max_nodes(egress) / LB_PORTS_PER_IP))


def _addresses(ips: list[OutboundIp]) -> int:
    distinct = {ip.address for ip in ips if ip.version == 4}
    return sum(2 ** (32 - int(address.partition("/")[2] or 32)) for address in distinct)


def _nodes_now(egress: ClusterEgress) -> int:
    return sum(pool.nodes for pool in egress.pools)


def max_nodes(egress: ClusterEgress) -> int:
    """Nodes with every autoscaler at its most and every pool in an upgrade's surge."""
    return sum(pool.max_nodes + pool.surge_nodes for pool in egress.pools)


def surge_nodes(egress: ClusterEgress) -> int:
    """Nodes that upgrades of all pools at once would add for a while."""
    return sum(pool.surge_nodes for pool in egress.pools)


def _supply(egress: ClusterEgress, kind: PathKind, ips: int, per_ip: int) -> Capacity:
    """The ports that are given out, before anything is said of them."""
    return Capacity(kind, ips, per_ip, per_ip * ips, None, _nodes_now(egress), max_nodes(egress))


def _balancer_supply(egress: ClusterEgress, ips: int, ports: int, limit: int) -> Capacity:
    """The same of a load balancer, with the ports of each node and the nodes that they suffice for."""
    found = _supply(egress, PathKind.LOAD_BALANCER, ips, LB_PORTS_PER_IP)
    return replace(found, ports_per_node=ports, node_limit=limit, headroom_nodes=limit - found.max_nodes)


def _allocated(egress: ClusterEgress, ips: int, ports: int) -> Capacity:
    found = _balancer_supply(egress, ips, ports, LB_PORTS_PER_IP * ips // ports)
    most = found.max_nodes
    is_near = ports * most > TIGHT_SHARE * found.total_ports
    needed = counted(needed_ips(egress), "IP")
    need = f"{ports:,} ports for each of up to {counted(most, 'node')} need {needed}, and the cluster has {ips}"
    advice = f"Near exhaustion: {need}. Add outbound IPs or allocate fewer ports." if is_near else f"Enough: {need}."
    return replace(found, near_exhaustion=is_near, advice=advice)


_NO_IPS: dict[str, Any] = {
    "ports_per_node": 0,
    "node_limit": 0,
    "headroom_nodes": None,
    "cliff": None,
    "near_exhaustion": True,
    "advice": "The load balancer has no outbound IP, so there are no SNAT ports. Add one.",
}
"""The values that differ when a load balancer has lost its last outbound IP."""

BASIC_NODES = 100
"""Nodes of a cluster with a basic load balancer.

Source: https://learn.microsoft.com/azure/aks/quotas-skus-regions, read 2026-11.
"""


def _by_table(egress: ClusterEgress, ips: int) -> Capacity:
    now, most = _nodes_now(egress), max_nodes(egress)
    ports, cliff, limit = tier_ports(now), next_cliff(now), BASIC_NODES if egress.is_basic else LB_TIERS[-1][0]
    is_near = most > LB_TIERS[-1][0] or tier_ports(most) < ports
    advice = _table_advice(now, most, cliff, is_near=is_near)
    return replace(_balancer_supply(egress, ips, ports, limit), cliff=cliff, near_exhaustion=is_near, advice=advice)


def _table_advice(now: int, most: int, cliff: Cliff | None, *, is_near: bool) -> str:
    if is_near and cliff:
        return (
            f"Near exhaustion: growing from {now} to {most} nodes passes {cliff.at_nodes}, where every node drops from "
            f"{cliff.ports_before:,} to {cliff.ports_after:,} ports and open flows break. "
            "Allocate ports explicitly, or move to a NAT gateway."
        )
    if is_near:
        return (
            f"Near exhaustion: Azure's table of ports ends at {LB_TIERS[-1][0]:,} nodes, and there may be {most:,}. "
            "Allocate ports explicitly, or move to a NAT gateway."
        )
    ports = tier_ports(now)
    return (
        f"Enough: each node keeps {ports:,} ports up to {counted(most, 'node')}. More IPs alone add no ports to a node."
    )


_ON_DEMAND = {
    PathKind.NAT_GATEWAY: NAT_PORTS_PER_IP,
    PathKind.FIREWALL: FIREWALL_PORTS_PER_IP_AND_INSTANCE * FIREWALL_LEAST_INSTANCES,
    PathKind.HUB_FIREWALL: FIREWALL_PORTS_PER_IP_AND_INSTANCE * FIREWALL_LEAST_INSTANCES,
}
"""Ports of each IP; a firewall's are for its least instances, because Azure does not say how many run."""


def _on_demand(egress: ClusterEgress, kind: PathKind, ips: int) -> Capacity:
    has_nat = any(path.nat_gateway for path in egress.paths if path.kind is kind)
    per_ip = NAT_PORTS_PER_IP if has_nat else _ON_DEMAND.get(kind, 0)
    found = _supply(egress, kind, ips, per_ip)
    is_near = 0 < found.total_ports < ENOUGH_PORTS_PER_NODE * found.max_nodes
    advice = _on_demand_advice(kind, found.total_ports, found.max_nodes, is_near=is_near)
    is_shared = kind in (PathKind.FIREWALL, PathKind.HUB_FIREWALL)
    return replace(found, near_exhaustion=is_near, advice=advice, is_shared=is_shared)


_WITHOUT_PORTS = {
    PathKind.NONE: "There is no egress path, so there are no SNAT ports.",
    PathKind.DEFAULT_OUTBOUND: "Azure guarantees no number of SNAT ports for default outbound access.",
    PathKind.BLOCKED: "Outbound traffic is blocked, so there are no SNAT ports.",
    PathKind.INSTANCE: "Every node has its own public IP and ports, so nodes do not compete for SNAT ports.",
    PathKind.APPLIANCE: "Azure does not know the number of SNAT ports: ask the appliance's owner.",
    PathKind.VNET_GATEWAY: "The number of SNAT ports depends on what is behind the gateway.",
}


def _on_demand_advice(kind: PathKind, total: int, most: int, *, is_near: bool) -> str:
    if not total:
        return _WITHOUT_PORTS.get(kind, "Azure does not know the number of SNAT ports.")
    shared = ", shared with everything else behind the firewall" if kind is not PathKind.NAT_GATEWAY else ""
    facts = f"{total:,} ports on demand for up to {counted(most, 'node')}{shared}"
    if not is_near:
        return f"Enough: {facts}."
    way_out = "Add public IPs." if kind is PathKind.NAT_GATEWAY else "Add public IPs, or a NAT gateway on the firewall."
    return f"Near exhaustion: {facts}. {way_out}"
