"""Destinations: strict parsing of what people type or paste, and Azure Firewall's own way to match names.

``names`` (one FQDN, wildcards), ``suffixes`` (of the Public Suffix List), ``destinations`` (FQDN, protocol and port),
``many`` (several at a time), ``protocols`` and ``services`` (what is spoken there, and what needs a network rule),
``private`` (names that no allowance can open), ``placeholders`` (what documentation leaves open), ``scripts`` (Unicode
form, mixed scripts, look-alikes).
"""

from bot.domain.fqdn.destinations import Destination, is_within, parse_destination, refang
from bot.domain.fqdn.many import Problem, parse_destinations, parse_many
from bot.domain.fqdn.names import covers, is_address, parse_fqdn
from bot.domain.fqdn.placeholders import fill_named, fill_region, find_placeholder, parts_of_template
from bot.domain.fqdn.private import reason_inside
from bot.domain.fqdn.protocols import DEFAULT_PORTS, WEB_PORTS, Protocol
from bot.domain.fqdn.scripts import homograph_reasons, skeleton, unicode_form
from bot.domain.fqdn.services import SCHEMES, SERVICES
from bot.domain.fqdn.suffixes import has_registry, lineage, registrable, spans_suffix, suffix_of

__all__ = [
    "DEFAULT_PORTS",
    "SCHEMES",
    "SERVICES",
    "WEB_PORTS",
    "Destination",
    "Problem",
    "Protocol",
    "covers",
    "fill_named",
    "fill_region",
    "find_placeholder",
    "has_registry",
    "homograph_reasons",
    "is_address",
    "is_within",
    "lineage",
    "parse_destination",
    "parse_destinations",
    "parse_fqdn",
    "parse_many",
    "parts_of_template",
    "reason_inside",
    "refang",
    "registrable",
    "skeleton",
    "spans_suffix",
    "suffix_of",
    "unicode_form",
]
