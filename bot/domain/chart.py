"""A chart as a value: what is drawn as Slack's own block, as a picture, or as a line of text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

MOST_POINTS = 20
"""Points of one series in Slack's chart block.

Source: https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block, read 2026-11.
"""

TITLE = 50
NAME = 20
"""Characters of a title, and of the name of a series or point; source as above."""

BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Curve:
    """One series of a chart.

    Args:
        name: What it is, at most 20 characters.
        values: One for each label of the chart.
    """

    name: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """What somebody would rather see than read.

    Args:
        id: Names its place in a message, for example ``chart_ports``.
        title: At most 50 characters.
        kind: A line over time, or bars side by side.
        labels: The points from left to right, distinct, at most 20 characters each.
        curves: One to five series.
        unit: What the values are, for example ``%``; empty for a mere count.
        limit: A value that should not be passed, drawn as a line of its own; None without one.
        said: The same in a sentence, for whoever does not see it.
    """

    id: str
    title: str
    kind: Literal["line", "bar"]
    labels: tuple[str, ...]
    curves: tuple[Curve, ...]
    said: str
    unit: str = ""
    limit: float | None = None


def coarser(chart: Chart, most: int = MOST_POINTS) -> Chart:
    """The same with at most so many points: neighbours become one with the highest of their values."""
    size = -(-len(chart.labels) // most)
    if size <= 1:
        return chart
    curves = tuple(replace(one, values=tuple(max(part) for part in _parts(one.values, size))) for one in chart.curves)
    return replace(chart, labels=chart.labels[::size], curves=curves)


def _parts(values: Sequence[float], size: int) -> Iterator[Sequence[float]]:
    return (values[at : at + size] for at in range(0, len(values), size))


def sparkline(values: Sequence[float], top: float = 0) -> str:
    """Values as eight heights of blocks, from zero to the highest of them or ``top``."""
    highest = max((*values, top), default=0)
    if highest <= 0:
        return BARS[0] * len(values)
    return "".join(BARS[min(7, max(0, int(value / highest * 8)))] for value in values)


def distinct(labels: Sequence[str]) -> tuple[str, ...]:
    """Labels that fit and differ: one that stands there twice gets a number."""
    found: list[str] = []
    for label in (label[:NAME] for label in labels):
        number, made = 2, label
        while made in found:
            made, number = f"{label[: NAME - len(str(number)) - 3]} ({number})", number + 1
        found.append(made)
    return tuple(found)
