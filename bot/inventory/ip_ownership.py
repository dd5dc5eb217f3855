"""Find the clusters that use, or used, an IP."""

from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import ip_address

from bot.domain.access import may_see, membership_unknown
from bot.domain.dates import span_from_text
from bot.domain.egress import ClusterEgress, Period
from bot.domain.people import Person
from bot.errors import InvalidInput
from bot.inventory.find import person, unread, visible
from bot.inventory.ip_history import IpEvent, events_of
from bot.ports import Caller, Context


@dataclass(frozen=True, slots=True)
class Ownership:
    """The known users of an address.

    Args:
        address: In its canonical form.
        at: The time that was asked about; None for now.
        leaving: Clusters that leave with it now; empty where another time was asked about.
        reached: Clusters that are reached at it now: ingress, which alone says nothing about who leaves.
        until: The end of the time that was asked about; None for now.
        periods: When it was used, up to when it was seen gone: at the time that was asked about, or else before now;
            newest first.
        perhaps: Periods that were seen only later, and may have begun before the end of the time that was asked about.
        watched_since: The beginning of the records; None if there are none.
        gaps: A sentence for each subscription that could not be read last.
        read_at: When all clusters were last read; None before the first time.
        deleted: The ids of those clusters of the periods that no longer exist.
        events: When it came to clusters of the periods, or went, newest first: through the bot or not.
    """

    address: str
    at: datetime | None = None
    until: datetime | None = None
    leaving: tuple[ClusterEgress, ...] = ()
    reached: tuple[ClusterEgress, ...] = ()
    periods: tuple[Period, ...] = ()
    watched_since: datetime | None = None
    gaps: tuple[str, ...] = ()
    read_at: datetime | None = None
    perhaps: tuple[Period, ...] = ()
    deleted: frozenset[str] = frozenset()
    events: tuple[IpEvent, ...] = ()

    def is_certain(self, period: Period) -> bool:
        """Whether a period was seen at the time that was asked about, and not only before and after it."""
        return self.at is None or self.until is None or period.is_certain(self.at, self.until)


def whois(ctx: Context, caller: Caller, address: str, date: str = "") -> Ownership:
    """The clusters that leave, or left, through a public IP.

    Args:
        ctx: The context.
        caller: Who asks.
        address: As it was typed.
        date: ``2026-11-01`` or ``yesterday`` for the whole day, ``2026-11-01T14:30`` for a minute, in the caller's time
            zone; empty for now.

    Raises:
        InvalidInput: No address, a private one, no date, or one to come.
        MembershipUnknown: Nothing was found, and a user group could not be read that might show more.
    """
    who, wanted = person(ctx, caller), _public(address)
    found = _at(ctx, who, wanted, date) if date else _now(ctx, who, wanted)
    doubts = unread(ctx, who)
    if doubts and not (found.leaving or found.reached or found.periods):
        raise membership_unknown(doubts)
    return found


def _now(ctx: Context, who: Person, wanted: str) -> Ownership:
    seen = visible(ctx, who)
    leaving = tuple(e for e in seen if any(ip.covers(wanted) for ip in e.ips))
    reached = tuple(e for e in seen if any(ip.address == wanted for ip in e.ingress))
    found = _history(ctx, who, wanted)
    return replace(found, leaving=leaving, reached=reached, periods=() if leaving else found.periods)


def _at(ctx: Context, who: Person, wanted: str, date: str) -> Ownership:
    start, end = span_from_text(date, ctx.clock.now(), ctx.directory.zone(who.identity))
    if start > ctx.clock.now():
        raise InvalidInput(f"{date} is in the future; use a date that has already begun.")
    return replace(_history(ctx, who, wanted, start, end), at=start, until=end)


def _history(
    ctx: Context, who: Person, wanted: str, start: datetime | None = None, end: datetime | None = None
) -> Ownership:
    with ctx.store.read() as tx:
        periods, first, reading = tx.snapshots.periods(start, end), tx.snapshots.watched_since(), tx.snapshots.reading()
        found = tuple(one for one in periods if one.covers(wanted) and may_see(ctx.config, who, one.ref))
        ids = {one.ref.id for one in found}
        gone = {id_ for id_ in ids if tx.snapshots.get(id_) is None}
        events = events_of(tx, ids)
    return Ownership(
        wanted,
        periods=tuple(one for one in found if end is None or one.since < end),
        perhaps=tuple(one for one in found if end is not None and one.since >= end),
        watched_since=first,
        gaps=reading.gaps if reading else (),
        read_at=reading.read_at if reading else None,
        deleted=frozenset(gone),
        events=tuple(one for one in events if one.concerns(wanted)),
    )


def _public(typed: str) -> str:
    """The canonical form of a public address.

    Raises:
        InvalidInput: With what would be right.
    """
    shown = typed if len(typed) <= 60 else f"{typed[:60]}…"
    try:
        wanted = ip_address(typed.strip().strip("[]`"))
    except ValueError as error:
        hint = " Drop the range: one address is enough." if "/" in typed else ""
        raise InvalidInput(f"“{shown}” is not an IP address. Write one like 20.61.4.7.{hint}") from error
    if not wanted.is_global:
        raise InvalidInput(
            f"{wanted} is a private or reserved address: no traffic leaves Azure with it. Remote hosts see one "
            "of the public IPs that `/egress show CLUSTER` lists."
        )
    return str(wanted)
