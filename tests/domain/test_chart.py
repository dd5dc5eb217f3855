"""Charts as values: fewer points keep the peaks, labels differ, a line of text has eight heights."""

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.chart import MOST_POINTS, NAME, Chart, Curve, coarser, distinct, sparkline

VALUES = st.lists(st.floats(0, 1e9), min_size=1, max_size=300)


def chart(values: list[float], kind: str = "line") -> Chart:
    """One series."""
    labels = distinct([str(at) for at in range(len(values))])
    return Chart("chart_x", "Title", "line" if kind == "line" else "bar", labels, (Curve("c", tuple(values)),), "said")


@given(values=VALUES)
def test_fewer_points_keep_the_highest(values: list[float]) -> None:
    """As many labels as values, never more than Slack takes, the first label and the peak stay."""
    drawn = coarser(chart(values))
    assert len(drawn.labels) == len(drawn.curves[0].values) <= MOST_POINTS
    assert drawn.labels[0] == "0"
    assert max(drawn.curves[0].values) == max(values)


@given(labels=st.lists(st.text(min_size=1, max_size=40), max_size=60))
def test_labels_differ_and_fit(labels: list[str]) -> None:
    """However long, and however often one stands there."""
    made = distinct(labels)
    assert len(set(made)) == len(made) == len(labels)
    assert all(len(label) <= NAME for label in made)


def test_a_line_of_text() -> None:
    """From zero to the highest, or to a limit above it; without anything it is flat."""
    assert sparkline((0, 50, 100)) == "▁▅█"
    assert sparkline((0, 50), top=100) == "▁▅"
    assert sparkline((0, 0)) == "▁▁"
    assert sparkline(()) == ""
