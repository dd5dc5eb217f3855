"""Which way of showing a chart the workspace takes, and how a picture gets into Slack.

Slack's own chart block came to workspaces little by little: where it is refused, the message goes out with the chart as
text, and a picture follows. Slack checks an uploaded file before it can be used, which takes seconds: a block that
names it earlier is refused. Sources, read 2026-11: https://docs.slack.dev/changelog/2026/06/16,
https://github.com/slackapi/node-slack-sdk/issues/2040, https://github.com/slackapi/python-slack-sdk/issues/1818 (why
no ``alt_txt`` goes with the upload).
"""

import time
from collections.abc import Callable, Iterator
from threading import BoundedSemaphore, Event

import structlog
from slack_sdk import WebClient

from bot.domain.chart import Chart
from bot.errors import Refused, SlackRefused, Unavailable
from handlers.notify import slack_errors
from handlers.pictures.drawing import native_blocks, picture_block, with_charts
from handlers.replies import Message

log = structlog.get_logger(__name__)

AGAIN_AFTER_S = 24 * 3600.0
"""Seconds until a refused chart block is tried again: workspaces get it without notice."""

WAITS_S = (0.3, 0.7, 1.5, 3.0, 6.0, 8.0, 10.0)
"""Seconds between two looks at an uploaded picture: thirty in all, after which the text has to do."""

AT_ONCE = 4
"""Pictures that wait for Slack at the same time; beyond that, the text has to do."""

Post = Callable[[Message], None]
"""Says a message where the person acted; raises the ``Slack…`` errors."""


DRAWN = frozenset({"data_visualization", "image"})
"""Blocks that Slack may refuse although they are right."""


def is_refused_chart(error: Exception, said: Message) -> bool:
    """Whether Slack did not take the blocks of a message that shows a chart."""
    is_drawn = any(block["type"] in DRAWN for block in said.blocks)
    return is_drawn and isinstance(error, SlackRefused) and error.code == "invalid_blocks"


class Pictures:
    """What this process knows of its workspace.

    Args:
        client: Speaks to Slack's Web API with the bot's token.
        waits_s: Seconds between two looks at a picture.
        now_s: A clock that only goes forward.
    """

    def __init__(
        self,
        client: WebClient,
        *,
        waits_s: tuple[float, ...] = WAITS_S,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._waits_s = waits_s
        self._now_s = now_s
        self._refused_at: float | None = None
        self._places = BoundedSemaphore(AT_ONCE)
        self._is_ending = Event()

    def hurry(self) -> None:
        """Wait for no picture any more: the process ends."""
        self._is_ending.set()

    def show(self, said: Message, post: Post) -> None:
        """Say a message with its charts, in the best way that the workspace takes.

        Raises:
            SlackThrottled, SlackUnreachable, SlackRefused: Not even the text was said.
        """
        tries_native = bool(said.charts) and self._takes_native
        if tries_native and self._is_shown(said, post):
            return
        post(Message(said.text, said.blocks))
        if tries_native:  # without the chart it was taken: the chart was what Slack refused
            self._refused_at = self._now_s()
        if said.charts:
            self._follow(said.charts, post)

    @property
    def _takes_native(self) -> bool:
        return self._refused_at is None or self._now_s() - self._refused_at > AGAIN_AFTER_S

    def _is_shown(self, said: Message, post: Post) -> bool:
        """Say it with Slack's own block; whether that was taken."""
        drawn = with_charts(said, native_blocks)
        try:
            post(drawn)
        except SlackRefused as error:
            if not is_refused_chart(error, drawn):
                raise
            log.info("chart_block_refused", error=str(error))
            return False
        self._refused_at = None
        return True

    def _follow(self, charts: tuple[Chart, ...], post: Post) -> None:
        """Send the pictures after the text that stands for them; without them nothing is missing."""
        if not self._places.acquire(blocking=False):
            return
        try:
            self._send(charts, post)
        except (Unavailable, Refused) as error:
            log.warning("picture_left_out", error=str(error))
        finally:
            self._places.release()

    def _send(self, charts: tuple[Chart, ...], post: Post) -> None:
        files = [(chart, self._uploaded(chart)) for chart in charts]
        text = " ".join(chart.said for chart in charts)
        said = Message(text, tuple(picture_block(chart, file_id) for chart, file_id in files))
        for _ in self._looks():
            if not all(self._is_ready(file_id) for _, file_id in files):
                continue
            try:
                post(said)
            except SlackRefused as error:
                if not is_refused_chart(error, said):
                    raise
            else:
                return
        ended = "The bot ends." if self._is_ending.is_set() else "Slack did not finish the upload in time."
        log.warning("picture_left_out", error=ended)

    def _looks(self) -> Iterator[int]:
        for number, wait_s in enumerate(self._waits_s):
            if self._is_ending.wait(wait_s):
                return
            yield number

    def _uploaded(self, chart: Chart) -> str:
        """Upload the picture, shared with nobody: the message that shows it shares it."""
        from handlers.pictures.png import png_of  # Pillow is loaded by whoever needs it: 21 MB

        with slack_errors():
            answer = self._client.files_upload_v2(filename=f"{chart.id}.png", content=png_of(chart), title=chart.title)
        return str(answer["file"]["id"])

    def _is_ready(self, file_id: str) -> bool:
        """Whether Slack has checked it; without the scope ``files:read`` posting it is the only way to know."""
        try:
            with slack_errors():
                found = self._client.files_info(file=file_id)
        except SlackRefused as error:
            if error.code != "missing_scope":
                raise
            return True
        return bool(found["file"].get("mimetype"))
