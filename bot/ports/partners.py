"""Partners as rows."""

from collections.abc import Collection
from typing import Protocol

from bot.domain.partner import Partner


class Partners(Protocol):
    """Who depends on the outbound IPs of clusters, in the caller's transaction."""

    def of(self, cluster_ids: Collection[str]) -> list[Partner]:
        """The partners of some clusters, by name."""
        ...

    def add(self, partner: Partner) -> None:
        """Store a new one; its cluster has none of that name."""
        ...

    def remove(self, partner: Partner) -> None:
        """It is not stored any more."""
        ...
