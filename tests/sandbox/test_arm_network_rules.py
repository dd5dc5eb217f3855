"""Network rules with FQDNs: only where the DNS proxy is on, and so many of them."""

from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.arm_clients import POLICY, Azure, azure

Json = dict[str, Any]
LATER = timedelta(minutes=10)
FIREWALL = "/resourceGroups/rg-legacy/providers/Microsoft.Network/azureFirewalls/legacy-firewall"
ON, OFF, EXCUSED = {"enableProxy": True}, {"enableProxy": False}, {"requireProxyForNetworkRules": False}


def names(*fqdns: str) -> Json:
    """A rule collection group with one network rule."""
    rule = {
        "ruleType": "NetworkRule",
        "name": "r",
        "ipProtocols": ["TCP"],
        "sourceAddresses": ["10.0.0.0/8"],
        "destinationFqdns": list(fqdns),
        "destinationPorts": ["22"],
    }
    collection = {
        "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
        "name": "c",
        "priority": 100,
        "action": {"type": "Allow"},
        "rules": [rule],
    }
    return {"properties": {"priority": 1000, "ruleCollections": [collection]}}


def policies(parent: Json | None, child: Json | None) -> Azure:
    """A policy below another, with these DNS settings."""
    tenant = azure()
    above = tenant.call("PUT", f"{POLICY}/above", body(dnsSettings=parent)).body["id"]
    tenant.clock.advance(LATER)
    tenant.call("PUT", f"{POLICY}/below", body(dnsSettings=child, basePolicy={"id": above}))
    tenant.clock.advance(LATER)
    return tenant


def body(**properties: Any) -> Json:
    """A policy with what is not None."""
    return {"location": "westeurope", "properties": {k: v for k, v in properties.items() if v is not None}}


@pytest.mark.parametrize(
    ("parent", "child", "is_taken"),
    [
        (None, None, False),
        (OFF, OFF, False),
        (None, ON, True),
        (ON, None, True),
        (None, EXCUSED, True),
    ],
)
def test_names_need_the_proxy_of_the_policy_or_its_parent(
    parent: Json | None, child: Json | None, is_taken: bool
) -> None:
    """Refused in Azure's words, with the rule and its collection."""
    answer = policies(parent, child).call("PUT", f"{POLICY}/below/ruleCollectionGroups/g", names("git.example.com"))
    assert (answer.status < 300) == is_taken
    if not is_taken:
        assert "DNS Proxy must be enabled" in str(answer.body)
        assert "rule r in network rule collection c" in str(answer.body)


def test_a_thousand_names_and_no_more() -> None:
    """Those of a parent count."""
    tenant = policies(ON, None)
    many = names(*(f"h{number}.example.com" for number in range(999)))
    assert tenant.call("PUT", f"{POLICY}/above/ruleCollectionGroups/g", many).status < 300
    tenant.clock.advance(LATER)
    two = tenant.call("PUT", f"{POLICY}/below/ruleCollectionGroups/g", names("a.example.com", "b.example.com"))
    assert (two.status, "1001 FQDNs" in str(two.body)) == (400, True)
    assert tenant.call("PUT", f"{POLICY}/below/ruleCollectionGroups/g", names("a.example.com")).status < 300


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({}, 400),
        ({"Network.DNS.EnableProxy": "true"}, 200),
        ({"Network.DNS.RequireProxyForNetworkRules": "false"}, 200),
    ],
)
def test_a_classic_firewall_says_it_in_its_additional_properties(more: Json, status: int) -> None:
    """The seeded one has such a rule and the word that it needs no proxy."""
    tenant = azure()
    firewall = tenant.call("GET", FIREWALL).body
    sent = {**firewall, "properties": {**firewall["properties"], "additionalProperties": more}}
    assert tenant.call("PUT", FIREWALL, sent).status == status
