"""Firewall rules: Azure's two ways of writing them, as values. ``ours`` writes them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bot.azure.translate.shapes import Json, dig, items, references, texts, whole
from bot.domain.firewall import (
    ApplicationRule,
    NatRule,
    NetworkRule,
    PolicyLayer,
    Rule,
    RuleAction,
    RuleCollection,
    RuleCollectionGroup,
    RuleKind,
    RuleSet,
    ThreatIntelMode,
    Tier,
)

BYTES_PER_MB = 1_000_000
"""Azure writes sizes as ``0.0034 MB``; whether its MB is decimal is not documented, so the smaller reading is used."""

STRICTEST = (ThreatIntelMode.OFF, ThreatIntelMode.ALERT, ThreatIntelMode.DENY)
"""From the laxest to the strictest.

Source: https://learn.microsoft.com/azure/firewall-manager/policy-overview, read 2026-11: a child can only be stricter.
"""


def size_bytes_from(text: object) -> int | None:
    """Bytes from Azure's ``0.003381729 MB``; None where it has no such value."""
    number, _, unit = str(text or "").partition(" ")
    try:
        return round(float(number) * BYTES_PER_MB) if unit.upper() == "MB" else None
    except ValueError:
        return None


def _facts(body: Json) -> dict[str, Any]:
    """The facts that every rule has."""
    return {
        "name": str(body.get("name", "")),
        "description": str(body.get("description") or ""),
        "source_addresses": texts(body, "sourceAddresses"),
        "source_ip_groups": texts(body, "sourceIpGroups"),
        "destination_addresses": texts(body, "destinationAddresses"),
    }


def _packet_facts(body: Json) -> dict[str, Any]:
    """Those of a rule about packets; a classic firewall calls the protocols ``protocols``."""
    return {
        **_facts(body),
        "ip_protocols": texts(body, "ipProtocols") or texts(body, "protocols"),
        "destination_ports": texts(body, "destinationPorts"),
    }


def application_rule_from_json(body: Json) -> ApplicationRule:
    """An application rule of a policy or of a classic firewall."""
    return ApplicationRule(
        **_facts(body),
        protocols=tuple((str(p.get("protocolType", "")), whole(p.get("port")) or 0) for p in items(body, "protocols")),
        target_fqdns=texts(body, "targetFqdns"),
        target_urls=texts(body, "targetUrls"),
        fqdn_tags=texts(body, "fqdnTags"),
        web_categories=texts(body, "webCategories"),
        terminate_tls=bool(body.get("terminateTLS")),
        source_kube_selector_groups=references(body, "sourceKubeSelectorGroups"),
    )


def network_rule_from_json(body: Json) -> NetworkRule:
    """A network rule."""
    return NetworkRule(
        **_packet_facts(body),
        destination_ip_groups=texts(body, "destinationIpGroups"),
        destination_fqdns=texts(body, "destinationFqdns"),
        source_geo_locations=texts(body, "sourceGeoLocations"),
        destination_geo_locations=texts(body, "destinationGeoLocations"),
    )


def nat_rule_from_json(body: Json) -> NatRule:
    """A NAT rule."""
    return NatRule(**_packet_facts(body))


def unknown_rule_from_json(body: Json) -> ApplicationRule:
    """A rule of a type that we do not know, which may match anything."""
    type_ = str(body.get("ruleType") or "unknown")
    return ApplicationRule(
        name=str(body.get("name", "")),
        description=f"Unknown rule type {type_}.",
        source_addresses=("*",),
        unknown_type=type_,
    )


RULES: Mapping[str, tuple[RuleKind, Callable[[Json], Rule]]] = {
    "applicationrule": (RuleKind.APPLICATION, application_rule_from_json),
    "networkrule": (RuleKind.NETWORK, network_rule_from_json),
    "natrule": (RuleKind.NAT, nat_rule_from_json),
}
"""Rule types of a firewall policy, in lower case: Azure's casing varies."""

