"""Whatever a signed request carries, the answer is a sentence: never a 5xx, never “something is broken”."""

import http.client
import json
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from typing import Any, ClassVar
from urllib.parse import quote_plus

import pytest
from slack_bolt import BoltRequest
from slack_sdk.signature import SignatureVerifier
from structlog.testing import capture_logs

from handlers import TABLE
from handlers.admission import SignedRequests
from handlers.app import SlackApp, SlackSettings, build_app
from handlers.calls import CallKind
from handlers.entries import Entry
from tests.build import World, make_world
from tests.histories.test_histories import is_gate

SECRET = "a-signing-secret"

TEXTS = (
    "\x00",
    "aks-udr \x00",
    "aks-udr ex\x00ample.com",
    "aks-udr \ufffd.com",
    "\u202eaks-udr \u0661\u0662 مثال.إختبار",
    "a" * 10_000,
    "aks-udr " + "a." * 5_000,
    "<" * 10_000,
    "%" * 10_000,
    "'; DROP TABLE work; --",
    "since:9999-12-31",
    "until:9999-12-31",
    "until:0001-01-01T00:00+14:00",
    "since:9999-12-31T23:59-14:00",
    "before:99999999999999999999999999",
    "before:\u0661",
    "20.61.4.7 at 9999-12-31",
    "20.61.4.7 at 0001-01-01T00:00+14:00",
    "aks-udr 99999999999999999999",
    "aks-lb 9999 why",
    "a" + "0" * 300,
    "s\u0131d",
    "[" * 2_000,
    '{"id": [1], "digest": {"a": null}, "page": "x", "before": "-1", "cluster": 7}',
    '{"page": "99999999999999999999", "before": "99999999999999999999", "id": "a1"}',
    "{}",
    "null",
    "99999w",
    "\ud800",
)
"""Bytes that no form sends, but Slack may pass on."""


class Web(ThreadingHTTPServer):
    """A Web API that takes everything, and keeps what it was told."""

    said: ClassVar[list[str]] = []


