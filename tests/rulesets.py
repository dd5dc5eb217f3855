"""Rule sets for tests: builders to write them by hand, and Hypothesis strategies over few names and addresses."""

from typing import Any

from hypothesis import strategies as st

from bot.domain.firewall import (
    ApplicationRule,
    Evaluation,
    Evaluator,
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
    ThreatIntelMode,
    Tier,
)
from bot.domain.fqdn import Destination, Protocol, parse_destination

# By hand

NODES = "10.1.0.0/24"
HTTPS = (("https", 443),)


def fqdn(*targets: str, name: str = "rule", **fields: Any) -> ApplicationRule:
    """An application rule for HTTPS from everywhere, unless told otherwise."""
    given: dict[str, Any] = {"source_addresses": ("*",), "protocols": HTTPS, "target_fqdns": targets}
    return ApplicationRule(name=name, **{**given, **fields})


def net(*destinations: str, name: str = "net", **fields: Any) -> NetworkRule:
    """A network rule for TCP 443 from everywhere, unless told otherwise."""
    given: dict[str, Any] = {
        "ip_protocols": ("TCP",),
        "source_addresses": ("*",),
        "destination_addresses": destinations,
        "destination_ports": ("443",),
    }
    return NetworkRule(name=name, **{**given, **fields})


def collection(name: str, priority: int, action: RuleAction, *rules: Rule) -> RuleCollection:
    """A rule collection of the kind of its rules."""
    kinds = {ApplicationRule: RuleKind.APPLICATION, NetworkRule: RuleKind.NETWORK, NatRule: RuleKind.NAT}
    return RuleCollection(name=name, priority=priority, action=action, kind=kinds[type(rules[0])], rules=rules)


def allow(*rules: Rule, name: str = "allow", priority: int = 200) -> RuleCollection:
    """A rule collection that allows."""
    return collection(name, priority, RuleAction.ALLOW, *rules)


def deny(*rules: Rule, name: str = "deny", priority: int = 100) -> RuleCollection:
    """A rule collection that denies."""
    return collection(name, priority, RuleAction.DENY, *rules)


def group(priority: int, *collections: RuleCollection) -> RuleCollectionGroup:
    """A rule collection group."""
    return RuleCollectionGroup(
        id=f"/g/{priority}", name=f"group-{priority}", priority=priority, collections=collections
    )


def rule_set(*collections: RuleCollection, **fields: Any) -> RuleSet:
    """One firewall policy with one rule collection group."""
    layer = PolicyLayer(id="/p/own", name="own", groups=(group(300, *collections),))
    return RuleSet(**{"layers": (layer,), **fields})


def inherited(parent: tuple[RuleCollectionGroup, ...], own: tuple[RuleCollectionGroup, ...]) -> RuleSet:
    """A firewall policy with a parent."""
    layers = (
        PolicyLayer(id="/p/parent", name="parent", groups=parent),
        PolicyLayer(id="/p/own", name="own", groups=own),
    )
    return RuleSet(layers=layers)


def to(text: str = "docker.io", *, sources: tuple[str, ...] = (NODES,), addresses: tuple[str, ...] = ()) -> Flow:
    """From the nodes to a destination, written as people write it."""
    return Flow(sources=sources, destination=parse_destination(text), addresses=addresses)


def evaluate(rules: RuleSet, flow: Flow) -> Evaluation:
    """Answer one question."""
    return Evaluator(rules).evaluate(flow)


def outcome(rules: RuleSet, flow: Flow) -> Outcome:
    """The outcome alone."""
    return evaluate(rules, flow).outcome


# Generated: rules meet each other often

