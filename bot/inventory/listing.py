"""The clusters that somebody may see, filtered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from bot.domain.access import environment_of
from bot.domain.configuration import Configuration
from bot.domain.egress import ClusterEgress, EndpointStatus, RequiredEndpoints
from bot.domain.people import Unread
from bot.domain.snat import capacity
from bot.errors import InvalidInput
from bot.inventory.endpoints import holds_for
from bot.inventory.find import person, unread, visible
from bot.ports import Caller, Context

SNAT = "snat"
"""The ``warning:`` value for SNAT ports near exhaustion."""

REQUIRED = "required-endpoints"
"""The ``warning:`` value for required endpoints that the firewall does not allow."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A cluster of the list, with all that a filter may ask of it.

    Args:
        egress: As it was last read.
        environment: By the configuration.
        codes: The short names of its warnings, SNAT ports and required endpoints among them.
    """

    egress: ClusterEgress
    environment: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FleetPage:
    """The clusters that a person may see and that fit a filter.

    Args:
        clusters: By name.
        total: How many the person may see altogether.
        read_at: When all clusters were last read together; None before the first time.
        gaps: A sentence for each subscription that could not be read then.
        unread: The user groups that could not be read and might let the person see more.
    """

    clusters: tuple[ClusterEgress, ...]
    total: int
    read_at: datetime | None = None
    gaps: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()


def fleet(ctx: Context, caller: Caller, words: str) -> FleetPage:
    """The clusters that the caller may see and that fit every one of the words, from the snapshot.

    Args:
        ctx: The context.
        caller: Who asks.
        words: ``name:…``, ``type:…`` (declared or effective), ``warning:…`` (a code; alone: any), ``tag:key=value``
            (alone: has the tag), ``env:…``, ``subscription:…``; any other word is looked for in name, type, state,
            region, environment, tags, warnings and outbound IPs. ``*`` in a value is dropped: parts fit.

    Raises:
        InvalidInput: Unknown filter.
    """
    tests = [_test(word) for word in words.lower().split()]
    who = person(ctx, caller)
    seen = visible(ctx, who)
    with ctx.store.read() as tx:
        reading, checks = tx.snapshots.reading(), tx.snapshots.endpoints() if tests else {}
    found = [e for e in seen if _fits(_listed(ctx.config, e, checks.get(e.ref.id)), tests)] if tests else seen
    read_at, gaps = (reading.read_at, reading.gaps) if reading else (None, ())
    return FleetPage(tuple(found), len(seen), read_at, gaps, unread(ctx, who))


Test = Callable[[Listed], bool]


def _fits(listed: Listed, tests: Sequence[Test]) -> bool:
    return all(test(listed) for test in tests)


def _listed(config: Configuration, egress: ClusterEgress, check: tuple[RequiredEndpoints, datetime] | None) -> Listed:
    codes = [warning.code for warning in egress.warnings]
    codes += [SNAT] if capacity(egress).near_exhaustion else []
    codes += [REQUIRED] if check and holds_for(check[0], egress) and check[0].standing(EndpointStatus.MISSING) else []
    return Listed(egress, environment_of(config, egress.ref), tuple(codes))


def _has_type(one: Listed, value: str) -> bool:
    kinds = [one.egress.declared, *one.egress.effective]
    return any(value == kind.lower() or (len(value) > 4 and value in kind.lower()) for kind in kinds)


def _has_tag(one: Listed, value: str) -> bool:
    key, _, wanted = value.partition("=")
    return any(key == name.lower() and wanted in text.lower() for name, text in one.egress.ref.tags)


FILTERS: Mapping[str, Callable[[Listed, str], bool]] = MappingProxyType(
    {
        "name": lambda one, value: value in one.egress.ref.name.lower(),
        "type": _has_type,
        "warning": lambda one, value: any(value in code for code in one.codes),
        "tag": _has_tag,
        "env": lambda one, value: value in one.environment,
        "subscription": lambda one, value: value in one.egress.ref.subscription,
    }
)
"""The filters by the word before the colon."""


def _test(word: str) -> Test:
    name, colon, value = word.partition(":")
    if colon and name in FILTERS:
        return lambda listed: FILTERS[name](listed, value.strip("*"))
    if colon and name.isalpha() and not set(name) <= set("abcdef"):
        raise InvalidInput(f"“{word[:60]}” is not a valid filter. Use {', '.join(f'{one}:…' for one in FILTERS)}.")
    return lambda listed: word in _text(listed)


def _text(listed: Listed) -> str:
    egress = listed.egress
    parts = [egress.ref.name, egress.declared, *egress.effective, egress.state, egress.ref.location]
    parts += [listed.environment, *listed.codes]
    parts += [f"{key}={value}" for key, value in egress.ref.tags]
    parts += [ip.address for ip in egress.ips]
    return " ".join(parts).lower()
