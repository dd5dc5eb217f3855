"""Our rules as Terraform and as Bicep, so that a team with infrastructure as code can adopt them.

Everything is deterministic and every text is escaped. The adopted rules stand in rule collection groups of their own,
as many as they need, because the bot's groups are written by the bot alone.

Sources, read 2026-11: https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs (firewall_policy_rule_
collection_group, firewall_application_rule_collection, firewall_network_rule_collection) and https://learn.microsoft.com/azure/templates/microsoft.network.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from bot.domain.firewall import ApplicationRule, NetworkRule, RuleCollection, RuleKind
from bot.domain.rule_diff import MAX_GROUP_BYTES, MAX_GROUPS
from bot.domain.rule_groups import group_name
from bot.domain.rule_spread import Room, spread
from bot.domain.target import Target, TargetKind

GROUP = "rcg-aks-egress-adopted"
"""The name of the first rule collection group that adopted rules stand in; the others are numbered."""

GROUP_PRIORITY = 510
"""Its priority, and the next ones for the others; to be changed where the firewall policy has another group there."""

API_VERSION = "2024-05-01"
"""The API version of the Bicep resources: one that every Bicep release of the last year knows."""

ExportedRule = ApplicationRule | NetworkRule

ADOPT = "Remove an allowance from the bot (/egress revoke ID) once its rule here is applied."
"""The manual step that goes with an export, as a comment."""


def terraform(target: Target, collections: Sequence[RuleCollection]) -> str:
    """The rule collections of a target for the ``azurerm`` provider."""
    body = _TERRAFORM[target.kind](target, collections)
    return "\n".join([*(f"# {line}" for line in _notes(target, collections)), "", *body, ""])


def bicep(target: Target, collections: Sequence[RuleCollection]) -> str:
    """The rule collections of a target as Bicep; of a classic firewall, as a value for the firewall's own resource."""
    body = _BICEP[target.kind](target, collections)
    return "\n".join([*(f"// {line}" for line in _notes(target, collections)), "", *body, ""])


def _notes(target: Target, collections: Sequence[RuleCollection]) -> list[str]:
    has_names = any(each.kind is RuleKind.NETWORK for each in collections)
    proxy = ["Network rules with FQDNs need the firewall's DNS proxy."] if has_names else []
    return [f"Allowances of {target.name}, written by the egress bot.", ADOPT, *proxy]


def hcl(text: str) -> str:
    """A quoted template of HCL in which nothing is interpolated."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return '"' + escaped.replace("${", "$${").replace("%{", "%%{") + '"'


def bicep_text(text: str) -> str:
    """A Bicep string in which nothing is interpolated."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return "'" + escaped.replace("${", "\\${") + "'"


def _groups(collections: Sequence[RuleCollection]) -> Mapping[int, Sequence[RuleCollection]]:
    """What each rule collection group holds, by number; one that is empty where there are no rules."""
    return spread(collections, (), Room(MAX_GROUP_BYTES, MAX_GROUPS)).by_group or {1: ()}


def _terraform_policy(target: Target, collections: Sequence[RuleCollection]) -> list[str]:
    return _apart(_terraform_group(target, number, members) for number, members in _groups(collections).items())


def _terraform_group(target: Target, number: int, collections: Sequence[RuleCollection]) -> list[str]:
    inner = [line for each in collections for line in ("", *_block(_BLOCKS[each.kind], _hcl_policy(each)))]
    head = [
        f"name               = {hcl(group_name(GROUP, number))}",
        f"firewall_policy_id = {hcl(target.id)}",
        f"priority           = {GROUP_PRIORITY + number - 1}",
    ]
    label = _identifier(f"{group_name('egress', number)}-{target.name}")
    return _block(f'resource "azurerm_firewall_policy_rule_collection_group" "{label}"', [*head, *inner])


def _hcl_policy(collection: RuleCollection) -> list[str]:
    head = [
        f"name     = {hcl(collection.name)}",
        f"priority = {collection.priority}",
        f"action   = {hcl(str(collection.action))}",
    ]
    return [*head, *_hcl_rules(collection, names="destination_fqdns", protocol="protocols")]


