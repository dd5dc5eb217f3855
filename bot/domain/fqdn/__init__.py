"""Destinations: strict parsing of what people type or paste, and Azure Firewall's own way to match names.

Four files: ``names`` (one FQDN, wildcards, public suffixes), ``destinations`` (FQDN, protocol and port; several at a
time), ``scripts`` (Unicode form, mixed scripts, look-alikes) and this list of what others use.
"""

from bot.domain.fqdn.destinations import (
    DEFAULT_PORTS,
    MAX_PORT,
    Destination,
    Parsed,
    Problem,
    Protocol,
    is_within,
    parse_destination,
    parse_destinations,
    parse_many,
    refang,
)
from bot.domain.fqdn.names import Suffix, covers, is_address, parse_fqdn, registrable, suffix_of
from bot.domain.fqdn.scripts import homograph_reasons, is_mixed_script, skeleton, unicode_form

__all__ = [
    "DEFAULT_PORTS",
    "MAX_PORT",
    "Destination",
    "Parsed",
    "Problem",
    "Protocol",
    "Suffix",
    "covers",
    "homograph_reasons",
    "is_address",
    "is_mixed_script",
    "is_within",
    "parse_destination",
    "parse_destinations",
    "parse_fqdn",
    "parse_many",
    "refang",
    "registrable",
    "skeleton",
    "suffix_of",
    "unicode_form",
]
