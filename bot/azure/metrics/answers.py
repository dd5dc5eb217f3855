"""Azure Monitor's answers as values; ARM and the batch API share the shape of a metric."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.azure.translate.shapes import Json, dig, items
from bot.domain.measured import MetricQuestion, Series


@dataclass(frozen=True, slots=True)
class MetricPart:
    """What one request says of one source.

    Args:
        series: The series of its metrics.
        gaps: Why metrics are missing, by their name.
    """

    series: tuple[Series, ...] = ()
    gaps: Mapping[str, str] | None = None


def part_from_json(value: Iterable[Json], question: MetricQuestion) -> MetricPart:
    """Read the metrics of one resource; one that the answer lacks, or that has an error of its own, is a gap."""
    series: list[Series] = []
    missing = dict.fromkeys(question.metrics, "Azure Monitor's answer lacks it.")
    for metric in value:
        name = _asked(str(dig(metric, "name", "value") or ""), question)
        if name is None:
            continue
        code = str(metric.get("errorCode") or "Success")
        missing[name] = (
            "" if code == "Success" else f"{code}: {str(metric.get('errorMessage') or '')[:300]}".strip(": ")
        )
        series += _series(metric, name, question) if code == "Success" else ()
    return MetricPart(tuple(series), {name: why for name, why in missing.items() if why})


def _asked(name: str, question: MetricQuestion) -> str | None:
    return next((asked for asked in question.metrics if asked.lower() == name.lower()), None)


def _series(metric: Json, name: str, question: MetricQuestion) -> Iterator[Series]:
    for one in items(metric, "timeseries"):
        labels = {
            str(dig(label, "name", "value") or "").lower(): str(label.get("value") or "")
            for label in items(one, "metadatavalues")
        }
        yield Series(name, labels, tuple(sorted(_points(one, question.metrics[name]))))


def _points(one: Json, aggregation: str) -> Iterator[tuple[datetime, float]]:
    """An interval without a value has only its time."""
    for point in items(one, "data"):
        value = point.get(aggregation)
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield datetime.fromisoformat(str(point["timeStamp"])), float(value)
