"""Each rule of Azure Firewall's order, by example."""

from typing import Any

import pytest

from bot.domain.firewall import (
    Action,
    ApplicationRule,
    Evaluator,
    Flow,
    Kind,
    NatRule,
    NetworkRule,
    Outcome,
    PolicyLayer,
    Result,
    Rule,
    RuleCollection,
    RuleCollectionGroup,
    RuleSet,
    Stage,
    ThreatIntelMode,
    Tier,
    evaluate,
    stands_in_the_way,
)
from bot.domain.fqdn import Destination, Protocol, parse_destination
from bot.errors import InvariantBroken

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


def collection(name: str, priority: int, action: Action, *rules: Rule) -> RuleCollection:
    """A rule collection of the kind of its rules."""
    kinds = {ApplicationRule: Kind.APPLICATION, NetworkRule: Kind.NETWORK, NatRule: Kind.NAT}
    return RuleCollection(name=name, priority=priority, action=action, kind=kinds[type(rules[0])], rules=rules)


def allow(*rules: Rule, name: str = "allow", priority: int = 200) -> RuleCollection:
    """A rule collection that allows."""
    return collection(name, priority, Action.ALLOW, *rules)


def deny(*rules: Rule, name: str = "deny", priority: int = 100) -> RuleCollection:
    """A rule collection that denies."""
    return collection(name, priority, Action.DENY, *rules)


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


def outcome(rules: RuleSet, flow: Flow) -> Outcome:
    """The outcome alone."""
    return evaluate(rules, flow).outcome


# The stages


def test_nothing_matches_is_denied_by_default() -> None:
    """An empty rule set denies, after every stage."""
    found = evaluate(rule_set(), to())
    assert found.outcome is Outcome.DEFAULT_DENIED
    assert [step.stage for step in found.trace] == [Stage.THREAT_INTEL, Stage.INFRASTRUCTURE, Stage.DEFAULT]
    assert found.deciding is found.trace[-1]


def test_application_rule_allows_and_says_where() -> None:
    """The deciding step names firewall policy, group, collection, priority and rule."""
    found = evaluate(rule_set(allow(fqdn("docker.io", name="r1"), name="team", priority=250)), to())
    step = found.deciding
    assert step is not None
    assert found.outcome is Outcome.ALLOWED
    assert (step.policy, step.group, step.collection, step.priority, step.rule) == (
        "own",
        "group-300",
        "team",
        250,
        "r1",
    )
    assert (step.stage, step.action, step.result) == (Stage.APPLICATION, Action.ALLOW, Result.HIT)
    assert step.why == "r1 names docker.io for https:443."


def test_network_rules_come_before_application_rules_whatever_the_priority() -> None:
    """A network allow ends it before an application deny with a smaller number is read."""
    rules = rule_set(deny(fqdn("docker.io"), priority=100), allow(net("*"), priority=60000))
    found = evaluate(rules, to())
    assert found.outcome is Outcome.ALLOWED
    assert [step.stage for step in found.trace] == [Stage.THREAT_INTEL, Stage.NETWORK]


def test_network_deny_beats_application_allow() -> None:
    """And so does a network deny."""
    assert (
        outcome(rule_set(deny(net("0.0.0.0/0"), priority=60000), allow(fqdn("*"), priority=100)), to())
        is Outcome.DENIED
    )


def test_nat_rules_are_shown_and_never_match() -> None:
    """Traffic to a name is not traffic to the firewall's own address."""
    nat = collection("nat", 100, Action.DNAT, NatRule(name="in", source_addresses=("*",)))
    found = evaluate(rule_set(nat, allow(fqdn("docker.io"))), to())
    assert (found.trace[1].stage, found.trace[1].result) == (Stage.DNAT, Result.MISS)
    assert found.outcome is Outcome.ALLOWED


def test_parent_policy_comes_first_regardless_of_numbers() -> None:
    """A parent's deny at 60000 cannot be undone by a child's allow at 100."""
    parent = (group(60000, deny(fqdn("*.docker.io", "docker.io"), priority=60000)),)
    assert outcome(inherited(parent, (group(100, allow(fqdn("docker.io"), priority=100)),)), to()) is Outcome.DENIED


