"""The chart block: its shape, and what no shape says.

Source (read 2026-11): https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block.
"""

from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack.schema import ByType, Many, Number, OneOf, Problem, Shape, Text, Thing

SERIES_MOST = 6
POINTS_MOST = 20
CHARTS_MOST = 2
"""Charts in one message."""

_POINT = Thing({"label": Text(20), "value": Number()})
_SERIES = Thing({"name": Text(20), "data": Many(_POINT, POINTS_MOST)})
_AXIS = Thing({"categories": Many(Text(20), POINTS_MOST)}, {"x_label": Text(50), "y_label": Text(50)})


def _plotted(kind: str) -> Shape:
    return Thing({"type": OneOf((kind,)), "series": Many(_SERIES, SERIES_MOST), "axis_config": _AXIS})


CHART: Shape = ByType(
    {
        **{kind: _plotted(kind) for kind in ("line", "bar", "area")},
        "pie": Thing({"type": OneOf(("pie",)), "segments": Many(_POINT, SERIES_MOST)}),
    },
    place="chart",
)
"""The ``chart`` of a chart block."""


def chart_problems(blocks: list[dict[str, Any]], pointer: str) -> Iterator[Problem]:
    """What is wrong with the charts among blocks whose shapes are right."""
    charts = [(at, block["chart"]) for at, block in enumerate(blocks) if block["type"] == "data_visualization"]
    if len(charts) > CHARTS_MOST:
        yield Problem(pointer, f"no more than {CHARTS_MOST} data_visualization blocks allowed")
    for at, chart in charts:
        yield from _of(chart, f"{pointer}/{at}/chart")


def _of(chart: dict[str, Any], pointer: str) -> Iterator[Problem]:
    if chart["type"] == "pie":
        yield from (
            Problem(pointer, "segment values must be positive") for one in chart["segments"] if one["value"] <= 0
        )
        return
    categories = chart["axis_config"]["categories"]
    if len(set(categories)) < len(categories):
        yield Problem(f"{pointer}/axis_config/categories", "categories must be unique")
    names = [one["name"] for one in chart["series"]]
    if len(set(names)) < len(names):
        yield Problem(f"{pointer}/series", "series names must be unique")
    for number, one in enumerate(chart["series"]):
        if sorted(point["label"] for point in one["data"]) != sorted(categories):
            yield Problem(f"{pointer}/series/{number}/data", "must have exactly one data point for each category")
