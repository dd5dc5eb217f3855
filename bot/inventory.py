"""Use cases of looking: which clusters there are, how one leaves Azure, whose IP this is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from bot.domain.access import environment_of, may_see, require_member
from bot.domain.allowance import Allowance, is_wanted
from bot.domain.egress import ClusterEgress
from bot.domain.people import Person
from bot.domain.settings import Rulebook
from bot.domain.snat import Capacity, capacity
from bot.errors import AmbiguousCluster, InvalidInput, UnknownCluster
from bot.ports import AllowanceFilter, Caller, Context

FLEET = "fleet"
"""The work key of the fleet's refresh."""

FLEET_EVERY = timedelta(minutes=5)
"""How old the fleet's snapshot may become before it is read again."""


@dataclass(frozen=True, slots=True)
class EgressReport:
    """Everything that ``show`` tells of one cluster.

    Args:
        egress: The cluster, read from Azure just now.
        environment: Its environment by the configuration.
        capacity: Its SNAT ports.
        allowances: Those whose rules should be in the firewall now.
        read_at: When it was read.
    """

    egress: ClusterEgress
    environment: str
    capacity: Capacity
    allowances: tuple[Allowance, ...]
    read_at: datetime


@dataclass(frozen=True, slots=True)
class FleetPage:
    """The clusters that a person may see and that fit a filter.

    Args:
        clusters: By name.
        total: How many the person may see altogether.
    """

    clusters: tuple[ClusterEgress, ...]
    total: int


def refresh(ctx: Context) -> None:
    """Read the fleet and keep it."""
    fleet = ctx.arm.read_fleet()
    with ctx.store.write() as tx:
        tx.snapshots.put_fleet(fleet)


def person(ctx: Context, caller: Caller, *, is_fresh: bool = False) -> Person:
    """Who the caller is.

    Raises:
        NotPermitted: For people of other workspaces.
    """
    require_member(ctx.rulebook, caller.identity)
    return ctx.directory.person(caller.identity, is_fresh=is_fresh)


def find(ctx: Context, who: Person, name: str) -> ClusterEgress:
    """The one cluster of that name or ARM id that a person may see, as it was last read.

    Raises:
        UnknownCluster: With names that look alike.
        AmbiguousCluster: With the full ids.
    """
    with ctx.store.read() as tx:
        named = [egress for egress in tx.snapshots.named(name) if may_see(ctx.rulebook, who, egress.ref)]
    if not named:
        raise UnknownCluster(_unknown(name, visible(ctx, who)))
    if len(named) > 1:
        ids = ", ".join(f"`{egress.ref.id}`" for egress in named)
        raise AmbiguousCluster(f"Several clusters are called {name}. Use one of these ids: {ids}.")
    return named[0]


def visible(ctx: Context, who: Person) -> list[ClusterEgress]:
    """Every cluster that a person may see, as it was last read, by name."""
    with ctx.store.read() as tx:
        return [egress for egress in tx.snapshots.all() if may_see(ctx.rulebook, who, egress.ref)]


def show(ctx: Context, caller: Caller, name: str) -> EgressReport:
    """One cluster as it is now.

    Raises:
        UnknownCluster: No such cluster, or none that this person may see.
    """
    found = find(ctx, person(ctx, caller), name)
    egress = ctx.arm.read_egress(found.ref.id)
    now = ctx.clock.now()
    with ctx.store.write() as tx:
        tx.snapshots.put(egress, now)
        rows = tx.allowances.find(AllowanceFilter(cluster=egress.ref.id, only_open=True))
    live = tuple(allowance for allowance in rows if is_wanted(allowance, now))
    return EgressReport(egress, environment_of(ctx.rulebook, egress.ref), capacity(egress), live, now)


def fleet(ctx: Context, caller: Caller, words: str) -> FleetPage:
    """The clusters that the caller may see and that have every one of the words in name, type, state, tag or IP."""
    seen = visible(ctx, person(ctx, caller))
    wanted = words.lower().split()
    return FleetPage(tuple(egress for egress in seen if _has_words(ctx.rulebook, egress, wanted)), len(seen))


def whois(ctx: Context, caller: Caller, address: str) -> tuple[ClusterEgress, ...]:
    """The clusters that leave through a public IP.

    Raises:
        InvalidInput: If it is no address, or a private one.
    """
    who = person(ctx, caller)
    try:
        wanted = ip_address(address.strip())
    except ValueError as error:
        raise InvalidInput(f"“{address}” is not an IP address; write one like 20.61.4.7.") from error
    if not wanted.is_global:
        raise InvalidInput(f"{wanted} is a private address: it never leaves Azure, so no cluster is known by it.")
    return tuple(e for e in visible(ctx, who) if any(ip.covers(str(wanted)) for ip in e.ips))


def _has_words(rulebook: Rulebook, egress: ClusterEgress, words: Sequence[str]) -> bool:
    text = " ".join(
        [
            egress.ref.name,
            egress.declared,
            egress.state,
            egress.ref.location,
            environment_of(rulebook, egress.ref),
            *(f"{key}={value}" for key, value in egress.ref.tags),
            *(ip.address for ip in egress.ips),
            *(warning.code for warning in egress.warnings),
        ]
    ).lower()
    return all(word in text for word in words)


def _unknown(name: str, seen: Sequence[ClusterEgress]) -> str:
    alike = [egress.ref.name for egress in seen if _looks_like(name, egress.ref.name)][:3]
    hint = f" Did you mean {' or '.join(alike)}?" if alike else " `/egress list` shows those that you may see."
    return f"There is no cluster {name}.{hint}"


def _looks_like(typed: str, name: str) -> bool:
    a, b = typed.lower(), name.lower()
    return bool(a) and (a in b or b in a or sorted(a) == sorted(b))