def test_type_comes_before_inheritance() -> None:
    """A child's network rule is read before a parent's application rule."""
    parent, own = (group(100, deny(fqdn("*"))),), (group(65000, allow(net("*"))),)
    assert outcome(inherited(parent, own), to()) is Outcome.ALLOWED


def test_group_priority_then_collection_priority() -> None:
    """The group's number decides first; inside a group the collection's."""
    first, last = group(100, allow(fqdn("*"), priority=9000)), group(200, deny(fqdn("*"), priority=100))
    assert outcome(inherited((), (last, first)), to()) is Outcome.ALLOWED
    assert outcome(rule_set(allow(fqdn("*"), priority=300), deny(fqdn("*"), priority=200)), to()) is Outcome.DENIED


def test_classic_firewall_has_collection_priorities_alone() -> None:
    """In a classic firewall the group number means nothing."""
    groups = (group(100, allow(fqdn("*"), priority=400)), group(200, deny(fqdn("*"), priority=300)))
    layers = (PolicyLayer(id="/fw", name="legacy-firewall", groups=groups),)
    assert outcome(RuleSet(layers=layers, classic=True), to()) is Outcome.DENIED
    assert outcome(RuleSet(layers=layers), to()) is Outcome.ALLOWED


def test_trace_ends_where_the_firewall_stops() -> None:
    """Rules are terminating: what follows the deciding collection is not in the trace."""
    rules = rule_set(
        deny(fqdn("quay.io"), priority=100),
        allow(fqdn("docker.io"), priority=200),
        deny(fqdn("*"), name="rest", priority=300),
    )
    found = evaluate(rules, to())
    assert [(step.collection, step.result) for step in found.trace[1:]] == [
        ("deny", Result.MISS),
        ("allow", Result.HIT),
    ]


# Threat intelligence and infrastructure


@pytest.mark.parametrize(
    ("mode", "allowed", "result"),
    [
        (ThreatIntelMode.OFF, (), Result.MISS),
        (ThreatIntelMode.ALERT, (), Result.MISS),
        (ThreatIntelMode.DENY, (), Result.UNKNOWN),
        (ThreatIntelMode.DENY, ("*.docker.io",), Result.UNKNOWN),
        (ThreatIntelMode.DENY, ("Docker.io",), Result.MISS),
    ],
)
def test_threat_intelligence_is_noted_and_does_not_decide(
    mode: ThreatIntelMode, allowed: tuple[str, ...], result: Result
) -> None:
    """Its list is not published: in mode Deny the trace says so, unless the name is on the allowlist."""
    rules = rule_set(allow(fqdn("docker.io")), threat_intel_mode=mode, threat_intel_allow_fqdns=allowed)
    found = evaluate(rules, to())
    assert found.outcome is Outcome.ALLOWED
    assert (found.trace[0].stage, found.trace[0].result) == (Stage.THREAT_INTEL, result)


def test_threat_intelligence_allowlist_by_address() -> None:
    """Every address that the name resolves to must be on it."""
    rules = rule_set(threat_intel_mode=ThreatIntelMode.DENY, threat_intel_allow_ips=("20.1.0.0/16",))
    assert evaluate(rules, to(addresses=("20.1.1.1",))).trace[0].result is Result.MISS
    assert evaluate(rules, to(addresses=("20.1.1.1", "20.2.1.1"))).trace[0].result is Result.UNKNOWN


def test_infrastructure_rules_are_unknown_for_managed_disks_only() -> None:
    """Azure lists services and no names; only the names of managed disks have a documented shape."""
    disk = evaluate(rule_set(), to("md-hdd-x.z1.blob.storage.azure.net"))
    assert disk.outcome is Outcome.DEPENDS
    assert "managed disk" in disk.depends_on[0]
    assert outcome(rule_set(), to("account.blob.core.windows.net")) is Outcome.DEFAULT_DENIED
    assert outcome(rule_set(deny(fqdn("*"))), to("md-x.blob.core.windows.net")) is Outcome.DENIED


