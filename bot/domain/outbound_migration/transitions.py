"""Which outbound types AKS lets a cluster change to, for each kind of network.

Sources, read 2026-11: https://learn.microsoft.com/azure/aks/egress-outboundtype#updating-outboundtype-after-cluster-creation
(the tables and the how-tos below them) and https://github.com/Azure/AKS/releases (2026-05-29). Where they contradict
each other, ``Transition.note`` says how.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from bot.domain.egress import ClusterEgress, OutboundType

_LB, _NAT, _NAT_V2 = OutboundType.LOAD_BALANCER, OutboundType.MANAGED_NAT_GATEWAY, OutboundType.MANAGED_NAT_GATEWAY_V2
_OWN_NAT, _UDR = OutboundType.USER_ASSIGNED_NAT_GATEWAY, OutboundType.USER_DEFINED_ROUTING
_NONE, _BLOCK = OutboundType.NONE, OutboundType.BLOCK

MANAGED_NAT = frozenset({_NAT, _NAT_V2})
"""The outbound types whose NAT gateway AKS makes and keeps."""

COUNTED = MANAGED_NAT | {_LB}
"""The outbound types with a number of managed outbound IPs."""


class NetworkKind(StrEnum):
    """Who made the network that the nodes are in."""

    MANAGED = "managed"
    OWN = "own"
    MIXED = "mixed"


def network_kind(egress: ClusterEgress) -> NetworkKind:
    """AKS made the network where no node pool names a subnet; where only some do, no table of Azure applies."""
    own = [pool.subnet_id is not None for pool in egress.pools]
    if all(own) and own:
        return NetworkKind.OWN
    return NetworkKind.MIXED if any(own) else NetworkKind.MANAGED


class Standing(StrEnum):
    """What Azure's documentation says of a transition."""

    PERMITTED = "permitted"
    CONTRADICTED = "contradicted"
    NOT_PERMITTED = "not permitted"


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of the outbound type.

    Args:
        before: The outbound type now.
        after: The outbound type afterwards.
        standing: Whether Azure's documentation permits it.
        note: Why not, or what contradicts what; a sentence, empty where it is simply permitted.
    """

    before: OutboundType
    after: OutboundType
    standing: Standing
    note: str = ""


_ROUTED = frozenset({_LB, _OWN_NAT, _UDR, _NONE})

_PERMITTED: Mapping[NetworkKind, Mapping[OutboundType, frozenset[OutboundType]]] = MappingProxyType(
    {
        NetworkKind.MANAGED: MappingProxyType(
            {
                _LB: frozenset({_NAT, _NAT_V2, _NONE, _BLOCK}),
                _NAT: frozenset({_NAT_V2, _NONE, _BLOCK}),
                _NONE: frozenset({_LB, _NAT, _NAT_V2, _BLOCK}),
                _BLOCK: frozenset({_LB, _NAT, _NAT_V2, _NONE}),
            }
        ),
        NetworkKind.OWN: MappingProxyType({type_: _ROUTED - {type_} for type_ in _ROUTED}),
        NetworkKind.MIXED: MappingProxyType({}),
    }
)
"""The tables: rows, and what each row may become."""

_BACK = "Azure's table does not permit it, although the same page describes the command. Azure may refuse."
_SINCE = "Azure's table permits nothing, although the AKS release of 2026-05-29 announces it. Azure may refuse."
_CONTRADICTED: Mapping[tuple[OutboundType, OutboundType], str] = MappingProxyType(
    {(_NAT, _LB): _BACK, (_NAT_V2, _NONE): _SINCE, (_NAT_V2, _BLOCK): _SINCE}
)
"""In managed networks."""

_MANAGED_ONLY = (
    "AKS does not put its own NAT gateway into your virtual network. Attach one of yours to the subnet and change to "
    "userAssignedNATGateway."
)
_OWN_ONLY = (
    "AKS made the network of this cluster, and {0} needs a subnet of your own with {1}. Node pools cannot move to "
    "another subnet, so that takes a new cluster."
)
_NEEDS = MappingProxyType({_OWN_NAT: "a NAT gateway on it", _UDR: "a route table on it"})
_NO_ROW = "Azure's documentation lists no such change."


def transition(kind: NetworkKind, before: OutboundType, after: OutboundType) -> Transition:
    """What Azure says of one change of the outbound type.

    Args:
        kind: Who made the network.
        before: The outbound type now.
        after: Another one.
    """
    if after in _PERMITTED[kind].get(before, frozenset()):
        return Transition(before, after, Standing.PERMITTED)
    note = _CONTRADICTED.get((before, after)) if kind is NetworkKind.MANAGED else None
    if note is not None:
        return Transition(before, after, Standing.CONTRADICTED, note)
    return Transition(before, after, Standing.NOT_PERMITTED, _refusal(kind, after))


def _refusal(kind: NetworkKind, after: OutboundType) -> str:
    if kind is NetworkKind.MIXED:
        return "Some of its node pools are in a subnet of your own and some are not."
    if kind is NetworkKind.OWN and after in MANAGED_NAT:
        return _MANAGED_ONLY
    if kind is NetworkKind.OWN and after is _BLOCK:
        return "Outbound type block is for networks that AKS made: it writes rules into the network security group."
    if kind is NetworkKind.MANAGED and after in _NEEDS:
        return _OWN_ONLY.format(after, _NEEDS[after])
    return _NO_ROW


def transitions_from(kind: NetworkKind, before: OutboundType) -> tuple[Transition, ...]:
    """All changes from an outbound type: what is permitted first, then what is contradicted, then what is not."""
    found = [transition(kind, before, after) for after in OutboundType if after is not before]
    order = list(Standing)
    return tuple(sorted(found, key=lambda one: order.index(one.standing)))
