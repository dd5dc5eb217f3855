"""A chart as blocks: as text, which every workspace shows, as Slack's own block, and as a picture that was uploaded.

Sources, read 2026-11: https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block,
https://docs.slack.dev/reference/block-kit/blocks/image-block.
"""

from collections.abc import Callable, Mapping

from bot.domain.chart import NAME, TITLE, Chart, coarser, sparkline
from handlers.blocks.block_kit import context, escape, section
from handlers.replies import Block, Message

ALT_TEXT = 2000
"""Characters of a picture's alternative text."""

SPARKS = 48
"""Points of a line of text: as many as fit one line on a telephone."""


def chart_block(chart: Chart) -> Block:
    """The chart as text. Its id marks the place where something better is drawn, if the workspace takes it."""
    drawn = coarser(chart, SPARKS)
    lines = [f"`{sparkline(one.values, chart.limit or 0)}`{_named(chart, one.name)}" for one in drawn.curves]
    return section("\n".join([f"*{escape(chart.title)}*", *lines, escape(chart.said)])) | {"block_id": chart.id}


def _named(chart: Chart, name: str) -> str:
    return f" {escape(name)}" if len(chart.curves) > 1 else ""


def with_charts(said: Message, draw: Callable[[Chart], list[Block]]) -> Message:
    """The message with each chart drawn in its place; a chart whose place was left out is left out, too."""
    charts: Mapping[str, Chart] = {chart.id: chart for chart in said.charts}
    blocks: list[Block] = []
    for block in said.blocks:
        chart = charts.get(str(block.get("block_id", "")))
        blocks += draw(chart) if chart is not None else [block]
    return Message(said.text, tuple(blocks))


def native_blocks(chart: Chart) -> list[Block]:
    """Slack's own chart, and its sentence as small print: the block has no alternative text."""
    drawn = coarser(chart)
    series = [_series(one.name, drawn.labels, one.values) for one in drawn.curves]
    if chart.limit is not None and chart.kind == "line":  # beside bars it would be another bar
        name = f"limit {chart.limit:g}{chart.unit}".strip()[:NAME]
        series.append(_series(name, drawn.labels, (chart.limit,) * len(drawn.labels)))
    axis: Block = {"categories": list(drawn.labels)} | ({"y_label": chart.unit} if chart.unit else {})
    inner = {"type": chart.kind, "series": series, "axis_config": axis}
    block = {"type": "data_visualization", "block_id": chart.id, "title": chart.title[:TITLE], "chart": inner}
    return [block, context(escape(chart.said))]


def _series(name: str, labels: tuple[str, ...], values: tuple[float, ...]) -> Block:
    data = [{"label": label, "value": round(value, 2)} for label, value in zip(labels, values, strict=True)]
    return {"name": name[:NAME], "data": data}


def picture_block(chart: Chart, file_id: str) -> Block:
    """A picture that was uploaded."""
    title = {"type": "plain_text", "text": chart.title[:TITLE], "emoji": False}
    return {"type": "image", "title": title, "slack_file": {"id": file_id}, "alt_text": chart.said[:ALT_TEXT]}
