"""Ending an allowance earlier than was approved; more time is always a renewal."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.allowance import Allowance
from bot.domain.dates import time_text
from bot.domain.duration import duration_text
from bot.errors import InvalidInput

MINUTE = timedelta(minutes=1)


def shorten(allowance: Allowance, until: datetime, now: datetime) -> Allowance:
    """The same until an earlier time; before it is live, for a shorter time that begins then.

    What was asked for stays as it was approved once its clock runs: only its end changes.

    Args:
        allowance: Approved, and not ended.
        until: The new end, aware.
        now: The time.

    Returns:
        The allowance; unchanged if that is when it ends anyway.

    Raises:
        InvalidInput: The end would not be in the future, or later than it is.
    """
    if until <= now:
        raise InvalidInput(f"{time_text(until)} has passed. To end {allowance.id} now, remove it.", field="until")
    if allowance.live_at is None:
        longest, duration = allowance.ask.duration, MINUTE * -(-(until - now) // MINUTE)
        if longest is not None and duration > longest:
            raise _too_late(allowance, f"lasts {duration_text(longest)} once it is live")
        return replace(allowance, ask=replace(allowance.ask, duration=duration))
    if until == allowance.expires_at:
        return allowance
    if allowance.expires_at is not None and until > allowance.expires_at:
        raise _too_late(allowance, f"ends at {time_text(allowance.expires_at)}")
    return replace(allowance, expires_at=until)


def _too_late(allowance: Allowance, known: str) -> InvalidInput:
    return InvalidInput(
        f"{allowance.id} {known}, and a review never makes it longer: leave the field empty to keep it until then, and "
        f"use `/egress renew {allowance.id}` to ask for more time.",
        field="until",
    )
