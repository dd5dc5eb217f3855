"""Denied traffic as people think of it: a destination, how often, since when, and by what."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from bot.domain.firewall_log.values import NO_NAME, LogGroup, LogKind
from bot.domain.fqdn import Destination, parse_destination
from bot.errors import InvalidFqdn

RECENT = timedelta(minutes=10)
"""Denials are compared by how often they happen inside spans of this length, the newest span first."""


@dataclass(frozen=True, slots=True)
class Denied:
    """Requests to one port of one host or address that were denied.

    Args:
        kind: By which rules.
        host: The name; empty where the record has none.
        address: The address, in records of network rules.
        port: Destination port.
        protocol: ``https``, ``http``, ``mssql``, ``tcp``, ``udp`` or ``icmp``.
        hits: How many.
        first: The time of the oldest.
        last: The time of the newest.
        why: What decided most recently, as the end of a sentence.
        sources: Some of the source addresses, sorted.
        is_by_rule: Whether a rule decided, and not the lack of one.
    """

    kind: LogKind
    host: str
    address: str
    port: int
    protocol: str
    hits: int
    first: datetime
    last: datetime
    why: str
    sources: tuple[str, ...] = ()
    is_by_rule: bool = False

    @property
    def name(self) -> str:
        """The host or address; words where the client named neither."""
        return self.host or self.address or "requests without a host name"

    @property
    def destination(self) -> Destination | None:
        """What could be requested; None where there is no name, or none that a rule can hold."""
        try:
            return parse_destination(f"{self.protocol}:{self.host}:{self.port}") if self.host else None
        except InvalidFqdn:
            return None

    @property
    def key(self) -> tuple[str, str, int, str]:
        """What tells it from others."""
        return self.host, self.address, self.port, self.protocol


def denied_from(groups: Iterable[LogGroup]) -> tuple[Denied, ...]:
    """Fold records into destinations: the newest first, and among the newest the most frequent."""
    ordered = sorted(groups, key=_key)
    return ranked(_folded(list(same)) for _, same in groupby(ordered, key=_key))


def ranked(found: Iterable[Denied]) -> tuple[Denied, ...]:
    """The newest first, and among the newest the most frequent."""
    each = list(found)
    newest = max((one.last for one in each), default=None)
    if newest is None:
        return ()
    return tuple(sorted(each, key=lambda one: ((newest - one.last) // RECENT, -one.hits, one.key)))


def merged(old: Iterable[Denied], new: Iterable[Denied]) -> tuple[Denied, ...]:
    """What was seen before, and what a later reading of the same time saw: nothing is counted twice."""
    known = {one.key: one for one in old}
    for one in new:
        before = known.get(one.key)
        known[one.key] = one if before is None else _later(before, one)
    return ranked(known.values())


def _later(old: Denied, new: Denied) -> Denied:
    """The later reading, unless records have left the log since."""
    return Denied(
        new.kind,
        new.host,
        new.address,
        new.port,
        new.protocol,
        max(old.hits, new.hits),
        min(old.first, new.first),
        max(old.last, new.last),
        new.why if new.last >= old.last else old.why,
        tuple(sorted({*old.sources, *new.sources}))[:SOURCES_KEPT],
        new.is_by_rule if new.last >= old.last else old.is_by_rule,
    )


SOURCES_KEPT = 10
"""Source addresses that are remembered."""


def _key(group: LogGroup) -> tuple[str, str, int, str]:
    return group.host, group.address, group.port, group.protocol


def _folded(same: list[LogGroup]) -> Denied:
    newest = max(same, key=lambda group: group.last)
    return Denied(
        newest.kind,
        newest.host,
        newest.address,
        newest.port,
        newest.protocol,
        sum(group.hits for group in same),
        min(group.first for group in same),
        newest.last,
        why_of(newest),
        tuple(sorted({source for group in same for source in group.sources}))[:SOURCES_KEPT],
        bool(newest.rule),
    )


def why_of(group: LogGroup) -> str:
    """What decided, as the end of a sentence."""
    if group.reason == NO_NAME or (group.kind is LogKind.APPLICATION and not group.host):
        return "the client named no host (no SNI), so no rule by name can match"
    if not group.rule:
        return "no rule allows it"
    place = f"rule collection {group.collection}" if group.collection else "its collection"
    where = ", ".join(part for part in (place, group.group, group.policy) if part)
    return f"rule {group.rule} in {where} denies it"
