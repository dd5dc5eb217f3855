"""Rules as infrastructure as code: complete, deterministic, and nothing in them can break out of its quotes."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.export import bicep, bicep_text, hcl, terraform
from bot.domain.firewall import ApplicationRule, RuleCollection
from bot.domain.rule_rendering import placed, render
from bot.domain.target import Target, TargetKind
from tests.domain.values import SCOPE, TARGET, a_live_allowance

Writer = Callable[[Target, Sequence[RuleCollection]], str]
CLASSIC = Target(
    TargetKind.CLASSIC, "/subscriptions/s/resourcegroups/rg-hub/providers/microsoft.network/azurefirewalls/fw"
)
ROWS = [
    a_live_allowance("a.example.com", "http:*.example.org:8080", number=1),
    a_live_allowance("b.example.com", number=2),
]
OURS = placed(render(ROWS), ())


def test_terraform_for_a_firewall_policy() -> None:
    """One rule collection group with everything in it."""
    assert terraform(TARGET, placed(render(ROWS[1:]), ())) == (
        "# Allowances of hub, written by the egress bot.\n"
        "# Remove an allowance from the bot (/egress revoke ID) once its rule here is applied.\n"
        "\n"
        'resource "azurerm_firewall_policy_rule_collection_group" "egress_hub" {\n'
        '  name               = "rcg-aks-egress-adopted"\n'
        f'  firewall_policy_id = "{TARGET.id}"\n'
        "  priority           = 510\n"
        "\n"
        "  application_rule_collection {\n"
        '    name     = "egress-rg-aks"\n'
        "    priority = 100\n"
        '    action   = "Allow"\n'
        "\n"
        "    rule {\n"
        '      name              = "a000000002-https-443"\n'
        '      description       = "Allowance a000000002 for aks"\n'
        '      source_addresses  = ["10.1.0.0/16"]\n'
        '      destination_fqdns = ["b.example.com"]\n'
        "\n"
        "      protocols {\n"
        '        type = "Https"\n'
        "        port = 443\n"
        "      }\n"
        "    }\n"
        "  }\n"
        "}\n"
    )


def test_terraform_for_a_classic_firewall() -> None:
    """A resource for each rule collection, in the firewall's resource group."""
    text = terraform(CLASSIC, OURS)
    assert 'resource "azurerm_firewall_application_rule_collection" "egress_rg_aks" {' in text
    assert 'azure_firewall_name = "fw"' in text
    assert 'resource_group_name = "rg-hub"' in text
    assert text.count("  rule {") == 3


def test_bicep_for_a_firewall_policy() -> None:
    """The group below the existing policy."""
    text = bicep(TARGET, OURS)
    assert "resource policy 'Microsoft.Network/firewallPolicies@2024-05-01' existing = {\n  name: 'hub'\n}" in text
    assert "  parent: policy\n  name: 'rcg-aks-egress-adopted'\n  properties: {\n    priority: 510\n" in text
    assert "protocols: [\n              {\n                protocolType: 'Http'\n                port: 8080\n" in text
    assert text.count("ruleType: 'ApplicationRule'") == 3


@pytest.mark.parametrize("write", [terraform, bicep])
def test_more_than_one_group_holds(write: Writer) -> None:
    """As many groups as Azure needs, each rule in one of them; Bicep deploys them one after another."""
    names = tuple(f"{number:05}{'x' * 200}.example.com" for number in range(5_000))
    (ours,) = placed(render([a_live_allowance("a.example.com", number=number) for number in (1, 2, 3)]), ())
    rules = [replace(rule, target_fqdns=names) for rule in ours.rules if isinstance(rule, ApplicationRule)]
    text = write(TARGET, [replace(ours, rules=tuple(rules))])
    parts = re.split(r"(?m)^resource (?=.*rule_?collection_?group)", text, flags=re.IGNORECASE)[1:]
    heads = [re.findall(r"adopted([-0-9]*)|priority *[:=] (5\d\d)", part) for part in parts]
    assert heads == [[(suffix, ""), ("", at)] for suffix, at in (("", "510"), ("-2", "511"), ("-3", "512"))]
    assert [re.findall("a00000000[0-9](?=-)", part) for part in parts] == [[f"a00000000{n}"] for n in (1, 2, 3)]
    assert [part.count(".example.com") for part in parts] == [len(names)] * 3
    assert re.findall(r"dependsOn: \[\s+(\w+)\s+\]", text) == ([] if write is terraform else ["egress", "egress_2"])


