"""Warnings that an allowance is about to end."""

from datetime import datetime, timedelta

from bot.domain.allowance import Allowance, warns_at
from bot.domain.approval import TimeWindow

LAST_CALL = timedelta(hours=1)
"""How long before the end a person is told once more, if the first warning was much earlier."""


def warnings(allowance: Allowance, hours: TimeWindow | None = None) -> tuple[datetime, ...]:
    """When its owner is told that it ends soon, in order.

    Empty before it is live, where it has no end, and where its owner lets it end.

    Args:
        allowance: The facts.
        hours: The owner's working hours: a warning that would come outside of them comes before, when they end.
    """
    first = warns_at(allowance)
    if first is None or allowance.expires_at is None or allowance.let_expire is not None:
        return ()
    last = allowance.expires_at - LAST_CALL
    times = (first, last) if last - first >= LAST_CALL else (first,)
    return tuple(sorted({_within(allowance, time, hours) for time in times}))


def _within(allowance: Allowance, time: datetime, hours: TimeWindow | None) -> datetime:
    """The last moment of working hours before a time; the time itself where it was not live then."""
    before = hours.closes(time) if hours else None
    return before if before and allowance.live_at and before > allowance.live_at else time


def is_warning_due(allowance: Allowance, now: datetime, hours: TimeWindow | None = None) -> bool:
    """Whether a warning is due that was not given yet; one that was missed is covered by a later one."""
    due = [time for time in warnings(allowance, hours) if time <= now]
    return bool(due) and (allowance.warned_at is None or allowance.warned_at < due[-1])


def is_card_due(allowance: Allowance, now: datetime) -> bool:
    """Whether it is called expiring by now and its card does not say so.

    Its warning came before, in working hours, or there is none because its owner lets it end.
    """
    begins = warns_at(allowance)
    if begins is None or now < begins:
        return False
    return all(drawn is None or drawn < begins for drawn in (allowance.warned_at, allowance.shown_ending_at))
