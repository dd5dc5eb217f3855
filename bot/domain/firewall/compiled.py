"""A rule set made ready for many questions, in three steps of what they share.

``Compiled`` knows the rules. ``CompiledScope`` adds who asks and for which protocol and destination port.
``SharedMatches`` adds the addresses, and holds everything that does not rest on the name; it is computed once and
copied for each question.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial

from bot.domain.firewall.addresses import address_match
from bot.domain.firewall.fit import Fit
from bot.domain.firewall.matchers import (
    AddressBook,
    AddressSet,
    ApplicationMatcher,
    ApplicationTarget,
    Cover,
    NetworkMatcher,
    NetworkTarget,
    RuleMatch,
    Target,
    cover,
    decide,
    fqdn_tags,
    unlisted,
    without_tags,
)
from bot.domain.firewall.names import Match, NameIndex
from bot.domain.firewall.order import in_order
from bot.domain.firewall.owners import Whereabouts
from bot.domain.firewall.ranges import Spans, port_span, union
from bot.domain.firewall.rules import ApplicationRule, NetworkRule, RuleSet
from bot.domain.firewall.tags import Asked, best_of
from bot.domain.firewall.walk import Effect, effect_of, miss_step
from bot.domain.fqdn import Protocol
from bot.domain.grouping import grouped

Service = tuple[str, int]


class Compiled:
    """A rule set with its rule collections in order and its names indexed.

    Attributes:
        rules: What it was made from.
        places: The rule collections in the order of evaluation; a slot is a position here.
        misses: For each slot the step of a collection that does not come near a flow.
        names: Finds the rules that name a destination.
        network: Network rules for TCP or UDP that have addresses or service tags.
        tagged: Application rules with FQDN tags.
        opaque: Application rules with web categories, or of an unknown type.
    """

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self.places = in_order(rules)
        self.misses = [miss_step(place) for place in self.places]
        book = AddressBook(rules.ip_groups)
        network, application = [], []
        for slot, place in enumerate(self.places):
            for rule in place.collection.rules:
                if isinstance(rule, ApplicationRule):
                    application.append(_application(slot, rule, book))
                elif isinstance(rule, NetworkRule) and _transports(rule):
                    network.append(_network(slot, rule, book))
        self.names = NameIndex([*_network_names(network), *_application_names(application)])
        self.network = [found for found in network if found.destinations.spans or found.destinations.opaque]
        self.tagged = [found for found in application if found.rule.fqdn_tags]
        self.opaque = [found for found in application if found.rule.web_categories or found.rule.unknown_type]


def _application(slot: int, rule: ApplicationRule, book: AddressBook) -> ApplicationMatcher:
    selectors = tuple(f"pod selector {text.rsplit('/', 1)[-1]}" for text in rule.source_kube_selector_groups)
    sources = book.read(rule.source_addresses, rule.source_ip_groups, selectors)
    destinations = book.read(rule.destination_addresses, ()) if rule.destination_addresses else None
    return ApplicationMatcher(slot, rule, sources, destinations)


def _network(slot: int, rule: NetworkRule, book: AddressBook) -> NetworkMatcher:
    sources = book.read(rule.source_addresses, rule.source_ip_groups, _countries(rule.source_geo_locations))
    countries = _countries(rule.destination_geo_locations)
    destinations = book.read(rule.destination_addresses, rule.destination_ip_groups, countries)
    ports = union(port_span(text) for text in rule.destination_ports)
    return NetworkMatcher(slot, rule, sources, destinations, ports, _transports(rule))


def _countries(codes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"country {code}" for code in codes)


def _transports(rule: NetworkRule) -> frozenset[str]:
    named = {protocol.lower() for protocol in rule.ip_protocols}
    return frozenset(("tcp", "udp")) if "any" in named else frozenset(named & {"tcp", "udp"})


def _network_names(network: list[NetworkMatcher]) -> Iterator[tuple[str, Target]]:
    for matcher in network:
        for name in matcher.rule.destination_fqdns:
            if "*" not in name:
                yield name, NetworkTarget(matcher, name)


def _application_names(application: list[ApplicationMatcher]) -> Iterator[tuple[str, Target]]:
    for matcher in application:
        for name in matcher.rule.target_fqdns:
            yield name, ApplicationTarget(matcher, name, None)
        for url in matcher.rule.target_urls:
            host, _, path = url.partition("/")
            yield host.lower(), ApplicationTarget(matcher, url, "*" if url == "*" else path)


class SharedMatches:
    """State shared by all questions of one scope with the same addresses.

    Attributes:
        matches: By slot, the rules that match or may match whatever the name is.
        effects: By slot, their joint effect.
        slots: The slots of ``effects`` in order.
    """

    def __init__(self, matches: dict[int, list[RuleMatch]], effects: dict[int, Effect]) -> None:
        self.matches = matches
        self.effects = effects
        self.slots = sorted(effects)


class CompiledScope:
    """The rules as seen by the sources of one cluster or node pool for one protocol and destination port.

    Args:
        compiled: The rules.
        asked: The sources, not empty.
        service: Protocol and destination port.

    Attributes:
        cover: The coverage of the scope's sources by a rule's.
    """

    def __init__(self, compiled: Compiled, asked: Spans, service: Service) -> None:
        self.asked = asked
        self.service = service
        self._transport = Protocol(service[0]).transport
        self._misses = compiled.misses
        self.cover: Callable[[AddressSet], Cover] = cache(partial(cover, asked=asked))
        self._network = [found for found in compiled.network if self.fits(found) and self._reaches(found)]
        self._opaque = [found for found in compiled.opaque if self._reaches(found)]
        self._tagged = [found for found in compiled.tagged if self._reaches(found)]
        self._tags = {found.rule.fqdn_tags for found in self._tagged}
        self._absent = self._matches((found, without_tags(found.rule)) for found in self._tagged)
        self._absent_effects = {slot: self.effect(slot, found) for slot, found in self._absent.items()}
        self._unresolved: dict[Whereabouts, SharedMatches] = {}

    def effect(self, slot: int, matches: list[RuleMatch]) -> Effect:
        """The joint effect of the matches in one rule collection."""
        return effect_of(self._misses[slot], matches, self.asked)

    def fits(self, matcher: NetworkMatcher) -> bool:
        """Whether the destination port and what its packets are, TCP or UDP, are the rule's."""
        return self._transport in matcher.transports and any(
            low <= self.service[1] <= high for low, high in matcher.ports
        )

    def standing(self, addresses: Spans, where: Whereabouts) -> SharedMatches:
        """Precompute the name-independent part; linear in these sources' network rules if addresses are given."""
        if addresses:
            return self._stand(addresses, where)
        found = self._unresolved.get(where)
        if found is None:
            found = self._unresolved[where] = self._stand((), where)
        return found

    def tagged(self, asked: Asked, addresses: Spans, where: Whereabouts) -> Iterator[tuple[int, RuleMatch]]:
        """The rules with an FQDN tag that holds the name or may hold it, with their slots."""
        holding = {}
        for tags in self._tags:
            tag, found = best_of(tags, asked)
            if found.match is not Match.NO:
                holding[tags] = (tag, found)
        for matcher in self._tagged if holding else ():
            if matcher.rule.fqdn_tags in holding:
                fit = fqdn_tags(matcher.rule.name, *holding[matcher.rule.fqdn_tags])
                yield matcher.slot, self._decide(matcher, also_at(matcher, fit, addresses, where))

    def _reaches(self, matcher: NetworkMatcher | ApplicationMatcher) -> bool:
        found = self.cover(matcher.sources)
        return bool(found.yes or found.maybe)

    def _stand(self, addresses: Spans, where: Whereabouts) -> SharedMatches:
        matches = {slot: list(found) for slot, found in self._absent.items()}
        effects = dict(self._absent_effects)
        near = self._matches(self._fits(addresses, where))
        for slot, found in near.items():
            matches[slot] = [*matches.get(slot, ()), *found]
            effects[slot] = self.effect(slot, matches[slot])
        return SharedMatches(matches, effects)

    def _matches(self, fits: Iterable[tuple[NetworkMatcher | ApplicationMatcher, Fit]]) -> dict[int, list[RuleMatch]]:
        return grouped((matcher.slot, self._decide(matcher, fit)) for matcher, fit in fits if fit.why)

    def _fits(self, addresses: Spans, where: Whereabouts) -> Iterator[tuple[NetworkMatcher | ApplicationMatcher, Fit]]:
        for network in self._network:
            yield network, address_match(network.rule.name, network.destinations, addresses, where)
        for opaque in self._opaque:
            yield opaque, also_at(opaque, unlisted(opaque.rule, self.service), addresses, where)

    def _decide(self, matcher: NetworkMatcher | ApplicationMatcher, fit: Fit) -> RuleMatch:
        return decide(matcher.rule.name, self.cover(matcher.sources), fit, asked=self.asked)


def also_at(matcher: ApplicationMatcher, fit: Fit, addresses: Spans, where: Whereabouts) -> Fit:
    """Narrow a match by the destination addresses that the application rule also has, if it has any."""
    if matcher.destinations is None or fit.match is Match.NO:
        return fit
    there = address_match(matcher.rule.name, matcher.destinations, addresses, where)
    if there.match is Match.NO:
        return Fit(Match.NO, f"{fit.why} {there.why or 'The name resolves to none of its destination addresses.'}")
    if there.match is Match.YES:
        return fit
    return Fit(min(fit.match, there.match), f"{fit.why} {there.why}", fit.by, there.on, there.look)
