"""The order in which Azure Firewall reads rule collections.

1. NAT, then network, then application rule collections: the type comes before any priority.
2. Inside a type: a parent firewall policy before its child, whatever the priorities say.
3. Inside a firewall policy: rule collection groups by priority, the lower number first; inside a group, rule
   collections by priority, the lower number first. A classic firewall has no groups.
4. Rules of a rule collection have no priority and share one action: no order among them can change the outcome.

The first match ends it. Sources, read 2026-11: https://learn.microsoft.com/azure/firewall/rule-processing (type,
inheritance and priorities, with the worked example) and https://learn.microsoft.com/azure/firewall/policy-rule-sets
(groups).
"""

from dataclasses import dataclass

from bot.domain.firewall.rules import PolicyLayer, RuleCollection, RuleCollectionGroup, RuleKind, RuleSet
from bot.domain.fqdn import Destination

_KINDS = {RuleKind.NAT: 0, RuleKind.NETWORK: 1, RuleKind.APPLICATION: 2}

Rank = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Placed:
    """A rule collection with its place in the order.

    Attributes:
        rank: Compare to know which comes first: type, depth of the firewall policy, group priority, own priority.
        policy: The firewall policy that holds it.
        group: The rule collection group that holds it.
        collection: The rule collection.
    """

    rank: Rank
    policy: PolicyLayer
    group: RuleCollectionGroup
    collection: RuleCollection


def kind_of(destination: Destination) -> RuleKind:
    """The kind of rule that opens a destination: by its addresses for tcp and udp, else by its name."""
    return RuleKind.NETWORK if destination.protocol.is_transport else RuleKind.APPLICATION


def rank_of(rules: RuleSet, kind: RuleKind, *, depth: int, group_priority: int, priority: int) -> Rank:
    """The rank of a rule collection at a place, be it there or not; ``depth`` 0 is the root parent policy."""
    return (_KINDS[kind], depth, group_priority if rules.has_groups else 0, priority)


def in_order(rules: RuleSet) -> tuple[Placed, ...]:
    """Every rule collection in the order of evaluation; where ranks are equal, as the vendor lists them."""
    placed = [
        Placed(_rank(rules, depth, group, collection), policy, group, collection)
        for depth, policy in enumerate(rules.layers)
        for group in policy.groups
        for collection in group.collections
    ]
    return tuple(sorted(placed, key=lambda place: place.rank))


def _rank(rules: RuleSet, depth: int, group: RuleCollectionGroup, collection: RuleCollection) -> Rank:
    return rank_of(rules, collection.kind, depth=depth, group_priority=group.priority, priority=collection.priority)
