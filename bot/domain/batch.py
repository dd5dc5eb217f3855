"""Allowances that were filed together: one card and one decision, and each still stands alone underneath."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.allowance import Act, Allowance, require
from bot.errors import StaleView

MOST_TOGETHER = 10
"""Clusters and pools of one request: all of them are checked and decided before the ack, which is due after 3 s."""


_SLASHES = 8
"""In the ARM id of a managed cluster: ``/subscriptions/S/resourceGroups/G/providers/P/managedClusters/NAME``."""


def place_text(cluster: str, pool: str | None) -> str:
    """A cluster, or a node pool of it, as people write it: ``aks-a``, ``aks-a/pool1``."""
    return f"{cluster}/{pool}" if pool else cluster


def place_from_text(text: str) -> tuple[str, str | None]:
    """The name or ARM id of a cluster, and the node pool if one is named."""
    cluster, slash, pool = text.strip().rpartition("/")
    is_id = text.startswith("/") and text.count("/") <= _SLASHES
    return (text.strip(), None) if is_id or not slash else (cluster, pool or None)


def noun_for(pools: Sequence[str | None]) -> str:
    """What several places are, by the node pool of each."""
    if all(pools):
        return "node pools"
    return "clusters and node pools" if any(pools) else "clusters"


@dataclass(frozen=True, slots=True)
class Batch:
    """One request for several clusters or node pools.

    Args:
        members: An allowance for each, in the order of the request; at least two. The card has the first one's id.
    """

    members: tuple[Allowance, ...]

    @property
    def lead(self) -> Allowance:
        """The first, which has what all of them have in common: reason, ticket, duration, who asked."""
        return self.members[0]

    @property
    def noun(self) -> str:
        """What it is for: clusters, node pools, or some of both."""
        return noun_for([one.scope.pool for one in self.members])

    @property
    def id(self) -> str:
        """The id of the card."""
        return self.lead.id

    def waiting(self, now: datetime) -> tuple[Allowance, ...]:
        """Those that are still to be decided."""
        return tuple(one for one in self.members if one.is_waiting(now))

    def digest(self, now: datetime) -> str:
        """A short digest of exactly what a click decides: the members that wait, and what each of them asks for."""
        content = [(one.id, one.digest) for one in self.waiting(now)]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]

    def require_undecided(self, act: Act, now: datetime) -> None:
        """Refuse a decision where nothing is left to decide.

        Raises:
            AlreadyDecided: With who decided the first of them, and when.
        """
        if not self.waiting(now):
            require(self.lead, act, now)

    def require_same(self, seen: str, now: datetime) -> None:
        """Refuse a click on a card that shows something else than what is stored.

        Raises:
            StaleView: If the digests differ.
        """
        if seen != self.digest(now):
            raise StaleView(
                f"{self.id} and what was requested with it have changed since this card was posted. Nothing was "
                "decided. Check the new card and decide again."
            )
