"""The list of egress IPs that partners and pipelines poll: what is known, how well, and what was before.

Addresses that cannot be read now stay on the list, because whoever drops them cuts off traffic; their state says so.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_network

from bot.domain.egress.history import Period
from bot.domain.egress.values import ClusterRef


class AddressState(StrEnum):
    """How well the addresses of a cluster are known."""

    CURRENT = "current"
    STALE = "stale"
    UNKNOWN = "unknown"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedCluster:
    """The egress IPs of one cluster.

    Args:
        name: Its name.
        id: Its ARM id; null where the list is open to everyone.
        state: `current`: read from Azure lately; `stale`: these are the last known ones; `unknown`: none was ever read;
            `deleted`: the cluster no longer exists.
        addresses: Addresses and prefixes in use, as far as known.
        since: When they were first seen; null where none is known.
        seen_at: When they were last seen; null where none is known.
    """

    name: str
    id: str | None
    state: AddressState
    addresses: tuple[str, ...]
    since: datetime | None
    seen_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerAddresses:
    """Addresses that a cluster used before.

    Args:
        cluster: Its name.
        addresses: Addresses and prefixes that were in use together.
        since: When they were first seen.
        until: When others, or none, were seen in their place.
    """

    cluster: str
    addresses: tuple[str, ...]
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedChange:
    """An approved change that Azure has not completed yet.

    Args:
        cluster: The cluster's name.
        approved_at: From when on it may happen.
        text: What will happen, in words.
        may_be_removed: Addresses that may go.
    """

    cluster: str
    approved_at: datetime
    text: str
    may_be_removed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressIpList:
    """The egress IPs of the chosen clusters.

    Args:
        is_complete: Whether every address is current; if not, some may be missing or no longer in use.
        read_at: When all clusters were last read together.
        addresses: All addresses and prefixes of the clusters, each once.
        clusters: By name.
        planned: Approved changes that are not complete.
        history: Former addresses, newest first.
    """

    is_complete: bool
    read_at: datetime
    addresses: tuple[str, ...]
    clusters: tuple[PublishedCluster, ...]
    planned: tuple[PlannedChange, ...]
    history: tuple[FormerAddresses, ...]

    @property
    def is_usable(self) -> bool:
        """Whether something is known of every cluster, so that a bare list lacks none of them."""
        return all(one.state is not AddressState.UNKNOWN for one in self.clusters)

    def tag(self, form: str) -> str:
        """An entity tag that changes with what the list says, and not because the same was read once more.

        It is a weak one: the times of reading differ. Source: https://www.rfc-editor.org/rfc/rfc9110#section-8.8.1,
        read 2026-11.

        Args:
            form: ``json`` or ``txt``.
        """
        content = asdict(self)
        del content["read_at"]
        content["clusters"] = [{**one, "seen_at": None} for one in content["clusters"]]
        text = json.dumps([form, content], sort_keys=True, default=str)
        return f'W/"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


@dataclass(frozen=True, slots=True)
class Readings:
    """What is known of the clusters on a list.

    Args:
        refs: The clusters that exist, and those deleted ones that were asked for by name.
        read: When each that exists was last read, by id.
        periods: Their periods, newest first.
        read_at: When all clusters were last read together.
        has_gaps: Whether a part of Azure could not be read then.
    """

    refs: Sequence[ClusterRef]
    read: Mapping[str, datetime]
    periods: Sequence[Period]
    read_at: datetime
    has_gaps: bool


@dataclass(frozen=True, slots=True)
class ListLimits:
    """What a list holds.

    Args:
        now: The time.
        stale_after: From which age on addresses are stale.
        has_ids: Whether clusters have their ids.
    """

    now: datetime
    stale_after: timedelta
    has_ids: bool


def egress_ip_list(seen: Readings, planned: Sequence[PlannedChange], limits: ListLimits) -> EgressIpList:
    """The list at a time."""
    in_force = {one.ref.id: one for one in seen.periods if one.until is None}
    clusters = tuple(
        _published(ref, seen.read.get(ref.id), in_force.get(ref.id), limits)
        for ref in sorted(seen.refs, key=lambda ref: (ref.name.lower(), ref.id))
    )
    former = [
        FormerAddresses(cluster=one.ref.name, addresses=one.ips, since=one.since, until=one.until)
        for one in seen.periods
        if one.until is not None and one.ips
    ]
    known = (AddressState.CURRENT, AddressState.DELETED)
    return EgressIpList(
        is_complete=not seen.has_gaps and all(one.state in known for one in clusters),
        read_at=seen.read_at,
        addresses=_sorted(ip for one in clusters for ip in one.addresses),
        clusters=clusters,
        planned=tuple(planned),
        history=tuple(former),
    )


def _published(ref: ClusterRef, read: datetime | None, period: Period | None, limits: ListLimits) -> PublishedCluster:
    seen_at = (period.seen or read) if period is not None else None
    return PublishedCluster(
        name=ref.name,
        id=ref.id if limits.has_ids else None,
        state=_state(read, period, limits),
        addresses=_sorted(period.ips) if period is not None else (),
        since=period.since if period is not None else None,
        seen_at=seen_at,
    )


def _state(read: datetime | None, period: Period | None, limits: ListLimits) -> AddressState:
    if read is None:
        return AddressState.DELETED
    if period is None:
        return AddressState.UNKNOWN
    is_fresh = period.seen is None and limits.now - read <= limits.stale_after
    return AddressState.CURRENT if is_fresh else AddressState.STALE


def _sorted(ips: Iterable[str]) -> tuple[str, ...]:
    """Each once, IPv4 first, by number."""
    found = {text: ip_network(text, strict=False) for text in ips}
    return tuple(sorted(found, key=lambda text: (found[text].version, int(found[text].network_address), text)))
