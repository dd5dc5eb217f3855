"""Azure Firewall written down a second time: one source address at a time, one rule after the other, no index.

It shares the values with the product and nothing else: addresses are compared by ``ipaddress``, names letter by letter,
and what is unknown is followed both ways. The lists that are read off Microsoft's pages are values too. Slow and
obvious on purpose.
"""

from collections.abc import Iterator

from bot.domain.firewall import (
    ApplicationRule,
    Flow,
    NatRule,
    NetworkRule,
    Outcome,
    PolicyLayer,
    Rule,
    RuleAction,
    RuleCollection,
    RuleCollectionGroup,
    RuleKind,
    RuleSet,
    Tier,
)
from tests.domain.reference_destination import (
    NO,
    PART,
    UNKNOWN,
    YES,
    Address,
    both,
    destination_is,
    ends,
    is_in,
    is_opaque,
    name_is,
    strongest,
    tag_is,
)

Place = tuple[PolicyLayer, RuleCollectionGroup, RuleCollection]
Step = tuple[str, str]


# Addresses


def texts_of(rules: RuleSet, addresses: tuple[str, ...], groups: tuple[str, ...]) -> list[str]:
    """Addresses with the IP groups written out; a group that was not read becomes a text that is opaque."""
    found = list(addresses)
    for group in groups:
        found.extend(rules.ip_groups.get(group, ("unread group",)))
    return found


def source_is(rules: RuleSet, rule: ApplicationRule | NetworkRule, source: Address) -> str:
    """Return whether a rule is for a source address."""
    texts = texts_of(rules, rule.source_addresses, rule.source_ip_groups)
    if any(is_in(source, text) for text in texts):
        return YES
    selectors = rule.source_kube_selector_groups if isinstance(rule, ApplicationRule) else rule.source_geo_locations
    return UNKNOWN if selectors or any(is_opaque(text) for text in texts) else NO


def all_rules(rules: RuleSet) -> Iterator[Rule]:
    """Every rule, in any order."""
    for layer in rules.layers:
        for group in layer.groups:
            for collection in group.collections:
                yield from collection.rules


def sources_of(rules: RuleSet, flow: Flow) -> list[Address]:
    """One address for each stretch of the flow's sources on which no rule begins or ends."""
    texts = [*flow.sources, *(text for group in rules.ip_groups.values() for text in group)]
    for rule in all_rules(rules):
        texts.extend(rule.source_addresses)
    edges: set[Address] = set()
    for found in map(ends, texts):
        if found is not None:
            edges.add(found[0])
            if int(found[1]) + 1 < 2 ** found[1].max_prefixlen:
                edges.add(found[1] + 1)
    return [edge for edge in edges if any(is_in(edge, text) for text in flow.sources)]


# Destinations


def target_matches(rules: RuleSet, rule: Rule, flow: Flow) -> list[str]:
    """For each target of a rule, whether it matches the destination."""
    if isinstance(rule, NatRule):
        return []
    if isinstance(rule, NetworkRule):
        return list(network_targets(rules, rule, flow))
    if flow.destination.protocol in ("tcp", "udp") and not rule.unknown_type:
        return []
    found = list(application_targets(rules, rule, flow))
    if rule.destination_addresses:
        there = destination_is(list(rule.destination_addresses), flow, opaque=False)
        found = [both(target, there) for target in found]
    return found


def network_targets(rules: RuleSet, rule: NetworkRule, flow: Flow) -> Iterator[str]:
    """A network rule: its addresses are one target, each of its FQDNs another."""
    port = flow.destination.port
    packets = "UDP" if flow.destination.protocol == "udp" else "TCP"
    if not {packets, "Any"} & set(rule.ip_protocols) or not any(
        port_is_in(port, text) for text in rule.destination_ports
    ):
        return
    texts = texts_of(rules, rule.destination_addresses, rule.destination_ip_groups)
    yield destination_is(texts, flow, opaque=bool(rule.destination_geo_locations))
    for name in rule.destination_fqdns:
        if (rules.dns_proxy or rules.names_without_proxy) and rules.tier is not Tier.BASIC and "*" not in name:
            yield both(name_is(name, flow.destination.fqdn), YES if rules.dns_proxy else UNKNOWN)


def port_is_in(port: int, text: str) -> bool:
    """Return whether a port is in ``*``, a port or a range."""
    if text == "*":
        return True
    first, last = text.split("-") if "-" in text else (text, text)
    return int(first) <= port <= int(last)


def application_targets(rules: RuleSet, rule: ApplicationRule, flow: Flow) -> Iterator[str]:
    """An application rule: each FQDN and URL is a target, its FQDN tags are one, its web categories are one."""
    name, protocol = flow.destination.fqdn, str(flow.destination.protocol)
    fits = (protocol, flow.destination.port) in rule.protocols
    if fits:
        for fqdn in rule.target_fqdns:
            yield name_is(fqdn, name)
    sees_urls = protocol == "http" or (
        protocol == "https" and rule.terminate_tls and rules.tls_inspection and rules.tier is Tier.PREMIUM
    )
    is_web = protocol in ("http", "https")
    for url in rule.target_urls:
        host = name_is(url.split("/")[0].lower(), name)
        if is_web and not rule.protocols:
            yield both(host, UNKNOWN)
        elif fits and sees_urls:
            yield host if url == "*" or (url.endswith("/*") and url.count("/") == 1) else both(host, UNKNOWN)
    if is_web and rule.fqdn_tags:
        yield strongest([tag_is(tag, flow) for tag in rule.fqdn_tags])
    if rule.unknown_type or (is_web and rule.web_categories and fits):
        yield UNKNOWN


