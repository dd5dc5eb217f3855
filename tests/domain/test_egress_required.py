"""AKS's required endpoints against rules: satisfied by the tag, by a rule, not provable, missing."""

from dataclasses import replace

import pytest

from bot.domain.egress import EndpointStatus, RequiredEndpoint, RequiredEndpoints, check_required
from bot.domain.firewall import (
    ApplicationRule,
    NetworkRule,
    PolicyLayer,
    RuleAction,
    RuleCollection,
    RuleCollectionGroup,
    RuleKind,
    RuleSet,
)

SOURCES = ("10.1.0.0/16",)
REGISTRY = RequiredEndpoint("images", "mcr.microsoft.com", 443, "Https")
UBUNTU = RequiredEndpoint("optional", "security.ubuntu.com", 80, "Http")
TIME = RequiredEndpoint("time", "ntp.ubuntu.com", 123, "UDP")
TUNNEL = RequiredEndpoint("tunnel", "x.hcp.westeurope.azmk8s.io", 9000, "TCP")
ALL = (REGISTRY, UBUNTU, TIME, TUNNEL)

TAG = ApplicationRule(name="aks", source_addresses=("*",), fqdn_tags=("AzureKubernetesService",))


EVERYWHERE = NetworkRule(
    name="net",
    ip_protocols=("UDP", "TCP"),
    source_addresses=("*",),
    destination_addresses=("*",),
    destination_ports=("123", "9000"),
)
"""A network rule for everybody to everywhere."""


def found(*rules: ApplicationRule | NetworkRule, deny: bool = False, dns_proxy: bool = True) -> RequiredEndpoints:
    """All four endpoints against the rules, one collection each."""
    collections = tuple(
        RuleCollection(
            name=f"c{number}",
            priority=100 + number,
            action=RuleAction.DENY if deny and number == 0 else RuleAction.ALLOW,
            kind=RuleKind.NETWORK if isinstance(rule, NetworkRule) else RuleKind.APPLICATION,
            rules=(rule,),
        )
        for number, rule in enumerate(rules)
    )
    group = RuleCollectionGroup(id="/g", name="g", priority=100, collections=collections)
    layer = PolicyLayer(id="/p", name="p", groups=(group,))
    return check_required(RuleSet(layers=(layer,), dns_proxy=dns_proxy), SOURCES, ALL)


def standings(checked: RequiredEndpoints) -> list[str]:
    """In the order of the endpoints."""
    return [str(check.standing) for check in checked.checks]


def test_nothing_is_allowed_without_rules() -> None:
    """Everything is missing; what is not HTTP says that only a network rule helps."""
    checked = found()

    assert standings(checked) == ["missing"] * 4
    assert checked.tag_rule == ""
    assert "needs a network rule (UDP 123)" in checked.checks[2].why


def test_the_tag_carries_http_alone() -> None:
    """Registry and updates through it; time and tunnel not."""
    checked = found(TAG)

    assert standings(checked) == ["tag", "tag", "missing", "missing"]
    assert checked.tag_rule == "aks"


def test_a_tag_for_other_sources_is_none() -> None:
    """Its rule is for another cluster."""
    checked = found(replace(TAG, source_addresses=("10.9.0.0/16",)))

    assert standings(checked) == ["missing"] * 4
    assert checked.tag_rule == ""


def test_a_rule_by_name_before_the_tag() -> None:
    """The first match decides, and it is named."""
    rule = ApplicationRule(
        name="own", source_addresses=SOURCES, protocols=(("https", 443),), target_fqdns=("*.microsoft.com",)
    )
    checked = found(rule, TAG)

    assert [check.standing for check in checked.checks[:2]] == [EndpointStatus.RULE, EndpointStatus.TAG]
    assert checked.checks[0].by == "own"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (EVERYWHERE, ["rule", "rule"]),
        (replace(EVERYWHERE, ip_protocols=("Any",), destination_ports=("*",)), ["rule", "rule"]),
        (replace(EVERYWHERE, destination_ports=("100-200",)), ["rule", "missing"]),
        (replace(EVERYWHERE, ip_protocols=("TCP",)), ["missing", "rule"]),
        (replace(EVERYWHERE, destination_addresses=("AzureCloud.WestEurope",)), ["missing", "rule"]),
        (replace(EVERYWHERE, destination_addresses=("10.0.0.0/8",)), ["missing", "unsure"]),
        (replace(EVERYWHERE, destination_addresses=("20.0.0.0/8",)), ["unsure", "unsure"]),
        (replace(EVERYWHERE, destination_addresses=(), destination_fqdns=("ntp.ubuntu.com",)), ["rule", "missing"]),
        (replace(EVERYWHERE, source_addresses=("10.1.0.0/24",)), ["unsure", "unsure"]),
        (replace(EVERYWHERE, source_addresses=("10.9.0.0/24",)), ["missing", "missing"]),
    ],
)
def test_network_rules(rule: NetworkRule, expected: list[str]) -> None:
    """Protocol, port, sources and destination must fit; what cannot be proven is said to be so."""
    assert standings(found(rule, TAG))[2:] == expected


def test_a_name_without_the_dns_proxy_never_matches() -> None:
    """And that is the reason that is given."""
    rule = replace(EVERYWHERE, destination_addresses=(), destination_fqdns=("ntp.ubuntu.com",))
    checked = found(rule, dns_proxy=False)

    assert checked.checks[2].standing is EndpointStatus.MISSING
    assert "DNS proxy is off" in checked.checks[2].why


def test_a_deny_before_the_allow() -> None:
    """A network deny ends it, also for what the tag would carry."""
    everything = replace(EVERYWHERE, name="shut", ip_protocols=("Any",), destination_ports=("*",))

    assert standings(found(everything, EVERYWHERE, TAG, deny=True)) == ["missing"] * 4
