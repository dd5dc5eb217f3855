"""A chart as a PNG.

The picture brings its own light background, so that it reads the same in a dark and in a light workspace; its colours
keep a contrast of 4.5 to it (https://www.w3.org/TR/WCAG22/#contrast-minimum, read 2026-11). The font is the one that
Pillow bundles.
"""

from io import BytesIO
from math import floor, log10

from PIL import Image, ImageDraw, ImageFont

from bot.domain.chart import Chart, coarser

WIDTH, HEIGHT = 720, 280
SCALE = 2
"""Drawn twice as large and made smaller: lines get smooth edges."""

MOST_POINTS = 180
"""More would be closer together than two pixels."""

BACKGROUND, INK, GRID = "#f8f8f8", "#1d1c1d", "#d0d0d0"
COLOURS = ("#1264a3", "#b5179e", "#0b6e4f", "#8a4b08", "#5b3cc4")
LIMIT = "#b3001b"
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 44, 34
STEPS = 4

Box = tuple[float, float]


class _Canvas:
    """A drawing in the chart's own numbers."""

    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self.image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), BACKGROUND)
        self.draw = ImageDraw.Draw(self.image)
        self.top = _round_top(max([chart.limit or 0, *(value for one in chart.curves for value in one.values)]))

    def y(self, value: float) -> float:
        """Where a value is from the top, in pixels of the larger drawing."""
        return (TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / self.top)) * SCALE

    def x(self, at: float) -> float:
        """Where a point is from the left, between 0 and the number of points."""
        return (LEFT + (WIDTH - LEFT - RIGHT) * at / max(1, len(self.chart.labels))) * SCALE

    def write(self, where: Box, text: str, *, size: int = 12, colour: str = INK, anchor: str = "la") -> None:
        """Write a text."""
        font = ImageFont.load_default(size * SCALE)
        self.draw.text(where, text, fill=colour, font=font, anchor=anchor)


def png_of(chart: Chart) -> bytes:
    """The picture, 720 by 280 pixels."""
    canvas = _Canvas(coarser(chart, MOST_POINTS))
    _axes(canvas)
    draw = _line if chart.kind == "line" else _bars
    for number, colour in zip(range(len(chart.curves)), COLOURS, strict=False):
        draw(canvas, number, colour)
    _limit(canvas)
    _titles(canvas)
    out = BytesIO()
    canvas.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(out, "PNG", optimize=True)
    return out.getvalue()


def _round_top(highest: float) -> float:
    """The least top of four equal steps in round numbers that holds everything."""
    if highest <= 0:
        return float(STEPS)
    power = 10.0 ** floor(log10(highest / STEPS))
    return next(STEPS * power * one for one in (1, 2, 2.5, 5, 10) if STEPS * power * one >= highest)


def _axes(canvas: _Canvas) -> None:
    chart = canvas.chart
    for step in range(STEPS + 1):
        value = canvas.top * step / STEPS
        y = canvas.y(value)
        canvas.draw.line([(LEFT * SCALE, y), ((WIDTH - RIGHT) * SCALE, y)], fill=GRID, width=SCALE)
        canvas.write(
            (LEFT * SCALE - 8 * SCALE, y), f"{value:,.4g}" if canvas.top < 10 else f"{value:,.0f}", anchor="rm"
        )
    every = max(1, -(-len(chart.labels) // 8))
    for at in range(0, len(chart.labels), every):
        where = (canvas.x(at + 0.5), (HEIGHT - BOTTOM + 8) * SCALE)
        canvas.write(where, chart.labels[at][:14], size=11, anchor="ma")


def _line(canvas: _Canvas, number: int, colour: str) -> None:
    values = canvas.chart.curves[number].values
    points = [(canvas.x(at + 0.5), canvas.y(value)) for at, value in enumerate(values)]
    if len(points) > 1:
        canvas.draw.line(points, fill=colour, width=3 * SCALE, joint="curve")
    for x, y in points if len(points) <= 2 else ():
        canvas.draw.ellipse([x - 3 * SCALE, y - 3 * SCALE, x + 3 * SCALE, y + 3 * SCALE], fill=colour)


def _bars(canvas: _Canvas, number: int, colour: str) -> None:
    count = len(canvas.chart.curves)
    for at, value in enumerate(canvas.chart.curves[number].values):
        left, right = at + 0.15 + 0.7 * number / count, at + 0.15 + 0.7 * (number + 1) / count
        canvas.draw.rectangle([canvas.x(left), canvas.y(max(0, value)), canvas.x(right), canvas.y(0)], fill=colour)


def _limit(canvas: _Canvas) -> None:
    limit = canvas.chart.limit
    if limit is None:
        return
    y = canvas.y(limit)
    for at in range(LEFT, WIDTH - RIGHT, 12):
        canvas.draw.line([(at * SCALE, y), ((at + 7) * SCALE, y)], fill=LIMIT, width=2 * SCALE)
    said = f"limit {limit:g}{canvas.chart.unit}".strip()
    canvas.write(((WIDTH - RIGHT) * SCALE, y - 3 * SCALE), said, size=11, colour=LIMIT, anchor="rs")


def _titles(canvas: _Canvas) -> None:
    chart = canvas.chart
    unit = f" ({chart.unit})" if chart.unit else ""
    canvas.write((12 * SCALE, 12 * SCALE), f"{chart.title}{unit}", size=15)
    names = [(one.name, colour) for one, colour in zip(chart.curves, COLOURS, strict=False)]
    x = (WIDTH - RIGHT) * SCALE
    for name, colour in reversed(names if len(names) > 1 else []):
        canvas.write((x, 14 * SCALE), name, colour=colour, anchor="ra")
        x -= int(canvas.draw.textlength(f"{name}   ", font=ImageFont.load_default(12 * SCALE)))
