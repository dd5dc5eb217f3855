"""What a metrics query asks for, and what Azure Monitor refuses about it.

Source: https://learn.microsoft.com/rest/api/monitor/metrics/list, read 2026-11.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.sandbox.arm.metrics.catalogue import CATALOGUE, Metric
from bot.sandbox.arm.wire import ArmError, network_error

GRAINS = {
    "PT1M": timedelta(minutes=1),
    "PT5M": timedelta(minutes=5),
    "PT15M": timedelta(minutes=15),
    "PT30M": timedelta(minutes=30),
    "PT1H": timedelta(hours=1),
    "PT6H": timedelta(hours=6),
    "PT12H": timedelta(hours=12),
    "P1D": timedelta(days=1),
}
"""The intervals that platform metrics have."""

RETENTION = timedelta(days=93)
AGGREGATIONS = ("average", "minimum", "maximum", "total", "count")
USUAL_TOP = 10
"""So many series at most where a filter asks for no other number; the others are left out silently."""

_TERM = re.compile(r"\s*([\w ]+?)\s+eq\s+'([^']*)'\s*")


@dataclass(frozen=True, slots=True)
class Query:
    """A query that Azure Monitor understands.

    Args:
        since: Its beginning, at a full minute.
        until: Its end.
        interval: As it was written.
        metrics: What is asked for.
        aggregations: In which sums; empty for each metric's own.
        wanted: The dimensions by which series are split, in lower case, with the values that count; ``*`` for any.
        top: The most series of one metric.
    """

    since: datetime
    until: datetime
    interval: str
    metrics: tuple[Metric, ...]
    aggregations: tuple[str, ...]
    wanted: Mapping[str, frozenset[str]]
    top: int

    @property
    def buckets(self) -> Iterator[tuple[datetime, datetime]]:
        """Beginning and end of each point in time of the answer."""
        grain, at = GRAINS.get(self.interval, self.until - self.since), self.since
        while at < self.until:
            yield at, min(at + grain, self.until)
            at += grain

    def sums_of(self, metric: Metric) -> tuple[str, ...]:
        """What each point of a metric says."""
        return self.aggregations or (metric.primary,)


def query_from(type_key: str, asked: Mapping[str, str], now: datetime) -> Query:
    """Read a query.

    Args:
        type_key: The type of the resource, in lower case.
        asked: The parameters by their names in lower case; ``timespan``, or ``starttime`` and ``endtime``.
        now: The time.

    Raises:
        ArmError: 400 BadRequest.
    """
    since, until = _span(asked, now)
    interval = asked.get("interval") or "PT1M"
    if interval not in (*GRAINS, "FULL"):
        raise refused(f"Invalid time grain duration: {interval}, supported ones are: {', '.join(GRAINS)}.")
    if now - since > RETENTION:
        raise refused(f"Query startTime {since.isoformat()} is out of the Max metrics retention period: 93.00:00:00.")
    metrics = _metrics(type_key, asked.get("metricnames", ""))
    wanted = _wanted(asked.get("$filter") or asked.get("filter") or "", metrics)
    top = int(asked["top"]) if asked.get("top", "").isdecimal() else USUAL_TOP
    return Query(since, until, interval, metrics, _aggregations(asked.get("aggregation", "")), wanted, top)


def _span(asked: Mapping[str, str], now: datetime) -> tuple[datetime, datetime]:
    if written := asked.get("timespan"):
        first, _, last = written.partition("/")
    else:
        first, last = asked.get("starttime", ""), asked.get("endtime", "")
    since = _time(first) if first else now - timedelta(hours=1)
    until = _time(last) if last else now
    if since >= until:
        raise refused("The start time must be before the end time.")
    return since.replace(second=0, microsecond=0), until


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise refused(f"Invalid time: {text}.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _metrics(type_key: str, names: str) -> tuple[Metric, ...]:
    known = {metric.name.lower(): metric for metric in CATALOGUE.get(type_key, ())}
    asked = [name.strip() for name in names.split(",") if name.strip()]
    if missing := [name for name in asked if name.lower() not in known]:
        raise refused(
            f"Failed to find metric configuration for provider: {type_key}, metric: {missing[0]}, "
            f"Valid metrics: {','.join(metric.name for metric in known.values())}"
        )
    return tuple(known[name.lower()] for name in asked) or tuple(known.values())[:1]


def _aggregations(text: str) -> tuple[str, ...]:
    found = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    if unknown := [part for part in found if part not in AGGREGATIONS]:
        raise refused(f"Invalid aggregation type: {unknown[0]}.")
    return found


def _wanted(text: str, metrics: Sequence[Metric]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for term in (term for part in re.split(r"\s+and\s+", text) for term in re.split(r"\s+or\s+", part) if term.strip()):
        read = _TERM.fullmatch(term.strip(" ()"))
        if read is None:
            raise refused(f"Invalid filter: {text}.")
        name = read[1].lower()
        found[name] = found.get(name, frozenset()) | {read[2].lower()}
    for metric in metrics:
        if not set(found) <= {dimension.lower() for dimension in metric.dimensions}:
            shown = ",".join(sorted(found))
            raise refused(f"Metric: {metric.name} does not support requested dimension combination: {shown}.")
    return found


def refused(message: str) -> ArmError:
    """400, as Azure Monitor says it."""
    return network_error(400, "BadRequest", message)
