"""Single rules, compiled once, and what each of them matches of one flow.

A match is three-valued. Where Azure does not publish what a rule holds (web categories, countries), or where it rests
on something that was not read (an IP group, the addresses of the name), the answer is "unknown", and it says on what it
rests and what to look at. ``tags`` holds what is documented of FQDN tags, ``owners`` where a name can lead at all.

Sources, read 2026-11: https://learn.microsoft.com/azure/firewall/web-categories,
https://learn.microsoft.com/azure/firewall/service-tags,
https://learn.microsoft.com/azure/firewall/fqdn-filtering-network-rules (DNS proxy, no wildcards),
https://learn.microsoft.com/azure/firewall/premium-features (URL filtering, TLS inspection) and
https://learn.microsoft.com/azure/firewall/sql-fqdn-filtering (proxy connection policy).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from bot.domain.firewall.fit import NO_FIT, Fit
from bot.domain.firewall.names import Match
from bot.domain.firewall.ranges import (
    Spans,
    overlap,
    spans_from_text,
    text_from_spans,
    union,
    without,
)
from bot.domain.firewall.rules import ApplicationRule, NetworkRule, RuleSet, Tier
from bot.domain.firewall.tags import AS_OF, Held, contents_of
from bot.domain.fqdn import Protocol
from bot.domain.phrases import listed


class RuleMatch(NamedTuple):
    """One rule's match with one flow: sources that match (``yes``) or may match (``maybe``); the rest as in ``Fit``."""

    rule: str
    yes: Spans
    maybe: Spans
    match: Match
    why: str
    by: str = ""
    on: str = ""
    look: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class AddressSet:
    """Addresses of a rule: ``spans`` are known, ``tags`` are service tags, ``unread`` is what else is not known."""

    spans: Spans
    tags: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def opaque(self) -> tuple[str, ...]:
        """Everything that cannot be known."""
        return (*(f"service tag {tag}" for tag in self.tags), *self.unread)


@dataclass(frozen=True, slots=True, eq=False)
class ApplicationMatcher:
    """An application rule in its place: ``slot`` counts rule collections in the order of evaluation."""

    slot: int
    rule: ApplicationRule
    sources: AddressSet
    destinations: AddressSet | None


@dataclass(frozen=True, slots=True, eq=False)
class NetworkMatcher:
    """A network rule in its place: ``slot`` counts rule collections in the order of evaluation.

    ``transports`` are those of ``tcp`` and ``udp`` that it is for.
    """

    slot: int
    rule: NetworkRule
    sources: AddressSet
    destinations: AddressSet
    ports: Spans
    transports: frozenset[str]


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
        unread = tuple(f"IP group {group.rsplit('/', 1)[-1]}" for group in groups if group not in self._ip_groups)
        texts = [*addresses, *(text for group in groups for text in self._ip_groups.get(group, ()))]
        spans = [(text, spans_from_text(text)) for text in texts]
        tags = tuple(text for text, found in spans if found is None)
        known = union(span for _, found in spans if found for span in found)
        return AddressSet(known, tags, (*unread, *other))


class Cover(NamedTuple):
    """The coverage of a flow's sources by a rule's; ``opaque`` names the sources behind ``maybe``."""

    yes: Spans
    maybe: Spans
    opaque: tuple[str, ...]


def cover(sources: AddressSet, asked: Spans) -> Cover:
    """Compare the sources of a rule with those of a flow."""
    both = overlap(asked, sources.spans)
    if both == asked:
        return Cover(asked, (), ())
    return Cover(both, without(asked, both) if sources.opaque else (), sources.opaque)


def decide(rule: str, found: Cover, fit: Fit, *, asked: Spans) -> RuleMatch:
    """Join what a rule says about the destination with what it says about the sources."""
    match, why, by, on, look = fit
    if match is Match.NO or not (found.yes or found.maybe):
        return RuleMatch(rule, (), (), Match.NO, why if match is Match.NO else f"{why} It applies to other sources.")
    if found.yes is not asked:
        why = f"{why} {_sources_sentence(found)}"
        on, look = (on, look) if look else _about_sources(found)
    if match is Match.YES:
        return RuleMatch(rule, found.yes, found.maybe, match if found.yes else Match.UNKNOWN, why, by, on, look)
    maybe = union((*found.yes, *found.maybe))
    return RuleMatch(rule, (), maybe, match if found.yes else Match.UNKNOWN, why, by, on, look)


def _sources_sentence(found: Cover) -> str:
    known = f"It applies only to the sources {text_from_spans(found.yes)}" if found.yes else "Its sources are unknown"
    return f"{known}{'; unknown: ' + listed(found.opaque, 3) if found.opaque else ''}."


def _about_sources(found: Cover) -> tuple[str, str]:
    """Return the open question and the way to answer it."""
    if found.maybe:
        return "where the traffic comes from", f"check {found.opaque[0]}, which the rule uses as a source"
    return "which node sends it", "check one node pool with pool:NAME"


_PART = ("which name below the wildcard it is", "check the names you need one by one")


def application_target(rules: RuleSet, target: ApplicationTarget, match: Match, *, service: tuple[str, int]) -> Fit:
    """Whether an application rule that has a pattern for the name also fits protocol, port and path.

    Args:
        rules: Its tier and CA certificate decide whether the firewall sees the path of HTTPS.
        target: What the index found.
        match: How much of the name it covers.
        service: Protocol and destination port of the flow.
    """
    rule = target.matcher.rule
    if target.path is not None:
        return _url(rules, target, match, service=service)
    if Protocol(service[0]).is_transport:
        return Fit(Match.NO, f"{rule.name} names {target.text}, but application rules never match {service[0]}.")
    if service not in rule.protocols:
        return Fit(Match.NO, f"{rule.name} names {target.text}, but not for {service[0]}:{service[1]}.")
    sentence = f"{rule.name} names {target.text} for {service[0]}:{service[1]}."
    if service[0] == "mssql":
        sentence += " SQL must use the proxy connection policy."
    return _named(match, sentence)


