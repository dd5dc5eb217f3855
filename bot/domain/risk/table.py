"""The weights and thresholds of risk reasons, and how the configuration extends them.

The weights are a judgement of this project, not a standard: 100 is the top of the scale, and one reason of 70 makes a
request critical by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Annotated

from bot.domain.fields import Count, Days, Domain, Lower, Points, ReadAs, frozen, one_of
from bot.domain.risk.hosts import HOSTS, SHARED_SUFFIXES, WELL_KNOWN, HostList

_WEIGHTS: Mapping[str, int] = MappingProxyType(
    {
        "anonymiser": 75,
        "tunnel": 75,
        "homograph": 70,
        "look_alike": 60,
        "wildcard_shared": 60,
        "paste": 50,
        "file_drop": 45,
        "dynamic_dns": 40,
        "private_name": 40,
        "shortener": 40,
        "mail": 30,
        "wildcard_domain": 30,
        "raw_content": 25,
        "remote_login": 25,
        "file_transfer": 20,
        "mssql": 20,
        "plain_http": 15,
        "production": 15,
        "wildcard_deep": 15,
        "by_address": 10,
        "cleartext": 10,
        "database": 10,
        "international": 10,
        "shared_hosting": 10,
        "unusual_port": 10,
        "other_dns": 5,
        "udp": 5,
    }
)

REASON_CODES = frozenset({*_WEIGHTS, "unlimited_duration", "long_duration", "many_destinations"})
"""The codes of all reasons; those of durations and numbers have weights of their own."""


_PRODUCTION = frozenset({"production", "prod"})


def _with_weights(given: Mapping[str, int]) -> Mapping[str, int]:
    return MappingProxyType({**_WEIGHTS, **given})


def _with_hosts(given: Mapping[str, frozenset[str]]) -> Mapping[str, HostList]:
    added = {code: replace(HOSTS[code], hosts=HOSTS[code].hosts | hosts) for code, hosts in given.items()}
    return MappingProxyType({**HOSTS, **added})


@dataclass(frozen=True, slots=True)
class RiskTable:
    """How risk is weighed; the file extends what the bot brings along.

    Attributes:
        weights: Points of each reason by its code; those that are written replace the bot's, 0 switches a reason off.
        hosts: Further hosts of a list, by the reason's code.
        shared_suffixes: Further hosting domains whose customers each get a name, besides the Public Suffix List's
            private section; ``*`` matches one label, such as a region.
        well_known: Further domains that others might imitate.
        production: Further names of environments that count as production, in any case.
        long_duration: Points for an allowance longer than each number of days; replaces the bot's.
        unlimited_duration: Points for an allowance without an end.
        many_destinations: Points for more destinations than each number; replaces the bot's.
        medium: Lowest score of the level medium; the three levels rise in this order.
        high: Lowest score of the level high.
        critical: Lowest score of the level critical.
    """

    weights: Annotated[Mapping[str, int], ReadAs(Mapping[Annotated[str, one_of(_WEIGHTS)], Points], _with_weights)] = (
        field(default_factory=lambda: _WEIGHTS)
    )
    hosts: Annotated[
        Mapping[str, HostList], ReadAs(Mapping[Annotated[str, one_of(HOSTS)], frozenset[Domain]], _with_hosts)
    ] = field(default_factory=lambda: HOSTS)
    shared_suffixes: Annotated[frozenset[str], ReadAs(frozenset[Domain], SHARED_SUFFIXES.union)] = SHARED_SUFFIXES
    well_known: Annotated[frozenset[str], ReadAs(frozenset[Domain], WELL_KNOWN.union)] = WELL_KNOWN
    production: Annotated[frozenset[str], ReadAs(frozenset[Lower], _PRODUCTION.union)] = _PRODUCTION
    long_duration: Annotated[Mapping[timedelta, int], ReadAs(Mapping[Days, Points], frozen)] = field(
        default_factory=lambda: MappingProxyType(
            {timedelta(days=30): 10, timedelta(days=90): 20, timedelta(days=365): 30}
        )
    )
    unlimited_duration: Points = 40
    many_destinations: Annotated[Mapping[int, int], ReadAs(Mapping[Count, Points], frozen)] = field(
        default_factory=lambda: MappingProxyType({10: 10, 25: 20})
    )
    medium: Points = 20
    high: Points = 45
    critical: Points = 70

    @property
    def shared_patterns(self) -> tuple[str, ...]:
        """The shared suffixes that hold a star."""
        return tuple(suffix for suffix in self.shared_suffixes if "*" in suffix)


DEFAULT_TABLE = RiskTable()
"""The table without any configuration."""
