"""Determines what filters a cluster's egress: an Azure Firewall, nothing, something unreadable, or no path at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from bot.domain.egress import ClusterEgress, EgressPath, PathKind
from bot.domain.phrases import listed
from bot.domain.target import Target


class FilterKind(StrEnum):
    """The kind of filter on the egress path.

    ``FIREWALL``: an Azure Firewall whose rules can be read. ``OPEN``: nothing that filters by name. ``CLOSED``: there
    is no way out. ``UNKNOWN``: an appliance or gateway that is not an Azure Firewall known to the bot. ``MIXED``: pools
    leave by different ways, so that the answer differs between them.
    """

    FIREWALL = "firewall"
    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"
    MIXED = "mixed"


FILTER_KINDS: Mapping[PathKind, FilterKind] = MappingProxyType(
    {
        PathKind.LOAD_BALANCER: FilterKind.OPEN,
        PathKind.NAT_GATEWAY: FilterKind.OPEN,
        PathKind.INSTANCE: FilterKind.OPEN,
        PathKind.DEFAULT_OUTBOUND: FilterKind.OPEN,
        PathKind.FIREWALL: FilterKind.FIREWALL,
        PathKind.HUB_FIREWALL: FilterKind.FIREWALL,
        PathKind.NONE: FilterKind.CLOSED,
        PathKind.BLOCKED: FilterKind.CLOSED,
    }
)
"""The barrier for each kind of path; every other kind is unknown."""

_SENTENCES: Mapping[FilterKind, str] = MappingProxyType(
    {
        FilterKind.FIREWALL: "{name} leaves through an Azure Firewall.",
        FilterKind.OPEN: "{name} leaves directly ({declared}) and no firewall filters it: no allowance needed.",
        FilterKind.CLOSED: "{name} has the outbound type {declared}: it has no egress path that a rule could open.",
        FilterKind.UNKNOWN: (
            "{name} leaves through an appliance that is not an Azure Firewall known to this bot. Ask its owner."
        ),
        FilterKind.MIXED: "The node pools of {name} use different egress paths. Choose one of {pools}.",
    }
)


@dataclass(frozen=True, slots=True)
class EgressFilter:
    """The filter on the egress of a cluster or one node pool.

    Args:
        barrier: What decides.
        sentence: The same for people.
        target: Where the firewall's rules are; set exactly for ``Barrier.FIREWALL``.
        sources: The ranges (CIDR) that the firewall sees; not empty exactly for ``Barrier.FIREWALL``.
    """

    barrier: FilterKind
    sentence: str
    target: Target | None = None
    sources: tuple[str, ...] = ()


def egress_filter(egress: ClusterEgress, pool: str | None = None) -> EgressFilter:
    """Determine what filters the egress of a cluster or node pool."""
    target = egress.target(pool)
    paths = [path for path in egress.paths_of(pool) if path.is_ruled]
    found = {_barrier(path) for path in paths} or {FilterKind.UNKNOWN}
    barrier = found.pop() if len(found) == 1 else FilterKind.MIXED
    if barrier is FilterKind.FIREWALL and target is None:
        barrier = FilterKind.MIXED
    if barrier is FilterKind.FIREWALL:
        sources = tuple(sorted({cidr for path in paths if path.target == target for cidr in path.sources}))
        return EgressFilter(barrier, _sentence(egress, barrier, paths), target, sources)
    return EgressFilter(barrier, _sentence(egress, barrier, paths))


def _sentence(egress: ClusterEgress, barrier: FilterKind, paths: Sequence[EgressPath]) -> str:
    name, kinds = egress.ref.name, {path.kind for path in paths}
    if PathKind.DEFAULT_OUTBOUND in kinds and barrier is FilterKind.OPEN:
        return f"{name} may leave through an address that Azure chooses; no firewall filters it."
    if (barrier, *kinds) in ((FilterKind.CLOSED, PathKind.NONE), (FilterKind.UNKNOWN, PathKind.UNKNOWN)):
        whys = dict.fromkeys(path.why for path in paths)
        return f"{name} has no known egress path that a rule could open. {' '.join(whys)}"
    if barrier is FilterKind.MIXED and any(path.destinations for path in paths):
        ways = " ".join(f"To {listed(path.destinations, 3)}: {path.why}" for path in paths)
        return f"The egress path of {name} depends on the destination. {ways}"
    pools = ", ".join(each.name for each in egress.pools)
    return _SENTENCES[barrier].format(name=name, declared=egress.declared, pools=pools)


def _barrier(path: EgressPath) -> FilterKind:
    """A firewall that could not be read, or whose sources are not known, cannot be evaluated."""
    barrier = FILTER_KINDS.get(path.kind, FilterKind.UNKNOWN)
    is_known = path.target is not None and bool(path.sources)
    return FilterKind.UNKNOWN if barrier is FilterKind.FIREWALL and not is_known else barrier
