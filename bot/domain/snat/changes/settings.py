"""Settings of the outbound connections: ports for each node, and the idle timeout."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from bot.domain.egress import ClusterEgress
from bot.domain.phrases import counted
from bot.domain.snat.changes.base import BaseChange, Direction
from bot.domain.snat.changes.count import CountChange


@dataclass(frozen=True, slots=True)
class PortsChange(BaseChange):
    """Another number of SNAT ports that a load balancer allocates to each node.

    Args:
        before: ``allocatedOutboundPorts`` now: a multiple of 8, 0 where Azure's table decides by the node count.
        after: The same afterwards.
        node_before: Ports that each node has now.
        node_after: And afterwards, with as many nodes as now.
        ips: The outbound IPs that are added with it, where it needs more than there are.
    """

    before: int
    after: int
    node_before: int
    node_after: int
    ips: CountChange | None = None
    knob: Literal["ports"] = "ports"

    @property
    def text(self) -> str:
        """``from 1,024 (by Azure's table) to 4,096 SNAT ports per node``."""
        more = f", and {self.ips.text}" if self.ips else ""
        return f"from {_ports(self.before, self.node_before)} to {_each(self.after, self.node_after)}{more}"

    @property
    def goal(self) -> str:
        """``4,096 SNAT ports per node``."""
        more = f" and {self.ips.goal}" if self.ips else ""
        return f"{_each(self.after, self.node_after)}{more}"

    @property
    def typed(self) -> str:
        """``ports 4096``, or the goal that brings the IPs along."""
        return f"for {self.after} ports per node" if self.ips else f"ports {self.after}"

    @property
    def direction(self) -> Direction:
        """Down where a node loses ports."""
        return "down" if self.node_after < self.node_before else "up"

    @property
    def ends(self) -> tuple[str, str]:
        """The two allocations, 0 for Azure's table."""
        return str(self.before), str(self.after)

    @property
    def ip_counts(self) -> tuple[int, int]:
        """Those that it brings along."""
        return self.ips.ip_counts if self.ips else (0, 0)

    @property
    def chosen_by_azure(self) -> int:
        """Those that it brings along."""
        return self.ips.chosen_by_azure if self.ips else 0

    def is_as_planned(self, egress: ClusterEgress) -> bool:
        """Whether the allocation is the one that the plan started from."""
        has_ips = self.ips is None or self.ips.is_as_planned(egress)
        return (egress.allocated_ports or 0) == self.before and has_ips

    def is_set(self, egress: ClusterEgress) -> bool:
        """Whether the approved number is allocated."""
        has_ips = self.ips is None or self.ips.is_set(egress)
        return (egress.allocated_ports or 0) == self.after and has_ips

    def missing(self, egress: ClusterEgress) -> str:
        """The outbound IPs that it brings along; the allocation has no result apart from the setting."""
        return self.ips.missing(egress) if self.ips else ""


def _each(allocated: int, of_node: int) -> str:
    return f"{of_node:,} SNAT ports per node{'' if allocated else _TABLE}"


_TABLE = " (by Azure's table)"


def _ports(allocated: int, of_node: int) -> str:
    return f"{of_node:,}{'' if allocated else _TABLE}"


@dataclass(frozen=True, slots=True)
class IdleChange(BaseChange):
    """Another idle timeout of outbound flows.

    Args:
        before: Minutes now; AKS's default where none is set.
        after: Minutes afterwards, 4..120.
    """

    before: int
    after: int
    knob: Literal["idle"] = "idle"

    @property
    def text(self) -> str:
        """``from 30 to 10 minutes of idle timeout``."""
        return f"from {self.before} to {self.goal}"

    @property
    def goal(self) -> str:
        """``10 minutes of idle timeout``."""
        return f"{counted(self.after, 'minute')} of idle timeout"

    @property
    def typed(self) -> str:
        """``idle 10``."""
        return f"idle {self.after}"

    @property
    def direction(self) -> Direction:
        """Down where idle flows are dropped earlier."""
        return "down" if self.after < self.before else "up"

    @property
    def ends(self) -> tuple[str, str]:
        """The minutes."""
        return str(self.before), str(self.after)

    def is_as_planned(self, egress: ClusterEgress) -> bool:
        """Whether the timeout is the one that the plan started from."""
        return egress.idle_timeout == timedelta(minutes=self.before)

    def is_set(self, egress: ClusterEgress) -> bool:
        """Whether the approved timeout is set."""
        return egress.idle_timeout == timedelta(minutes=self.after)

    def missing(self, _egress: ClusterEgress) -> str:
        """Nothing: the timeout has no result apart from the setting."""
        return ""
