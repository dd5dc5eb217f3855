"""Rule collection groups: what the firewall policy provider refuses, and how it rewrites what it accepts.

Shapes follow recorded traffic; limits https://learn.microsoft.com/en-us/azure/firewall/policy-rule-sets,
https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/azure-subscription-service-limits and
https://learn.microsoft.com/en-us/azure/firewall/fqdn-filtering-network-rules (read 2026-11). The inner error codes are
ours: the provider's own are not published.
"""

import ipaddress
import json
import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any

from bot.sandbox.arm.wire import Json, invalid_rules

PRIORITIES = range(100, 65001)
"""Priorities of groups and collections, lower first."""
MAX_BYTES = 2 * 1024 * 1024
"""A rule collection group holds 2 MB."""
MAX_GROUPS = 90
"""A firewall policy holds as many rule collection groups."""
NAME = re.compile(r"^[^_\W][\w\-.]{0,79}(?<![-.])$")
"""Names of policies and rule collection groups."""
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_STARRED = r"\*[A-Za-z0-9_-]{0,61}[A-Za-z0-9_]"
_FQDN = re.compile(rf"^(\*|{_LABEL}|{_STARRED}|\*\.{_LABEL})(\.{_LABEL})*$")
_EXACT = re.compile(rf"^{_LABEL}(\.{_LABEL})+$")
_PROTOCOLS = {"http": "Http", "https": "Https", "mssql": "Mssql"}
_ACTIONS = {"allow": "Allow", "deny": "Deny", "dnat": "Dnat"}
_EMPTY_BYTES = 1412


def normalised(properties: Json, *, takes_names: bool = True) -> Json:
    """A rule collection group's properties as the provider gives them back.

    Args:
        properties: As they were sent.
        takes_names: Whether network rules may hold FQDNs.

    Raises:
        ArmError: 400 for anything that the provider refuses.
    """
    _priority("rule collection group", properties.get("priority"))
    collections = [_collection(collection) for collection in properties.get("ruleCollections") or []]
    if not takes_names:
        _refuse_names(collections)
    _unique("rule collection name", (collection["name"] for collection in collections))
    _unique("rule collection priority", (collection["priority"] for collection in collections))
    size = len(json.dumps(collections, separators=(",", ":"))) + _EMPTY_BYTES
    if size > MAX_BYTES:
        raise invalid_rules(
            "RuleCollectionGroupTooLarge", f"Rule collection group size {size} exceeds {MAX_BYTES} bytes."
        )
    return {"size": f"{size / 1024 / 1024:.9f} MB", "priority": properties["priority"], "ruleCollections": collections}


def check_siblings(priority: int, siblings: Collection[Json]) -> None:
    """Two groups of one policy cannot share a priority, and there cannot be more than so many.

    Raises:
        ArmError: 400 naming the other group, or the limit.
    """
    if len(siblings) >= MAX_GROUPS:
        raise invalid_rules(
            "TooManyRuleCollectionGroups",
            f"A firewall policy cannot have more than {MAX_GROUPS} rule collection groups.",
        )
    for sibling in siblings:
        if sibling["properties"].get("priority") == priority:
            raise invalid_rules(
                "DuplicatePriority", f"Priority {priority} is already used by rule collection group {sibling['name']}."
            )


MAX_NAMES = 1000
"""FQDNs over all network rules."""


def count_names(collections: Iterable[Json]) -> int:
    """Return how many FQDNs the network rules of these collections name."""
    return sum(len(rule.get("destinationFqdns") or []) for each in collections for rule in each["rules"])


NO_PROXY = (
    "In order to use DestinationFqdns in Network Rules, DNS Proxy must be enabled, or RequireProxyForNetworkRules must "
    "be set to 'false'. See rule {} in network rule collection {}"
)
"""Azure's words: https://github.com/Azure/azure-sdk-for-go/issues/11094 (read 2026-11)."""


def _refuse_names(collections: Iterable[Json]) -> None:
    for collection in collections:
        for rule in collection["rules"]:
            if rule.get("destinationFqdns"):
                raise invalid_rules("DnsProxyRequired", NO_PROXY.format(rule["name"], collection["name"]))