_UNKNOWN: tuple[RuleKind, Callable[[Json], Rule]] = (RuleKind.APPLICATION, unknown_rule_from_json)


def collection_from_json(body: Json) -> RuleCollection:
    """A rule collection of a firewall policy."""
    rules = items(body, "rules")
    read = [RULES.get(str(rule.get("ruleType", "")).lower(), _UNKNOWN) for rule in rules]
    is_nat = "nat" in str(body.get("ruleCollectionType", "")).lower()
    return RuleCollection(
        name=str(body.get("name", "")),
        priority=whole(body.get("priority")) or 0,
        action=_action(dig(body, "action", "type")),
        kind=RuleKind.NAT if is_nat else (read[0][0] if read else RuleKind.APPLICATION),
        rules=tuple(reader(rule) for (_, reader), rule in zip(read, rules, strict=True)),
    )


def _action(text: object) -> RuleAction:
    """Anything that is neither Allow nor DNAT counts as Deny: the safe reading of an action that we do not know."""
    known = {action.lower(): action for action in RuleAction}
    return known.get(str(text or "allow").lower(), RuleAction.DENY)


def group_from_json(body: Json, known: Iterable[RuleCollection] = ()) -> RuleCollectionGroup:
    """A rule collection group.

    Args:
        body: As Azure sent it.
        known: Rule collections that were parsed from the same version of it.
    """
    parsed = {each.name: each for each in known}
    properties = body.get("properties")
    return RuleCollectionGroup(
        id=str(body.get("id", "")),
        name=str(body.get("name", "")),
        priority=whole(dig(properties, "priority")) or 0,
        collections=tuple(
            parsed.get(str(c.get("name", ""))) or collection_from_json(c) for c in items(properties, "ruleCollections")
        ),
        etag=body.get("etag"),
        size_bytes=size_bytes_from(dig(properties, "size")),
    )


CLASSIC: tuple[tuple[str, RuleKind, Callable[[Json], Rule]], ...] = (
    ("natRuleCollections", RuleKind.NAT, nat_rule_from_json),
    ("networkRuleCollections", RuleKind.NETWORK, network_rule_from_json),
    ("applicationRuleCollections", RuleKind.APPLICATION, application_rule_from_json),
)
"""The arrays in which a classic firewall keeps its rules."""


def classic_collection_from_json(body: Json, kind: RuleKind, read: Callable[[Json], Rule]) -> RuleCollection:
    """A rule collection of a classic firewall."""
    properties = body.get("properties")
    return RuleCollection(
        name=str(body.get("name", "")),
        priority=whole(dig(properties, "priority")) or 0,
        action=_action(dig(properties, "action", "type") or ("Dnat" if kind is RuleKind.NAT else None)),
        kind=kind,
        rules=tuple(read(rule) for rule in items(properties, "rules")),
    )


OUR_ARRAYS = ("applicationRuleCollections", "networkRuleCollections")
"""The arrays of a classic firewall that hold the bot's rule collections."""


def classic_collections(body: Json, array: str) -> list[RuleCollection]:
    """The rule collections of one array of a classic firewall, in their order."""
    (kind, read), *_ = [(kind, read) for key, kind, read in CLASSIC if key == array]
    return [classic_collection_from_json(collection, kind, read) for collection in items(body, "properties", array)]


def classic_layer(body: Json) -> PolicyLayer:
    """The rules of a classic firewall as one layer with one group."""
    collections = tuple(collection for key, _, _ in CLASSIC for collection in classic_collections(body, key))
    name = str(body.get("name", ""))
    group = RuleCollectionGroup(id="", name=name, priority=100, collections=collections, etag=body.get("etag"))
    return PolicyLayer(id=str(body.get("id", "")), name=name, groups=(group,))