def _named(match: Match, why: str) -> Fit:
    on, look = _PART if match is Match.PART else ("", "")
    return Fit(match, why, on=on, look=look)


def _url(rules: RuleSet, target: ApplicationTarget, match: Match, *, service: tuple[str, int]) -> Fit:
    rule, text, protocol = target.matcher.rule, target.text, service[0]
    inspected = rules.tier is Tier.PREMIUM and rules.tls_inspection and rule.terminate_tls
    if protocol not in ("http", "https"):
        return Fit(Match.NO, f"{rule.name} has the URL {text}, but URLs do not apply to {protocol}.")
    if not rule.protocols:
        return _url_without_protocols(rule, text, inspected=inspected)
    if service not in rule.protocols:
        return Fit(Match.NO, f"{rule.name} has the URL {text}, but not for {protocol}:{service[1]}.")
    if protocol == "https" and not inspected:
        return Fit(Match.NO, f"{rule.name} has the URL {text}, but its HTTPS is not decrypted, so it never matches.")
    if target.path != "*":
        why = f"{rule.name} matches if the path is that of {text}."
        return Fit(Match.UNKNOWN, why, on="the path of the request", look=f"compare your URL with {text}")
    return _named(match, f"{rule.name} names every path of {text}.")


def _url_without_protocols(rule: ApplicationRule, text: str, *, inspected: bool) -> Fit:
    """Azure takes such a rule and does not say what it then matches."""
    has = "which it has" if inspected else "which it lacks"
    why = (
        f"{rule.name} has the URL {text} and no protocols. HTTPS is matched by URL only under TLS inspection, {has}: "
        "tier Premium, a CA certificate in the firewall policy and terminateTLS in the rule."
    )
    look = "give the rule its protocols (http:80, https:443), and TLS inspection for HTTPS"
    return Fit(Match.UNKNOWN, why, on="a URL rule without protocols", look=look)


def unlisted(rule: ApplicationRule, service: tuple[str, int]) -> Fit:
    """Whether the web categories of a rule, or one of an unknown type, could match a protocol and destination port."""
    if rule.unknown_type:
        why = f"{rule.name} has the rule type {rule.unknown_type}, which this bot does not know."
        return Fit(Match.UNKNOWN, why, on="a rule of an unknown type", look="read that rule in the Azure portal")
    if not rule.web_categories or service not in rule.protocols or service[0] not in ("http", "https"):
        return NO_FIT
    why = f"{rule.name} matches if the name is in web category {', '.join(rule.web_categories)}."
    look = "look its category up in the Azure portal, under Web categories of the firewall policy"
    return Fit(Match.UNKNOWN, why, on="its web category", look=look)


def fqdn_tags(rule: str, tag: str, found: Held) -> Fit:
    """Match a rule by an FQDN tag that contains, or may contain, the name.

    The protocols of the rule do not count: a tag brings its own.
    """
    by, has = f"FQDN tag {tag}", f"{rule} has the FQDN tag {tag}"
    if found.match is not Match.UNKNOWN:
        on, look = _PART if found.match is Match.PART else ("", "")
        return Fit(found.match, f"{has}, which includes {found.pattern} ({_caveat(tag)}).", by, on, look)
    log = "look for the name in the firewall's application rule log"
    if found.addon:
        why = f"{has}. Microsoft lists {found.pattern} for {found.addon} and does not say that the tag includes it."
        return Fit(found.match, why, by, f"whether the {by} includes names of add-ons", log)
    return Fit(
        found.match, f"{has}, whose contents Microsoft does not publish.", by, f"whether the {by} includes it", log
    )


def without_tags(rule: ApplicationRule) -> Fit:
    """Explain that a rule's FQDN tags do not contain the name."""
    told = ", ".join(f"{tag} ({_caveat(tag)})" for tag in rule.fqdn_tags)
    return Fit(Match.NO, f"{rule.name} does not match: the name is not in FQDN tag {told}.")


def _caveat(tag: str) -> str:
    if contents_of(tag).names:
        return f"Microsoft's list as of {AS_OF}, which Microsoft may change"
    return "for Microsoft's own services; the list is not published"


def network_fqdn(rules: RuleSet, target: NetworkTarget, match: Match) -> Fit:
    """Whether a network rule that has the FQDN can match: the firewall must resolve it for itself and for the pods."""
    name = target.matcher.rule.name
    if rules.tier is Tier.BASIC:
        return Fit(Match.NO, f"{name} names {target.text}, but tier Basic does not support FQDNs in network rules.")
    if not rules.dns_proxy and rules.names_without_proxy:
        why = f"{name} matches if pods resolve {target.text} as the firewall does: its DNS proxy is off."
        look = f"compare nslookup {target.text} in a pod with the firewall's answer, or switch the DNS proxy on"
        return Fit(Match.UNKNOWN, why, on="how pods resolve it", look=look)
    if not rules.dns_proxy:
        return Fit(Match.NO, f"{name} names {target.text}, but the DNS proxy is off, so it never matches.")
    return _named(match, f"{name} names {target.text}; pods must resolve it through the firewall.")
