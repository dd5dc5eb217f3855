"""The weights and thresholds of risk reasons, and how the configuration extends them.

The weights are a judgement of this project, not a standard: 100 is the top of the scale, and one reason of 70 makes a
request critical by itself.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from bot.domain.fqdn import parse_fqdn
from bot.domain.risk.hosts import HOSTS, SHARED_SUFFIXES, WELL_KNOWN, HostList
from bot.errors import BadConfiguration, InvalidFqdn

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


@dataclass(frozen=True, slots=True)
class RiskTable:
    """Everything that ``assess`` weighs.

    Attributes:
        weights: Points (0 to 100) of each reason code; 0 switches the reason off.
        hosts: Lists of hosts by reason code.
        shared_suffixes: Hosting domains whose customers each get a name, besides the Public Suffix List's private
            section; ``*`` matches one label, such as a region.
        well_known: Domains that others imitate.
        production: Environment names (lower case) that count as production.
        long_duration: Points for an allowance longer than each span.
        unlimited_duration: Points for an allowance without an end.
        many_destinations: Points for more destinations than each count.
        medium: Lowest score of the level medium.
        high: Lowest score of the level high.
        critical: Lowest score of the level critical.
    """

    weights: Mapping[str, int] = field(default_factory=lambda: _WEIGHTS)
    hosts: Mapping[str, HostList] = field(default_factory=lambda: HOSTS)
    shared_suffixes: frozenset[str] = SHARED_SUFFIXES
    well_known: frozenset[str] = WELL_KNOWN
    production: frozenset[str] = frozenset({"production", "prod"})
    long_duration: Mapping[timedelta, int] = field(
        default_factory=lambda: MappingProxyType(
            {timedelta(days=30): 10, timedelta(days=90): 20, timedelta(days=365): 30}
        )
    )
    unlimited_duration: int = 40
    many_destinations: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({10: 10, 25: 20}))
    medium: int = 20
    high: int = 45
    critical: int = 70

    @property
    def shared_patterns(self) -> tuple[str, ...]:
        """The shared suffixes that hold a star."""
        return tuple(suffix for suffix in self.shared_suffixes if "*" in suffix)


DEFAULT_TABLE = RiskTable()
"""The table without any configuration."""


def extended(overrides: Mapping[str, object], table: RiskTable = DEFAULT_TABLE) -> RiskTable:
    """A table with the ``risk`` section of the configuration merged in.

    Args:
        overrides: Keys as the attributes of ``RiskTable``. ``weights`` replaces points by code; ``hosts`` adds names to
            the list of a code; ``shared_suffixes``, ``well_known`` and ``production`` add; ``long_duration`` (days to
            points) and ``many_destinations`` (count to points) replace the thresholds; the rest are 0 to 100.
        table: What is extended.

    Raises:
        BadConfiguration: An unknown key or a value of the wrong kind; the sentence names it.
    """
    changes: dict[str, Any] = {}
    for key, value in overrides.items():
        merge = _MERGES.get(key)
        if merge is None:
            raise BadConfiguration(f"risk.{key} is not a known setting. Known settings: {', '.join(sorted(_MERGES))}.")
        changes[key] = merge(table, key, value)
    merged = replace(table, **changes)
    if not merged.medium <= merged.high <= merged.critical:
        raise BadConfiguration("risk.medium, risk.high and risk.critical must increase in this order.")
    return merged


def _mapping(key: str, value: object) -> Mapping[object, object]:
    if not isinstance(value, Mapping):
        raise BadConfiguration(f"risk.{key} must be a mapping.")
    return value


def _points(key: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100:
        raise BadConfiguration(f"risk.{key} must be a whole number from 0 to 100, not {value!r}.")
    return value


def _texts(key: str, value: object) -> frozenset[str]:
    if not isinstance(value, list | tuple | set | frozenset) or not all(isinstance(item, str) for item in value):
        raise BadConfiguration(f"risk.{key} must be a list of strings.")
    return frozenset(value)


def _names(key: str, value: object) -> frozenset[str]:
    try:
        return frozenset(parse_fqdn(text) for text in _texts(key, value))
    except InvalidFqdn as error:
        raise BadConfiguration(f"risk.{key}: {error.sentence}") from None


def _merge_weights(table: RiskTable, key: str, value: object) -> Mapping[str, int]:
    return MappingProxyType(
        {
            **table.weights,
            **{
                _known(f"{key}.{code}", code, table.weights): _points(f"{key}.{code}", points)
                for code, points in _mapping(key, value).items()
            },
        }
    )


def _known(key: str, code: object, codes: Mapping[str, object]) -> str:
    if not isinstance(code, str) or code not in codes:
        raise BadConfiguration(f"risk.{key} is not a known setting. Known settings: {', '.join(sorted(codes))}.")
    return code


def _merge_hosts(table: RiskTable, key: str, value: object) -> Mapping[str, HostList]:
    merged = dict(table.hosts)
    for code, names in _mapping(key, value).items():
        old = merged[_known(f"{key}.{code}", code, table.hosts)]
        merged[str(code)] = replace(old, hosts=old.hosts | _names(f"{key}.{code}", names))
    return MappingProxyType(merged)


def _merge_names(table: RiskTable, key: str, value: object) -> frozenset[str]:
    added: frozenset[str] = getattr(table, key) | _names(key, value)
    return added


def _merge_production(table: RiskTable, key: str, value: object) -> frozenset[str]:
    return table.production | {text.strip().lower() for text in _texts(key, value)}


def _thresholds(key: str, value: object) -> dict[int, int]:
    """Thresholds as numbers; in TOML every key is text."""
    found = {}
    for threshold, points in _mapping(key, value).items():
        if isinstance(threshold, bool) or not re.fullmatch(r"[0-9]{1,6}", str(threshold)):
            raise BadConfiguration(f"risk.{key}: {threshold!r} must be a whole number.")
        found[int(str(threshold))] = _points(f"{key}.{threshold}", points)
    return found


def _merge_durations(_table: RiskTable, key: str, value: object) -> Mapping[timedelta, int]:
    return MappingProxyType({timedelta(days=days): points for days, points in _thresholds(key, value).items()})


def _merge_counts(_table: RiskTable, key: str, value: object) -> Mapping[int, int]:
    return MappingProxyType(_thresholds(key, value))


def _merge_points(_table: RiskTable, key: str, value: object) -> int:
    return _points(key, value)


_MERGES: Mapping[str, Callable[[RiskTable, str, object], object]] = {
    "weights": _merge_weights,
    "hosts": _merge_hosts,
    "shared_suffixes": _merge_names,
    "well_known": _merge_names,
    "production": _merge_production,
    "long_duration": _merge_durations,
    "unlimited_duration": _merge_points,
    "many_destinations": _merge_counts,
    "medium": _merge_points,
    "high": _merge_points,
    "critical": _merge_points,
}
