"""From what happens minute by minute to the series of an answer.

Quiet hours are sampled; the minutes of scripted traffic are counted one by one.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from bot.sandbox.arm.ids import ResourceId
from bot.sandbox.arm.metrics.catalogue import Metric
from bot.sandbox.arm.metrics.load import Load, load_of
from bot.sandbox.arm.metrics.query import Query
from bot.sandbox.arm.wire import Json
from bot.sandbox.arm.world import World

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
SAMPLES = 2
"""Minutes that stand for all quiet ones of an interval of more than an hour; one does for a shorter one."""

LATE = timedelta(minutes=1)
"""How long a minute takes to become readable."""

Names = tuple[str, ...]
Wanted = list[tuple[str, frozenset[str] | None]]
"""The dimensions by which series are split, each with the values that count; None for any."""

Weighted = list[tuple[float, float]]
"""Values, each with the minutes that it stands for."""


def metric_body(world: World, rid: ResourceId, metric: Metric, query: Query) -> Json:
    """One metric of an answer, with a series for each combination of the dimensions that were asked for."""
    load, until = load_of(world, rid), world.now - LATE
    split = [name for name in metric.dimensions if name.lower() in query.wanted]
    wanted = [(name, _allowed(query.wanted[name.lower()])) for name in split]
    found: dict[Names, dict[int, Weighted]] = defaultdict(dict)
    for number, (start, end) in enumerate(query.buckets):
        for names, values in _bucket(load, metric, wanted, (start, min(end, until))).items():
            found[names][number] = values
    series = [_series(metric, query, dict(zip(split, names, strict=True)), found[names]) for names in found]
    if query.wanted:
        series = sorted(series, key=_weight, reverse=True)[: query.top]
    return {
        "id": f"{rid.text}/providers/Microsoft.Insights/metrics/{metric.name}",
        "type": "Microsoft.Insights/metrics",
        "name": {"value": metric.name, "localizedValue": metric.name},
        "displayDescription": metric.name,
        "unit": metric.unit,
        "timeseries": series,
        "errorCode": "Success",
    }


def _bucket(load: Load, metric: Metric, wanted: Wanted, span: tuple[datetime, datetime]) -> dict[Names, Weighted]:
    """The values of each series in one interval: of one minute, what is not split is averaged or summed."""
    found: dict[Names, Weighted] = defaultdict(list)
    for minute, weight in _minutes(load, *span):
        together: dict[Names, list[float]] = defaultdict(list)
        for row in load.rows(metric.name, minute):
            names = tuple(row.dimensions.get(name, "") for name, _ in wanted)
            if all(
                allowed is None or name.lower() in allowed for name, (_, allowed) in zip(names, wanted, strict=True)
            ):
                together[names].append(row.value)
        for names, values in together.items():
            whole = sum(values)
            found[names].append((whole if metric.primary == "total" else whole / len(values), weight))
    return found


def _allowed(values: frozenset[str]) -> frozenset[str] | None:
    return None if "*" in values else values


def _minutes(load: Load, start: datetime, end: datetime) -> Iterator[tuple[datetime, float]]:
    busy = [minute for minute in load.busy(start, end) if start <= minute < end]
    yield from ((minute, 1.0) for minute in busy)
    quiet = max(0, round((end - start) / MINUTE) - len(busy))
    count = min(SAMPLES if end - start > HOUR else 1, quiet)
    step = (end - start) / count if count else MINUTE
    yield from ((start + number * step, quiet / count) for number in range(count))


def _series(metric: Metric, query: Query, names: dict[str, str], values: dict[int, Weighted]) -> Json:
    data = [
        {"timeStamp": f"{start:%Y-%m-%dT%H:%M:%S}Z", **_sums(values.get(number, []), query.sums_of(metric))}
        for number, (start, _end) in enumerate(query.buckets)
    ]
    described = [{"name": {"value": name.lower(), "localizedValue": name}, "value": v} for name, v in names.items()]
    return {"metadatavalues": described, "data": data}


def _sums(values: Weighted, wanted: tuple[str, ...]) -> dict[str, float]:
    """A minute without a value has none of them."""
    if not values:
        return {}
    minutes = sum(weight for _, weight in values)
    total = sum(value * weight for value, weight in values)
    known = {
        "average": total / minutes,
        "minimum": min(value for value, _ in values),
        "maximum": max(value for value, _ in values),
        "total": total,
        "count": minutes,
    }
    return {name: round(known[name], 3) for name in wanted}


def _weight(series: Json) -> float:
    return max((value for point in series["data"] for name, value in point.items() if name != "timeStamp"), default=0.0)
