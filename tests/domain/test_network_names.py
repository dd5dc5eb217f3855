"""Destinations for network rules: matches, resolution by pods, and the number of names that fit."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.egress import dns_caveat
from bot.domain.egress.resolve import resolve
from bot.domain.firewall import ApplicationRule, Outcome, RuleSet, Tier
from bot.domain.fqdn import Destination, parse_destination
from bot.domain.network_rules import by_address, refusal, room_for_names
from bot.domain.rule_rendering import placed, render
from bot.domain.target import Target, TargetKind
from tests.domain.egress_facts import SPOKE, cluster, firewall, network, via
from tests.domain.values import TARGET, a_live_allowance
from tests.rulesets import allow, deny, fqdn, net, outcome, rule_set, to
from tests.strategies import destinations

SSH = parse_destination("tcp:git.example.com:22")
NTP = parse_destination("udp:git.example.com:22")
CLASSIC = Target(TargetKind.CLASSIC, "/subscriptions/s/resourcegroups/rg/providers/microsoft.network/azurefirewalls/f")


def names(*fqdns: str, transport: str = "TCP", port: str = "22") -> RuleSet:
    """A firewall with the DNS proxy and one network rule that names these."""
    rule = net(destination_fqdns=fqdns, ip_protocols=(transport,), destination_ports=(port,))
    return rule_set(allow(rule), dns_proxy=True)


def asked(rules: RuleSet, destination: Destination = SSH) -> Outcome:
    """The verdict on a destination."""
    return outcome(rules, replace(to(), destination=destination))


def test_name_transport_and_port_must_fit() -> None:
    """And the DNS proxy must be on."""
    assert asked(names("git.example.com")) is Outcome.ALLOWED
    assert asked(names("git.example.com", transport="Any", port="20-30")) is Outcome.ALLOWED
    assert asked(names("git.example.com"), NTP) is Outcome.DEFAULT_DENIED
    assert asked(names("git.example.com", transport="UDP"), NTP) is Outcome.ALLOWED
    assert asked(names("git.example.com", port="23")) is Outcome.DEFAULT_DENIED
    assert asked(names("other.example.com")) is Outcome.DEFAULT_DENIED
    assert asked(replace(names("git.example.com"), dns_proxy=False)) is Outcome.DEFAULT_DENIED
    assert asked(replace(names("git.example.com"), tier=Tier.BASIC)) is Outcome.DEFAULT_DENIED


def test_names_that_need_no_proxy_depend_on_how_pods_resolve_them() -> None:
    """Azure can be told to take them without the proxy: the rule works as far as both find the same addresses."""
    without = replace(names("git.example.com"), dns_proxy=False, names_without_proxy=True)
    assert asked(without) is Outcome.DEPENDS
    assert asked(without, NTP) is Outcome.DEFAULT_DENIED
    assert refusal(without, TARGET)


@pytest.mark.parametrize(
    "rule",
    [
        fqdn("*"),
        fqdn("git.example.com", protocols=(("https", 22), ("http", 22), ("mssql", 22))),
        fqdn(target_urls=("git.example.com/*",), protocols=()),
        fqdn(fqdn_tags=("AzureKubernetesService", "AppServiceEnvironment"), protocols=()),
        fqdn(web_categories=("Business",), protocols=(("https", 22),)),
    ],
)
def test_application_rules_never_match_it(rule: ApplicationRule) -> None:
    """Whatever they name, and whether they allow or deny."""
    assert asked(rule_set(allow(rule))) is Outcome.DEFAULT_DENIED
    both = rule_set(deny(rule), allow(net("0.0.0.0/0", destination_ports=("22",))))
    assert asked(both) is Outcome.ALLOWED


def test_a_firewall_that_takes_no_names_says_how_to_change_that() -> None:
    """With the command for what it is."""
    assert refusal(names("a.example.com"), TARGET) == ""
    off = RuleSet(dns_proxy=False)
    assert f"az network firewall policy update --ids {TARGET.id} --enable-dns-proxy true" in refusal(off, TARGET)
    assert f"az network firewall update --ids {CLASSIC.id} --enable-dns-proxy true" in refusal(off, CLASSIC)
    assert "Basic" in refusal(RuleSet(dns_proxy=True, tier=Tier.BASIC), TARGET)


def test_names_of_others_and_promised_ones_are_counted() -> None:
    """Ours as promised, not as read: what is on its way counts, and nothing twice."""
    ours = replace(allow(net(destination_fqdns=("db.example.com",))), name="egress-rg-aks.net", priority=300)
    rules = rule_set(allow(net(destination_fqdns=tuple(f"h{n}.example.com" for n in range(900)))), ours)
    promised = [a_live_allowance("tcp:db.example.com:22", "tcp:db2.example.com:22", "example.com")]
    room = room_for_names(rules, promised, [SSH, NTP, parse_destination("example.org")])
    assert (room.after, room.limit) == (904, 1000)
    assert by_address([SSH, parse_destination("example.org")]) == (SSH,)


@pytest.mark.parametrize(
    ("servers", "part"),
    [
        ((), "Azure's own DNS"),
        (("10.9.0.4", "10.9.0.5"), "let these servers forward to it"),
        (("10.0.0.4",), ""),
        (("10.9.0.4", "10.0.0.4"), ""),
    ],
)
def test_pods_must_resolve_as_the_firewall_does(servers: tuple[str, ...], part: str) -> None:
    """The VNet's DNS servers tell, where its traffic goes through a firewall at all."""
    read = network(route=via("10.0.0.4"), firewalls=(firewall(),))
    read = replace(read, vnets={**read.vnets, SPOKE: replace(read.vnets[SPOKE], dns_servers=servers)})
    told = dns_caveat(resolve(cluster("userDefinedRouting"), read))
    assert part in told
    assert bool(told) == bool(part)
    assert dns_caveat(resolve(cluster(), network())) == ""


@given(st.lists(destinations(), min_size=1, max_size=6))
def test_what_is_rendered_opens_what_was_asked(wanted: list[Destination]) -> None:
    """Every destination of an allowance, by the rules that are written for it and by no more than its own ranges."""
    live = a_live_allowance()
    live = replace(live, ask=replace(live.ask, destinations=tuple(sorted(set(wanted)))))
    rules = rule_set(*placed(render([live]), ()), dns_proxy=True)
    for destination in wanted:
        flow = replace(to(sources=live.scope.sources), destination=destination)
        assert outcome(rules, flow) is Outcome.ALLOWED
        assert outcome(rules, replace(flow, sources=("192.0.2.0/24",))) is not Outcome.ALLOWED