class Takes(BaseHTTPRequestHandler):
    """Answers as all methods together would."""

    def do_POST(self) -> None:
        """Take it."""
        Web.said.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        there = {"id": "V1", "hash": "h"}
        body = json.dumps({"ok": True, "ts": "1.2", "view": there, "channel": {"id": "D1"}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def api_url() -> Iterator[str]:
    """Where Slack's Web API is."""
    with Web(("127.0.0.1", 0), Takes) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture
def app(database_url: str, api_url: str) -> Iterator[SlackApp]:
    """The real application before each database."""
    world: World = make_world(database_url)
    made = build_app(world.ctx, SlackSettings("xoxb", SECRET, api_url=api_url))
    yield made
    made.drain()
    world.store.close()


def signed(body: str) -> BoltRequest:
    """As Slack sends it."""
    stamp = str(int(time.time()))
    kept = body.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    signature = SignatureVerifier(SECRET).generate_signature(timestamp=stamp, body=kept) or ""
    headers: dict[str, Any] = {
        "x-slack-request-timestamp": [stamp],
        "x-slack-signature": [signature],
        "content-type": ["application/x-www-form-urlencoded"],
    }
    return BoltRequest(body=kept, headers=headers)


def requests(entry: Entry, text: str) -> Iterator[str]:
    """Every place of an entry's payload into which the text fits."""
    who = {"id": "UAPP0001", "team_id": "TSANDBOX1"}
    base: dict[str, Any] = {"user": who, "team": {"id": "TSANDBOX1"}, "trigger_id": "1.2", "token": "t"}
    modal = {"type": "modal", "id": "V1", "hash": "h", "callback_id": entry.name, "private_metadata": text}
    values = {name: {name: {"type": "plain_text_input", "value": text}} for name in FIELDS}
    if entry.kind is CallKind.COMMAND:
        named = {"team_id": "TSANDBOX1", "user_id": "UAPP0001", "channel_id": "CEGRESS01", "command": "/egress"}
        words = f"{entry.name} {text}"
        yield "&".join(f"{k}={quote_plus(v, errors='surrogatepass')}" for k, v in {**named, "text": words}.items())
    elif entry.kind is CallKind.ACTION:
        pressed = {"type": "button", "action_id": entry.name, "block_id": "b", "value": text}
        yield _payload({**base, "type": "block_actions", "actions": [pressed]})
        yield _payload(
            {**base, "type": "block_actions", "actions": [pressed], "view": {**modal, "state": {"values": values}}}
        )
    elif entry.kind is CallKind.VIEW:
        yield _payload({**base, "type": "view_submission", "view": {**modal, "state": {"values": values}}})
        yield _payload({**base, "type": "view_submission", "view": {**modal, "private_metadata": "", "state": {}}})
    elif entry.kind is CallKind.OPTIONS:
        yield _payload({**base, "type": "block_suggestion", "action_id": entry.name, "block_id": "b", "value": text})
    elif entry.kind is CallKind.EVENT:
        event = {
            "type": entry.name,
            "user": "UAPP0001",
            "channel": text,
            "thread_ts": text or "1",
            "ts": "2",
            "text": text,
        }
        yield json.dumps({"type": "event_callback", "team_id": "TSANDBOX1", "event": event})
    elif entry.kind is CallKind.SHORTCUT:
        kind = "message_action" if "message" in entry.name else "shortcut"
        yield _payload({**base, "type": kind, "callback_id": entry.name, "message": {"text": text}})


FIELDS = ("cluster", "destinations", "duration", "reason", "bundle", "count", "pool")


def _payload(body: Mapping[str, Any]) -> str:
    return "payload=" + quote_plus(json.dumps(body))


def test_every_text_gets_an_answer(app: SlackApp, database_url: str) -> None:
    """Through the real dispatcher, with a valid signature, into each field of each entry point."""
    Web.said.clear()
    step = 6 if is_gate() else 2
    mine = step // 2 if database_url.startswith("postgresql") else 0
    with capture_logs() as logs:
        for at, (entry, text) in enumerate(product(TABLE, TEXTS)):
            if text.isprintable() and at % step != mine:
                continue  # what a database could choke on goes to both, of the others each to one, a third in the gate
            for body in requests(entry, text):
                answer = app.bolt.dispatch(signed(body))
                assert answer.status == 200, (entry.kind, entry.name, text[:50])
                assert "reference" not in str(answer.body), (entry.kind, entry.name, text[:50], answer.body)
        app.drain()
    assert [one for one in logs if one["event"] == "listener_failed"] == []
    assert [one for one in Web.said if "reference" in one] == []


def test_bytes_that_are_no_text_are_refused_in_words(sqlite_url: str) -> None:
    """Over HTTP, signed: an answer; unsigned: none."""
    world = make_world(sqlite_url)
    app = build_app(world.ctx, SlackSettings("xoxb", SECRET, api_url="http://127.0.0.1:9/"))
    front = app.serve_http("127.0.0.1:0")
    body = b"team_id=TSANDBOX1&user_id=UDEV0001&command=/egress&text=whois 20.61.4.7\xff\xfe"
    try:
        status, text = post(front.port, body, secret=SECRET)
        assert (status, "not valid text" in text) == (200, True)
        assert post(front.port, body, secret="another")[0] == 401
        assert post(front.port, b"{", secret=SECRET)[0] == 400
        assert post(front.port, b"payload=[1]", secret=SECRET)[0] < 500
    finally:
        front.stop()
        world.store.close()


def post(port: int, body: bytes, *, secret: str) -> tuple[int, str]:
    """A request with these very bytes."""
    stamp = str(int(time.time()))
    signature = SignedRequests(lambda *_: [], secret).sign(stamp, body)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": signature,
    }
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", "/slack/events", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
