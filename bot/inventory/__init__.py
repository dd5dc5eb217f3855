"""Use cases of looking: which clusters there are, how one leaves Azure, whose IP this is."""

from bot.inventory.delivery import refusals
from bot.inventory.endpoints import ENDPOINTS, EndpointReport, check_endpoints, sweep_endpoints
from bot.inventory.find import find, former, holder_of, is_deletion, keep, live, member_of, person, unread, visible
from bot.inventory.fleet import FleetPage, fleet
from bot.inventory.refreshing import FLEET, refresh
from bot.inventory.showing import EgressReport, show
from bot.inventory.tracing import Ownership, whois

__all__ = [
    "ENDPOINTS",
    "FLEET",
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