def check_fqdn(rule: str, fqdn: Any) -> None:
    """Target FQDNs of application rules: ``*`` only at the very left, no scheme, path or port.

    Raises:
        ArmError: 400.
    """
    if not isinstance(fqdn, str) or len(fqdn) > 253 or not _FQDN.match(fqdn):
        raise invalid_rules("InvalidFqdn", f"Application rule {rule} has an invalid target FQDN '{fqdn}'.")


def protocols_of(rule: str, protocols: Any, *, may_be_empty: bool = False) -> list[Json]:
    """The protocols of an application rule with Azure's casing.

    Args:
        rule: Its name.
        protocols: As they were sent.
        may_be_empty: Recorded traffic has rules with URLs or FQDN tags and no protocols.

    Raises:
        ArmError: 400 if there is none, or one that the firewall does not know.
    """
    known = [
        {"protocolType": _PROTOCOLS.get(str(protocol.get("protocolType")).lower()), "port": protocol.get("port")}
        for protocol in protocols or []
    ]
    if (not known and not may_be_empty) or any(
        p["protocolType"] is None or p["port"] not in range(1, 65001) for p in known
    ):
        raise invalid_rules(
            "InvalidProtocol", f"Application rule {rule} must have protocols Http, Https or Mssql with a port."
        )
    return known


def check_source(rule: str, body: Json) -> None:
    """A rule needs source addresses or source IP groups.

    Raises:
        ArmError: 400.
    """
    if not body.get("sourceAddresses") and not body.get("sourceIpGroups"):
        raise invalid_rules(
            "MissingSource", f"Rule {rule} must have one of sourceAddresses or sourceIpGroups specified."
        )
    for address in body.get("sourceAddresses") or []:
        check_address(rule, address)


def check_address(rule: str, address: Any) -> None:
    """``*``, an address, a range ``a-b`` or a CIDR block.

    Raises:
        ArmError: 400.
    """
    if address != "*" and not _is_address(str(address)):
        raise invalid_rules("InvalidAddress", f"Rule {rule} has an invalid address '{address}'.")


@lru_cache(maxsize=1024)
def _is_address(text: str) -> bool:
    """Whether it is an address, a range or a block; thousands of rules have the same sources."""
    parts = text.split("-")
    try:
        if len(parts) == 2:
            [ipaddress.ip_address(part) for part in parts]
        else:
            ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _collection(body: Json) -> Json:
    name = str(body.get("name") or "")
    if not name or len(name) > 80:
        raise invalid_rules("InvalidName", f"Rule collection name '{name}' must have 1 to 80 characters.")
    _priority(f"rule collection {name}", body.get("priority"))
    action = _ACTIONS.get(str((body.get("action") or {}).get("type")).lower())
    kind = body.get("ruleCollectionType")
    if kind not in _RULE_TYPES or action is None or (action == "Dnat") != (kind == "FirewallPolicyNatRuleCollection"):
        raise invalid_rules("InvalidRuleCollection", f"Rule collection {name} has an invalid type or action.")
    rules = [_rule(rule, _RULE_TYPES[kind]) for rule in body.get("rules") or []]
    _unique(f"rule name in {name}", (rule["name"] for rule in rules))
    return {
        "ruleCollectionType": kind,
        "action": {"type": action},
        "rules": rules,
        "name": name,
        "priority": body["priority"],
    }


def _rule(body: Json, allowed: frozenset[str]) -> Json:
    name, kind = str(body.get("name") or ""), str(body.get("ruleType"))
    if not name or kind not in allowed:
        raise invalid_rules("InvalidRule", f"Rule '{name}' has no name or an unexpected type {kind}.")
    check_source(name, body)
    head = {"ruleType": kind, "name": name}
    if body.get("description") is not None:
        head["description"] = body["description"]
    return _SHAPES[kind](head, body)


FQDN_TAGS = (
    "AppServiceEnvironment",
    "AzureBackup",
    "AzureHDInsight",
    "AzureKubernetesService",
    "MicrosoftActiveProtectionService",
    "MicrosoftIntune",
    "Windows365",
    "WindowsDiagnostics",
    "WindowsUpdate",
    "WindowsVirtualDesktop",
)
"""The FQDN tags of https://learn.microsoft.com/en-us/azure/firewall/fqdn-tags (read 2026-11), beside Office 365's."""


