"""Find the clusters that use, or used, an IP."""

from bot.domain.egress import ClusterEgress, IpChangeKind, Period, is_among
from bot.domain.phrases import counted
from bot.inventory import IpEvent, Ownership
from handlers.blocks.block_kit import code, context, escape, fold, message, section, when
from handlers.blocks.clusters.phrases import VIA
from handlers.blocks.clusters.timeline import by_whom
from handlers.replies import Block, Message

PERIODS_SHOWN = 20
EARLIER = "give a day, `/egress whois IP at DATE`"
"""Where the rest is."""


def owners(found: Ownership) -> Message:
    """Show the clusters that leave, or left, with an address; ingress is shown separately."""
    head = _at(found) if found.at else _now(found)
    lines = [_cluster(one) for one in found.leaving]
    rest = f"`/egress list {found.address}`"
    blocks = [section(head), *([section(fold(lines, rest=rest))] if lines else [])]
    blocks += [*_reached(found), *_periods(found), *_events(found), *_limits(found)]
    return message(head, blocks, rest=f"For one day: `/egress whois {found.address} at DATE`.")


def _now(found: Ownership) -> str:
    shown = code(found.address)
    if not found.leaving:
        return f"No cluster you can see leaves through {shown}."
    verb = "leaves" if len(found.leaving) == 1 else "leave"
    shared = " They share it through a firewall or NAT gateway." if len(found.leaving) > 1 else ""
    return f"{counted(len(found.leaving), 'cluster')} {verb} through {shown}.{shared}"


def _at(found: Ownership) -> str:
    shown, at = code(found.address), when(found.at) if found.at else ""
    names = {period.ref.id for period in found.periods if found.is_certain(period)}
    maybe = {period.ref.id for period in (*found.periods, *found.perhaps)} - names
    unsure = f" {counted(len(maybe), 'cluster')} may have: nothing was read at that time." if maybe else ""
    if not names:
        return f"No cluster you can see left through {shown} on {at}, according to the records.{unsure}"
    return f"{counted(len(names), 'cluster')} left through {shown} on {at}.{unsure}"


def _cluster(one: ClusterEgress) -> str:
    return f"{code(one.ref.name)}  {escape(one.declared)}, {escape(one.ref.resource_group)}"


def _reached(found: Ownership) -> list[Block]:
    lines = [
        f"{code(one.ref.name)} is *reached* through it ({VIA[ip.via]}, {escape(ip.name)}): this is ingress."
        for one in found.reached
        for ip in one.ingress
        if ip.address == found.address
    ]
    return [section(fold(lines, rest=f"`/egress list {found.address}`"))] if lines else []


def _periods(found: Ownership) -> list[Block]:
    lines = [_period(found, one) for one in (*found.periods, *found.perhaps)]
    title = "" if found.at else "*Before*\n"
    return [section(f"{title}{fold(lines, 2800, most=PERIODS_SHOWN, rest=EARLIER)}")] if lines else []


def _events(found: Ownership) -> list[Block]:
    """How it came and went; that it was there when records began says nothing."""
    told = [one for one in found.events if one.change.kind is not IpChangeKind.FIRST]
    lines = [_event(found, one) for one in told]
    return [section(f"*How it came and went*\n{fold(lines, 2800, most=PERIODS_SHOWN, rest=EARLIER)}")] if lines else []


def _event(found: Ownership, one: IpEvent) -> str:
    change = one.change
    did = "came" if is_among(found.address, change.gained) else "went"
    span = f"between {when(change.seen_before)} and {when(change.at)}"
    return f"{did} {span} in {code(change.ref.name)}, {by_whom(one)}"


def _period(found: Ownership, one: Period) -> str:
    mark = "" if found.is_certain(one) else ":grey_question: perhaps "
    gone = " (deleted)" if one.ref.id in found.deleted else ""
    place = f"{code(one.ref.name)}{gone}  {escape(one.declared)}, {escape(one.ref.resource_group)}"
    began = (
        f"from some time between {when(one.begun_after)} and {when(one.since)}"
        if one.begun_after
        else f"{when(one.since)}"
    )
    return f"{mark}{place}: {began} {_end(one)}"


def _end(one: Period) -> str:
    if one.until is None:
        return f"until now, but not read since {when(one.seen)}" if one.seen else "until now"
    return f"until some time between {when(one.seen)} and {when(one.until)}" if one.seen else f"until {when(one.until)}"


def _limits(found: Ownership) -> list[Block]:
    gaps = [escape(gap) for gap in found.gaps]
    notes = [
        *([fold(gaps, 1500, most=3, joint=" ", rest="`/egress list` has all")] if gaps else []),
        *([f"All clusters were last read from Azure {when(found.read_at)}."] if found.read_at else []),
        *([f"Records begin {when(found.watched_since)}."] if found.watched_since and not found.leaving else []),
    ]
    return [context(" ".join(notes))] if notes else []
