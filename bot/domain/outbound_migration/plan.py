"""Plans a change of the outbound type: pure, from the cluster as it is now."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from bot.domain.egress import ClusterEgress, ClusterRef, NodeSubnet, OutboundType
from bot.domain.outbound_migration.consequences import Consequences, NewSettings, consequences, leaving
from bot.domain.outbound_migration.prerequisites import Prerequisite, prerequisites, unmet
from bot.domain.outbound_migration.transitions import (
    COUNTED,
    NetworkKind,
    Standing,
    Transition,
    network_kind,
    transition,
    transitions_from,
)
from bot.domain.snat.capacity import LB_IP_COUNTS, NAT_IP_COUNTS
from bot.errors import InvalidInput, NotScalable


@dataclass(frozen=True, slots=True)
class MigrationPlan:
    """A change of the outbound type, with everything to know before it.

    Args:
        ref: The cluster.
        network: Who made its network.
        transition: From what to what, and what Azure says of it.
        settings: The settings afterwards.
        prerequisites: What must hold first.
        consequences: What will happen.
        leaving: The outbound addresses that stop being used.
        subnets: The subnets of its nodes and pods; empty in a network that AKS made.
    """

    ref: ClusterRef
    network: NetworkKind
    transition: Transition
    settings: NewSettings
    prerequisites: tuple[Prerequisite, ...]
    consequences: Consequences
    leaving: tuple[str, ...]
    subnets: tuple[NodeSubnet, ...] = ()

    @property
    def unmet(self) -> tuple[Prerequisite, ...]:
        """What does not hold yet, or is not known to."""
        return unmet(self.prerequisites)

    @property
    def is_possible(self) -> bool:
        """Whether Azure's documentation permits it without contradiction, and everything that must hold first does."""
        return self.transition.standing is Standing.PERMITTED and not self.unmet


_IDLE: Mapping[OutboundType, int] = MappingProxyType(
    {
        OutboundType.LOAD_BALANCER: 30,
        OutboundType.MANAGED_NAT_GATEWAY: 4,
        OutboundType.MANAGED_NAT_GATEWAY_V2: 4,
    }
)
"""Idle timeouts in minutes that AKS sets by default.

Sources, read 2026-11: https://learn.microsoft.com/azure/aks/load-balancer-standard and
https://learn.microsoft.com/azure/aks/nat-gateway.
"""


def outbound_type_from_text(text: str) -> OutboundType:
    """The outbound type that somebody typed, whatever its case.

    Raises:
        InvalidInput: There is none of this name.
    """
    known = {type_.lower(): type_ for type_ in OutboundType}
    found = known.get(text.strip().lower())
    if found is None:
        near = get_close_matches(text.strip().lower(), list(known), 1)
        hint = f"Did you mean {known[near[0]]}?" if near else f"Azure knows {', '.join(OutboundType)}."
        raise InvalidInput(f"“{text[:60]}” is not an outbound type. {hint}", field="type")
    return found


def possible_migrations(egress: ClusterEgress) -> tuple[Transition, ...]:
    """What a cluster could become, by Azure's documentation: permitted first; prerequisites are not looked at.

    Raises:
        NotScalable: Its outbound type is not known, or it is being deleted.
    """
    return transitions_from(network_kind(egress), _present_type(egress))


def plan_migration(egress: ClusterEgress, after: OutboundType, *, count: int | None = None) -> MigrationPlan:
    """Plan to change the outbound type.

    Args:
        egress: The cluster as it is now.
        after: The outbound type that is wanted.
        count: Managed outbound IPs afterwards, 1..100 for a load balancer and 1..16 for a managed NAT gateway; None for
            as many as there are now.

    Raises:
        NotScalable: Azure does not permit this change, or the cluster's outbound type is not known.
        InvalidInput: It has this outbound type, or the count is not possible.
    """
    before, kind = _present_type(egress), network_kind(egress)
    if after is before:
        raise InvalidInput(f"{egress.ref.name} already has the outbound type {after}.", field="type")
    found = transition(kind, before, after)
    if found.standing is Standing.NOT_PERMITTED:
        permitted = [one.after for one in transitions_from(kind, before) if one.standing is Standing.PERMITTED]
        choices = f" Permitted from {before}: {', '.join(permitted)}." if permitted else ""
        raise NotScalable(f"Azure does not change {egress.ref.name} from {before} to {after}. {found.note}{choices}")
    settings = NewSettings(after, _count(egress, after, count), _IDLE.get(after))
    return MigrationPlan(
        ref=egress.ref,
        network=kind,
        transition=found,
        settings=settings,
        prerequisites=prerequisites(egress, after),
        consequences=consequences(egress, settings),
        leaving=leaving(egress, after),
        subnets=egress.subnets,
    )


def _present_type(egress: ClusterEgress) -> OutboundType:
    found = egress.exact_outbound_type
    if found is None:
        raise NotScalable(f"{egress.ref.name} has the outbound type {egress.declared}, which this bot does not know.")
    if egress.state.lower() == "deleting":
        raise NotScalable(f"{egress.ref.name} is being deleted in Azure.")
    return found


def _count(egress: ClusterEgress, after: OutboundType, count: int | None) -> int | None:
    if after not in COUNTED:
        if count is not None:
            raise InvalidInput(f"{after} has no number of outbound IPs that AKS manages.", field="count")
        return None
    counts = LB_IP_COUNTS if after is OutboundType.LOAD_BALANCER else NAT_IP_COUNTS
    if count is None:
        now = sum(ip.version == 4 for ip in egress.ips) if egress.exact_outbound_type in COUNTED else 1
        return min(max(now, counts.start), counts.stop - 1)
    if count not in counts:
        text = f"{count} outbound IPs are not possible: Azure accepts {counts.start} to {counts.stop - 1} here."
        raise InvalidInput(text, field="count")
    return count