# Names, protocols, ports


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("docker.io", "docker.io", Outcome.ALLOWED),
        ("Docker.IO", "docker.io", Outcome.ALLOWED),
        ("*.docker.io", "docker.io", Outcome.DEFAULT_DENIED),
        ("*.docker.io", "auth.docker.io", Outcome.ALLOWED),
        ("*.docker.io", "a.b.c.docker.io", Outcome.ALLOWED),
        ("*docker.io", "evildocker.io", Outcome.ALLOWED),
        ("*docker.io", "docker.io", Outcome.ALLOWED),
        ("*", "docker.io", Outcome.ALLOWED),
        ("www.*.io", "www.docker.io", Outcome.DEFAULT_DENIED),
        ("*.*.io", "www.docker.io", Outcome.DEFAULT_DENIED),
        ("docker.io", "auth.docker.io", Outcome.DEFAULT_DENIED),
    ],
)
def test_wildcards(pattern: str, name: str, expected: Outcome) -> None:
    """The asterisk counts at the left-most place only, at any depth, and not for the apex."""
    assert outcome(rule_set(allow(fqdn(pattern))), to(name)) is expected


def test_a_wildcard_is_allowed_only_if_all_of_it_is() -> None:
    """A rule for one name below it covers a part: it depends, and the sentence says on what."""
    flow = Flow(sources=(NODES,), destination=Destination("*.docker.io"))
    part = evaluate(rule_set(allow(fqdn("auth.docker.io", name="auth"))), flow)
    assert (part.outcome, part.deciding) == (Outcome.DEPENDS, None)
    assert part.trace[1].result is Result.PARTIAL
    assert part.depends_on == ("Rule collection allow of own allows: auth names auth.docker.io for https:443.",)
    assert outcome(rule_set(allow(fqdn("*.docker.io"))), flow) is Outcome.ALLOWED
    assert outcome(rule_set(allow(fqdn("*.io"))), flow) is Outcome.ALLOWED
    assert outcome(rule_set(allow(fqdn("docker.io"))), flow) is Outcome.DEFAULT_DENIED


@pytest.mark.parametrize("asked", ["http:docker.io", "https:docker.io:8443", "mssql:docker.io"])
def test_protocol_and_port_must_fit(asked: str) -> None:
    """A rule that names the destination for something else is a near miss, and says so."""
    found = evaluate(rule_set(allow(fqdn("docker.io", name="web"))), to(asked))
    assert found.outcome is Outcome.DEFAULT_DENIED
    assert found.trace[1].result is Result.MISS
    assert "web names docker.io, but not for" in found.trace[1].why


def test_sql_says_that_it_needs_the_proxy_policy() -> None:
    """SQL in redirect mode leaves the port that the rule is for."""
    rules = rule_set(allow(fqdn("db.database.windows.net", protocols=(("Mssql", 1433),))))
    found = evaluate(rules, to("mssql:db.database.windows.net"))
    assert found.outcome is Outcome.ALLOWED
    assert "proxy connection policy" in found.trace[-1].why


# What is not published


@pytest.mark.parametrize(
    ("fields", "word"),
    [({"fqdn_tags": ("AzureKubernetesService",)}, "AzureKubernetesService"), ({"web_categories": ("Games",)}, "Games")],
)
def test_tags_and_categories_are_never_guessed(fields: dict[str, Any], word: str) -> None:
    """Alone they make it depend; a rule that decides the same way makes it definite again."""
    tagged = allow(fqdn(**fields), name="tagged", priority=100)
    alone = evaluate(rule_set(tagged), to("mcr.microsoft.com"))
    assert alone.outcome is Outcome.DEPENDS
    assert word in alone.depends_on[0]
    assert (
        outcome(rule_set(tagged, allow(fqdn("*.microsoft.com"), priority=200)), to("mcr.microsoft.com"))
        is Outcome.ALLOWED
    )
    assert outcome(rule_set(tagged, deny(fqdn("*"), priority=200)), to("mcr.microsoft.com")) is Outcome.DEPENDS
    assert outcome(rule_set(tagged, deny(fqdn("*"), priority=99)), to("mcr.microsoft.com")) is Outcome.DENIED


