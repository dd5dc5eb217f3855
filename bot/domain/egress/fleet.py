"""Many clusters at once, and what AKS needs to reach."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.egress.values import ClusterEgress
from bot.domain.target import Target


@dataclass(frozen=True, slots=True)
class Fleet:
    """All clusters of the configured subscriptions, as Azure Resource Graph saw them.

    Args:
        clusters: Sorted by name and id; eventually consistent: never enough to confirm a write.
        read_at: When the reading began, UTC.
        gaps: A sentence for each subscription that could not be read.
        unread: The ids of those subscriptions, in lower case: nobody can say which clusters they hold.
    """

    clusters: tuple[ClusterEgress, ...]
    read_at: datetime
    gaps: tuple[str, ...] = ()
    unread: frozenset[str] = frozenset()

    @property
    def targets(self) -> set[Target]:
        """Where the rules of all their paths are."""
        return {target for egress in self.clusters for target in egress.targets}

    def named(self, name: str) -> tuple[ClusterEgress, ...]:
        """The clusters of that name or ARM id, whatever its case: more than one means ambiguous."""
        wanted = name.strip().rstrip("/").lower()
        return tuple(egress for egress in self.clusters if wanted in (egress.ref.name.lower(), egress.ref.id))


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
