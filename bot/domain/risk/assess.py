"""The risk of a request: the reasons that apply, their total weight, and narrower alternatives."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from bot.domain.fqdn import (
    DEFAULT_PORTS,
    SERVICES,
    Destination,
    Protocol,
    covers,
    homograph_reasons,
    lineage,
    registrable,
    skeleton,
    spans_suffix,
    suffix_of,
    unicode_form,
)
from bot.domain.grouping import grouped
from bot.domain.risk.hosts import PORT_RISKS
from bot.domain.risk.table import DEFAULT_TABLE, RiskTable

_Amount = TypeVar("_Amount", int, timedelta)


class Level(StrEnum):
    """The risk level of a score; the thresholds are in the table."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low to 3 for critical, to compare levels."""
        return list(Level).index(self)


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that makes a request risky.

    Attributes:
        code: Stable, for policies and tests.
        weight: Points, 1 to 100.
        sentence: What an approver reads.
    """

    code: str
    weight: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Risk:
    """The result of ``assess``.

    Attributes:
        score: Sum of the weights, at most 100.
        level: The score's level by the table.
        reasons: Heaviest first, then by code; at most one of each code.
    """

    score: int
    level: Level
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """The input to ``assess``.

    Attributes:
        destinations: What would be opened.
        duration: For how long; None for ever.
        environment: The cluster's environment as configured.
        is_bundle: Whether one configured bundle contains all of it; its length is then no reason.
        private_names: Names among the destinations that resolve to private addresses, if a resolver was asked.
        dns: What is wrong with how the cluster's pods resolve names for network rules, as a sentence; empty if nothing.
    """

    destinations: tuple[Destination, ...]
    duration: timedelta | None
    environment: str = ""
    is_bundle: bool = False
    private_names: frozenset[str] = frozenset()
    dns: str = ""


def assess(subject: Subject, table: RiskTable = DEFAULT_TABLE) -> Risk:
    """Assess a request. Another destination or a longer duration never lowers the score."""
    found = (*_of_destinations(subject, table), *_of_whole(subject, table))
    reasons = tuple(sorted((one for one in found if one.weight), key=lambda one: (-one.weight, one.code)))
    score = min(100, sum(reason.weight for reason in reasons))
    return Risk(score, _level(score, table), reasons)


def _level(score: int, table: RiskTable) -> Level:
    thresholds = ((table.critical, Level.CRITICAL), (table.high, Level.HIGH), (table.medium, Level.MEDIUM))
    return next((level for least, level in thresholds if score >= least), Level.LOW)


def _of_destinations(subject: Subject, table: RiskTable) -> Iterator[Reason]:
    """One reason for each code, told by its first destination and the number of the others."""
    destinations = dict.fromkeys(subject.destinations)
    told = grouped(found for each in destinations for found in _findings(each, subject, table))
    for code, sentences in told.items():
        more = f" The same goes for {len(sentences) - 1} more." if len(sentences) > 1 else ""
        yield Reason(code, table.weights.get(code, 0), sentences[0] + more)


def _findings(destination: Destination, subject: Subject, table: RiskTable) -> Iterator[tuple[str, str]]:
    for check in (_breadth, _protocol, _look, _listed):
        yield from check(destination, table)
    if destination.fqdn in subject.private_names:
        yield (
            "private_name",
            f"{destination.fqdn} resolves to a private address, not to one on the internet.",
        )


def _breadth(destination: Destination, table: RiskTable) -> Iterator[tuple[str, str]]:
    fqdn = destination.fqdn
    base = fqdn.removeprefix("*.")
    if not destination.is_wildcard:
        if shared := next((parent for parent in lineage(base.partition(".")[2]) if _is_shared(parent, table)), None):
            yield (
                "shared_hosting",
                f"{fqdn} is one customer's name on {shared}: verify which customer.",
            )
    elif _is_shared(base, table) or spans_suffix(base) or any(_lies_below(one, base) for one in table.shared_suffixes):
        yield "wildcard_shared", f"{fqdn} opens names of every customer of a shared host, attackers included."
    elif base == registrable(base):
        yield "wildcard_domain", f"{fqdn} opens every name of the whole domain {base}, at any depth."
    else:
        yield "wildcard_deep", f"{fqdn} opens every name below {base}, at any depth."


def _is_shared(name: str, table: RiskTable) -> bool:
    """Whether customers each get a name directly below this one."""
    if name in table.shared_suffixes or suffix_of(name).private == name:
        return True
    return any(_fits(name.split("."), suffix.split(".")) for suffix in table.shared_patterns)


def _lies_below(suffix: str, base: str) -> bool:
    """Whether a shared suffix, stars included, may lie below a domain."""
    labels, wanted = base.split("."), suffix.split(".")
    return len(wanted) > len(labels) and _fits(labels, wanted[-len(labels) :])


def _fits(labels: list[str], pattern: list[str]) -> bool:
    return len(labels) == len(pattern) and all(
        wanted in ("*", label) for label, wanted in zip(labels, pattern, strict=True)
    )


def _protocol(destination: Destination, _table: RiskTable) -> Iterator[tuple[str, str]]:
    if destination.protocol is Protocol.HTTP:
        yield (
            "plain_http",
            f"{destination.fqdn} is reached over plain HTTP: traffic can be read and changed in transit.",
        )
    if destination.protocol is Protocol.MSSQL:
        yield "mssql", f"{destination.fqdn} is a database: whole tables can leave through it."
    if destination.protocol.is_transport:
        yield from _by_address(destination)
    elif destination.port != DEFAULT_PORTS[destination.protocol]:
        yield "unusual_port", f"{destination} uses a destination port that is unusual for {destination.protocol}."


def _by_address(destination: Destination) -> Iterator[tuple[str, str]]:
    """Assess a network rule: the firewall sees addresses and a port, but no name."""
    yield (
        "by_address",
        (
            f"{destination} is opened by address: the firewall sees no name, so everything at that address is "
            "open on this port."
        ),
    )
    if destination.protocol is Protocol.UDP:
        yield "udp", f"{destination} is UDP: data can leave in single packets, without a connection."
    service = SERVICES.get(destination.port)
    if service is None:
        yield "unusual_port", f"{destination} uses a destination port that this bot does not recognise."
    elif code := PORT_RISKS.get(service.name):
        yield code, f"{destination} is {service.name}: {_PORT_SENTENCES[code]}"


_PORT_SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "database": "whole tables can leave through it.",
        "mail": "mail can be sent to anyone, with anything attached.",
        "remote_login": "it can carry shells and tunnels for any other traffic.",
        "file_transfer": "whole directories can leave through it.",
        "cleartext": "it is not encrypted and can be read and changed in transit.",
    }
)


def _look(destination: Destination, table: RiskTable) -> Iterator[tuple[str, str]]:
    fqdn = destination.fqdn
    for sentence in homograph_reasons(fqdn):
        yield "homograph", sentence
    if imitated := _imitated(fqdn, table.well_known):
        yield "look_alike", f"{unicode_form(fqdn)} looks like {imitated} but belongs to someone else."
    if "xn--" in fqdn:
        yield "international", f"{unicode_form(fqdn)} has letters beyond ASCII; its real name is {fqdn}."


def _imitated(fqdn: str, well_known: frozenset[str]) -> str | None:
    """The well-known domain that a name is taken for: by its letters, or its left labels (``github.com.evil.net``)."""
    domain = registrable(fqdn)
    if domain in well_known:
        return None
    look = skeleton(domain)
    left = f".{fqdn.removesuffix(domain)}"
    alike = (known for known in sorted(well_known) if skeleton(known) == look or f".{known}." in left)
    return next(alike, None)


def _listed(destination: Destination, table: RiskTable) -> Iterator[tuple[str, str]]:
    for code, listing in table.hosts.items():
        if _is_on(destination.fqdn, listing.hosts):
            yield code, f"{destination.fqdn} is {listing.sentence}."


def _is_on(fqdn: str, hosts: frozenset[str]) -> bool:
    if any(parent in hosts for parent in lineage(fqdn.removeprefix("*."))):
        return True
    return fqdn.startswith("*") and any(covers(fqdn, host) for host in hosts)


def _of_whole(subject: Subject, table: RiskTable) -> Iterator[Reason]:
    for check in (_duration, _many, _production, _dns):
        yield from check(subject, table)


def _duration(subject: Subject, table: RiskTable) -> Iterator[Reason]:
    longest = max(table.long_duration.values(), default=0)
    if subject.duration is None:
        yield Reason(
            "unlimited_duration",
            max(table.unlimited_duration, longest),
            "It would stay open until it is revoked.",
        )
    elif weight := _reached(subject.duration, table.long_duration):
        yield Reason("long_duration", weight, f"It would stay open for {subject.duration.days} days.")


def _many(subject: Subject, table: RiskTable) -> Iterator[Reason]:
    count = len(set(subject.destinations))
    if not subject.is_bundle and (weight := _reached(count, table.many_destinations)):
        yield Reason("many_destinations", weight, f"It opens {count} destinations at once.")


def _production(subject: Subject, table: RiskTable) -> Iterator[Reason]:
    if subject.destinations and subject.environment.lower() in table.production:
        yield Reason("production", table.weights.get("production", 0), f"The cluster is {subject.environment}.")


def _dns(subject: Subject, table: RiskTable) -> Iterator[Reason]:
    if subject.dns and any(one.protocol.is_transport for one in subject.destinations):
        yield Reason("other_dns", table.weights.get("other_dns", 0), subject.dns)


def _reached(value: _Amount, thresholds: Mapping[_Amount, int]) -> int:
    """The most points among the thresholds that a value exceeds, so that more is never cheaper."""
    return max((points for threshold, points in thresholds.items() if value > threshold), default=0)


def narrower(destination: Destination, known: Iterable[str]) -> tuple[str, ...]:
    """Names that a wildcard would open and that bundles or live rules know: candidates to ask for instead.

    Args:
        destination: What was asked for; an exact name has nothing narrower.
        known: Canonical names and wildcards.

    Returns:
        In alphabetical order, without repeats and without the wildcard itself.
    """
    if not destination.is_wildcard:
        return ()
    return tuple(sorted({name for name in known if name != destination.fqdn and covers(destination.fqdn, name)}))
