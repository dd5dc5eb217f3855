"""Use cases of looking: which clusters there are, how one leaves Azure, whose IP this is."""

from bot.inventory.capacity_overview import CapacityOverview, capacity_csv, capacity_overview
from bot.inventory.cluster import EgressReport, show
from bot.inventory.delivery import refusals
from bot.inventory.endpoints import EndpointReport, check_endpoints, sweep_endpoints
from bot.inventory.find import find, former, holder_of, is_deletion, keep, live, member_of, person, unread, visible
from bot.inventory.ip_history import IpEvent, IpHistory, history
from bot.inventory.ip_ownership import Ownership, whois
from bot.inventory.listing import FleetPage, fleet
from bot.inventory.measuring import measure
from bot.inventory.refreshing import refresh
from bot.inventory.tokens import (
    TokenDraft,
    create_token,
    keep_token,
    list_tokens,
    present,
    require_admission,
    revoke_token,
)

__all__ = [
    "CapacityOverview",
    "EgressReport",
    "EndpointReport",
    "FleetPage",
    "IpEvent",
    "IpHistory",
    "Ownership",
    "TokenDraft",
    "capacity_csv",
    "capacity_overview",
    "check_endpoints",
    "create_token",
    "find",
    "fleet",
    "former",
    "history",
    "holder_of",
    "is_deletion",
    "keep",
    "keep_token",
    "list_tokens",
    "live",
    "measure",
    "member_of",
    "person",
    "present",
    "refresh",
    "refusals",
    "require_admission",
    "revoke_token",
    "show",
    "sweep_endpoints",
    "unread",
    "visible",
    "whois",
]