NAMES = (
    "contoso.com",
    "a.contoso.com",
    "x.a.contoso.com",
    "evilcontoso.com",
    "a.evilcontoso.com",
    "docker.io",
    "md-1.blob.core.windows.net",
    "mcr.microsoft.com",
    "x.hcp.westeurope.azmk8s.io",
    "westeurope.ingest.monitor.azure.com",
    "security.ubuntu.com",
    "db.contoso.internal",
    "x.privatelink.contoso.com",
)
WILDCARDS = (
    "*.contoso.com",
    "*.a.contoso.com",
    "*.com",
    "*.docker.io",
    "*.blob.core.windows.net",
    "*.microsoft.com",
    "*.data.mcr.microsoft.com",
    "*.westeurope.azmk8s.io",
)
PATTERNS = (*NAMES, *WILDCARDS, "*contoso.com", "*a.contoso.com", "*", "www.*.com", "*.*.com")
URLS = (
    "a.contoso.com",
    "a.contoso.com/*",
    "A.contoso.com/v1/*",
    "*.contoso.com/*",
    "*contoso.com/x",
    "*",
    "docker.io/",
)
SOURCES = (
    "*",
    "0.0.0.0/0",
    "10.0.0.0/24",
    "10.0.0.0/25",
    "10.0.0.128/25",
    "10.0.0.64-10.0.0.191",
    "10.0.0.7",
    "10.0.0.9/24",
    "192.168.0.0/16",
    "fd00::/64",
    "fd00::/65",
    "VirtualNetwork",
)
FLOW_SOURCES = ("10.0.0.0/24", "10.0.0.0/25", "10.0.1.0/24", "fd00::/64", "192.168.3.0/24")
ADDRESSES = ("20.1.1.1", "20.1.1.2", "10.9.0.1", "2603::1")
DESTINATIONS = (
    "*",
    "0.0.0.0/0",
    "0.0.0.0/1",
    "128.0.0.0/1",
    "0.0.0.0-255.255.255.255",
    "20.1.1.0/24",
    "20.1.1.1",
    "20.1.1.1-20.1.1.2",
    "10.0.0.0/8",
    "2603::/16",
    "AzureCloud",
    "Internet",
    "VirtualNetwork",
    "100.64.0.0/10",
    "9.0.0.0-11.0.0.0",
)
EVERYTHING_PUBLIC = (
    "1.0.0.0-9.255.255.255",
    "11.0.0.0-100.63.255.255",
    "100.128.0.0-126.255.255.255",
    "128.0.0.0-169.253.255.255",
    "169.255.0.0-172.15.255.255",
    "172.32.0.0-192.167.255.255",
    "192.169.0.0-223.255.255.255",
)
TAGS = ("AzureKubernetesService", "azurekubernetesservice", "WindowsUpdate", "AppServiceEnvironment", "AzureBackup")
REGIONS = ("", "westeurope", "northeurope", "usgovvirginia", "chinaeast2")
GROUPS = {"/groups/nodes": ("10.0.0.0/25", "fd00::/64"), "/groups/partners": ("20.1.1.2",), "/groups/empty": ()}
GROUP_IDS = (*GROUPS, "/groups/unread")
SERVICES = ((Protocol.HTTP, 80), (Protocol.HTTPS, 443), (Protocol.HTTPS, 8443), (Protocol.MSSQL, 1433))
BY_ADDRESS = ((Protocol.TCP, 5432), (Protocol.UDP, 123))
"""Destinations that only network rules can carry."""


def some(values: tuple[str, ...], *, least: int = 0, most: int = 2) -> st.SearchStrategy[tuple[str, ...]]:
    """A few of the values, in any order."""
    return st.lists(st.sampled_from(values), min_size=least, max_size=most, unique=True).map(tuple)


