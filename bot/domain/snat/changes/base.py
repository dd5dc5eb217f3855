"""What every kind of change answers."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

from bot.domain.egress import ClusterEgress

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
    def typed(self) -> str:
        """What one types behind ``/egress scale CLUSTER`` to ask for it again."""

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
