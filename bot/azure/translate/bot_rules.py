"""Our own rules, as a firewall policy and as a classic firewall take them."""

from typing import Any

from bot.azure.translate.shapes import Json
from bot.domain.firewall import ApplicationRule, NetworkRule, Rule, RuleCollection
from bot.errors import InvariantBroken


def json_from_rule(rule: ApplicationRule) -> Json:
    """An application rule as a firewall policy and a classic firewall both take it."""
    protocols = [{"protocolType": _PROTOCOLS.get(name, name), "port": port} for name, port in rule.protocols]
    body: Json = {
        "name": rule.name,
        "description": rule.description,
        "protocols": protocols,
        "sourceAddresses": list(rule.source_addresses),
        "targetFqdns": list(rule.target_fqdns),
    }
    more = {
        "sourceIpGroups": rule.source_ip_groups,
        "destinationAddresses": rule.destination_addresses,
        "targetUrls": rule.target_urls,
        "fqdnTags": rule.fqdn_tags,
        "webCategories": rule.web_categories,
    }
    return {**body, **{key: list(value) for key, value in more.items() if value}}


def json_from_network_rule(rule: NetworkRule, transports: str = "ipProtocols") -> Json:
    """A network rule of a firewall policy; a classic firewall calls the protocols ``protocols``."""
    body: Json = {
        "name": rule.name,
        "description": rule.description,
        transports: list(rule.ip_protocols),
        "sourceAddresses": list(rule.source_addresses),
        "destinationFqdns": list(rule.destination_fqdns),
        "destinationPorts": list(rule.destination_ports),
    }
    more = {
        "sourceIpGroups": rule.source_ip_groups,
        "destinationAddresses": rule.destination_addresses,
        "destinationIpGroups": rule.destination_ip_groups,
    }
    return {**body, **{key: list(value) for key, value in more.items() if value}}


_PROTOCOLS = {"http": "Http", "https": "Https", "mssql": "Mssql"}


def json_from_collection(collection: RuleCollection) -> Json:
    """One of our own rule collections, for a rule collection group."""
    return {
        "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
        "name": collection.name,
        "priority": collection.priority,
        "action": {"type": str(collection.action)},
        "rules": [_policy_rule(rule) for rule in collection.rules],
    }


def classic_json_from_collection(collection: RuleCollection) -> Json:
    """One of our own rule collections, for a classic firewall."""
    properties: dict[str, Any] = {
        "priority": collection.priority,
        "action": {"type": str(collection.action)},
        "rules": [_classic_rule(rule) for rule in collection.rules],
    }
    return {"name": collection.name, "properties": properties}


def _policy_rule(rule: Rule) -> Json:
    if isinstance(rule, NetworkRule):
        return {"ruleType": "NetworkRule", **json_from_network_rule(rule)}
    return {"ruleType": "ApplicationRule", **json_from_rule(_application(rule))}


def _classic_rule(rule: Rule) -> Json:
    return (
        json_from_network_rule(rule, "protocols")
        if isinstance(rule, NetworkRule)
        else json_from_rule(_application(rule))
    )


def _application(rule: Rule) -> ApplicationRule:
    if not isinstance(rule, ApplicationRule):
        raise InvariantBroken(f"{rule.name} is a NAT rule; the bot writes no NAT rules.")
    return rule
