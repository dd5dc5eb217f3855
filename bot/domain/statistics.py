"""Numbers about requests and what became of them, counted from audit events in one pass, newest first."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from math import ceil

from bot.domain.audit import Action, Event

MOST_NAMED = 10
"""Hosts, reasons and approvers that are named, the most frequent first."""

MOST_COUNTED = 10_000
"""Different names that are counted at once; beyond that the rarest are forgotten, and the top stays what it is."""

REQUESTS = frozenset({Action.ALLOWANCE_REQUEST, Action.ALLOWANCE_RENEW})


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took.

    Args:
        count: How often it happened.
        median: Half of them took no longer; None if it never happened.
        p90: Nine of ten took no longer.
    """

    count: int
    median: timedelta | None = None
    p90: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Week:
    """What was requested in one week.

    Args:
        begins: Its Monday, in UTC.
        requests: Requests that were filed, renewals included.
        to_live: From a request of that week to its rules being read back.
    """

    begins: date
    requests: int
    to_live: Spread


@dataclass(frozen=True, slots=True)
class Statistics:
    """The numbers of a period.

    Args:
        requests: Requests that were filed, renewals included.
        renewals: Those of them that continue an allowance.
        granted: Opened by the approval policy alone.
        break_glass: Opened at once, and reviewed afterwards.
        approved: Approved by people, as a whole.
        denied: Denied by people.
        lapsed: Nobody decided in time.
        refused: Acts that were refused.
        to_decide: From the request to the decision of the last person who was needed.
        to_live: From the request to its rules being read back.
        denials: Reasons of denials, the most frequent first.
        hosts: Hosts that were asked for, the most frequent first.
        deciders: Slack user ids with how often they approved or denied, the busiest first.
        expired: Allowances that expired and that nobody renewed.
        updates: Firewall updates that were done.
        carried: Changes of allowances that they carried; without coalescing each would be an update.
        weeks: Every week from the first request to the last, oldest first.
    """

    requests: int
    renewals: int
    granted: int
    break_glass: int
    approved: int
    denied: int
    lapsed: int
    refused: int
    to_decide: Spread
    to_live: Spread
    denials: tuple[tuple[str, int], ...]
    hosts: tuple[tuple[str, int], ...]
    deciders: tuple[tuple[str, int], ...]
    expired: int
    updates: int
    carried: int
    weeks: tuple[Week, ...] = ()

    @property
    def auto_share(self) -> float | None:
        """The share of decisions that the policy made alone, 0..1; None without decisions."""
        decided = self.granted + self.approved + self.denied
        return self.granted / decided if decided else None

    @property
    def saved(self) -> int:
        """Firewall updates that were saved because one carried several changes."""
        return max(0, self.carried - self.updates)