def test_unknown_deny_before_the_default_is_denied_either_way() -> None:
    """Whether the tag covers it or not, it does not get out."""
    assert outcome(rule_set(deny(fqdn(fqdn_tags=("WindowsUpdate",)))), to()) is Outcome.DEFAULT_DENIED


def test_tags_are_for_web_traffic() -> None:
    """An FQDN tag says nothing about SQL."""
    assert outcome(rule_set(allow(fqdn(fqdn_tags=("AppServiceEnvironment",), protocols=()))), to("mssql:db.x.net")) is (
        Outcome.DEFAULT_DENIED
    )


@pytest.mark.parametrize(
    ("url", "asked", "decrypts", "expected"),
    [
        ("docker.io/library/*", "http:docker.io", False, Outcome.DEPENDS),
        ("docker.io/*", "http:docker.io", False, Outcome.ALLOWED),
        ("docker.io/*", "docker.io", False, Outcome.DEFAULT_DENIED),
        ("docker.io/*", "docker.io", True, Outcome.ALLOWED),
        ("docker.io/library/*", "docker.io", True, Outcome.DEPENDS),
        ("quay.io/*", "docker.io", True, Outcome.DEFAULT_DENIED),
    ],
)
def test_target_urls(url: str, asked: str, *, decrypts: bool, expected: Outcome) -> None:
    """A path makes it depend; the path of HTTPS is seen only by a Premium firewall that decrypts."""
    rule = fqdn(target_urls=(url,), protocols=(("http", 80), ("https", 443)), terminate_tls=decrypts)
    rules = rule_set(allow(rule), tier=Tier.PREMIUM, tls_inspection=decrypts)
    assert outcome(rules, to(asked)) is expected


# Network rules


def test_a_narrow_network_rule_depends_on_the_addresses() -> None:
    """Without the addresses of the name it depends; with them it does not."""
    rules = rule_set(allow(net("20.1.0.0/16", name="partner")))
    unknown = evaluate(rules, to())
    assert unknown.outcome is Outcome.DEPENDS
    assert unknown.depends_on == (
        "Rule collection allow of own allows: partner matches if the name resolves into 20.1.0.0/16.",
    )
    assert outcome(rules, to(addresses=("20.1.2.3",))) is Outcome.ALLOWED
    assert outcome(rules, to(addresses=("20.2.2.3",))) is Outcome.DEFAULT_DENIED
    mixed = evaluate(rules, to(addresses=("20.1.2.3", "20.2.2.3")))
    assert (mixed.outcome, mixed.trace[1].result) == (Outcome.DEPENDS, Result.PARTIAL)


def test_service_tags_are_never_guessed() -> None:
    """Not even with known addresses."""
    rules = rule_set(allow(net("AzureCloud.WestEurope")))
    assert outcome(rules, to(addresses=("20.1.2.3",))) is Outcome.DEPENDS


@pytest.mark.parametrize("fields", [{"ip_protocols": ("UDP", "ICMP")}, {"destination_ports": ("80", "444-1000")}])
def test_network_protocol_and_port_must_fit(fields: dict[str, Any]) -> None:
    """HTTPS is TCP to its port."""
    assert outcome(rule_set(allow(net("*", **fields))), to()) is Outcome.DEFAULT_DENIED


def test_two_halves_of_the_address_space_are_all_of_it() -> None:
    """What 0.0.0.0/0 cannot say in a route, two ranges say in a rule."""
    assert outcome(rule_set(allow(net("0.0.0.0/1", "128.0.0.0/1"))), to()) is Outcome.ALLOWED


@pytest.mark.parametrize(
    ("dns_proxy", "tier", "expected"),
    [
        (True, Tier.STANDARD, Outcome.ALLOWED),
        (False, Tier.STANDARD, Outcome.DEFAULT_DENIED),
        (True, Tier.BASIC, Outcome.DEFAULT_DENIED),
    ],
)
def test_network_fqdns_need_the_dns_proxy(*, dns_proxy: bool, tier: Tier, expected: Outcome) -> None:
    """And tier Standard or Premium; the trace says what is missing."""
    rules = rule_set(allow(net(destination_fqdns=("docker.io",))), dns_proxy=dns_proxy, tier=tier)
    assert outcome(rules, to()) is expected
    assert outcome(rules, to("docker.io:8443")) is Outcome.DEFAULT_DENIED
    assert outcome(rules, to("auth.docker.io")) is Outcome.DEFAULT_DENIED


