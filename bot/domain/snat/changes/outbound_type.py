"""Another outbound type."""

from dataclasses import dataclass
from typing import Literal

from bot.domain.egress import ClusterEgress, OutboundType, PathKind
from bot.domain.phrases import counted
from bot.domain.snat.changes.base import BaseChange, Direction

_WAYS = {
    OutboundType.LOAD_BALANCER: (PathKind.LOAD_BALANCER,),
    OutboundType.MANAGED_NAT_GATEWAY: (PathKind.NAT_GATEWAY,),
    OutboundType.MANAGED_NAT_GATEWAY_V2: (PathKind.NAT_GATEWAY,),
    OutboundType.USER_ASSIGNED_NAT_GATEWAY: (PathKind.NAT_GATEWAY,),
}
"""What carries the traffic of an outbound type, where AKS or Azure shows it; other types show what is gone."""


@dataclass(frozen=True, slots=True)
class TypeChange(BaseChange):
    """Another outbound type, with what belongs to it.

    Args:
        before: The outbound type now, the SKU of a managed NAT gateway told apart.
        after: The outbound type afterwards.
        count: Managed outbound IPs afterwards: 1..100 of a load balancer, 1..16 of a managed NAT gateway; None where
            AKS manages none.
        idle: Idle timeout afterwards, in minutes; None where it is not the cluster's to set.
        gone: The outbound addresses that must not be in use afterwards.
    """

    before: OutboundType
    after: OutboundType
    count: int | None = None
    idle: int | None = None
    gone: tuple[str, ...] = ()
    knob: Literal["type"] = "type"

    @property
    def text(self) -> str:
        """``from the outbound type loadBalancer to managedNATGateway with 2 outbound IPs``."""
        return f"from the outbound type {self.before} to {self.goal}"

    @property
    def goal(self) -> str:
        """``managedNATGateway with 2 outbound IPs``."""
        return f"{self.after} with {counted(self.count, 'outbound IP')}" if self.count else str(self.after)

    @property
    def typed(self) -> str:
        """Nothing: it is asked for with another command."""
        return ""

    @property
    def direction(self) -> Direction:
        """Down: all open connections break, so a person always decides."""
        return "down"

    @property
    def ends(self) -> tuple[str, str]:
        """The two outbound types."""
        return str(self.before), str(self.after)

    @property
    def chosen_by_azure(self) -> int:
        """The new managed addresses."""
        return self.count or 0

    def is_as_planned(self, egress: ClusterEgress) -> bool:
        """Whether the outbound type is the one that the plan started from."""
        return egress.exact_outbound_type is self.before

    def is_set(self, egress: ClusterEgress) -> bool:
        """Whether the approved outbound type is set, with the approved number of managed outbound IPs."""
        return egress.exact_outbound_type is self.after and self.count in (None, egress.desired_ip_count)

    def missing(self, egress: ClusterEgress) -> str:
        """``half-way: it is set to managedNATGateway, and traffic still leaves through 20.1.2.3``."""
        left = [ip.address for ip in egress.ips if ip.address in self.gone]
        if left:
            return f"half-way: it is set to {self.after}, and traffic still leaves through {', '.join(left)}"
        ways = _WAYS.get(self.after)
        others = [path.kind for path in egress.paths if ways and path.kind not in ways and path.is_ruled]
        if others:
            return f"half-way: it is set to {self.after}, and traffic leaves by {others[0]}"
        there = sum(ip.version == 4 for ip in egress.ips)
        if self.count is not None and there != self.count:
            return f"half-way: {counted(there, 'outbound IP')} of {self.count} is there"
        return ""

    def halfway(self, egress: ClusterEgress) -> str:
        """Where a change that failed has left the cluster, as a sentence; empty where it is as it was."""
        if egress.exact_outbound_type is self.before:
            return f"The cluster still has the outbound type {self.before}."
        missing = self.missing(egress)
        if not missing:
            return f"The cluster has the outbound type {self.after}."
        return f"The cluster is {missing}. `az aks update` without other options lets AKS finish it."
