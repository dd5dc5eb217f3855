"""This machine's clock is compared with Azure's at every answer, and a difference is said once."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from azure.core.pipeline import Pipeline
from azure.core.pipeline.transport import HttpRequest, RequestsTransport
from structlog.testing import capture_logs

from bot.azure.watching import Watching
from bot.measures import CLOCK_SKEW


class Dated(BaseHTTPRequestHandler):
    """Answers with the time that its server has; without one if that is none."""

    ahead_s: float | None = 0.0

    def do_GET(self) -> None:
        """Answer with nothing but headers."""
        self.send_response_only(200)
        if Dated.ahead_s is not None:
            self.send_header("Date", self.date_time_string(int(time.time() + Dated.ahead_s)))
        self.end_headers()

    def log_request(self, *_values: object) -> None:
        """Write nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    """Its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Dated) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


def test_a_difference_is_said_once_and_its_end_once(url: str) -> None:
    """An answer without a time changes nothing."""
    watching, said = Watching(), list[bool]()
    with capture_logs() as logs, Pipeline(RequestsTransport(), [watching]) as pipeline:
        for ahead_s in (0.0, 20.0, 7200.0, 7205.0, None, 0.0):
            Dated.ahead_s = ahead_s
            pipeline.run(HttpRequest("GET", url))
            said.append(watching.clock_problem() is not None)
            if ahead_s == 7200.0:
                assert -7201 <= CLOCK_SKEW._value.get() <= -7198
                assert str(watching.clock_problem()).endswith("s from Azure's; 30 s are tolerated.")
    assert said == [False, False, True, True, True, False]
    assert [line["event"] for line in logs] == ["clock_differs", "clock_agrees"]
