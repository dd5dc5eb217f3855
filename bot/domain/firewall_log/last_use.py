"""When allowances were last used, as far as logs can say; never “unused” where a log cannot know.

A log names the rule of each request, and a rule's name begins with the allowance's id. A connection is logged once,
when it is opened: https://learn.microsoft.com/azure/firewall/firewall-structured-logs, read 2026-11.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from bot.domain.dates import time_text
from bot.domain.duration import duration_text
from bot.domain.firewall_log.values import DELAY, Gap, LogKind, LogReading
from bot.domain.fqdn import Destination
from bot.domain.grouping import grouped
from bot.domain.observed import LastUse
from bot.domain.rule_rendering import allowance_id_from_rule

WINDOW = timedelta(days=30)
"""How far back is asked: what a workspace keeps without extra cost.

Source: https://learn.microsoft.com/azure/azure-monitor/logs/data-retention-configure, read 2026-11.
"""

QUIET = timedelta(days=1)
"""A log whose newest record of anybody is older proves nothing: it may be interrupted."""

_OFF = {LogKind.APPLICATION: Gap.NO_APPLICATION, LogKind.NETWORK: Gap.NO_NETWORK}


def newest_by_allowance(readings: Sequence[LogReading]) -> Mapping[str, datetime]:
    """The newest record of each allowance, by its id."""
    pairs = ((allowance_id_from_rule(one.rule), one.last) for reading in readings for one in reading.groups)
    return {name: max(times) for name, times in grouped(pairs).items()}


def kinds_of(destinations: Collection[Destination]) -> frozenset[LogKind]:
    """The kinds of rules that an allowance has."""
    return frozenset(LogKind.NETWORK if one.protocol.is_transport else LogKind.APPLICATION for one in destinations)


def last_use(
    readings: Sequence[LogReading], found: datetime | None, kinds: frozenset[LogKind], before: LastUse | None
) -> LastUse:
    """What is known after the logs were read.

    Args:
        readings: Of each firewall that the allowance's traffic can pass; at least one.
        found: The newest record of its rules in them, if any.
        kinds: The kinds of its rules.
        before: What was known before.
    """
    asked_at = min(one.asked_at for one in readings)
    seen = [time for time in (found, before.last if before else None) if time is not None]
    unknown = next((why for one in readings if (why := _doubt(one, kinds))), "")
    reaches = [reach.first for one in readings for kind in kinds if (reach := one.reach(kind))]
    return LastUse(asked_at, max(seen, default=None), None if unknown else max(reaches), unknown)


def _doubt(reading: LogReading, kinds: frozenset[LogKind]) -> str:
    """Why one log cannot say that something was not used; empty if it can."""
    decisive = {_OFF[kind] for kind in kinds} | {gap for gap in Gap if gap.is_fatal} | {Gap.PARTIAL}
    gaps = [sentence for gap, sentence in reading.gaps if gap in decisive]
    if gaps:
        return gaps[0]
    if reading.total > len(reading.groups):
        return f"The log names {reading.total} rules, more than the {len(reading.groups)} that were read."
    return next((why for kind in sorted(kinds) if (why := _silence(reading, kind))), "")


def _silence(reading: LogReading, kind: LogKind) -> str:
    reach = reading.reach(kind)
    if reach is None:
        return f"The log has no record of any {kind} rule."
    if reading.asked_at - reach.last > QUIET:
        return f"The newest record of {kind} rules, of anybody, is from {time_text(reach.last)}."
    return ""


def is_unused(use: LastUse | None) -> bool:
    """Whether the log could have known, and has nothing."""
    return use is not None and use.last is None and use.since is not None


def last_use_text(use: LastUse | None, live_at: datetime | None, when: Callable[[datetime], str] = time_text) -> str:
    """One to three sentences for people, with what limits them; empty where nobody has asked yet.

    Args:
        use: What is known.
        live_at: When its rules were first seen in the firewall.
        when: Writes a time.
    """
    if use is None:
        return ""
    phrase = last_use_phrase(use, live_at, when)
    return " ".join(filter(None, (f"{phrase[0].upper()}{phrase[1:]}.", use.unknown, f"Log read {when(use.asked_at)}.")))


def last_use_phrase(use: LastUse | None, live_at: datetime | None, when: Callable[[datetime], str] = time_text) -> str:
    """The same in a few words, as a part of a line; arguments as of ``last_use_text``."""
    if use is not None and use.last is not None:
        return f"last used {when(use.last)}" if use.since else f"last seen used {when(use.last)}"
    if use is None or use.since is None:
        return "last use unknown"
    began = max(use.since, live_at or use.since)
    if use.asked_at - began <= DELAY:
        return "too early to tell whether it is used"
    reached = "that the log reaches back" if began == use.since else "since it went live"
    return f"not used in the {_whole(use.asked_at - began)} {reached}"


def _whole(span: timedelta) -> str:
    """In whole days, hours or minutes, the largest unit of which there are two."""
    units = (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1))
    unit = next((one for one in units if span >= 2 * one), units[-1])
    return duration_text(span // unit * unit)
