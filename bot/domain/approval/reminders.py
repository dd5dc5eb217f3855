"""While a request waits: when people are reminded, and when further groups are asked.

All of it follows from stored times, so a process that was down is late with a reminder and never loses one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated

from bot.domain.approval.request import One
from bot.domain.approval.windows import TimeWindow
from bot.domain.fields import NotWritten, Span


@dataclass(frozen=True, slots=True)
class Reminders:
    """How people are reminded of what waits for them.

    Args:
        after: When those who have not decided are first reminded; each wait is twice the one before.
        window: Name of a window, such as working hours, in which people are reminded and further groups asked; any
            time without it.
        escalate_after: How long a request waits before the groups of ``escalate_to`` are asked as well.
        hours: The window of that name.
    """

    after: Span = timedelta(hours=4)
    window: str = ""
    escalate_after: Span = timedelta(days=1)
    hours: Annotated[TimeWindow | None, NotWritten()] = None

    def hours_in(self, zone: str) -> TimeWindow | None:
        """The same hours in somebody's own time zone; None where any time will do."""
        return replace(self.hours, zone=zone) if self.hours else None

    def opens(self, moment: datetime) -> datetime | None:
        """The first moment from this one on in which people may be reminded; None if there is none within a year."""
        return self.hours.opens(moment) if self.hours else moment


def next_reminder(request: One, pace: Reminders, now: datetime) -> datetime | None:
    """When whoever has not decided is reminded next: now or earlier if that is due; None if not before it lapses."""
    since = request.waits_since
    last = max(request.reminded_at or since, since)
    due = next((time for time in _planned(request, since, pace) if time > last), None)
    return None if due is None else pace.opens(max(due, now)) if due <= now else due


def _planned(request: One, since: datetime, pace: Reminders) -> Iterator[datetime]:
    """Counted from the last step that somebody took, each wait twice as long as the one before."""
    wait, time = pace.after, pace.opens(since + pace.after)
    while time is not None and time < request.lapses_at:
        yield time
        wait *= 2
        time = pace.opens(time + wait)


def escalates_at(request: One, pace: Reminders) -> datetime | None:
    """When further groups are asked; None where there are none, they are already, or it waits for an answer."""
    is_held = request.escalated_at is not None or bool(request.open_questions)
    if is_held or not any(quorum.more for quorum in request.verdict.asks):
        return None
    at = pace.opens(request.asked_since + pace.escalate_after)
    return at if at is not None and at < request.lapses_at else None


def escalate(request: One, pace: Reminders, now: datetime) -> One:
    """The request with further groups asked, where it has waited for long enough; also after it was assessed again."""
    at = request.escalated_at or escalates_at(request, pace)
    if at is None or at > now:
        return request
    return replace(request, verdict=request.verdict.escalated, escalated_at=request.escalated_at or now)


def next_wait(request: One, pace: Reminders, now: datetime) -> datetime:
    """When something happens by itself to a request that waits: a reminder, an escalation, or its lapse."""
    times = (next_reminder(request, pace, now), escalates_at(request, pace), request.lapses_at)
    return min(time for time in times if time is not None)
