"""Classic rule collections, which live inside the firewall resource.

Shapes follow recorded traffic (``priority`` 0, ``direction`` Inbound and ``actions`` in application rules are the
server's). The conflict with a policy: https://learn.microsoft.com/en-us/azure/firewall-manager/migrate-to-policy (read
2026-11).
"""

from collections.abc import Callable
from typing import Any

from bot.sandbox.arm import rules
from bot.sandbox.arm.wire import ArmError, Json, network_error

COLLECTIONS = ("networkRuleCollections", "applicationRuleCollections", "natRuleCollections")
"""The three arrays, in the order in which the server writes them."""
_ACTIONS = {"allow": "Allow", "deny": "Deny", "dnat": "Dnat", "snat": "Snat"}
_SOURCES = ("sourceAddresses", "sourceIpGroups")


def normalised(firewall: str, properties: Json) -> Json:
    """A firewall's properties with its classic collections as the server gives them back.

    Raises:
        ArmError: 400 for a collection beside a policy, or one that is not valid.
    """
    sent = {name: properties.get(name) or [] for name in COLLECTIONS}
    if properties.get("firewallPolicy") and any(sent.values()):
        raise network_error(
            400,
            "AzureFirewallPolicyAndRuleCollectionsConflict",
            f"Azure Firewall {firewall} cannot have both a firewall policy and rule collections.",
        )
    _check_names(properties)
    kept = {name: value for name, value in properties.items() if name not in COLLECTIONS}
    return {"additionalProperties": {}, **kept, **{name: _collections(name, value) for name, value in sent.items()}}


def _check_names(properties: Json) -> None:
    """FQDNs in network rules need the DNS proxy, or the word that they do not."""
    more = properties.get("additionalProperties") or {}
    has_proxy = str(more.get("Network.DNS.EnableProxy")).lower() == "true"
    if has_proxy or str(more.get("Network.DNS.RequireProxyForNetworkRules")).lower() == "false":
        return
    for collection in properties.get("networkRuleCollections") or []:
        for rule in (collection.get("properties") or {}).get("rules") or []:
            if rule.get("destinationFqdns"):
                text = rules.NO_PROXY.format(rule.get("name"), collection.get("name"))
                raise _invalid("AzureFirewallFqdnsInNetworkRulesNeedDnsProxy", text)


def _collections(kind: str, collections: list[Json]) -> list[Json]:
    shaped = [_collection(kind, collection) for collection in collections]
    priorities = [collection["properties"]["priority"] for collection in shaped]
    names = [collection["name"] for collection in shaped]
    if len(set(priorities)) < len(priorities):
        raise _invalid("AzureFirewallRuleCollectionDuplicatePriority", f"Priorities of {kind} must be unique.")
    if len(set(names)) < len(names):
        raise _invalid("AzureFirewallRuleCollectionDuplicateName", f"Names of {kind} must be unique.")
    return shaped


def _collection(kind: str, collection: Json) -> Json:
    name, inner = str(collection.get("name") or ""), collection.get("properties") or {}
    action = _ACTIONS.get(str((inner.get("action") or {}).get("type")).lower())
    priority = inner.get("priority")
    if not name or action is None or priority not in rules.PRIORITIES or not inner.get("rules"):
        raise _invalid(
            "AzureFirewallRuleCollectionInvalid",
            f"Rule collection '{name}' needs a name, an action, rules and a priority between 100 and 65000.",
        )
    shaped = [_checked(_RULES[kind], rule) for rule in inner["rules"]]
    if len({rule["name"] for rule in shaped}) < len(shaped):
        raise _invalid("AzureFirewallRuleDuplicateName", f"Rule names in {name} must be unique.")
    return {"name": name, "properties": {"priority": priority, "action": {"type": action}, "rules": shaped}}


def _checked(shape: Callable[[Json], Json], rule: Json) -> Json:
    try:
        if not rule.get("name"):
            raise _invalid("AzureFirewallRuleInvalid", "A rule needs a name.")
        rules.check_source(rule["name"], rule)
        return shape(rule)
    except ArmError as error:
        if "error" in error.body:
            raise
        raise _invalid(
            "AzureFirewallRuleInvalid", f"Rule {rule['name']} is not valid: {error.body['ModelState']}"
        ) from None


def _application(rule: Json) -> Json:
    if bool(rule.get("targetFqdns")) == bool(rule.get("fqdnTags")):
        raise _invalid("AzureFirewallRuleInvalid", f"Rule {rule['name']} needs either targetFqdns or fqdnTags.")
    for fqdn in rule.get("targetFqdns") or []:
        rules.check_fqdn(rule["name"], fqdn)
    for tag in rule.get("fqdnTags") or []:
        rules.check_tag(rule["name"], tag)
    return {
        **_head(rule),
        "priority": 0,
        "direction": "Inbound",
        "protocols": rules.protocols_of(rule["name"], rule.get("protocols"), may_be_empty=bool(rule.get("fqdnTags"))),
        **_lists(rule, "fqdnTags", "targetFqdns"),
        "actions": [],
        **_lists(rule, *_SOURCES),
    }


def _network(rule: Json) -> Json:
    ends = ("destinationAddresses", "destinationIpGroups", "destinationFqdns")
    if not any(rule.get(end) for end in ends) or not rule.get("destinationPorts") or not rule.get("protocols"):
        raise _invalid("AzureFirewallRuleInvalid", f"Rule {rule['name']} needs a destination, ports and protocols.")
    order = ("sourceAddresses", "destinationAddresses", "sourceIpGroups", *ends[1:], "destinationPorts")
    return {**_head(rule), "protocols": rule["protocols"], **_lists(rule, *order)}


def _nat(rule: Json) -> Json:
    target = {name: rule[name] for name in ("translatedAddress", "translatedFqdn", "translatedPort") if rule.get(name)}
    order = (*_SOURCES, "destinationAddresses", "destinationPorts")
    return {**_head(rule), "protocols": rule.get("protocols") or [], **target, **_lists(rule, *order)}


def _head(rule: Json) -> Json:
    return {name: rule[name] for name in ("name", "description") if rule.get(name) is not None}


def _lists(rule: Json, *names: str) -> dict[str, Any]:
    return {name: rule.get(name) or [] for name in names}


def _invalid(code: str, message: str) -> ArmError:
    return network_error(400, code, message)


_RULES = {"networkRuleCollections": _network, "applicationRuleCollections": _application, "natRuleCollections": _nat}