@dataclass(slots=True)
class Tally:
    """Counts events; what it remembers of a request is dropped once the request itself is seen."""

    counts: Counter[str] = field(default_factory=Counter)
    denials: Counter[str] = field(default_factory=Counter)
    hosts: Counter[str] = field(default_factory=Counter)
    deciders: Counter[str] = field(default_factory=Counter)
    decided: dict[str, datetime] = field(default_factory=dict)
    live: dict[str, datetime] = field(default_factory=dict)
    expired: set[str] = field(default_factory=set)
    to_decide: list[timedelta] = field(default_factory=list)
    to_live: list[timedelta] = field(default_factory=list)
    filed: Counter[date] = field(default_factory=Counter)
    live_by_week: dict[date, list[timedelta]] = field(default_factory=lambda: defaultdict(list))

    def add(self, events: Iterable[Event]) -> None:
        """Count a run of events, newest first, older than all that were counted before."""
        for event in events:
            self._add(event, dict(event.detail))

    def _add(self, event: Event, facts: Mapping[str, str]) -> None:
        match event.action:
            case Action.ALLOWANCE_REQUEST | Action.ALLOWANCE_RENEW:
                self._request(event, facts)
            case Action.ALLOWANCE_APPROVE | Action.ALLOWANCE_DENY:
                self._decide(event, facts)
            case Action.ALLOWANCE_LIVE:
                self.live[event.subject] = event.at
            case Action.ALLOWANCE_EXPIRE:
                self.expired.add(event.subject)
            case Action.FIREWALL_DONE:
                self.counts["carried"] += int(facts.get("carried") or 1)
        self.counts[event.action] += 1

    def _request(self, event: Event, facts: Mapping[str, str]) -> None:
        self.expired.discard(facts.get("renews", ""))
        _count(self.hosts, event.destinations)
        week = _monday(event.at)
        self.filed[week] += 1
        if event.subject in self.live:
            self.live_by_week[week].append(self.live[event.subject] - event.at)
        for ended, durations in ((self.decided, self.to_decide), (self.live, self.to_live)):
            at = ended.pop(event.subject, None)
            if at is not None:
                durations.append(at - event.at)

    def _decide(self, event: Event, facts: Mapping[str, str]) -> None:
        _count(self.deciders, (event.actor.user,))
        if facts.get("still_asked"):
            return
        is_denied = event.action is Action.ALLOWANCE_DENY
        self.counts["denied" if is_denied else "approved"] += 1
        self.decided.setdefault(event.subject, event.at)
        if is_denied:
            _count(self.denials, (event.reason,))

    @property
    def result(self) -> Statistics:
        """The numbers."""
        counts = self.counts
        return Statistics(
            requests=sum(counts[action] for action in REQUESTS),
            renewals=counts[Action.ALLOWANCE_RENEW],
            granted=counts[Action.ALLOWANCE_GRANT],
            break_glass=counts[Action.ALLOWANCE_BREAK_GLASS],
            approved=counts["approved"],
            denied=counts["denied"],
            lapsed=counts[Action.ALLOWANCE_LAPSE],
            refused=counts[Action.ACT_REFUSE],
            to_decide=spread(self.to_decide),
            to_live=spread(self.to_live),
            denials=_top(self.denials),
            hosts=_top(self.hosts),
            deciders=_top(self.deciders),
            expired=len(self.expired),
            updates=counts[Action.FIREWALL_DONE],
            carried=counts["carried"],
            weeks=self._weeks,
        )

    @property
    def _weeks(self) -> tuple[Week, ...]:
        if not self.filed:
            return ()
        first, last = min(self.filed), max(self.filed)
        days = (first + timedelta(weeks=number) for number in range((last - first).days // 7 + 1))
        return tuple(Week(day, self.filed[day], spread(self.live_by_week.get(day, ()))) for day in days)


def _monday(at: datetime) -> date:
    day = at.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


def spread(times: Iterable[timedelta]) -> Spread:
    """Median and 90th percentile by the nearest rank: a time that was really taken."""
    ordered = sorted(times)
    if not ordered:
        return Spread(0)
    return Spread(len(ordered), *(ordered[ceil(share * len(ordered)) - 1] for share in (0.5, 0.9)))


def _count(counter: Counter[str], names: Iterable[str]) -> None:
    counter.update(names)
    if len(counter) > MOST_COUNTED:
        kept = counter.most_common(MOST_COUNTED // 2)
        counter.clear()
        counter.update(dict(kept))


def _top(counter: Counter[str]) -> tuple[tuple[str, int], ...]:
    """The most frequent; those of one frequency by name, so that two readings are alike."""
    ordered = sorted(counter.items(), key=lambda one: (-one[1], one[0]))
    return tuple(ordered[:MOST_NAMED])


COLUMNS = ("what", "name", "value", "unit")
"""The columns of the numbers as a file."""


def rows_of(numbers: Statistics) -> list[tuple[str, str, object, str]]:
    """The numbers as rows of a file: what is counted, of whom, how much, in which unit."""
    share = numbers.auto_share
    plain = (
        ("requests", numbers.requests), ("renewals", numbers.renewals), ("granted", numbers.granted),
        ("break-glass", numbers.break_glass), ("approved", numbers.approved), ("denied", numbers.denied),
        ("lapsed", numbers.lapsed), ("refused acts", numbers.refused), ("expired unrenewed", numbers.expired),
        ("firewall updates", numbers.updates), ("changes carried", numbers.carried), ("updates saved", numbers.saved),
    )  # fmt: skip
    named = (("denials by reason", numbers.denials), ("requests by host", numbers.hosts))
    rows: list[tuple[str, str, object, str]] = [(what, "", count, "count") for what, count in plain]
    rows += [("auto share", "", round(share, 4), "share")] if share is not None else []
    for what, taken in (("time to decide", numbers.to_decide), ("time to live", numbers.to_live)):
        rows += [(what, "median", _seconds(taken.median), "seconds"), (what, "p90", _seconds(taken.p90), "seconds")]
    for what, counts in (*named, ("decisions by person", numbers.deciders)):
        rows += [(what, name, count, "count") for name, count in counts]
    for week in numbers.weeks:
        name, median = week.begins.isoformat(), _seconds(week.to_live.median)
        rows += [("requests by week", name, week.requests, "count"), ("time to live by week", name, median, "seconds")]
    return rows


def _seconds(time: timedelta | None) -> int | None:
    return None if time is None else round(time.total_seconds())
