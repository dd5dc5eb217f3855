"""Facts that the writer adds to an allowance; they are never removed."""

from dataclasses import replace
from datetime import datetime

from bot.domain.allowance import Allowance
from bot.domain.observed import ProbeNote
from bot.domain.probe import Probe


def mark_applying(allowance: Allowance, now: datetime) -> Allowance:
    """A write that carries it has begun."""
    return allowance if allowance.applying_at else replace(allowance, applying_at=now)


def mark_live(allowance: Allowance, now: datetime) -> Allowance:
    """Its rules were read back; the clock of a time-limited allowance starts at the first time."""
    if allowance.live_at is not None:
        return replace(allowance, missing_since=None)
    expires = now + allowance.ask.duration if allowance.ask.duration else None
    return replace(allowance, applying_at=allowance.applying_at or now, live_at=now, expires_at=expires)


def mark_missing(allowance: Allowance, now: datetime) -> Allowance:
    """Its rules were live but no longer exist, although they should."""
    return allowance if allowance.missing_since else replace(allowance, missing_since=now)


def mark_gone(allowance: Allowance, now: datetime) -> Allowance:
    """It has ended and its rules were seen absent."""
    return replace(allowance, gone_at=now, missing_since=None)


def mark_probed(allowance: Allowance, probe: Probe, now: datetime) -> Allowance:
    """A probe from inside its cluster has tried its destinations."""
    return replace(allowance, probed=ProbeNote(probe.id, now, is_reached=probe.is_reached))


def mark_failed(allowance: Allowance, why: str) -> Allowance:
    """Azure will not take it."""
    return replace(allowance, failure=why)
