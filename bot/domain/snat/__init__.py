"""SNAT ports: how many there are, how many are needed, and what changing the number of outbound IPs would do."""

from bot.domain.snat.capacity import (
    FIREWALL_LEAST_INSTANCES,
    FIREWALL_PORTS_PER_IP_AND_INSTANCE,
    Capacity,
    capacities,
    capacity,
)
from bot.domain.snat.scale_plan import (
    ScalePlan,
    addresses_there,
    base_digest,
    plan_scale,
    possible_counts,
    wanted_count,
)

__all__ = [
    "FIREWALL_LEAST_INSTANCES",
    "FIREWALL_PORTS_PER_IP_AND_INSTANCE",
    "Capacity",
    "ScalePlan",
    "addresses_there",
    "base_digest",
    "capacities",
    "capacity",
    "plan_scale",
    "possible_counts",
    "wanted_count",
]