def rarely(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    """Mostly none of the values."""
    return st.one_of(st.just(()), st.just(()), st.just(()), some(values))


def often(values: tuple[str, ...], otherwise: st.SearchStrategy[tuple[str, ...]]) -> st.SearchStrategy[tuple[str, ...]]:
    """Half the time one of a few values, so that rules match at all."""
    return st.one_of(st.sampled_from(values).map(lambda value: (value,)), otherwise)


_sources = {"source_addresses": often(SOURCES[:5], some(SOURCES, least=1)), "source_ip_groups": rarely(GROUP_IDS)}
_protocols = st.lists(st.sampled_from(SERVICES), min_size=1, max_size=4, unique=True).map(
    lambda found: tuple((str(protocol), port) for protocol, port in found)
)
_fqdn_rules = st.builds(
    ApplicationRule,
    name=st.just("fqdn"),
    **_sources,
    protocols=_protocols,
    target_fqdns=often(PATTERNS[:2] + WILDCARDS[:3] + ("*",), some(PATTERNS, least=1, most=3)),
    destination_addresses=rarely(DESTINATIONS),
    source_kube_selector_groups=rarely(("/selectors/web",)),
)
_url_rules = st.builds(
    ApplicationRule,
    name=st.just("url"),
    **_sources,
    protocols=st.one_of(st.just(()), _protocols, _protocols),
    target_urls=some(URLS, least=1),
    terminate_tls=st.booleans(),
)
_tag_rules = st.builds(
    ApplicationRule,
    name=st.just("tag"),
    **_sources,
    protocols=st.one_of(st.just(()), _protocols),
    fqdn_tags=often(TAGS[:1], some(TAGS, least=1)),
    destination_addresses=rarely(DESTINATIONS),
)
_category_rules = st.builds(
    ApplicationRule, name=st.just("category"), **_sources, protocols=_protocols, web_categories=st.just(("Business",))
)
_unknown_rules = st.builds(ApplicationRule, name=st.just("new"), **_sources, unknown_type=st.just("QuantumRule"))
_broad_rules = st.builds(
    NetworkRule,
    name=st.just("broad"),
    **_sources,
    ip_protocols=some(("TCP", "UDP"), least=1),
    destination_addresses=often(
        DESTINATIONS[:2], st.sampled_from((("0.0.0.0/1", "128.0.0.0/1"), EVERYTHING_PUBLIC, EVERYTHING_PUBLIC[1:]))
    ),
    destination_ports=some(("443", "80-1500", "5432", "*"), least=1),
)
_named_rules = st.builds(
    NetworkRule,
    name=st.just("named"),
    **_sources,
    ip_protocols=st.just(("Any",)),
    destination_fqdns=often(NAMES[:3], some((*NAMES, "*.contoso.com"), least=1)),
    destination_ports=some(("443", "80-1500", "*", "53"), least=1),
)
application_rules = st.one_of(*[_fqdn_rules] * 3, _url_rules, _tag_rules, _category_rules, _unknown_rules)
network_rules = st.builds(
    NetworkRule,
    name=st.just("network"),
    **_sources,
    ip_protocols=some(("TCP", "UDP", "ICMP", "Any"), least=1),
    destination_addresses=some(DESTINATIONS[2:]),
    destination_ip_groups=rarely(GROUP_IDS),
    destination_fqdns=rarely((*NAMES, "*.contoso.com")),
    destination_ports=some(("443", "80-1500", "*", "53", "100-6000"), least=1),
    source_geo_locations=rarely(("SE",)),
    destination_geo_locations=rarely(("US",)),
)
nat_rules = st.builds(NatRule, name=st.just("nat"), source_addresses=st.just(("*",)), ip_protocols=st.just(("TCP",)))

_RULES: dict[RuleKind, st.SearchStrategy[Rule]] = {
    RuleKind.APPLICATION: application_rules,
    RuleKind.NETWORK: st.one_of(network_rules, network_rules, _named_rules, _broad_rules),
    RuleKind.NAT: nat_rules,
}


@st.composite
def rule_sets(draw: st.DrawFn) -> RuleSet:
    """One to three firewall policies, or a classic firewall, with collections that all have different names."""
    classic = draw(st.sampled_from((False, False, False, True)))
    depth = 1 if classic else draw(st.integers(min_value=1, max_value=3))
    layers = tuple(_layer(draw, number, most_groups=1 if classic else 2) for number in range(depth))
    return RuleSet(
        layers=layers,
        ip_groups=GROUPS,
        threat_intel_mode=draw(st.sampled_from(ThreatIntelMode)),
        threat_intel_allow_fqdns=draw(rarely(WILDCARDS)),
        threat_intel_allow_ips=draw(rarely(("20.1.1.0/24",))),
        dns_proxy=draw(st.booleans()),
        names_without_proxy=draw(st.booleans()),
        has_groups=not classic,
        tier=draw(st.sampled_from(Tier)),
        tls_inspection=draw(st.booleans()),
    )


def _layer(draw: st.DrawFn, number: int, *, most_groups: int) -> PolicyLayer:
    groups = [_group(draw, f"{number}-{each}") for each in range(draw(st.integers(1, most_groups)))]
    return PolicyLayer(id=f"/policies/{number}", name=f"policy-{number}", groups=tuple(groups))


def _group(draw: st.DrawFn, name: str) -> RuleCollectionGroup:
    priorities = draw(st.lists(st.sampled_from((100, 200, 300, 400)), min_size=1, max_size=4))
    collections = tuple(_collection(draw, f"{name}-{each}", priority) for each, priority in enumerate(priorities))
    priority = draw(st.sampled_from((100, 200, 300)))
    return RuleCollectionGroup(id=f"/groups/{name}", name=name, priority=priority, collections=collections)


def _collection(draw: st.DrawFn, name: str, priority: int) -> RuleCollection:
    kind = draw(st.sampled_from((*[RuleKind.APPLICATION] * 3, RuleKind.NETWORK, RuleKind.NAT)))
    action = RuleAction.DNAT if kind is RuleKind.NAT else draw(st.sampled_from((RuleAction.ALLOW, RuleAction.DENY)))
    rules = tuple(draw(st.lists(_RULES[kind], min_size=0, max_size=3)))
    return RuleCollection(name=name, priority=priority, action=action, kind=kind, rules=rules)


flows = st.builds(
    Flow,
    sources=some(FLOW_SOURCES, least=1),
    destination=st.builds(
        lambda name, service: Destination(name, *service),
        st.sampled_from((*NAMES[:3], *NAMES, "new.contoso.com", *WILDCARDS)),
        st.sampled_from((SERVICES[1], SERVICES[1], *SERVICES, *BY_ADDRESS)),
    ),
    addresses=st.one_of(st.just(()), some(ADDRESSES, least=1)),
    region=st.sampled_from(REGIONS),
    published=st.sampled_from((frozenset(), frozenset({Destination("a.contoso.com"), Destination("*.docker.io")}))),
)
