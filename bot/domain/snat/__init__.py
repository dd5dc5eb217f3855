"""SNAT ports: how many there are, how many are needed, and what changing the number of outbound IPs would do."""

from bot.domain.snat.capacity import (
    FIREWALL_LEAST_INSTANCES,
    FIREWALL_PORTS_PER_IP_AND_INSTANCE,
    LB_PORTS_PER_IP,
    Capacity,
    capacities,
    capacity,
    needed_ips,
)
from bot.domain.snat.scale_plan import (
    ScalePlan,
    addresses_there,
    base_digest,
    plan_scale,
    possible_counts,
    wanted_count,
)
from bot.domain.snat.tiers import LB_TIERS, Cliff, next_cliff, tier_ports

__all__ = [
    "FIREWALL_LEAST_INSTANCES",
    "FIREWALL_PORTS_PER_IP_AND_INSTANCE",
    "LB_PORTS_PER_IP",
    "LB_TIERS",
    "Capacity",
    "Cliff",
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
