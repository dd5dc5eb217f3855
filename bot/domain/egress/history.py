"""The history of a cluster's outbound IPs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address, ip_network

from bot.domain.egress.values import ClusterEgress, ClusterRef, PathKind

_UNCERTAIN = frozenset({"unreadable", "no-addresses"})


@dataclass(frozen=True, slots=True)
class Period:
    """A time in which a cluster left with the same addresses.

    Args:
        ref: Which cluster; it may no longer exist.
        declared: Its outbound type then, in Azure's own words.
        ips: The addresses and prefixes, as text, IPv4 first.
        since: When they were first seen.
        until: When they were first seen gone; None while they are in use.
        begun_after: The reading before ``since``, which still had others: they came in between; None where nothing is
            known of it.
        seen: When they were last seen, where that is not ``until``: they went in between, or cannot be read since.
    """

    ref: ClusterRef
    declared: str
    ips: tuple[str, ...]
    since: datetime
    until: datetime | None = None
    begun_after: datetime | None = None
    seen: datetime | None = None

    def is_certain(self, start: datetime, end: datetime) -> bool:
        """Whether they were seen in use in the time from ``start`` up to ``end``, and not only before and after it."""
        last = self.seen or self.until
        return self.since < end and (last is None or last >= start)

    def covers(self, address: str) -> bool:
        """Whether an IP address is one of them, or lies in a prefix."""
        return is_among(address, self.ips)


class IpChangeKind(StrEnum):
    """What happened to a cluster's outbound IPs."""

    FIRST = "first"
    CHANGED = "changed"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class IpChange:
    """A cluster's outbound IPs were others than at the reading before, or its first or last ones.

    Args:
        ref: Which cluster.
        before: The addresses and prefixes that were known.
        after: Those that are there now.
        seen_before: When it was last read with the former ones; ``at`` where it had none before.
        at: When it was read with the new ones, or was first missing.
        kind: ``FIRST`` where nothing is known of before, ``DELETED`` where the cluster no longer exists.
    """

    ref: ClusterRef
    before: tuple[str, ...]
    after: tuple[str, ...]
    seen_before: datetime
    at: datetime
    kind: IpChangeKind = IpChangeKind.CHANGED

    @property
    def gained(self) -> tuple[str, ...]:
        """Addresses that are new."""
        return tuple(address for address in self.after if address not in self.before)

    @property
    def lost(self) -> tuple[str, ...]:
        """Addresses that are gone."""
        return tuple(address for address in self.before if address not in self.after)


def is_among(address: str, ips: Sequence[str]) -> bool:
    """Whether an IP address is one of some addresses, or lies in one of some prefixes."""
    wanted = ip_address(address)
    return any(wanted in ip_network(text, strict=False) for text in ips)


def changes_of(periods: Sequence[Period]) -> tuple[IpChange, ...]:
    """Every change that the periods of one cluster tell of, newest first.

    Args:
        periods: All of one cluster, newest first.
    """
    return tuple(reversed(list(_changes(list(reversed(periods))))))


def _changes(oldest_first: Sequence[Period]) -> Iterator[IpChange]:
    for number, period in enumerate(oldest_first):
        before = oldest_first[number - 1] if number else None
        after = oldest_first[number + 1] if number + 1 < len(oldest_first) else None
        if before is not None and before.until == period.since:
            seen = period.begun_after or before.seen or before.since
            yield IpChange(period.ref, before.ips, period.ips, seen, period.since)
        else:
            yield IpChange(period.ref, (), period.ips, period.since, period.since, IpChangeKind.FIRST)
        if period.until is not None and (after is None or after.since != period.until):
            yield deletion_of(period, period.until)


def deletion_of(period: Period, at: datetime) -> IpChange:
    """What the end of a cluster does to its outbound IPs.

    Args:
        period: Its last.
        at: When it was first missing.
    """
    return IpChange(period.ref, period.ips, (), period.seen or period.since, at, IpChangeKind.DELETED)


def addresses_of(egress: ClusterEgress) -> tuple[str, ...] | None:
    """The outbound addresses as history keeps them; None where a part could not be read, so that nobody can say."""
    is_unknown = PathKind.UNKNOWN in egress.effective or any(one.code in _UNCERTAIN for one in egress.warnings)
    return None if is_unknown else tuple(ip.address for ip in egress.ips)
