"""Node pools, as far as egress goes: where their nodes are, and how many there may be."""

from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True)
class NodePool:
    """A node pool, as far as its egress goes.

    Args:
        name: Its name.
        subnet_id: Lower-case id of the nodes' subnet; None in a managed VNet.
        pod_subnet_id: Lower-case id of the pods' own subnet, if they have one.
        count: Nodes that are wanted now.
        max_count: The autoscaler's most; None without an autoscaler.
        autoscaling: Whether the autoscaler is on.
        max_surge: Extra nodes during an upgrade: a number (``"2"``), a percentage (``"33%"``), None for AKS's default.
        mode: ``System``, ``User`` or ``Gateway``.
        node_public_ip: Whether every node has a public IP of its own.
        node_ip_prefix_id: Lower-case id of the public IP prefix that those come from, if one is set.
        gateway_prefix_size: Length of the prefix of a static egress gateway pool (28..31); None for others.
        is_running: False for a stopped pool.
        is_spot: Whether its nodes are spot machines, of which an upgrade adds none.
        is_scale_set: Whether its nodes are a virtual machine scale set; others are an availability set, or machines of
            several sizes.
    """

    name: str
    subnet_id: str | None = None
    pod_subnet_id: str | None = None
    count: int = 0
    max_count: int | None = None
    autoscaling: bool = False
    max_surge: str | None = None
    mode: str = "User"
    node_public_ip: bool = False
    node_ip_prefix_id: str | None = None
    gateway_prefix_size: int | None = None
    is_running: bool = True
    is_spot: bool = False
    is_scale_set: bool = True

    @property
    def nodes(self) -> int:
        """Nodes that exist now."""
        return self.count if self.is_running else 0

    @property
    def max_nodes(self) -> int:
        """Nodes that the autoscaler may reach; the count without one."""
        return max(self.max_count or 0, self.count) if self.autoscaling else self.count

    @property
    def surge_nodes(self) -> int:
        """Nodes that an upgrade adds for a while; percentages are rounded up, and the default is one node.

        A pool that never has a node needs none, and spot pools get none.
        Sources, read 2026-11: https://learn.microsoft.com/azure/aks/upgrade-aks-node-pools-rolling and
        https://learn.microsoft.com/azure/aks/spot-node-pool#upgrade-a-spot-node-pool.
        """
        if self.is_spot or not self.max_nodes:
            return 0
        surge = (self.max_surge or "1").strip()
        if surge.endswith("%") and surge[:-1].isdecimal():
            return ceil(self.max_nodes * int(surge[:-1]) / 100)
        return int(surge) if surge.isdecimal() else 1


@dataclass(frozen=True, slots=True)
class NodeSubnet:
    """A subnet that nodes or pods of a cluster are in, and what is attached to it.

    Args:
        id: Lower-case id.
        nat_gateway: Lower-case id of the NAT gateway attached to it, whether or not traffic takes it.
        route_table: Lower-case id of its route table.
        has_default_route: Whether that table has a route for 0.0.0.0/0; None where the table could not be read.
        is_known: Whether the subnet could be read.
    """

    id: str
    nat_gateway: str | None = None
    route_table: str | None = None
    has_default_route: bool | None = False
    is_known: bool = True
