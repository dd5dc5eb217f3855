"""Time windows: working hours, nights and weekends, change freezes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from bot.domain.fields import NotWritten, ReadAs

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_MINUTE = timedelta(minutes=1)
_MIDNIGHT = "24:00"
_YEAR = 366
WEEK: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _zone(text: str) -> str:
    if text not in available_timezones():
        raise ValueError
    return text


def _hours(text: str) -> str:
    """``HH:MM-HH:MM``; 24:00 is the end of the day."""
    found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)-(([01]\d|2[0-3]):([0-5]\d)|24:00)", text)
    if found is None or text[:5] == text[6:]:
        raise ValueError
    return text


def _dates(text: str) -> str:
    first, last = (date.fromisoformat(part) for part in text.split("/"))
    if last < first:
        raise ValueError
    return text


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """A part of the calendar; a moment is inside if each part that is set contains it.

    Args:
        name: What rules call it.
        zone: The time zone in which days, hours and dates are meant.
        days: Days of the week; of a night, the day on which it begins.
        hours: From the first time up to the second one, which is earlier for a night.
        dates: From the first day to the last one, both included.
    """

    name: Annotated[str, NotWritten()]
    zone: Annotated[str, ReadAs(str, _zone, "an IANA time zone such as Europe/Berlin")] = "UTC"
    days: frozenset[Day] = frozenset(WEEK)
    hours: Annotated[str, ReadAs(str, _hours, "hours such as 09:00-17:00 or 22:00-06:00")] = "00:00-24:00"
    dates: Annotated[str, ReadAs(str, _dates, "days such as 2026-12-20/2027-01-04")] | None = None

    def contains(self, moment: datetime) -> bool:
        """Whether a moment, with its time zone, is inside."""
        local = moment.astimezone(ZoneInfo(self.zone))
        return self._is_in_hours(local) and self._is_in_dates(local.date())

    def opens(self, moment: datetime) -> datetime | None:
        """The first moment from this one on that is inside; None if none of the next year is."""
        return next((time for time in self._edges(moment, 0) if time >= moment and self.contains(time)), None)

    def closes(self, moment: datetime) -> datetime | None:
        """The last moment up to this one that is inside; None if none of the year before is."""
        if self.contains(moment):
            return moment
        ends = (time - _MINUTE for time in self._edges(moment, 1))
        return next((time for time in ends if time <= moment and self.contains(time)), None)

    def _edges(self, moment: datetime, which: Literal[0, 1]) -> Iterator[datetime]:
        """The moment, then the begins (0) or ends (1) of hours and days after or before it, the nearest first."""
        zone, hour = ZoneInfo(self.zone), self.hours.split("-")[which]
        begins, today = [time.fromisoformat(hour)] if hour != _MIDNIGHT else [], moment.astimezone(zone).date()
        yield moment
        for days in range(-1, _YEAR):
            day = today + timedelta(days=-days if which else days)
            times = sorted({time(), *begins}, reverse=bool(which))
            yield from (datetime.combine(day, at, zone).astimezone(UTC) for at in times)

    def _is_in_hours(self, local: datetime) -> bool:
        begins, ends, now = *self.hours.split("-"), f"{local:%H:%M}"
        today, yesterday = WEEK[local.weekday()], WEEK[local.weekday() - 1]
        if begins < ends:
            return today in self.days and begins <= now < ends
        return (today in self.days and now >= begins) or (yesterday in self.days and now < ends)

    def _is_in_dates(self, today: date) -> bool:
        if self.dates is None:
            return True
        first, last = (date.fromisoformat(part) for part in self.dates.split("/"))
        return first <= today <= last