def rule_set_from(
    bodies: list[Json], layers: Iterable[PolicyLayer], ip_groups: Mapping[str, tuple[str, ...]], *, has_groups: bool
) -> RuleSet:
    """Everything that a firewall evaluates.

    Args:
        bodies: The policies, the root parent first; or the one classic firewall.
        layers: Their rules, in the same order.
        ip_groups: Ranges by id.
        has_groups: Whether its rule collections stand in groups with priorities of their own.
    """
    own = bodies[-1].get("properties")
    return RuleSet(
        layers=tuple(layers),
        ip_groups=ip_groups,
        threat_intel_mode=max((_mode(body) for body in bodies), key=STRICTEST.index),
        threat_intel_allow_fqdns=_allowed(bodies, "fqdns", "FQDNs"),
        threat_intel_allow_ips=_allowed(bodies, "ipAddresses", "IpAddresses"),
        dns_proxy=any(has_dns_proxy(body) for body in bodies),
        names_without_proxy=any(_needs_no_proxy(body) for body in bodies),
        has_groups=has_groups,
        tier=_tier(dig(own, "sku", "tier")),
        tls_inspection=bool(dig(own, "transportSecurity", "certificateAuthority")),
        private_ranges=next((ranges for body in reversed(bodies) if (ranges := _private_ranges(body))), ()),
    )


def _private_ranges(body: Json) -> tuple[str, ...]:
    """The ranges exempt from SNAT, of a policy or of a classic firewall, which stores them as one string.

    Source: https://learn.microsoft.com/azure/firewall/snat-private-range, read 2026-11.
    """
    classic = dig(body, "properties", "additionalProperties", "Network.SNAT.PrivateRanges")
    listed = tuple(part.strip() for part in str(classic or "").split(",") if part.strip())
    return texts(body, "properties", "snat", "privateRanges") or listed


def _mode(body: Json) -> ThreatIntelMode:
    known = {mode.lower(): mode for mode in ThreatIntelMode}
    return known.get(str(dig(body, "properties", "threatIntelMode")).lower(), ThreatIntelMode.ALERT)


def _tier(text: object) -> Tier:
    return {tier.lower(): tier for tier in Tier}.get(str(text).lower(), Tier.STANDARD)


def _allowed(bodies: list[Json], key: str, classic_key: str) -> tuple[str, ...]:
    """The allow list of threat intelligence: a child's is appended to its parent's."""
    found: list[str] = []
    for body in bodies:
        found += texts(body, "properties", "threatIntelWhitelist", key)
        classic = dig(body, "properties", "additionalProperties", f"ThreatIntel.Whitelist.{classic_key}")
        found += [part.strip() for part in str(classic or "").split(",") if part.strip()]
    return tuple(dict.fromkeys(found))


def takes_names(body: Json) -> bool:
    """Whether network rules of a policy or classic firewall may hold FQDNs, as far as its own settings tell."""
    return _tier(dig(body, "properties", "sku", "tier")) is not Tier.BASIC and has_dns_proxy(body)


def has_dns_proxy(body: Json) -> bool:
    """Whether the DNS proxy is on in the settings of a firewall policy, or of a classic firewall."""
    classic = dig(body, "properties", "additionalProperties", "Network.DNS.EnableProxy")
    return bool(dig(body, "properties", "dnsSettings", "enableProxy")) or str(classic).lower() == "true"


def _needs_no_proxy(body: Json) -> bool:
    classic = dig(body, "properties", "additionalProperties", "Network.DNS.RequireProxyForNetworkRules")
    own = dig(body, "properties", "dnsSettings", "requireProxyForNetworkRules")
    return own is False or str(classic).lower() == "false"


def ip_group_ids(layers: Iterable[PolicyLayer]) -> tuple[str, ...]:
    """The ids of all IP groups that rules refer to, sorted."""
    rules = (rule for layer in layers for group in layer.groups for c in group.collections for rule in c.rules)
    found = {id_ for rule in rules for id_ in (*rule.source_ip_groups, *getattr(rule, "destination_ip_groups", ()))}
    return tuple(sorted(id_.lower() for id_ in found))