def _terraform_classic(target: Target, collections: Sequence[RuleCollection]) -> list[str]:
    return _apart(_classic_block(target, each) for each in collections)


def _classic_block(target: Target, collection: RuleCollection) -> list[str]:
    head = [
        f"name                = {hcl(collection.name)}",
        f"azure_firewall_name = {hcl(target.name)}",
        f"resource_group_name = {hcl(_resource_group(target))}",
        f"priority            = {collection.priority}",
        f"action              = {hcl(str(collection.action))}",
    ]
    rules = _hcl_rules(collection, names="target_fqdns", protocol="protocol")
    label = _identifier(collection.name)
    return _block(f'resource "azurerm_firewall_{_BLOCKS[collection.kind]}" "{label}"', [*head, *rules])


_BLOCKS: Mapping[RuleKind, str] = MappingProxyType(
    {RuleKind.APPLICATION: "application_rule_collection", RuleKind.NETWORK: "network_rule_collection"}
)


def _hcl_rules(collection: RuleCollection, *, names: str, protocol: str) -> list[str]:
    return [line for rule in _rules(collection) for line in ("", *_block("rule", _hcl_rule(rule, names, protocol)))]


def _hcl_rule(rule: ExportedRule, names: str, protocol: str) -> list[str]:
    facts = {
        "name": hcl(rule.name),
        "description": hcl(rule.description),
        "source_addresses": _hcl_list(rule.source_addresses),
    }
    if isinstance(rule, NetworkRule):
        facts["destination_fqdns"] = _hcl_list(rule.destination_fqdns)
        facts["destination_ports"] = _hcl_list(rule.destination_ports)
        return _hcl_facts({**facts, "protocols": _hcl_list(rule.ip_protocols)})
    lines = _hcl_facts({**facts, names: _hcl_list(rule.target_fqdns)})
    for name, port in rule.protocols:
        lines += ["", *_block(protocol, [f"type = {hcl(name.capitalize())}", f"port = {port}"])]
    return lines


def _hcl_facts(facts: Mapping[str, str]) -> list[str]:
    width = max(map(len, facts))
    return [f"{name:{width}} = {value}" for name, value in facts.items()]


def _hcl_list(values: Iterable[str]) -> str:
    return f"[{', '.join(map(hcl, values))}]"


def _apart(blocks: Iterable[Sequence[str]]) -> list[str]:
    """Blocks with an empty line between them."""
    return [line for number, block in enumerate(blocks) for line in (*([""] if number else []), *block)]


def _block(head: str, lines: Iterable[str]) -> list[str]:
    return [f"{head} {{", *(f"  {line}" if line else "" for line in lines), "}"]


def _bicep_policy(target: Target, collections: Sequence[RuleCollection]) -> list[str]:
    policy = f"resource policy 'Microsoft.Network/firewallPolicies@{API_VERSION}' existing ="
    groups = (_bicep_group(number, members) for number, members in _groups(collections).items())
    return _apart([_block(policy, [f"name: {bicep_text(target.name)}"]), *groups])


def _bicep_group(number: int, collections: Sequence[RuleCollection]) -> list[str]:
    """One group, deployed after the one before it: Azure changes one group of a firewall policy at a time."""
    kind = f"Microsoft.Network/firewallPolicies/ruleCollectionGroups@{API_VERSION}"
    rules = _array("ruleCollections", map(_bicep_collection, collections))
    inner = [f"priority: {GROUP_PRIORITY + number - 1}", *rules]
    head = ["parent: policy", f"name: {bicep_text(group_name(GROUP, number))}"]
    after = ["dependsOn: [", f"  {_symbol(number - 1)}", "]"] if number > 1 else []
    return _block(f"resource {_symbol(number)} '{kind}' =", [*head, *after, *_block("properties:", inner)])


def _symbol(number: int) -> str:
    return _identifier(group_name("egress", number))


def _bicep_collection(collection: RuleCollection) -> list[str]:
    return [
        "ruleCollectionType: 'FirewallPolicyFilterRuleCollection'",
        f"name: {bicep_text(collection.name)}",
        f"priority: {collection.priority}",
        *_block("action:", [f"type: {bicep_text(str(collection.action))}"]),
        *_array("rules", map(_bicep_policy_rule, _rules(collection))),
    ]