def test_network_fqdns_have_no_wildcards() -> None:
    """An asterisk in a network rule is no pattern."""
    rules = rule_set(allow(net(destination_fqdns=("*.docker.io",))), dns_proxy=True)
    assert outcome(rules, to("auth.docker.io")) is Outcome.DEFAULT_DENIED
    assert outcome(rules, Flow(sources=(NODES,), destination=Destination("*.docker.io"))) is Outcome.DEFAULT_DENIED


# Sources


@pytest.mark.parametrize(
    ("source", "expected", "result"),
    [
        ("*", Outcome.ALLOWED, Result.HIT),
        (NODES, Outcome.ALLOWED, Result.HIT),
        ("10.0.0.0/8", Outcome.ALLOWED, Result.HIT),
        ("10.1.0.0-10.1.0.255", Outcome.ALLOWED, Result.HIT),
        ("10.1.0.0/25", Outcome.DEPENDS, Result.PARTIAL),
        ("10.1.0.9", Outcome.DEPENDS, Result.PARTIAL),
        ("10.2.0.0/24", Outcome.DEFAULT_DENIED, Result.MISS),
        ("fd00::/8", Outcome.DEFAULT_DENIED, Result.MISS),
    ],
)
def test_sources(source: str, expected: Outcome, result: Result) -> None:
    """The rule must be for all nodes; for some of them it depends on the node."""
    found = evaluate(rule_set(allow(fqdn("docker.io", source_addresses=(source,)))), to())
    assert (found.outcome, found.trace[1].result) == (expected, result)


def test_partial_sources_say_which() -> None:
    """The sentence names the nodes that get out."""
    found = evaluate(rule_set(allow(fqdn("docker.io", name="half", source_addresses=("10.1.0.128/25",)))), to())
    (sentence,) = found.depends_on
    assert sentence.startswith("Rule collection allow of own allows: half names docker.io for https:443.")
    assert sentence.endswith("It holds for the sources 10.1.0.128/25 only.")


def test_two_rules_for_half_of_the_nodes_each_cover_all() -> None:
    """In one collection or in two, of two node pools or one cluster."""
    one, two = (fqdn("docker.io", source_addresses=(half,)) for half in ("10.1.0.0/25", "10.1.0.128/25"))
    assert outcome(rule_set(allow(one, two)), to()) is Outcome.ALLOWED
    apart = evaluate(rule_set(allow(one, priority=100), allow(two, name="second", priority=200)), to())
    assert apart.outcome is Outcome.ALLOWED
    assert [step.result for step in apart.trace[1:]] == [Result.PARTIAL, Result.HIT]
    assert outcome(rule_set(deny(one), allow(fqdn("*"))), to()) is Outcome.DEPENDS


def test_ip_groups_are_read_and_an_unread_one_is_unknown() -> None:
    """Ids of IP groups are compared without case."""
    rule = fqdn("docker.io", source_addresses=(), source_ip_groups=("/Subscriptions/x/ipGroups/Nodes",))
    known = rule_set(allow(rule), ip_groups={"/subscriptions/X/ipgroups/nodes": ("10.1.0.0/16",)})
    assert outcome(known, to()) is Outcome.ALLOWED
    unread = evaluate(rule_set(allow(rule)), to())
    assert unread.outcome is Outcome.DEPENDS
    assert "IP group nodes" in unread.depends_on[0]


def test_pod_selectors_are_unknown() -> None:
    """Which pods a selector picks is not for us to say."""
    rule = fqdn("docker.io", source_addresses=(), source_kube_selector_groups=("/selectors/web",))
    assert outcome(rule_set(allow(rule)), to()) is Outcome.DEPENDS


