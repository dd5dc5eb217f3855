"""Charts in answers: Slack's own block where the workspace takes it, else a picture, else text; the words always."""

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from threading import BoundedSemaphore
from typing import Any

import pytest
from PIL import Image

from bot.domain.chart import Chart, Curve, distinct
from bot.sandbox.slack.blocks import block_problems
from handlers.blocks.block_kit import actions, button, header, message
from handlers.calls import Origin
from handlers.pictures import Pictures, chart_block
from handlers.pictures.drawing import native_blocks
from handlers.pictures.png import BACKGROUND, COLOURS, INK, LIMIT, png_of
from handlers.replies import Ephemeral, Message
from handlers.sending import Sender
from tests.blockkit import assert_valid
from tests.sandbox.slack_stage import Stage, installed

SAID = "Ports of the fullest node in the last day: between 10% and 90% (at 12:00 UTC), last 40%."
HOURS = distinct([f"{hour:02}:00" for hour in range(24)])
PORTS = Chart(
    "chart_ports",
    "SNAT ports of the fullest node",
    "line",
    HOURS,
    (Curve("fullest node", tuple(float(10 + 80 * (hour == 12)) for hour in range(24))),),
    SAID,
    unit="%",
    limit=75,
)
BARS = Chart(
    "chart_fleet", "Room, by cluster", "bar", ("aks-a", "aks-b"), (Curve("room", (3.0, 0.0)),), "Room: 3 and 0."
)
HERE = Origin("UDEV0001", channel="CEGRESS01")
WAITS_S = (0.01, 0.05, 0.1, 0.2, 0.4)


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A workspace whose files are checked for a tenth of a second."""
    made = Stage(installed())
    made.do("pictures", files_ready_after_s=0.1)
    yield made
    made.stop()


def answer(*charts: Chart) -> Message:
    """An answer with charts between its headline and its buttons."""
    return message("An answer", [header("Ports"), *map(chart_block, charts), *actions(button("Go", "go"))], charts)


def send(stage: Stage, said: Message, *, pictures: Pictures | None = None, times: int = 1) -> list[Any]:
    """Answer as the boundary does; the messages that the person sees."""
    sender = Sender(stage.client, BoundedSemaphore(1))
    sender._pictures = pictures or Pictures(stage.client, waits_s=WAITS_S)
    for _ in range(times):
        sender.send_all([Ephemeral(said)], HERE, lambda: message("again"))
    return list(stage.state["messages"])


def kinds(said: Any) -> list[str]:
    """The types of its blocks."""
    return [block["type"] for block in said["blocks"]]


def calls(stage: Stage, prefix: str = "files.") -> list[str]:
    """The methods that were called."""
    return [one["method"] for one in stage.state["calls"] if one["method"].startswith(prefix)]


def test_the_text_is_whole_by_itself() -> None:
    """Every workspace shows it, and nothing is missing."""
    said = answer(PORTS)
    assert_valid(said, "message")
    text = said.blocks[1]["text"]["text"]
    assert text.startswith("*SNAT ports of the fullest node*\n`▁")
    assert text.endswith(SAID)


def test_a_chart_is_drawn_by_slack_where_it_can(stage: Stage) -> None:
    """In its place, with its sentence; nothing is uploaded."""
    (shown,) = send(stage, answer(PORTS, BARS))
    assert kinds(shown) == ["header", *["data_visualization", "context"] * 2, "actions"]
    line, bar = shown["blocks"][1]["chart"], shown["blocks"][3]["chart"]
    assert len(line["axis_config"]["categories"]) == 12
    assert [one["name"] for one in line["series"]] == ["fullest node", "limit 75%"]
    assert len(bar["series"]) == 1
    assert max(point["value"] for point in line["series"][0]["data"]) == 90
    assert bar["series"][0]["data"] == [{"label": "aks-a", "value": 3.0}, {"label": "aks-b", "value": 0.0}]
    assert SAID in str(shown["blocks"][2])
    assert calls(stage) == []


def test_where_slack_refuses_the_block_a_picture_follows(stage: Stage) -> None:
    """The text at once, the picture once Slack has checked it; the next answer does not try the block again."""
    stage.do("pictures", charts=False)
    first, picture, second, _ = send(stage, answer(PORTS), times=2)
    assert kinds(first) == kinds(second) == ["header", "section", "actions"]
    assert kinds(picture) == ["image"]
    assert (picture["blocks"][0]["alt_text"], picture["text"]) == (SAID, SAID)
    refused = [one for one in stage.state["calls"] if one["error"] == "invalid_blocks"]
    assert len(refused) == 1
    (file, _) = stage.state["files"]
    assert file["id"] == picture["blocks"][0]["slack_file"]["id"]
    assert file["channel"] is None
    assert calls(stage).count("files.info") > 2


def test_without_the_right_to_ask_the_picture_comes_all_the_same(stage: Stage) -> None:
    """An installation of an older manifest has no files:read: posting it tells when it is ready."""
    stage.do("pictures", charts=False)
    installation = stage.workspace.installation
    stage.workspace.installation = replace(installation, scopes=installation.scopes - {"files:read"})
    _, picture = send(stage, answer(PORTS))
    assert kinds(picture) == ["image"]


def test_a_message_that_is_refused_for_something_else_costs_no_charts(stage: Stage) -> None:
    """Only where the same message goes through without its chart was the chart refused: the next answer has one."""
    for method in ("chat.postEphemeral", "chat.postMessage"):
        stage.do("fault", method=method, times=2, error="invalid_blocks")
    pictures = Pictures(stage.client, waits_s=WAITS_S)
    send(stage, answer(PORTS), pictures=pictures)
    assert "data_visualization" in kinds(send(stage, answer(PORTS), pictures=pictures)[-1])


def test_a_picture_that_does_not_come_leaves_the_text(stage: Stage) -> None:
    """Slack never finishes it, or refuses the upload: the answer was given already, and nobody gets an error."""
    stage.do("pictures", charts=False, files_ready_after_s=60)
    assert [kinds(one) for one in send(stage, answer(PORTS))] == [["header", "section", "actions"]]
    stage.do("fault", method="files.getUploadURLExternal", times=5, error="file_uploads_disabled")
    said = send(stage, answer(PORTS))
    assert [kinds(one) for one in said] == [["header", "section", "actions"]] * 2


def test_the_end_of_the_process_waits_for_no_picture(stage: Stage) -> None:
    """The text was said; the minute that Slack may take is not waited for."""
    stage.do("pictures", charts=False, files_ready_after_s=60)
    pictures = Pictures(stage.client, waits_s=(60.0,))
    pictures.hurry()
    assert [kinds(one) for one in send(stage, answer(PORTS), pictures=pictures)] == [["header", "section", "actions"]]


def test_an_answer_without_charts_is_sent_as_ever(stage: Stage) -> None:
    """One call."""
    send(stage, answer())
    assert calls(stage, "chat.") == ["chat.postEphemeral"]


def test_the_chart_block_keeps_to_slacks_limits() -> None:
    """Any number of points, equal and long names, zero and large values."""
    labels = distinct(["a very long name of a cluster"] * 300)
    many = Chart("c", "T" * 80, "bar", labels, (Curve("n" * 40, tuple(map(float, range(300)))),), "said")
    for chart in (PORTS, BARS, many):
        assert block_problems(native_blocks(chart), "message") == []
    wrong = native_blocks(BARS)
    wrong[0]["chart"]["series"][0]["data"].pop()
    assert "one data point" in str(block_problems(wrong, "message")[0])
    assert "no more than 2" in str(block_problems(native_blocks(PORTS)[:1] * 3, "message"))


def luminance(colour: str) -> float:
    """Relative luminance (https://www.w3.org/TR/WCAG22/#dfn-relative-luminance)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_picture_reads_in_a_dark_and_in_a_light_workspace() -> None:
    """It has its own background, and every colour stands out from it."""
    for colour in (*COLOURS, INK, LIMIT):
        assert (luminance(BACKGROUND) + 0.05) / (luminance(colour) + 0.05) >= 4.5
    flat = Chart("c", "Nothing", "line", ("a",), (Curve("c", (0.0,)),), "said")
    for chart in (PORTS, BARS, flat):
        with Image.open(BytesIO(png_of(chart))) as image:
            assert (image.format, image.size, image.mode) == ("PNG", (720, 280), "RGB")
            assert len(image.getcolors(100_000) or []) > 10
