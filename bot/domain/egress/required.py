"""Checks the endpoints that AKS requires from a routed cluster against its firewall's rules.

Application rules and FQDN tags carry HTTP and HTTPS only; everything else needs a network rule.

Sources, read 2026-11: https://learn.microsoft.com/azure/aks/outbound-rules-control-egress (what must be reached;
service tag ``AzureCloud`` for the API server, FQDN tag ``AzureKubernetesService`` for the rest) and
https://learn.microsoft.com/azure/firewall/fqdn-tags.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network

from bot.domain.egress.fleet import RequiredEndpoint
from bot.domain.egress.routes import network_of, public_size
from bot.domain.firewall import (
    ApplicationRule,
    Evaluation,
    Evaluator,
    Flow,
    NetworkRule,
    Outcome,
    Rule,
    RuleAction,
    RuleKind,
    RuleSet,
)
from bot.domain.firewall.addresses import address_match
from bot.domain.firewall.matchers import AddressBook, cover
from bot.domain.firewall.names import Match
from bot.domain.firewall.order import in_order
from bot.domain.firewall.owners import whereabouts
from bot.domain.firewall.ranges import Spans, port_span, spans_from_text, union
from bot.domain.firewall.rules import Tier
from bot.domain.firewall.tags import AKS_TAG
from bot.domain.fqdn import Destination, Protocol

API_SERVER_TAG = "azurecloud"
"""The service tag that Microsoft prescribes for the API server's tunnel, alone or with a region behind a dot."""


class EndpointStatus(StrEnum):
    """The state of a required endpoint: allowed by the tag, allowed by another rule, not provable, or not allowed."""

    TAG = "tag"
    RULE = "rule"
    UNSURE = "unsure"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class EndpointCheck:
    """One required endpoint against the rules.

    Args:
        endpoint: What must be reached.
        standing: Whether it can be.
        by: The rule that decides, where one does.
        why: One sentence, for what is not simply allowed.
    """

    endpoint: RequiredEndpoint
    standing: EndpointStatus
    by: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class RequiredEndpoints:
    """Everything that AKS must reach from one cluster.

    Args:
        checks: One for each endpoint, as Azure lists them.
        tag_rule: The rule that allows the FQDN tag ``AzureKubernetesService`` for the cluster; empty without one.
        untranslated: Public destinations (CIDR) that the firewall's network rules reach without SNAT.
        checked_for: The rules (id) and the cluster's ranges that it was checked for; empty in checks of old versions.
    """

    checks: tuple[EndpointCheck, ...]
    tag_rule: str = ""
    untranslated: tuple[str, ...] = ()
    checked_for: str = ""

    def standing(self, *wanted: EndpointStatus) -> tuple[EndpointCheck, ...]:
        """The endpoints in this state."""
        return tuple(check for check in self.checks if check.standing in wanted)


def check_required(
    rules: RuleSet, sources: tuple[str, ...], endpoints: Sequence[RequiredEndpoint]
) -> RequiredEndpoints:
    """Hold the published outbound dependencies against the rules of a firewall.

    The FQDN tag holds these endpoints, beside what Microsoft lists for every cluster.

    Args:
        rules: As they are in Azure.
        sources: The ranges of the cluster; at least one.
        endpoints: What AKS publishes for the cluster.
    """
    evaluator, published = Evaluator(rules), published_names(endpoints)
    asked = union(span for text in sources for span in spans_from_text(text) or ())
    found = []
    for endpoint in endpoints:
        destination = _destination(endpoint)
        if destination is None:
            found.append(_by_network(rules, asked, endpoint))
        else:
            flow = Flow(sources=sources, destination=destination, published=published)
            found.append(_by_name(endpoint, evaluator.evaluate(flow)))
    return RequiredEndpoints(tuple(found), _tag_rule(rules, asked), untranslated(rules))


def untranslated(rules: RuleSet) -> tuple[str, ...]:
    """Public destinations that network rules reach without SNAT: with the addresses of the nodes, not the firewall's.

    ``0.0.0.0/0`` is all of them. Application rules always translate.
    Source: https://learn.microsoft.com/azure/firewall/snat-private-range, read 2026-11.
    """
    nets = ((text, network_of(text)) for text in rules.private_ranges)
    return tuple(text for text, net in nets if isinstance(net, IPv4Network) and public_size(net))


def published_names(endpoints: Iterable[RequiredEndpoint]) -> frozenset[Destination]:
    """The endpoints over HTTP and HTTPS, as a flow takes them."""
    return frozenset(found for endpoint in endpoints if (found := _destination(endpoint)))


def _destination(endpoint: RequiredEndpoint) -> Destination | None:
    """The destination as an application rule sees it; None unless it is HTTP or HTTPS."""
    protocol = {"http": Protocol.HTTP, "https": Protocol.HTTPS}.get(endpoint.protocol.lower())
    return Destination(endpoint.domain, protocol, endpoint.port) if protocol else None