def check_tag(rule: str, tag: Any) -> None:
    """An FQDN tag that Azure Firewall knows; those of Office 365 are many and begin alike.

    Raises:
        ArmError: 400.
    """
    known = {each.lower() for each in FQDN_TAGS}
    if str(tag).lower() not in known and not str(tag).lower().startswith("office365."):
        raise invalid_rules("InvalidFqdnTag", f"Application rule {rule} has the unknown FQDN tag '{tag}'.")


TARGETS = ("fqdnTags", "webCategories", "targetFqdns", "targetUrls")
"""The destinations that an application rule may combine, as recorded."""


def _application(head: Json, body: Json) -> Json:
    if not any(body.get(name) for name in TARGETS):
        raise invalid_rules(
            "InvalidTargets", f"Application rule {head['name']} must have one of {', '.join(TARGETS)} specified."
        )
    for fqdn in body.get("targetFqdns") or []:
        check_fqdn(head["name"], fqdn)
    for tag in body.get("fqdnTags") or []:
        check_tag(head["name"], tag)
    has_own = bool(body.get("fqdnTags") or body.get("targetUrls"))
    return {
        **head,
        "protocols": protocols_of(head["name"], body.get("protocols"), may_be_empty=has_own),
        **{name: body.get(name) or [] for name in TARGETS},
        "terminateTLS": bool(body.get("terminateTLS")),
        **{name: body.get(name) or [] for name in ("sourceAddresses", "destinationAddresses", "sourceIpGroups")},
        "httpHeadersToInsert": body.get("httpHeadersToInsert") or [],
    }


_ENDS = ("sourceAddresses", "sourceIpGroups", "destinationAddresses", "destinationIpGroups", "destinationFqdns")


def _network(head: Json, body: Json) -> Json:
    name = head["name"]
    if not any(body.get(end) for end in _ENDS[2:]):
        raise invalid_rules(
            "MissingDestination",
            f"Firewall Policy Network Rule {name} must have one of destinationAddresses, destinationIpGroups or "
            "destinationFqdns specified",
        )
    if not body.get("ipProtocols") or not body.get("destinationPorts"):
        raise invalid_rules(
            "MissingPorts", f"Firewall Policy Network Rule {name} must have ipProtocols and destinationPorts."
        )
    if any(not _EXACT.match(fqdn) for fqdn in body.get("destinationFqdns") or []):
        raise invalid_rules(
            "InvalidFqdn", f"Firewall Policy Network Rule {name} cannot have wildcards in destinationFqdns."
        )
    ends = {end: body.get(end) or [] for end in _ENDS}
    return {
        "ruleType": head["ruleType"],
        "ipv6Rule": False,
        **head,
        "ipProtocols": body["ipProtocols"],
        **ends,
        "destinationPorts": body["destinationPorts"],
    }


def _nat(head: Json, body: Json) -> Json:
    target = {name: body[name] for name in ("translatedAddress", "translatedFqdn") if body.get(name)}
    if len(target) != 1 or not body.get("translatedPort") or not body.get("destinationAddresses"):
        raise invalid_rules(
            "InvalidNatRule", f"NAT rule {head['name']} needs one translated target, a port and a destination."
        )
    return {
        **head,
        **target,
        "translatedPort": body["translatedPort"],
        "ipProtocols": body.get("ipProtocols") or [],
        **{name: body.get(name) or [] for name in ("sourceAddresses", "sourceIpGroups", "destinationAddresses")},
        "destinationPorts": body.get("destinationPorts") or [],
    }


def _priority(what: str, priority: Any) -> None:
    if not isinstance(priority, int) or priority not in PRIORITIES:
        raise invalid_rules("InvalidPriority", f"Priority {priority} of {what} must be between 100 and 65000.")


def _unique(what: str, values: Iterable[object]) -> None:
    seen: set[object] = set()
    for value in values:
        if value in seen:
            raise invalid_rules("Duplicate", f"The {what} {value} is used more than once.")
        seen.add(value)


_SHAPES = {"ApplicationRule": _application, "NetworkRule": _network, "NatRule": _nat}
_RULE_TYPES = {
    "FirewallPolicyFilterRuleCollection": frozenset({"ApplicationRule", "NetworkRule"}),
    "FirewallPolicyNatRuleCollection": frozenset({"NatRule"}),
}
