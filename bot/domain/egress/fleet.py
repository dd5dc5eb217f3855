"""Many clusters at once, and what AKS needs to reach."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.egress.values import ClusterEgress, ClusterRef, OutboundIp


@dataclass(frozen=True, slots=True)
class FleetEntry:
    """One cluster in the fleet, as Azure Resource Graph saw it.

    Args:
        egress: The cluster's egress, eventually consistent: never enough to confirm a write.
    """

    egress: ClusterEgress

    @property
    def ref(self) -> ClusterRef:
        """The cluster's reference."""
        return self.egress.ref

    @property
    def ips(self) -> tuple[OutboundIp, ...]:
        """Its outbound IPs."""
        return self.egress.ips


@dataclass(frozen=True, slots=True)
class Fleet:
    """All clusters of the configured subscriptions.

    Args:
        entries: One for each cluster, sorted by name and id.
        read_at: When the reading began, UTC.
        gaps: A sentence for each subscription that could not be read.
        unread: The ids of those subscriptions, in lower case: nobody can say which clusters they hold.
    """

    entries: tuple[FleetEntry, ...]
    read_at: datetime
    gaps: tuple[str, ...] = ()
    unread: frozenset[str] = frozenset()

    def named(self, name: str) -> tuple[FleetEntry, ...]:
        """The clusters of that name or ARM id, whatever its case: more than one means ambiguous."""
        wanted = name.strip().rstrip("/").lower()
        return tuple(entry for entry in self.entries if wanted in (entry.ref.name.lower(), entry.ref.id))


@dataclass(frozen=True, slots=True, order=True)
class RequiredEndpoint:
    """Something that AKS itself must reach from the cluster.

    Args:
        category: Azure's name for what it is for, for example ``images``.
        domain: An FQDN, perhaps with a left-most wildcard.
        port: The destination port.
        protocol: As Azure writes it, for example ``Https``, ``TCP`` or ``UDP``.
    """

    category: str
    domain: str
    port: int
    protocol: str