def _by_name(endpoint: RequiredEndpoint, found: Evaluation) -> EndpointCheck:
    rule = (found.deciding.rule if found.deciding else None) or ""
    if found.outcome is Outcome.ALLOWED:
        is_tag = found.deciding is not None and found.deciding.by.lower() == f"fqdn tag {AKS_TAG.lower()}"
        return EndpointCheck(endpoint, EndpointStatus.TAG if is_tag else EndpointStatus.RULE, rule or "Azure itself")
    if found.outcome is Outcome.DEPENDS:
        return EndpointCheck(endpoint, EndpointStatus.UNSURE, rule, " ".join(found.depends_on[:1]))
    why = found.deciding.why if found.deciding and rule else "No rule allows it."
    return EndpointCheck(endpoint, EndpointStatus.MISSING, rule, why)


def _in_order(rules: RuleSet, kind: RuleKind) -> Iterator[tuple[RuleAction, Rule]]:
    collections = (placed.collection for placed in in_order(rules) if placed.collection.kind is kind)
    return ((collection.action, rule) for collection in collections for rule in collection.rules)


def _tag_rule(rules: RuleSet, asked: Spans) -> str:
    """The first rule that allows the tag for all of the cluster's ranges."""
    book = AddressBook(rules.ip_groups)
    tagged = (
        rule
        for action, rule in _in_order(rules, RuleKind.APPLICATION)
        if action is RuleAction.ALLOW and isinstance(rule, ApplicationRule) and _has_tag(rule)
    )
    fitting = (r.name for r in tagged if cover(book.read(r.source_addresses, r.source_ip_groups), asked).yes == asked)
    return next(fitting, "")


def _has_tag(rule: ApplicationRule) -> bool:
    return any(tag.lower() == AKS_TAG.lower() for tag in rule.fqdn_tags)


_NEEDS_NETWORK_RULE = "It needs a network rule ({0} {1}): application rules and FQDN tags carry HTTP and HTTPS only."


def _by_network(rules: RuleSet, asked: Spans, endpoint: RequiredEndpoint) -> EndpointCheck:
    """The first network rule that matches for certain decides; one that may match makes it unsure."""
    unsure: list[EndpointCheck] = []
    nearly = ""
    for rule, action, match, why in _network_matches(rules, asked, endpoint):
        if match is Match.NO:
            nearly = nearly or why
            continue
        if match is Match.YES and not unsure:
            standing = EndpointStatus.RULE if action is RuleAction.ALLOW else EndpointStatus.MISSING
            return EndpointCheck(endpoint, standing, rule.name, "" if standing is EndpointStatus.RULE else why)
        unsure.append(EndpointCheck(endpoint, EndpointStatus.UNSURE, rule.name, why))
        if match is Match.YES:
            break
    if unsure:
        return unsure[0]
    why = nearly or _NEEDS_NETWORK_RULE.format(endpoint.protocol.upper(), endpoint.port)
    return EndpointCheck(endpoint, EndpointStatus.MISSING, "", why)


def _network_matches(
    rules: RuleSet, asked: Spans, endpoint: RequiredEndpoint
) -> Iterator[tuple[NetworkRule, RuleAction, Match, str]]:
    book = AddressBook(rules.ip_groups)
    for action, rule in _in_order(rules, RuleKind.NETWORK):
        if isinstance(rule, NetworkRule) and _has_service(rule, endpoint):
            covered = cover(book.read(rule.source_addresses, rule.source_ip_groups), asked)
            match, why = _reaches(rules, book, rule, endpoint)
            if covered.yes or covered.maybe:
                is_definite = match is Match.NO or covered.yes == asked
                yield rule, action, match if is_definite else Match.UNKNOWN, why


def _has_service(rule: NetworkRule, endpoint: RequiredEndpoint) -> bool:
    protocols = {protocol.lower() for protocol in rule.ip_protocols}
    spans = map(port_span, rule.destination_ports)
    return bool(protocols & {"any", endpoint.protocol.lower()}) and any(a <= endpoint.port <= b for a, b in spans)


def _reaches(rules: RuleSet, book: AddressBook, rule: NetworkRule, endpoint: RequiredEndpoint) -> tuple[Match, str]:
    if endpoint.domain in rule.destination_fqdns and rules.dns_proxy and rules.tier is not Tier.BASIC:
        return Match.YES, f"{rule.name} names {endpoint.domain}."
    if endpoint.domain in rule.destination_fqdns and rules.names_without_proxy and rules.tier is not Tier.BASIC:
        return Match.UNKNOWN, (
            f"The rule {rule.name} names it, but pods do not resolve it through the firewall: the DNS proxy is off."
        )
    if endpoint.domain in rule.destination_fqdns:
        return Match.NO, f"The rule {rule.name} names it, but the firewall's DNS proxy is off, so it never matches."
    tags = (text.lower().partition(".")[0] for text in rule.destination_addresses)
    if endpoint.domain.endswith(".azmk8s.io") and API_SERVER_TAG in tags:
        return Match.YES, f"{rule.name} has the service tag that Microsoft requires for the API server."
    destinations = book.read(rule.destination_addresses, rule.destination_ip_groups)
    fit = address_match(rule.name, destinations, (), whereabouts(endpoint.domain))
    return fit.match, fit.why
