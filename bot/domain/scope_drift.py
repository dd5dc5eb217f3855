"""Compares what an allowance depends on (cluster, firewall, source ranges) with its recorded state.

An allowance is approved for one cluster, one place in a firewall and the cluster's own ranges. All three may change in
Azure afterwards. Here what it was filed for is compared with what is true now; what follows is a value.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.allowance import UNENDED, Allowance, Scope, Status, status
from bot.domain.approval import Ending
from bot.domain.egress import ClusterEgress
from bot.domain.egress_filter import egress_filter
from bot.domain.people import SYSTEM
from bot.domain.target import Target


class DriftKind(StrEnum):
    """The relation of an allowance to the current state.

    ``SAME``: as it was filed. ``MOVED``: its traffic passes another firewall or another firewall policy.
    ``RANGES``: its source ranges are others, whatever the firewall. ``NOWHERE``: it leaves by no firewall that could
    be written to. ``GONE``: its cluster no longer exists. ``UNKNOWN``: that could not be read.
    """

    SAME = "same"
    MOVED = "moved"
    RANGES = "ranges"
    NOWHERE = "nowhere"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ScopeDrift:
    """The current state of what an allowance depends on.

    Args:
        footing: How that differs from what it was filed for.
        scope: Where it would have to apply now; as it was where that is not known.
        sentence: What changed, for people; empty where nothing did.
    """

    footing: DriftKind
    scope: Scope
    sentence: str = ""

    @property
    def has_changed(self) -> bool:
        """Whether it is known to be another."""
        return self.footing not in (DriftKind.SAME, DriftKind.UNKNOWN)


def scope_drift(scope: Scope, egress: ClusterEgress | None) -> ScopeDrift:
    """Compare where an allowance applies with the cluster as it is.

    Args:
        scope: Where it was filed for.
        egress: The cluster as it was read; None where it no longer exists.
    """
    if egress is None:
        return ScopeDrift(DriftKind.GONE, scope, f"The cluster {scope.cluster_name} was deleted in Azure.")
    if scope.cluster_uid and egress.ref.uid and scope.cluster_uid != egress.ref.uid:
        text = f"The cluster {scope.cluster_name} was deleted in Azure; another cluster now has its name."
        return ScopeDrift(DriftKind.GONE, scope, text)
    place = _place(scope, egress)
    if _is_doubtful(scope, egress, place):
        return ScopeDrift(DriftKind.UNKNOWN, scope)
    if place is None:
        return ScopeDrift(DriftKind.NOWHERE, scope, _nowhere(scope, egress))
    return _compared(scope, replace(scope, target=place[0], sources=place[1]))


def _nowhere(scope: Scope, egress: ClusterEgress) -> str:
    if scope.pool is not None and scope.pool not in {pool.name for pool in egress.pools}:
        return f"{scope.cluster_name} no longer has node pool {scope.pool}."
    return egress_filter(egress, scope.pool).sentence


def _place(scope: Scope, egress: ClusterEgress) -> tuple[Target, tuple[str, ...]] | None:
    """The target and the ranges; where pools leave by different ways, those that leave by the target it has."""
    paths = [path for path in egress.paths_of(scope.pool) if path.is_ruled]
    targets = {path.target for path in paths if path.target is not None and path.sources}
    if len(targets) == 1 and all(path.target in targets for path in paths):
        target = targets.pop()
    elif scope.target in targets:
        target = scope.target
    else:
        return None
    return target, tuple(sorted({cidr for path in paths if path.target == target for cidr in path.sources}))


def _is_doubtful(scope: Scope, egress: ClusterEgress, place: tuple[Target, tuple[str, ...]] | None) -> bool:
    """Something could not be read, and what is missing may be that: then only what was found counts."""
    is_incomplete = any(warning.code == "unreadable" for warning in egress.warnings)
    return is_incomplete and (place is None or not set(scope.sources) <= set(place[1]))


def _compared(old: Scope, new: Scope) -> ScopeDrift:
    parts = []
    if old.target != new.target:
        parts.append(
            f"Traffic from {old.cluster_name} now passes through {_words(new.target)} instead of {_words(old.target)}."
        )
    if old.sources != new.sources:
        were, are = ", ".join(old.sources), ", ".join(new.sources)
        parts.append(f"The source ranges of {old.cluster_name} changed from {were} to {are}.")
    if not parts:
        return ScopeDrift(DriftKind.SAME, old)
    return ScopeDrift(DriftKind.RANGES if old.sources != new.sources else DriftKind.MOVED, new, " ".join(parts))


def _words(target: Target) -> str:
    return f"the {target.noun} {target.name}"


def concerns(allowance: Allowance, found: ScopeDrift, now: datetime) -> bool:
    """Whether anything follows for an allowance: it has not ended, and what it rests on is not as it knows it."""
    if found.footing is DriftKind.UNKNOWN or (found.footing is DriftKind.SAME and allowance.suspended is None):
        return False
    state = status(allowance, now)
    if state not in UNENDED:
        return False
    if found.footing is DriftKind.GONE:
        return True
    if state is Status.FAILED:
        return False
    if found.footing is DriftKind.NOWHERE:
        return state not in (Status.WAITING, Status.SUSPENDED)
    return found.has_changed or state is Status.SUSPENDED


def shaken(
    allowances: Iterable[Allowance], clusters: Mapping[str, ClusterEgress], now: datetime
) -> Iterator[tuple[Allowance, ScopeDrift]]:
    """Those for which something follows, and from what; thousands share a scope, which is compared once.

    Args:
        allowances: Of any clusters.
        clusters: By lower-case ARM id, as they were read; one that is not there no longer exists.
        now: The time.
    """
    found: dict[int, tuple[Scope, ScopeDrift]] = {}  # by identity, which the kept scope holds: equal ones are shared
    for each in allowances:
        scope = each.scope
        known = found.get(id(scope))
        if known is None:
            known = found[id(scope)] = (scope, scope_drift(scope, clusters.get(scope.cluster_id)))
        drift = known[1]
        if concerns(each, drift, now):
            yield each, drift


def unprove(allowance: Allowance, now: datetime) -> Allowance:
    """Mark the read-back as no longer valid: the allowance is not live until it is read back again.

    The clock of a time-limited allowance runs on.
    """
    if allowance.live_at is None or allowance.missing_since is not None:
        return allowance
    return replace(allowance, missing_since=now)


def close(allowance: Allowance, why: str, now: datetime) -> Allowance:
    """End it because what it rests on is gone."""
    return replace(allowance, closed=Ending(SYSTEM, now, why), suspended=None)


def suspend(allowance: Allowance, why: str, now: datetime) -> Allowance:
    """Suspend it: there is currently no managed firewall to write it to."""
    return replace(unprove(allowance, now), suspended=why)


def move_to(allowance: Allowance, scope: Scope, now: datetime) -> Allowance:
    """Let it apply where its cluster is now.

    What waits has to be decided again from the beginning. What was approved is written there, and the place where it
    was is left: it is gone there once that was seen.
    """
    if allowance.approved_at is None:
        return replace(allowance, scope=scope, approvals=())
    old, leaving = allowance.scope.target, set(allowance.leaving)
    if old != scope.target and allowance.applying_at is not None:
        leaving |= {old}
    there = tuple(sorted(leaving - {scope.target}))
    return replace(unprove(allowance, now), scope=scope, suspended=None, leaving=there)


def mark_left(allowance: Allowance, target: Target) -> Allowance:
    """Its rules were seen absent in a place that it was written to before."""
    return replace(allowance, leaving=tuple(one for one in allowance.leaving if one != target))