def test_dual_stack_nodes_need_both_families() -> None:
    """A rule for the IPv4 range leaves the IPv6 range out."""
    flow = to(sources=(NODES, "fd00:1::/64"))
    assert outcome(rule_set(allow(fqdn("docker.io", source_addresses=(NODES,)))), flow) is Outcome.DEPENDS
    assert outcome(rule_set(allow(fqdn("docker.io", source_addresses=(NODES, "fd00::/16")))), flow) is Outcome.ALLOWED


@pytest.mark.parametrize("flow", [to(sources=()), to(sources=("nodes",)), to(addresses=("somewhere",))])
def test_a_flow_that_is_no_flow_is_our_mistake(flow: Flow) -> None:
    """Nobody types a flow: a bad one is a defect."""
    with pytest.raises(InvariantBroken):
        evaluate(rule_set(), flow)


# Dead rules


def obstacle(rules: RuleSet, flow: Flow | None = None, *, layer: str = "/p/own") -> str | None:
    """The collection in the way of a rule at group 300, collection 500."""
    step = stands_in_the_way(rules, flow or to(), layer=layer, group_priority=300, collection_priority=500)
    return step.collection if step else None


def test_dead_rules() -> None:
    """A network rule or an earlier deny makes an allowance dead."""
    assert obstacle(rule_set(allow(net("*"), name="open"))) == "open"
    assert obstacle(rule_set(deny(net("*"), name="shut", priority=60000))) == "shut"
    assert obstacle(rule_set(deny(fqdn("*"), name="shut", priority=499))) == "shut"
    assert obstacle(inherited((group(65000, deny(fqdn("*"), name="shut", priority=65000)),), (group(300),))) == "shut"


def test_rules_that_are_not_dead() -> None:
    """Later rules, other names, unknown matches, parts, and what is allowed already are not in the way."""
    assert obstacle(rule_set()) is None
    assert obstacle(rule_set(deny(fqdn("*"), priority=500))) is None
    assert obstacle(rule_set(deny(fqdn("quay.io"), priority=100))) is None
    assert obstacle(rule_set(allow(net("20.0.0.0/8")))) is None
    assert obstacle(rule_set(deny(fqdn("docker.io", source_addresses=("10.1.0.0/25",))))) is None
    assert (
        obstacle(rule_set(allow(fqdn("docker.io"), priority=100), deny(fqdn("*"), name="rest", priority=400))) is None
    )
    wild = Flow(sources=(NODES,), destination=Destination("*.docker.io"))
    assert obstacle(rule_set(deny(fqdn("auth.docker.io"))), wild) is None


def test_a_place_in_an_unknown_policy_is_our_mistake() -> None:
    """The layer must be one that the firewall obeys."""
    with pytest.raises(InvariantBroken):
        obstacle(rule_set(), layer="/p/other")


# Values


def test_case_is_folded_where_azure_folds_it() -> None:
    """Equal to Azure, equal to us."""
    left = fqdn("Docker.IO", protocols=(("Https", 443),), source_ip_groups=("/IPGroups/A",))
    assert left == fqdn("docker.io", source_ip_groups=("/ipgroups/a",))
    assert net(destination_fqdns=("NTP.ubuntu.com",)).destination_fqdns == ("ntp.ubuntu.com",)


def test_an_evaluator_answers_again_and_again() -> None:
    """Nothing of one question stays for the next."""
    evaluator = Evaluator(rule_set(allow(fqdn("docker.io")), deny(net("20.0.0.0/8"), name="net")))
    first = [
        evaluator.evaluate(to(addresses=("30.0.0.1",))),
        evaluator.evaluate(to()),
        evaluator.evaluate(to("quay.io")),
    ]
    again = [
        evaluator.evaluate(to(addresses=("30.0.0.1",))),
        evaluator.evaluate(to()),
        evaluator.evaluate(to("quay.io")),
    ]
    assert first == again
    assert [found.outcome for found in first] == [Outcome.ALLOWED, Outcome.DEPENDS, Outcome.DEFAULT_DENIED]


def test_protocols_of_the_values_are_those_of_destinations() -> None:
    """The evaluator compares the two as text."""
    assert {str(protocol) for protocol in Protocol} == {"http", "https", "mssql"}
