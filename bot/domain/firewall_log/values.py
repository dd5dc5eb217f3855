"""Frozen values: a question to firewall logs, and the answer with everything that limits it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

DELAY = timedelta(minutes=10)
"""How long a record may take from the event until it can be found; 3 to 10 minutes as a rule.

Source: https://learn.microsoft.com/azure/azure-monitor/logs/data-ingestion-time, read 2026-11.
"""

NO_NAME = "SNI TLS extension was missing."
"""The firewall's reason where a TLS client names no host.

Source: https://github.com/MicrosoftDocs/azure-docs/issues/37763, read 2026-11.
"""


class LogKind(StrEnum):
    """Which of its rules a firewall decided by: it logs them apart."""

    APPLICATION = "application"
    NETWORK = "network"


class Gap(StrEnum):
    """Why an answer about a firewall is not whole; the sentence beside it says it in full."""

    OFF = "off"
    NO_SETTING = "no-setting"
    ELSEWHERE = "elsewhere"
    NO_APPLICATION = "no-application"
    NO_NETWORK = "no-network"
    FORBIDDEN = "forbidden"
    MISSING = "missing"
    NEVER = "never"
    BASIC = "basic"
    PARTIAL = "partial"
    THROTTLED = "throttled"
    SILENT = "silent"
    REJECTED = "rejected"
    UNREADABLE = "unreadable"
    SHORT = "short"

    @property
    def is_fatal(self) -> bool:
        """Whether nothing at all is known because of it."""
        return self not in (Gap.NO_APPLICATION, Gap.NO_NETWORK, Gap.PARTIAL, Gap.SHORT)


@dataclass(frozen=True, slots=True)
class LogQuestion:
    """Records of some sources at some firewalls.

    Args:
        firewalls: Their ids in lower case; at least one.
        ranges: Source ranges (CIDR); at least one.
        since: The first moment, inclusive.
        until: The last moment.
        is_allowed: Records of what was allowed instead of what was denied.
        by_rule: Records of one rule are equal, whatever they were for: groups without host, address, port, protocol.
        rules: Only records of rules with these names; empty for all.
        most: Groups of equal records that are wanted at the most, the newest first.
    """

    firewalls: tuple[str, ...]
    ranges: tuple[str, ...]
    since: datetime
    until: datetime
    is_allowed: bool = False
    by_rule: bool = False
    rules: tuple[str, ...] = ()
    most: int = 200


@dataclass(frozen=True, slots=True)
class LogGroup:
    """Equal records, counted.

    Args:
        kind: By which rules the firewall decided.
        host: The name in lower case; empty in network records, and where a TLS client named none.
        address: The destination's address, which only network records have.
        port: Destination port.
        protocol: ``https``, ``http``, ``mssql``, ``tcp``, ``udp`` or ``icmp``.
        reason: The firewall's own words where no rule decided; empty otherwise.
        policy: The policy whose rule decided; empty if none did, and in classic firewalls.
        group: Its rule collection group.
        collection: Its rule collection.
        rule: The rule.
        hits: How many records.
        first: The time of the oldest.
        last: The time of the newest.
        sources: Some of the source addresses, sorted.
    """

    kind: LogKind
    host: str
    address: str
    port: int
    protocol: str
    reason: str
    policy: str
    group: str
    collection: str
    rule: str
    hits: int
    first: datetime
    last: datetime
    sources: tuple[str, ...] = ()

    @property
    def what(self) -> tuple[object, ...]:
        """What its records have in common."""
        asked = (self.kind, self.host, self.address, self.port, self.protocol)
        return *asked, self.reason, self.policy, self.group, self.collection, self.rule


@dataclass(frozen=True, slots=True)
class LogReach:
    """How far the log of one kind reaches inside the time that was asked about, whoever the records are of.

    Args:
        kind: Which.
        first: Its oldest record.
        last: Its newest record.
    """

    kind: LogKind
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class LogReading:
    """The answer, as far as there is one.

    Args:
        asked_at: When it was asked.
        groups: The newest first; at most as many as were wanted.
        total: How many groups there are.
        reaches: For each kind that has any record.
        gaps: What limits it, each with a sentence for people.
        workspaces: The names of the workspaces that were asked.
    """

    asked_at: datetime
    groups: tuple[LogGroup, ...] = ()
    total: int = 0
    reaches: tuple[LogReach, ...] = ()
    gaps: tuple[tuple[Gap, str], ...] = ()
    workspaces: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether anything was read; without it the absence of records means nothing."""
        return bool(self.workspaces)

    def reach(self, kind: LogKind) -> LogReach | None:
        """How far one kind reaches; None if it has no record in the time that was asked about."""
        return next((one for one in self.reaches if one.kind is kind), None)

    @property
    def sentences(self) -> tuple[str, ...]:
        """Everything that limits it, for people; each once."""
        return tuple(dict.fromkeys(sentence for _gap, sentence in self.gaps))


def joined(readings: Iterable[LogReading]) -> LogReading:
    """The answers of several firewalls as one."""
    each = list(readings)
    return _together(each, [group for one in each for group in one.groups])


def overlaid(readings: Iterable[LogReading]) -> LogReading:
    """The answers of several workspaces about one firewall as one: a record that is in two of them counts once."""
    each = list(readings)
    known: dict[tuple[object, ...], LogGroup] = {}
    for group in (group for one in each for group in one.groups):
        other = known.get(group.what)
        known[group.what] = group if other is None else _same(group, other)
    return _together(each, list(known.values()))


def _same(one: LogGroup, other: LogGroup) -> LogGroup:
    """The same records, seen in two places; one of them may reach further."""
    return replace(
        one,
        hits=max(one.hits, other.hits),
        first=min(one.first, other.first),
        last=max(one.last, other.last),
        sources=tuple(sorted({*one.sources, *other.sources})),
    )


def _together(each: list[LogReading], groups: list[LogGroup]) -> LogReading:
    unsent = sum(max(0, one.total - len(one.groups)) for one in each)
    return LogReading(
        min(one.asked_at for one in each),
        tuple(sorted(groups, key=lambda group: group.last, reverse=True)),
        len(groups) + unsent,
        tuple(found for kind in LogKind if (found := _reach(kind, [o for one in each if (o := one.reach(kind))]))),
        tuple(gap for one in each for gap in one.gaps),
        tuple(dict.fromkeys(name for one in each for name in one.workspaces)),
    )


def _reach(kind: LogKind, found: list[LogReach]) -> LogReach | None:
    if not found:
        return None
    return LogReach(kind, min(one.first for one in found), max(one.last for one in found))
