"""Clusters as they were read, now and before."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.egress import ClusterEgress, ClusterRef, Fleet, IpChange, Period, RequiredEndpoints


@dataclass(frozen=True, slots=True)
class FleetReading:
    """The last time all clusters were read together.

    Args:
        read_at: When it began.
        gaps: A sentence for each subscription that could not be read; its clusters are older than ``read_at``.
    """

    read_at: datetime
    gaps: tuple[str, ...] = ()


class Snapshots(Protocol):
    """Clusters as they were last read, and what their outbound IPs were before."""

    def put(self, egress: ClusterEgress, read_at: datetime) -> IpChange | None:
        """Keep one cluster as it was read; a change of its outbound IPs is returned to exactly one caller."""
        ...

    def put_fleet(self, fleet: Fleet) -> tuple[IpChange, ...]:
        """Keep all clusters as they were read, forget those that are gone from subscriptions that were read."""
        ...

    def forget(self, cluster_id: str, at: datetime) -> tuple[IpChange, ...]:
        """A cluster no longer exists; its history stays, and the end of its outbound IPs goes to exactly one caller."""
        ...

    def reading(self) -> FleetReading | None:
        """The last time all clusters were read together; None before the first time."""
        ...

    def get(self, cluster_id: str) -> tuple[ClusterEgress, datetime] | None:
        """A cluster as last read, and when."""
        ...

    def named(self, name: str) -> list[ClusterEgress]:
        """The clusters with this name or ARM id, whatever its case."""
        ...

    def all(self) -> list[ClusterEgress]:
        """Every cluster, by name."""
        ...

    def refs(self) -> list[tuple[ClusterRef, datetime]]:
        """Every cluster by name, and when it was last read: for those who need nothing else of it."""
        ...

    def periods(self, since: datetime | None = None, until: datetime | None = None) -> list[Period]:
        """The periods that touch, or may touch, the time from ``since`` up to but without ``until``, newest first."""
        ...

    def periods_of(self, cluster_ids: Collection[str]) -> list[Period]:
        """All periods of some clusters, newest first."""
        ...

    def former(self, name: str) -> list[Period]:
        """The last period of each cluster with this name or ARM id that no longer exists, newest first."""
        ...

    def remembered(self, ids: Collection[str]) -> Mapping[str, ClusterRef]:
        """Clusters of these ids as history has them, whether or not they still exist."""
        ...

    def watched_since(self) -> datetime | None:
        """The beginning of the records; None if there are none."""
        ...

    def put_endpoints(self, cluster_id: str, found: RequiredEndpoints, checked_at: datetime) -> None:
        """Keep what the required endpoints of a cluster were found to be."""
        ...

    def endpoints(self, cluster_id: str | None = None) -> Mapping[str, tuple[RequiredEndpoints, datetime]]:
        """Stored endpoint checks of one cluster or of all, by cluster id, with their times."""
        ...
