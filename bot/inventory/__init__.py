"""Use cases of looking: which clusters there are, how one leaves Azure, whose IP this is."""

from bot.inventory.endpoints import ENDPOINTS, EndpointReport, check_endpoints, sweep_endpoints
from bot.inventory.find import find, former, live, person, visible
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
    "live",
    "person",
    "refresh",
    "show",
    "sweep_endpoints",
    "visible",
    "whois",
]
