"""Value types for what an Azure Firewall enforces: rules, collections, groups, firewall policies.

Text in which Azure ignores case is held in lower case, whatever the caller passes: FQDNs, resource ids and the
protocols of application rules. Two values are therefore equal when Azure would enforce the same thing.

Sources, read 2026-11: https://learn.microsoft.com/azure/firewall/policy-rule-sets (groups, collections, rules),
https://learn.microsoft.com/azure/firewall-manager/policy-overview (parent policies).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class RuleAction(StrEnum):
    """The action of a rule collection. ``DNAT`` belongs to NAT rule collections alone."""

    ALLOW = "Allow"
    DENY = "Deny"
    DNAT = "Dnat"


class RuleKind(StrEnum):
    """The type of the rules in a rule collection: it decides the order before any priority does."""

    NAT = "nat"
    NETWORK = "network"
    APPLICATION = "application"


class ThreatIntelMode(StrEnum):
    """Whether known malicious destinations are only logged, or denied before any rule is read."""

    OFF = "Off"
    ALERT = "Alert"
    DENY = "Deny"


class Tier(StrEnum):
    """The SKU tier of the firewall or firewall policy."""

    BASIC = "Basic"
    STANDARD = "Standard"
    PREMIUM = "Premium"


def _lower(value: object, *names: str) -> None:
    for name in names:
        if texts := getattr(value, name):
            object.__setattr__(value, name, tuple(map(str.lower, texts)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _AnyRule:
    """What every rule has.

    Attributes:
        name: Unique in its rule collection; for our own rules, the rendered allowance.
        description: Free text.
        source_addresses: IP addresses, CIDR ranges, ranges ``a-b`` or ``*``.
        source_ip_groups: Resource ids of IP groups, lower case.
        destination_addresses: Of an application rule usually empty; otherwise the name must also resolve into one of
            them. Of a network rule IP addresses, CIDR ranges, ranges ``a-b``, ``*`` or service tags. Of a NAT rule
            addresses of the firewall.
    """

    name: str
    description: str = ""
    source_addresses: tuple[str, ...] = ()
    source_ip_groups: tuple[str, ...] = ()
    destination_addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationRule(_AnyRule):
    """Matches HTTP, HTTPS and MSSQL by name. The other fields: see ``_AnyRule``.

    Attributes:
        protocols: Pairs of ``http``, ``https`` or ``mssql`` and a destination port (1-65535).
        target_fqdns: Names, ``*.suffix``, ``*suffix`` or ``*``; lower case.
        target_urls: Host and path without scheme, ``*`` at either end; paths keep their case.
        fqdn_tags: Microsoft-managed sets of names; ``tags`` has what is documented of them.
        web_categories: Microsoft-managed categories of names whose contents are not published.
        terminate_tls: Whether the firewall decrypts what this rule matches (Premium).
        source_kube_selector_groups: Resource ids of pod and namespace selectors, lower case.
        unknown_type: Azure's name for its type where this bot does not know it: it may match anything. Else empty.
    """

    protocols: tuple[tuple[str, int], ...] = ()
    target_fqdns: tuple[str, ...] = ()
    target_urls: tuple[str, ...] = ()
    fqdn_tags: tuple[str, ...] = ()
    web_categories: tuple[str, ...] = ()
    terminate_tls: bool = False
    source_kube_selector_groups: tuple[str, ...] = ()
    unknown_type: str = ""

    def __post_init__(self) -> None:
        _lower(self, "source_ip_groups", "target_fqdns", "source_kube_selector_groups")
        object.__setattr__(self, "protocols", tuple([(name.lower(), port) for name, port in self.protocols]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _PacketRule(_AnyRule):
    """A rule about packets. The other fields: see ``_AnyRule``.

    Attributes:
        ip_protocols: ``TCP``, ``UDP`` or ``Any``; of a network rule also ``ICMP``.
        destination_ports: ``443``, ``1-1024`` or ``*``; of a NAT rule ports of the firewall.
    """

    ip_protocols: tuple[str, ...] = ()
    destination_ports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkRule(_PacketRule):
    """Matches packets by protocol, address and port, before any application rule is read.

    The other fields: see ``_PacketRule``.

    Attributes:
        destination_ip_groups: Resource ids of IP groups, lower case.
        destination_fqdns: Names without wildcards, lower case; they need the DNS proxy.
        source_geo_locations: Countries by code; who is in them is not published.
        destination_geo_locations: Countries by code; who is in them is not published.
    """

    destination_ip_groups: tuple[str, ...] = ()
    destination_fqdns: tuple[str, ...] = ()
    source_geo_locations: tuple[str, ...] = ()
    destination_geo_locations: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _lower(self, "source_ip_groups", "destination_ip_groups", "destination_fqdns")


@dataclass(frozen=True, slots=True, kw_only=True)
class NatRule(_PacketRule):
    """Translates what arrives at an address of the firewall itself: never what a pod sends out; see ``_PacketRule``."""

    def __post_init__(self) -> None:
        _lower(self, "source_ip_groups")


Rule = ApplicationRule | NetworkRule | NatRule


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCollection:
    """Rules of one kind that share one action; among them no order matters.

    Attributes:
        name: Unique in its rule collection group.
        priority: 100-65000; the lower is read first.
        action: What happens to what a rule matches.
        kind: The type of every rule in it.
        rules: The rules, as the vendor lists them.
    """

    name: str
    priority: int
    action: RuleAction
    kind: RuleKind
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCollectionGroup:
    """The unit that one PUT replaces.

    Attributes:
        id: Resource id, lower case; empty for the collections of a classic firewall.
        name: As Azure shows it.
        priority: 100-65000; the lower is read first.
        collections: In any order.
        etag: Without quotes, or None if it has none.
        size_bytes: What Azure counts against the 2 MB limit, or None if it did not say.
    """

    id: str
    name: str
    priority: int
    collections: tuple[RuleCollection, ...] = ()
    etag: str | None = None
    size_bytes: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", self.id.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyLayer:
    """One firewall policy of the inheritance chain, or the rules of one classic firewall.

    Attributes:
        id: Resource id, lower case.
        name: As Azure shows it.
        groups: In any order.
    """

    id: str
    name: str
    groups: tuple[RuleCollectionGroup, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", self.id.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """Everything that decides what one firewall lets out.

    Attributes:
        layers: The root parent policy first, the firewall's own policy last; one layer where there are no groups.
        ip_groups: Addresses, ranges and CIDR ranges by the lower-case id of the IP group.
        threat_intel_mode: The effective mode, which a child policy can only make stricter.
        threat_intel_allow_fqdns: Names that threat intelligence leaves alone, lower case, wildcards included.
        threat_intel_allow_ips: Addresses, ranges and CIDR ranges that it leaves alone.
        dns_proxy: Whether the firewall answers DNS, which FQDNs in network rules need.
        names_without_proxy: Whether FQDNs in network rules are allowed without it: pods then resolve them elsewhere.
        has_groups: Whether rule collections stand in groups with priorities of their own, as in a firewall policy. In a
            classic firewall they do not: there the priority of the one group that is read means nothing.
        tier: The tier of the firewall.
        tls_inspection: Whether the firewall policy has a CA certificate to decrypt with (Premium).
        private_ranges: Destinations that network rules reach without SNAT, as they are written there (CIDR ranges,
            addresses, ``IANAPrivateRanges``); empty where nothing is set, which means the latter.
    """

    layers: tuple[PolicyLayer, ...] = ()
    ip_groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    threat_intel_mode: ThreatIntelMode = ThreatIntelMode.ALERT
    threat_intel_allow_fqdns: tuple[str, ...] = ()
    threat_intel_allow_ips: tuple[str, ...] = ()
    dns_proxy: bool = False
    names_without_proxy: bool = False
    has_groups: bool = True
    tier: Tier = Tier.STANDARD
    tls_inspection: bool = False
    private_ranges: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _lower(self, "threat_intel_allow_fqdns")
        object.__setattr__(self, "ip_groups", {name.lower(): ranges for name, ranges in self.ip_groups.items()})


MAX_NETWORK_FQDNS = 1000
"""FQDNs over all network rules of a firewall, its policy and the parents together.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits (Azure
Firewall limits), read 2026-11.
"""


def network_fqdns(collections: Iterable[RuleCollection]) -> int:
    """Count the FQDNs in the network rules of these collections; a name in two rules counts twice."""
    rules = (rule for each in collections for rule in each.rules)
    return sum(len(rule.destination_fqdns) for rule in rules if isinstance(rule, NetworkRule))
