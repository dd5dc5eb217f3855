"""Use cases of looking: which clusters there are, how one leaves Azure, whose IP this is."""

from bot.inventory.cluster import EgressReport, show
from bot.inventory.delivery import refusals
from bot.inventory.endpoints import EndpointReport, check_endpoints, sweep_endpoints
from bot.inventory.find import find, former, holder_of, is_deletion, keep, live, member_of, person, unread, visible
from bot.inventory.ip_ownership import Ownership, whois
from bot.inventory.listing import FleetPage, fleet
from bot.inventory.refreshing import refresh

__all__ = [
    "EgressReport",
    "EndpointReport",
    "FleetPage",
    "Ownership",
    "check_endpoints",
    "find",
    "fleet",
    "former",
    "holder_of",
    "is_deletion",
    "keep",
    "live",
    "member_of",
    "person",
    "refresh",
    "refusals",
    "show",
    "sweep_endpoints",
    "unread",
    "visible",
    "whois",
]
