"""The outbound settings that a plan changes: one value for each kind of change.

Each kind says what it starts from, whether Azure was told, and what is still missing. How it is written into a managed
cluster is in ``bot.azure.scaling``. A new kind is one more class here, and one more member of ``Change``.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from bot.domain.egress import ClusterEgress
from bot.domain.phrases import counted, listed

Direction = Literal["up", "down"]
"""Whether a change gives the cluster more, or takes something away from it."""


@dataclass(frozen=True, slots=True)
class BaseChange(ABC):
    """The questions that every kind of change answers."""

    @property
    @abstractmethod
    def text(self) -> str:
        """From what to what, behind a cluster's name: ``from 1 to 2 outbound IPs``."""

    @property
    @abstractmethod
    def goal(self) -> str:
        """What is there afterwards, behind "to": ``2 outbound IPs``."""

    @property
    @abstractmethod
    def direction(self) -> Direction:
        """``down`` where addresses, ports or flows are taken away: a person always decides that."""

    @property
    @abstractmethod
    def ends(self) -> tuple[str, str]:
        """What it is set to before and after, in few characters, for the audit log and files."""

    @property
    def ip_counts(self) -> tuple[int, int]:
        """Outbound IPs and prefixes before and after, for the approval policy; equal where none come or go."""
        return 0, 0

    @property
    def chosen_by_azure(self) -> int:
        """Addresses that Azure picks: so many come, or, below zero, go."""
        return 0

    @abstractmethod
    def is_as_planned(self, egress: ClusterEgress) -> bool:
        """Whether the cluster is still set to what the plan started from."""

    @abstractmethod
    def is_set(self, egress: ClusterEgress) -> bool:
        """Whether Azure was told: the cluster is set to what was approved."""

    @abstractmethod
    def missing(self, egress: ClusterEgress) -> str:
        """What is not there yet although the cluster is set to it, as a clause; empty where all is there."""

    def addresses(self, egress: ClusterEgress) -> tuple[str, ...]:
        """The outbound addresses that it is about."""
        return tuple(ip.address for ip in egress.ips)


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


@dataclass(frozen=True, slots=True)
class PortsChange(BaseChange):
    """Another number of SNAT ports that a load balancer allocates to each node.

    Args:
        before: ``allocatedOutboundPorts`` now: a multiple of 8, 0 where Azure's table decides by the node count.
        after: The same afterwards.
        node_before: Ports that each node has now.
        node_after: And afterwards, with as many nodes as now.
    """

    before: int
    after: int
    node_before: int
    node_after: int
    knob: Literal["ports"] = "ports"

    @property
    def text(self) -> str:
        """``from 1,024 (by Azure's table) to 4,096 SNAT ports per node``."""
        return f"from {_ports(self.before, self.node_before)} to {self.goal}"

    @property
    def goal(self) -> str:
        """``4,096 SNAT ports per node``."""
        return f"{_ports(self.after, self.node_after)} SNAT ports per node"

    @property
    def direction(self) -> Direction:
        """Down where a node loses ports."""
        return "down" if self.node_after < self.node_before else "up"

    @property
    def ends(self) -> tuple[str, str]:
        """The two allocations, 0 for Azure's table."""
        return str(self.before), str(self.after)

    def is_as_planned(self, egress: ClusterEgress) -> bool:
        """Whether the allocation is the one that the plan started from."""
        return (egress.allocated_ports or 0) == self.before

    def is_set(self, egress: ClusterEgress) -> bool:
        """Whether the approved number is allocated."""
        return (egress.allocated_ports or 0) == self.after

    def missing(self, _egress: ClusterEgress) -> str:
        """Nothing: the allocation has no result apart from the setting."""
        return ""


def _ports(allocated: int, of_node: int) -> str:
    return f"{of_node:,}" if allocated else f"{of_node:,} (by Azure's table)"


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


@dataclass(frozen=True, slots=True)
class OwnIpsChange(BaseChange):
    """Other public IPs and prefixes of one's own.

    Args:
        before: Lower-case ids of those that the cluster is set to now; empty where AKS manages its IPs.
        after: The same afterwards, at least one: prefixes first.
        replaced: Managed outbound IPs that AKS deletes when one's own take their place; 0 where there are none.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    replaced: int = 0
    knob: Literal["ips"] = "ips"

    @property
    def added(self) -> tuple[str, ...]:
        """The ids that come."""
        return tuple(id_ for id_ in self.after if id_ not in self.before)

    @property
    def removed(self) -> tuple[str, ...]:
        """The ids that go."""
        return tuple(id_ for id_ in self.before if id_ not in self.after)

    @property
    def text(self) -> str:
        """``from 2 to 3 own outbound IPs and prefixes (adds ip-c)``."""
        acts = [f"{verb} {_named(ids)}" for verb, ids in (("adds", self.added), ("removes", self.removed)) if ids]
        before = f"{self.replaced} managed" if self.replaced else str(len(self.before))
        return f"from {before} to {self.goal} ({', '.join(acts)})"

    @property
    def goal(self) -> str:
        """``3 own outbound IPs and prefixes``."""
        return (
            "1 own outbound IP or prefix"
            if len(self.after) == 1
            else f"{len(self.after)} own outbound IPs and prefixes"
        )

    @property
    def direction(self) -> Direction:
        """Down where addresses go."""
        return "down" if self.removed or self.replaced else "up"

    @property
    def ends(self) -> tuple[str, str]:
        """The names of what the cluster is set to."""
        return _names(self.before) or f"{self.replaced} managed", _names(self.after)

    @property
    def ip_counts(self) -> tuple[int, int]:
        """Own IPs and prefixes, each as one; managed IPs that they replace."""
        return self.replaced or len(self.before), len(self.after)

    def is_as_planned(self, egress: ClusterEgress) -> bool:
        """Whether the cluster has the IPs that the plan started from."""
        return set(egress.own) == set(self.before) and (egress.desired_ip_count or 0) == self.replaced

    def is_set(self, egress: ClusterEgress) -> bool:
        """Whether the cluster is set to the approved IPs."""
        return set(egress.own) == set(self.after)

    def missing(self, egress: ClusterEgress) -> str:
        """``ip-c does not carry traffic yet``."""
        there = {ip.id for ip in egress.ips}
        absent, left = [id_ for id_ in self.after if id_ not in there], [id_ for id_ in self.removed if id_ in there]
        said = [f"{_named(absent)} not in use yet"] if absent else []
        return ", ".join([*said, *([f"{_named(left)} still in use"] if left else [])])


def _named(ids: tuple[str, ...] | list[str]) -> str:
    return listed([id_.rsplit("/", 1)[-1] for id_ in ids], 5)


def _names(ids: tuple[str, ...]) -> str:
    return " ".join(id_.rsplit("/", 1)[-1] for id_ in ids)


Change = Annotated[CountChange | PortsChange | IdleChange | OwnIpsChange, Field(discriminator="knob")]
"""One change of a cluster's outbound settings."""


def wanted_count(egress: ClusterEgress, *, ipv6: bool = False) -> int:
    """The configured number of managed outbound IPs of an IP version."""
    return (egress.desired_ipv6_count if ipv6 else egress.desired_ip_count) or 0


def addresses_there(egress: ClusterEgress, *, ipv6: bool = False) -> tuple[str, ...]:
    """The outbound addresses of a version that are really there."""
    return tuple(ip.address for ip in egress.ips if ip.version == (6 if ipv6 else 4))
