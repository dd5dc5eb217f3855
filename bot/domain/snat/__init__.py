"""SNAT ports: how many there are, how many are needed, and what changing the number of outbound IPs would do."""

from bot.domain.snat.capacity import (
    FIREWALL_LEAST_INSTANCES,
    FIREWALL_PORTS_PER_IP_AND_INSTANCE,
    Capacity,
    capacities,
    capacity,
)
from bot.domain.snat.changes import Change, CountChange, IdleChange, OwnIpsChange, PortsChange
from bot.domain.snat.headroom import Headroom, nearest_first
from bot.domain.snat.scale_plan import ScalePlan, base_digest, plan_scale, possible_counts

__all__ = [
    "FIREWALL_LEAST_INSTANCES",
    "FIREWALL_PORTS_PER_IP_AND_INSTANCE",
    "Capacity",
    "Change",
    "CountChange",
    "Headroom",
    "IdleChange",
    "OwnIpsChange",
    "PortsChange",
    "ScalePlan",
    "base_digest",
    "capacities",
    "capacity",
    "nearest_first",
    "plan_scale",
    "possible_counts",
]