def _bicep_policy_rule(rule: ExportedRule) -> list[str]:
    kind = "NetworkRule" if isinstance(rule, NetworkRule) else "ApplicationRule"
    return [f"ruleType: '{kind}'", *_bicep_rule(rule, "ipProtocols")]


def _bicep_classic(target: Target, collections: Sequence[RuleCollection]) -> list[str]:
    found = [(kind, [each for each in collections if each.kind is kind]) for kind in _CLASSIC]
    shown = [pair for pair in found if pair[1]] or found[:1]
    return [line for kind, members in shown for line in _bicep_variable(target, kind, members)]


def _bicep_variable(target: Target, kind: RuleKind, collections: Sequence[RuleCollection]) -> list[str]:
    name, place = _CLASSIC[kind]
    lines = _array("", map(_bicep_classic_collection, collections))
    note = f"// A classic firewall holds its own rules: add these to {place} of {target.name}."
    return [note, f"var {name} = {lines[0].removeprefix(': ')}", *lines[1:]]


_CLASSIC: Mapping[RuleKind, tuple[str, str]] = MappingProxyType(
    {
        RuleKind.APPLICATION: ("egressRuleCollections", "applicationRuleCollections"),
        RuleKind.NETWORK: ("egressNetworkRuleCollections", "networkRuleCollections"),
    }
)


def _bicep_classic_collection(collection: RuleCollection) -> list[str]:
    inner = [
        f"priority: {collection.priority}",
        *_block("action:", [f"type: {bicep_text(str(collection.action))}"]),
        *_array("rules", (_bicep_rule(rule, "protocols") for rule in _rules(collection))),
    ]
    return [f"name: {bicep_text(collection.name)}", *_block("properties:", inner)]


def _bicep_rule(rule: ExportedRule, transports: str) -> list[str]:
    head = [f"name: {bicep_text(rule.name)}", f"description: {bicep_text(rule.description)}"]
    if isinstance(rule, NetworkRule):
        return [
            *head,
            *_texts(transports, rule.ip_protocols),
            *_texts("sourceAddresses", rule.source_addresses),
            *_texts("destinationFqdns", rule.destination_fqdns),
            *_texts("destinationPorts", rule.destination_ports),
        ]
    protocols = ([f"protocolType: {bicep_text(name.capitalize())}", f"port: {port}"] for name, port in rule.protocols)
    return [
        *head,
        *_array("protocols", protocols),
        *_texts("sourceAddresses", rule.source_addresses),
        *_texts("targetFqdns", rule.target_fqdns),
    ]


def _array(name: str, items: Iterable[Sequence[str]]) -> list[str]:
    inner = [line for item in items for line in ("{", *(f"  {line}" for line in item), "}")]
    return [f"{name}: [", *(f"  {line}" for line in inner), "]"]


def _texts(name: str, values: Iterable[str]) -> list[str]:
    return [f"{name}: [", *(f"  {bicep_text(value)}" for value in values), "]"]


def _rules(collection: RuleCollection) -> list[ExportedRule]:
    return [rule for rule in collection.rules if isinstance(rule, ExportedRule)]


def _identifier(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]", "_", name)


def _resource_group(target: Target) -> str:
    parts = target.id.split("/")
    return parts[4] if len(parts) > 4 else ""


Writer = Callable[[Target, Sequence[RuleCollection]], list[str]]

_TERRAFORM: Mapping[TargetKind, Writer] = MappingProxyType(
    {TargetKind.POLICY: _terraform_policy, TargetKind.CLASSIC: _terraform_classic}
)
_BICEP: Mapping[TargetKind, Writer] = MappingProxyType(
    {TargetKind.POLICY: _bicep_policy, TargetKind.CLASSIC: _bicep_classic}
)

FORMS: Mapping[str, tuple[str, Callable[[Target, Sequence[RuleCollection]], str]]] = MappingProxyType(
    {"terraform": ("tf", terraform), "bicep": ("bicep", bicep)}
)
"""The export formats by the name people type: file extension and writer."""