def test_bicep_for_a_classic_firewall() -> None:
    """A value for the firewall's own resource."""
    assert "var egressRuleCollections = [\n  {\n    name: 'egress-rg-aks'\n    properties: {" in bicep(CLASSIC, OURS)


@pytest.mark.parametrize("target", [TARGET, CLASSIC])
@pytest.mark.parametrize("write", [terraform, bicep])
def test_brackets_close_and_every_rule_is_there(target: Target, write: Writer) -> None:
    """However they are nested; and the same again is the same."""
    text = write(target, OURS)
    bare = re.sub(r"\"[^\"]*\"|'[^']*'|(?m:^(#|//).*$)", "", text)
    assert [bare.count(a) == bare.count(b) for a, b in ("{}", "[]", "()")] == [True] * 3
    assert all(host in text for host in ("a.example.com", "*.example.org", "b.example.com"))
    assert text == write(target, placed(render(ROWS[::-1]), ()))


@given(st.text())
def test_nothing_breaks_out_of_its_quotes(text: str) -> None:
    """No quote, no line end and no interpolation of either language stands bare."""
    assert not re.search(r'(?<!\\)(\\\\)*"|[\n\r]|(?<!\$)(\$\$)*\$\{(?<!\$\$\{)', hcl(text)[1:-1])
    assert not re.search(r"(?<!\\)(\\\\)*'|[\n\r]|(?<!\\)(\\\\)*\$\{", bicep_text(text)[1:-1])


def test_names_are_escaped_where_they_stand() -> None:
    """A description with everything that could hurt."""
    evil = replace(ROWS[0], scope=replace(SCOPE, cluster_name='x"${file("a")}%{if}\'\n'))
    made = placed(render([evil]), ())
    assert '$${file(\\"a\\")}%%{if}' in terraform(TARGET, made)
    assert '\\${file("a")}%{if}\\\'\\n' in bicep(TARGET, made)


NETWORK = placed(render([a_live_allowance("tcp:db.example.com:5432", number=3)]), ())


def test_network_rules_have_blocks_of_their_own() -> None:
    """In every form, with the ports and the note that they need the DNS proxy."""
    policy = terraform(TARGET, NETWORK)
    assert "# Network rules with FQDNs need the firewall's DNS proxy.\n" in policy
    assert (
        "  network_rule_collection {\n"
        '    name     = "egress-rg-aks.net"\n'
        "    priority = 100\n"
        '    action   = "Allow"\n'
        "\n"
        "    rule {\n"
        '      name              = "a000000003-tcp-5432"\n'
        '      description       = "Allowance a000000003 for aks"\n'
        '      source_addresses  = ["10.1.0.0/16"]\n'
        '      destination_fqdns = ["db.example.com"]\n'
        '      destination_ports = ["5432"]\n'
        '      protocols         = ["TCP"]\n'
        "    }\n"
    ) in policy
    assert 'resource "azurerm_firewall_network_rule_collection" "egress_rg_aks_net"' in terraform(CLASSIC, NETWORK)
    assert "ruleType: 'NetworkRule'" in bicep(TARGET, NETWORK)
    assert "ipProtocols: [\n              'TCP'\n" in bicep(TARGET, NETWORK)
    both = bicep(CLASSIC, (*OURS, *NETWORK))
    assert "add these to networkRuleCollections of fw.\nvar egressNetworkRuleCollections = [" in both
    assert "add these to applicationRuleCollections of fw.\nvar egressRuleCollections = [" in both
