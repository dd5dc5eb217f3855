"""The part of a rule set that questions about a few names can rest on: a round looks at few among thousands."""

from collections.abc import Collection
from dataclasses import replace

from bot.domain.firewall.rules import ApplicationRule, NetworkRule, PolicyLayer, Rule, RuleCollectionGroup, RuleSet


def about(rules: RuleSet, names: Collection[str]) -> RuleSet:
    """The rule set without rules that only name other hosts; every rule collection keeps its place.

    The evaluation of a flow to one of the names has the same outcome and the same deciding step as with all rules.

    Args:
        rules: The rules as they are in Azure.
        names: Lower-case FQDNs; where one is a wildcard, every rule may be about it.
    """
    if any("*" in name for name in names):
        return rules
    asked = frozenset(names)
    return replace(rules, layers=tuple(_layer(layer, asked) for layer in rules.layers))


def _layer(layer: PolicyLayer, asked: frozenset[str]) -> PolicyLayer:
    return replace(layer, groups=tuple(_group(group, asked) for group in layer.groups))


def _group(group: RuleCollectionGroup, asked: frozenset[str]) -> RuleCollectionGroup:
    kept = (
        replace(each, rules=tuple(rule for rule in each.rules if _may_match(rule, asked))) for each in group.collections
    )
    return replace(group, collections=tuple(kept))


def _may_match(rule: Rule, asked: frozenset[str]) -> bool:
    if isinstance(rule, ApplicationRule):
        is_wide = rule.target_urls or rule.fqdn_tags or rule.web_categories or rule.unknown_type
        return bool(is_wide) or _names_any(rule.target_fqdns, asked)
    if isinstance(rule, NetworkRule):
        is_wide = rule.destination_addresses or rule.destination_ip_groups or rule.destination_geo_locations
        return bool(is_wide) or _names_any(rule.destination_fqdns, asked)
    return True


def _names_any(patterns: tuple[str, ...], asked: frozenset[str]) -> bool:
    return any(pattern in asked or "*" in pattern for pattern in patterns)
