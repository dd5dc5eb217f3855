"""The default SNAT ports per node of a load balancer: Azure's table."""

from dataclasses import dataclass
from itertools import pairwise

LB_TIERS = ((50, 1024), (100, 512), (200, 256), (400, 128), (800, 64), (1000, 32))
"""Nodes up to which each gets so many ports, where ``allocatedOutboundPorts`` is 0.

Source: https://learn.microsoft.com/azure/load-balancer/load-balancer-outbound-connections#preallocatedports,
read 2026-11.
"""


@dataclass(frozen=True, slots=True)
class Cliff:
    """The next step down of Azure's table.

    Args:
        at_nodes: The number of nodes at which it happens.
        ports_before: SNAT ports of each node before.
        ports_after: And after: open flows break.
    """

    at_nodes: int
    ports_before: int
    ports_after: int


def tier_ports(nodes: int) -> int:
    """SNAT ports of each node by Azure's table; 0 beyond its end (1000 nodes)."""
    return next((ports for most, ports in LB_TIERS if nodes <= most), 0)


def next_cliff(nodes: int) -> Cliff | None:
    """The next step down for a cluster of so many nodes."""
    steps = (Cliff(most + 1, before, after) for (most, before), (_, after) in pairwise(LB_TIERS))
    return next((cliff for cliff in steps if nodes < cliff.at_nodes), None)
