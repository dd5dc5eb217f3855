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


@dataclass(frozen=True, slots=True)
class RulePosition:
    """A place in the order of evaluation, be there a rule collection or not.

    Args:
        layer: Resource id of the firewall policy or classic firewall.
        group_priority: Of the rule collection group.
        collection_priority: Of the rule collection.
    """

    layer: str
    group_priority: int
    collection_priority: int


def kind_of(destination: Destination) -> RuleKind:
    """The kind of rule that opens a destination: by its addresses for tcp and udp, else by its name."""
    return RuleKind.NETWORK if destination.protocol.is_transport else RuleKind.APPLICATION


def rank_of(rules: RuleSet, kind: RuleKind, depth: int, place: RulePosition) -> Rank:
    """The rank of a place; ``depth`` 0 is the root parent policy."""
    return (_KINDS[kind], depth, place.group_priority if rules.has_groups else 0, place.collection_priority)


def in_order(rules: RuleSet) -> tuple[Placed, ...]:
    """Every rule collection in the order of evaluation; where ranks are equal, as the vendor lists them."""
    placed = [
        Placed(
            rank_of(rules, collection.kind, depth, RulePosition(policy.id, group.priority, collection.priority)),
            policy,
            group,
            collection,
        )
        for depth, policy in enumerate(rules.layers)
        for group in policy.groups
        for collection in group.collections
    ]
    return tuple(sorted(placed, key=lambda place: place.rank))
