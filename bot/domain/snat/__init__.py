"""SNAT ports: how many there are, how many are needed, and what changing the number of outbound IPs would do."""

from bot.domain.snat.capacity import (
    ENOUGH_PORTS_PER_NODE,
    FIREWALL_LEAST_INSTANCES,
    FIREWALL_PORTS_PER_IP_AND_INSTANCE,
    LB_IP_COUNTS,
    LB_PORTS_PER_IP,
    NAT_IP_COUNTS,
    NAT_PORTS_PER_IP,
    Capacity,
    capacities,
    capacity,
    needed_ips,
)
from bot.domain.snat.scale_plan import (
    ScaleKind,
    ScalePlan,
    addresses_there,
    base_digest,
    plan_scale,
    possible_counts,
    wanted_count,
)
from bot.domain.snat.tiers import LB_TIERS, Cliff, next_cliff, tier_ports

__all__ = [
    "ENOUGH_PORTS_PER_NODE",
    "FIREWALL_LEAST_INSTANCES",
    "FIREWALL_PORTS_PER_IP_AND_INSTANCE",
    "LB_IP_COUNTS",
    "LB_PORTS_PER_IP",
    "LB_TIERS",
    "NAT_IP_COUNTS",
    "NAT_PORTS_PER_IP",
    "Capacity",
    "Cliff",
    "ScaleKind",
    "ScalePlan",
    "addresses_there",
    "base_digest",
    "capacities",
    "capacity",
    "needed_ips",
    "next_cliff",
    "plan_scale",
    "possible_counts",
    "tier_ports",
    "wanted_count",
]
