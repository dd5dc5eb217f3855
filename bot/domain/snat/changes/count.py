"""Another number of managed outbound IPs."""

from dataclasses import dataclass
from typing import Literal

from bot.domain.egress import ClusterEgress
from bot.domain.phrases import counted
from bot.domain.snat.changes.base import BaseChange, Direction


@dataclass(frozen=True, slots=True)
class CountChange(BaseChange):
    """Another number of managed outbound IPs.

    Args:
        before: Managed IPs that AKS is set to; what is there may differ.
        after: Managed IPs that will be wanted: 1..100 for a load balancer, 1..16 for a managed NAT gateway.
        there: The addresses of that IP version that are there.
        ipv6: Whether it is the IPv6 count.
    """

    before: int
    after: int
    there: int
    ipv6: bool = False
    knob: Literal["count"] = "count"

    @property
    def text(self) -> str:
        """``from 1 to 2 outbound IPs``."""
        return f"from {self.there} to {self.goal}"

    @property
    def goal(self) -> str:
        """``2 outbound IPs``."""
        return counted(self.after, "outbound IPv6 IP" if self.ipv6 else "outbound IP")

    @property
    def typed(self) -> str:
        """``2``, or ``ipv6 2``."""
        return f"ipv6 {self.after}" if self.ipv6 else str(self.after)

    @property
    def direction(self) -> Direction:
        """Down where fewer are wanted than there are."""
        return "down" if self.after < self.there else "up"

    @property
    def ends(self) -> tuple[str, str]:
        """The two counts."""
        return str(self.before), str(self.after)

    @property
    def ip_counts(self) -> tuple[int, int]:
        """The counts that AKS is set to."""
        return self.before, self.after

    @property
    def chosen_by_azure(self) -> int:
        """All of them, coming or going."""
        return self.after - self.there

    def is_as_planned(self, egress: ClusterEgress) -> bool:
        """Whether the count is the one that the plan started from."""
        return wanted_count(egress, ipv6=self.ipv6) == self.before

    def is_set(self, egress: ClusterEgress) -> bool:
        """Whether the approved count is wanted."""
        return wanted_count(egress, ipv6=self.ipv6) == self.after

    def missing(self, egress: ClusterEgress) -> str:
        """``only 1 of 3 outbound IPs is there``."""
        there = len(self.addresses(egress))
        return "" if there == self.after else f"only {there} of {self.goal} {'is' if there == 1 else 'are'} there"

    def addresses(self, egress: ClusterEgress) -> tuple[str, ...]:
        """Those of the IP version that is counted."""
        return addresses_there(egress, ipv6=self.ipv6)


def wanted_count(egress: ClusterEgress, *, ipv6: bool = False) -> int:
    """The configured number of managed outbound IPs of an IP version."""
    return (egress.desired_ipv6_count if ipv6 else egress.desired_ip_count) or 0


def addresses_there(egress: ClusterEgress, *, ipv6: bool = False) -> tuple[str, ...]:
    """The outbound addresses of a version that are really there."""
    return tuple(ip.address for ip in egress.ips if ip.version == (6 if ipv6 else 4))