# Order


def collections_in_order(rules: RuleSet) -> list[Place]:
    """Type, then firewall policy from the root, then group priority, then collection priority."""
    found: list[Place] = []
    for kind in (RuleKind.NAT, RuleKind.NETWORK, RuleKind.APPLICATION):
        for layer in rules.layers:
            if not rules.has_groups:
                places = [(layer, group, each) for group in layer.groups for each in group.collections]
                found.extend(sorted((p for p in places if p[2].kind is kind), key=lambda p: p[2].priority))
                continue
            for priority in sorted({group.priority for group in layer.groups}):
                places = [(layer, g, each) for g in layer.groups if g.priority == priority for each in g.collections]
                found.extend(sorted((p for p in places if p[2].kind is kind), key=lambda p: p[2].priority))
    return found


def outcome_of(ended: set[str]) -> Outcome:
    """The verdict of a set of possible ends."""
    if ended == {"allow"}:
        return Outcome.ALLOWED
    if ended == {"deny"}:
        return Outcome.DENIED
    return Outcome.DEFAULT_DENIED if "allow" not in ended else Outcome.DEPENDS


def is_managed_disk(flow: Flow) -> bool:
    """Return whether the built-in rules may hold the name."""
    name, protocol = flow.destination.fqdn, flow.destination.protocol
    begins = name.startswith(("md-", "*"))
    return (
        begins
        and name.endswith((".blob.core.windows.net", ".blob.storage.azure.net"))
        and protocol in ("http", "https")
    )


class Walk:
    """The sources that go through the firewall together, each with the ends that are possible for it so far.

    Attributes:
        ended: What became of the sources that left.
        steps: Name of the collection and its result, for each that was reached.
        obstacles: Collections that ended a source by a network rule or a deny, and whether it was a deny.
    """

    def __init__(self, rules: RuleSet, flow: Flow) -> None:
        """Start with every source."""
        self.rules, self.flow = rules, flow
        self.sources = sources_of(rules, flow)
        self.possible: dict[Address, set[str]] = {source: set() for source in self.sources}
        self.ended: set[str] = set()
        self.steps: list[Step] = []
        self.obstacles: list[tuple[str, bool]] = []

    def meet(self, place: Place) -> None:
        """Read one rule collection for every source that is left."""
        _, _, collection = place
        found = [(rule, target_matches(self.rules, rule, self.flow)) for rule in collection.rules]
        end = "allow" if collection.action is RuleAction.ALLOW else "deny"
        hit, perhaps = False, False
        for source in list(self.possible):
            verdicts = [verdict for rule, targets in found for verdict in self.verdicts(rule, targets, source)]
            if YES in verdicts:
                self.ended |= self.possible.pop(source) | {end}
                hit = True
            elif UNKNOWN in verdicts or PART in verdicts:
                self.possible[source].add(end)
                perhaps = True
        self.steps.append((collection.name, self.result(found, hit=hit, perhaps=perhaps)))
        if hit and (collection.kind is RuleKind.NETWORK or collection.action is RuleAction.DENY):
            self.obstacles.append((collection.name, collection.action is RuleAction.DENY))

    def verdicts(self, rule: Rule, targets: list[str], source: Address) -> Iterator[str]:
        """The match of each target of a rule for one source."""
        if not isinstance(rule, NatRule):
            for target in targets:
                yield both(source_is(self.rules, rule, source), target)

    def result(self, found: list[tuple[Rule, list[str]]], *, hit: bool, perhaps: bool) -> str:
        """The word for what a collection did."""
        if hit:
            return "partial" if self.possible else "hit"
        if not perhaps:
            return "miss"
        parts = [
            rule for rule, targets in found for source in self.sources if PART in self.verdicts(rule, targets, source)
        ]
        return "partial" if parts else "unknown"


def reference_evaluate(rules: RuleSet, flow: Flow) -> tuple[Outcome, list[Step]]:
    """The outcome, and each rule collection that was reached with its result."""
    walk = Walk(rules, flow)
    for place in collections_in_order(rules):
        walk.meet(place)
        if not walk.possible:
            return outcome_of(walk.ended), walk.steps
    for possible in walk.possible.values():
        walk.ended |= possible | {"default"} | ({"allow"} if is_managed_disk(flow) else set())
    return outcome_of(walk.ended), walk.steps


def reference_obstacle(
    rules: RuleSet, flow: Flow, *, layer: str, group_priority: int, collection_priority: int
) -> str | None:
    """The name of the collection that makes an allow rule for the flow, at a place among its like, dead."""
    order = [policy.id for policy in rules.layers]
    kinds = [RuleKind.NAT, RuleKind.NETWORK, RuleKind.APPLICATION]
    ours = RuleKind.NETWORK if flow.destination.protocol in ("tcp", "udp") else RuleKind.APPLICATION
    here = (kinds.index(ours), order.index(layer), group_priority if rules.has_groups else 0, collection_priority)
    walk = Walk(rules, flow)
    for policy, group, collection in collections_in_order(rules):
        rank = (order.index(policy.id), group.priority if rules.has_groups else 0, collection.priority)
        if walk.possible and (kinds.index(collection.kind), *rank) < here:
            walk.meet((policy, group, collection))
    if walk.possible:
        return None
    denying = [name for name, is_deny in walk.obstacles if is_deny or ours is RuleKind.APPLICATION]
    return denying[0] if denying else None
