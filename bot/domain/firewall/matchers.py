"""Single rules, compiled once, and what each of them matches of one flow.

A match is three-valued. Where Azure does not publish what a rule holds (FQDN tags, web categories, service tags,
countries), or where it rests on something that was not read (an IP group, the addresses of the name), the answer is
"unknown" and its sentence says on what it rests; it is never a guess.

Sources, read 2026-11: https://learn.microsoft.com/azure/firewall/fqdn-tags (contents managed by Microsoft),
https://learn.microsoft.com/azure/firewall/web-categories, https://learn.microsoft.com/azure/firewall/service-tags,
https://learn.microsoft.com/azure/firewall/fqdn-filtering-network-rules (DNS proxy, no wildcards),
https://learn.microsoft.com/azure/firewall/premium-features (URL filtering, TLS inspection) and
https://learn.microsoft.com/azure/firewall/sql-fqdn-filtering (proxy connection policy).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from bot.domain.firewall.names import Match
from bot.domain.firewall.ranges import (
    EVERYTHING,
    IPV4,
    Spans,
    overlap,
    spans_from_text,
    text_from_spans,
    union,
    without,
)
from bot.domain.firewall.rules import ApplicationRule, NetworkRule, RuleSet, Tier


class RuleMatch(NamedTuple):
    """What one rule matches of one flow: its sources ``yes`` for certain, ``maybe`` perhaps; ``why`` is a sentence."""

    rule: str
    yes: Spans
    maybe: Spans
    match: Match
    why: str


@dataclass(frozen=True, slots=True, eq=False)
class AddressSet:
    """Addresses of a rule: ``spans`` are known, ``opaque`` names what cannot be known."""

    spans: Spans
    opaque: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class ApplicationMatcher:
    """An application rule in its place: ``slot`` counts rule collections in the order of evaluation."""

    slot: int
    rule: ApplicationRule
    sources: AddressSet
    destinations: AddressSet | None


@dataclass(frozen=True, slots=True, eq=False)
class NetworkMatcher:
    """A network rule in its place: ``slot`` counts rule collections in the order of evaluation."""

    slot: int
    rule: NetworkRule
    sources: AddressSet
    destinations: AddressSet
    ports: Spans


class ApplicationTarget(NamedTuple):
    """A target of an application rule as the name index finds it; ``path`` is that of a URL, None for an FQDN."""

    matcher: ApplicationMatcher
    text: str
    path: str | None


class NetworkTarget(NamedTuple):
    """A destination FQDN of a network rule as the name index finds it."""

    matcher: NetworkMatcher
    text: str


Target = ApplicationTarget | NetworkTarget


class AddressBook:
    """Turns the addresses of rules into sets; equal texts share one set, because rules repeat each other's sources.

    Args:
        ip_groups: As in ``RuleSet``.
    """

    def __init__(self, ip_groups: Mapping[str, tuple[str, ...]]) -> None:
        self._ip_groups = ip_groups
        self._sets: dict[tuple[tuple[str, ...], ...], AddressSet] = {}

    def read(self, addresses: tuple[str, ...], groups: tuple[str, ...], other: tuple[str, ...] = ()) -> AddressSet:
        """The set of addresses and IP groups; ``other`` names selectors whose contents nobody publishes."""
        key = (addresses, groups, other)
        found = self._sets.get(key)
        if found is None:
            found = self._sets[key] = self._build(addresses, groups, other)
        return found

    def _build(self, addresses: tuple[str, ...], groups: tuple[str, ...], other: tuple[str, ...]) -> AddressSet:
        unread = tuple(f"IP group {_last(group)}" for group in groups if group not in self._ip_groups)
        texts = [*addresses, *(text for group in groups for text in self._ip_groups.get(group, ()))]
        spans = [(text, spans_from_text(text)) for text in texts]
        tags = tuple(f"service tag {text}" for text, found in spans if found is None)
        known = union(span for _, found in spans if found for span in found)
        return AddressSet(known, (*tags, *unread, *other))


class Cover(NamedTuple):
    """How far the sources of a rule cover those of a flow; ``opaque`` names what stands behind ``maybe``."""

    yes: Spans
    maybe: Spans
    opaque: tuple[str, ...]


def cover(sources: AddressSet, asked: Spans) -> Cover:
    """Compare the sources of a rule with those of a flow."""
    both = overlap(asked, sources.spans)
    if both == asked:
        return Cover(asked, (), ())
    return Cover(both, without(asked, both) if sources.opaque else (), sources.opaque)


def decide(rule: str, found: Cover, match: Match, *, why: str, asked: Spans) -> RuleMatch:
    """Join what a rule says about the destination with what it says about the sources."""
    if match is Match.NO or not (found.yes or found.maybe):
        return RuleMatch(rule, (), (), Match.NO, why if match is Match.NO else f"{why} It is for other sources.")
    if found.yes is not asked:
        why = f"{why} {_sources_sentence(found)}"
    if match is Match.YES:
        return RuleMatch(rule, found.yes, found.maybe, match if found.yes else Match.UNKNOWN, why)
    return RuleMatch(rule, (), union((*found.yes, *found.maybe)), match if found.yes else Match.UNKNOWN, why)


def _sources_sentence(found: Cover) -> str:
    known = f"It holds for the sources {text_from_spans(found.yes)} only" if found.yes else "Its sources are not known"
    return f"{known}{'; not known: ' + ', '.join(found.opaque[:3]) if found.opaque else ''}."


def application_target(
    rules: RuleSet, target: ApplicationTarget, match: Match, *, service: tuple[str, int]
) -> tuple[Match, str]:
    """Whether an application rule that has a pattern for the name also fits protocol, port and path.

    Args:
        rules: Its tier and CA certificate decide whether the firewall sees the path of HTTPS.
        target: What the index found.
        match: How much of the name it covers.
        service: Protocol and destination port of the flow.
    """
    rule = target.matcher.rule
    if service not in rule.protocols:
        return Match.NO, f"{rule.name} names {target.text}, but not for {service[0]}:{service[1]}."
    if target.path is not None:
        match, sentence = _url(rules, target, match, protocol=service[0])
    else:
        sentence = f"{rule.name} names {target.text} for {service[0]}:{service[1]}."
    if service[0] == "mssql" and match:
        sentence += " SQL must use the proxy connection policy."
    return match, sentence


def _url(rules: RuleSet, target: ApplicationTarget, match: Match, *, protocol: str) -> tuple[Match, str]:
    rule = target.matcher.rule
    if protocol == "mssql":
        return Match.NO, f"{rule.name} has the URL {target.text}, but SQL has no URLs."
    inspected = rules.tier is Tier.PREMIUM and rules.tls_inspection and rule.terminate_tls
    if protocol == "https" and not inspected:
        return Match.NO, f"{rule.name} has the URL {target.text}, but its HTTPS is not decrypted, so it never matches."
    if target.path != "*":
        return Match.UNKNOWN, f"{rule.name} matches if the path is that of {target.text}."
    return match, f"{rule.name} names every path of {target.text}."


def opaque_target(rule: ApplicationRule, service: tuple[str, int]) -> tuple[Match, str]:
    """Whether the FQDN tags or web categories of a rule could match a protocol and destination port."""
    protocol_fits = service in rule.protocols
    if rule.fqdn_tags and (protocol_fits or not rule.protocols) and service[0] != "mssql":
        tags = ", ".join(rule.fqdn_tags)
        return Match.UNKNOWN, f"{rule.name} matches if FQDN tag {tags} covers the name; its contents are not published."
    if rule.web_categories and protocol_fits and service[0] != "mssql":
        return Match.UNKNOWN, f"{rule.name} matches if the name is in web category {', '.join(rule.web_categories)}."
    return Match.NO, ""


def network_fqdn(rules: RuleSet, target: NetworkTarget, match: Match) -> tuple[Match, str]:
    """Whether a network rule that has the FQDN can match: the firewall must resolve it for itself and for the pods."""
    name = target.matcher.rule.name
    if rules.tier is Tier.BASIC:
        return Match.NO, f"{name} names {target.text}, but tier Basic has no FQDNs in network rules."
    if not rules.dns_proxy:
        return Match.NO, f"{name} names {target.text}, but the DNS proxy is off, so it never matches."
    return match, f"{name} names {target.text}; pods must resolve it through the firewall."


def address_match(name: str, destinations: AddressSet, addresses: Spans) -> tuple[Match, str]:
    """Whether the addresses of the destination are among those of a rule.

    Args:
        name: Of the rule, for the sentence.
        destinations: Of the rule.
        addresses: Of the destination, one span each; empty if they are not known.
    """
    if not addresses:
        return _unresolved_match(name, destinations)
    inside = sum(bool(overlap((address,), destinations.spans)) for address in addresses)
    if inside == len(addresses):
        return Match.YES, f"{name} covers every address that the name resolves to."
    if inside:
        return Match.PART, f"{name} covers {inside} of the {len(addresses)} addresses that the name resolves to."
    if destinations.opaque:
        return Match.UNKNOWN, f"{name} matches if the name resolves into {_some(destinations.opaque)}."
    return Match.NO, ""


def _unresolved_match(name: str, destinations: AddressSet) -> tuple[Match, str]:
    if destinations.spans == EVERYTHING or overlap(IPV4, destinations.spans) == IPV4:
        return Match.YES, f"{name} covers every address."
    if not destinations.spans and not destinations.opaque:
        return Match.NO, ""
    ranges = (text_from_spans(destinations.spans),) if destinations.spans else ()
    return Match.UNKNOWN, f"{name} matches if the name resolves into {_some((*ranges, *destinations.opaque))}."


def _some(texts: tuple[str, ...]) -> str:
    return ", ".join(texts[:3]) + (f" and {len(texts) - 3} more" if len(texts) > 3 else "")


def _last(resource_id: str) -> str:
    return resource_id.rsplit("/", 1)[-1]
