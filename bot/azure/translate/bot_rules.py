"""Our own rules, as a firewall policy and as a classic firewall take them."""

from bot.azure.translate.shapes import Json
from bot.domain.firewall import ApplicationRule, NetworkRule, Rule, RuleCollection, RuleKind
from bot.errors import InvariantBroken

_PROTOCOLS = {"http": "Http", "https": "Https", "mssql": "Mssql"}


def _application(rule: ApplicationRule) -> Json:
    protocols = [{"protocolType": _PROTOCOLS.get(name, name), "port": port} for name, port in rule.protocols]
    more = {
        "sourceIpGroups": rule.source_ip_groups,
        "destinationAddresses": rule.destination_addresses,
        "targetUrls": rule.target_urls,
        "fqdnTags": rule.fqdn_tags,
        "webCategories": rule.web_categories,
    }
    body = {"protocols": protocols, "sourceAddresses": rule.source_addresses, "targetFqdns": rule.target_fqdns}
    return {**body, **{key: value for key, value in more.items() if value}}


def _network(rule: NetworkRule, transports: str) -> Json:
    body = {
        transports: rule.ip_protocols,
        "sourceAddresses": rule.source_addresses,
        "destinationFqdns": rule.destination_fqdns,
        "destinationPorts": rule.destination_ports,
    }
    more = {
        "sourceIpGroups": rule.source_ip_groups,
        "destinationAddresses": rule.destination_addresses,
        "destinationIpGroups": rule.destination_ip_groups,
    }
    return {**body, **{key: value for key, value in more.items() if value}}


def _json_from_rule(rule: Rule, transports: str) -> Json:
    """A rule as both take it, but for what they call the protocols of a network rule."""
    if not isinstance(rule, ApplicationRule | NetworkRule):
        raise InvariantBroken(f"{rule.name} is a NAT rule; the bot writes no NAT rules.")
    lists = _network(rule, transports) if isinstance(rule, NetworkRule) else _application(rule)
    return {"name": rule.name, "description": rule.description, **{key: list(value) for key, value in lists.items()}}


def _facts(collection: RuleCollection, rules: list[Json]) -> Json:
    return {"priority": collection.priority, "action": {"type": str(collection.action)}, "rules": rules}


def json_from_collection(collection: RuleCollection) -> Json:
    """One of our own rule collections, for a rule collection group."""
    type_ = "NetworkRule" if collection.kind is RuleKind.NETWORK else "ApplicationRule"
    rules = [{"ruleType": type_, **_json_from_rule(rule, "ipProtocols")} for rule in collection.rules]
    kind = "FirewallPolicyFilterRuleCollection"
    return {"ruleCollectionType": kind, "name": collection.name, **_facts(collection, rules)}


def classic_json_from_collection(collection: RuleCollection) -> Json:
    """One of our own rule collections, for a classic firewall."""
    rules = [_json_from_rule(rule, "protocols") for rule in collection.rules]
    return {"name": collection.name, "properties": _facts(collection, rules)}
