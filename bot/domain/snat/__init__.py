"""SNAT ports: how many there are, how many are needed, and what changing the number of outbound IPs would do."""

from bot.domain.snat.capacity import (
    FIREWALL_LEAST_INSTANCES,
    FIREWALL_PORTS_PER_IP_AND_INSTANCE,
    Capacity,
    capacities,
    capacity,
    max_nodes,
)
from bot.domain.snat.changes import Change, CountChange, IdleChange, OwnIpsChange, PortsChange, TypeChange
from bot.domain.snat.goals import CountGoal, Goal, OwnIpsGoal, goal_from_text, number_from_text
from bot.domain.snat.headroom import Headroom, nearest_first
from bot.domain.snat.own_ips import OwnIp, added_ids
from bot.domain.snat.planning import plan_scale
from bot.domain.snat.prices import Managed, Prices, managed_after, plan_price, price_text
from bot.domain.snat.scale_plan import ScalePlan, base_digest
from bot.domain.snat.settings_plans import possible_goals
from bot.domain.snat.smaller import require_smaller, smaller_goal, smaller_steps, steps_text
from bot.domain.snat.sums import least_ips

__all__ = [
    "FIREWALL_LEAST_INSTANCES",
    "FIREWALL_PORTS_PER_IP_AND_INSTANCE",
    "Capacity",
    "Change",
    "CountChange",
    "CountGoal",
    "Goal",
    "Headroom",
    "IdleChange",
    "Managed",
    "OwnIp",
    "OwnIpsChange",
    "OwnIpsGoal",
    "PortsChange",
    "Prices",
    "ScalePlan",
    "TypeChange",
    "added_ids",
    "base_digest",
    "capacities",
    "capacity",
    "goal_from_text",
    "least_ips",
    "managed_after",
    "max_nodes",
    "nearest_first",
    "number_from_text",
    "plan_price",
    "plan_scale",
    "possible_goals",
    "price_text",
    "require_smaller",
    "smaller_goal",
    "smaller_steps",
    "steps_text",
]
