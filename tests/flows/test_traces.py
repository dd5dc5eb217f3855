"""Traces: one for each request, from the request to the rule that is live, whichever process adds to it."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bot import allowances
from bot.tracing import SERVICE, ids_of, trace_to
from tests.build import DEV
from tests.listeners.test_workspace import Town, settled

Span = tuple[str, int, float]


class Collector:
    """A collector of OTLP over HTTP."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.services: set[str] = set()
        self.subjects: list[str] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                collector.take(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1/traces"

    def take(self, body: bytes) -> None:
        """Read what was exported."""
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.services |= {a.value.string_value for a in resource.resource.attributes if a.key == "service.name"}
            for span in (span for scope in resource.scope_spans for span in scope.spans):
                took = (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9
                self.spans.append((span.name, int.from_bytes(span.trace_id, "big"), took))
                self.subjects += [str(a.value) for a in span.attributes]

    def stop(self) -> None:
        """Close."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    """It listens."""
    made = Collector()
    yield made
    made.stop()


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Town]:
    """The bot is reached through signed HTTP."""
    with settled(sqlite_url) as made:
        made.stage.serve_http(made.app.bolt)
        yield made


def test_a_request_has_one_trace_from_the_click_to_the_live_rule(town: Town, collector: Collector) -> None:
    """With what it waited for; neither people nor hosts are in it."""
    end = trace_to(collector.url, "1.2.3")
    town.ask()
    town.press("UAPP0001", "approve")
    town.world.settle()
    end()
    (made,) = allowances.requests(town.ctx, DEV, "mine")
    trace, _ = ids_of(made.id)
    spans = {name: took for name, of, took in collector.spans if of == trace}
    assert list(spans) == [
        "slack action approve",
        "waiting for a decision",
        "waiting for the writer",
        "update in Azure",
    ]
    assert 200 < spans["update in Azure"] < 300
    assert collector.services == {SERVICE}
    assert not [text for text in collector.subjects if "example.com" in text or "UDEV" in text or "UAPP" in text]


def test_ids_follow_from_the_request() -> None:
    """In every process alike; what belongs to no request has a trace of its own."""
    assert ids_of("a1") == ids_of("a1") != ids_of("a2")
    assert ids_of("") != ids_of("")
