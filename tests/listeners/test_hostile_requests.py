"""Whatever comes in over HTTP: what Slack did not sign is refused unread, and nobody can keep others out."""

import hmac
import json
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import structlog

from bot.domain.audit import AuditFilter
from handlers.api.front import ApiFront
from handlers.app import SlackSettings, build_app
from handlers.connections import CONNECTIONS, LONGEST_HEADERS, LONGEST_REQUEST
from handlers.http import API, HttpFront
from handlers.payloads import FORM, JSON
from tests.build import World, make_world
from tests.flows.test_any_text import Takes, Web
from tests.flows.test_front_door import BODY, SECRET


@dataclass(frozen=True, slots=True)
class Door:
    """The bot's HTTP server, with every route that it has."""

    front: HttpFront
    world: World

    def raw(self, request: bytes, timeout_s: float = 20) -> bytes:
        """What it answers to these bytes."""
        with socket.create_connection(("127.0.0.1", self.front.port), timeout=timeout_s) as client:
            client.sendall(request)
            return received(client)

    def status(self, *request: bytes) -> int:
        """The status of its answer."""
        answer = self.raw(b"".join(request))
        assert b"Traceback" not in answer
        return int(answer.split(b" ", 2)[1])


def received(client: socket.socket) -> bytes:
    """Everything up to the end of the connection."""
    parts = []
    try:
        while part := client.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass  # it does not read what it has refused
    return b"".join(parts)


@pytest.fixture(scope="module")
def door(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One bot for all of these tests; none of them changes anything."""
    with ExitStack() as undo:
        file = shutil.copy(sqlite_template, tmp_path_factory.mktemp("door"))
        world = make_world(f"sqlite:///{file}")
        undo.callback(world.store.close)
        web = undo.enter_context(Web(("127.0.0.1", 0), Takes))
        threading.Thread(target=web.serve_forever, daemon=True).start()
        undo.callback(web.shutdown)
        app = build_app(world.ctx, SlackSettings("xoxb", SECRET, api_url=f"http://127.0.0.1:{web.server_address[1]}/"))
        routes = {path: lambda: (200, "text/plain", "ok\n") for path in ("/healthz", "/readyz", "/metrics")}
        front = app.serve_http("127.0.0.1:0", routes, {API: ApiFront(world.ctx)})
        undo.callback(front.stop)
        yield Door(front, world)


def head(path: str, length: int, kind: str = FORM, method: str = "POST", **headers: str) -> bytes:
    """The head of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bot", "Connection: close", f"Content-Type: {kind}"]
    lines += [f"Content-Length: {length}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def signed(body: bytes, kind: str = FORM, *, at: object = None, secret: str = SECRET) -> bytes:
    """A whole request to Slack's path."""
    stamp = str(int(time.time()) if at is None else at)
    signature = hmac.new(secret.encode(), b"v0:" + stamp.encode("latin-1") + b":" + body, sha256).hexdigest()
    return (
        head("/slack/events", len(body), kind, X_Slack_Request_Timestamp=stamp, X_Slack_Signature=f"v0={signature}")
        + body
    )


def deep(levels: int) -> str:
    """JSON nested that deep."""
    return '{"type":"block_actions","a":' + "[" * levels + "]" * levels + "}"


def payload(text: str) -> bytes:
    """A form as interactivity sends it."""
    return b"payload=" + quote(text).encode()


SLACK_BODY = BODY.encode()
NOT_SLACKS: dict[str, Callable[[], bytes]] = {
    "unsigned": lambda: head("/slack/events", len(SLACK_BODY)) + SLACK_BODY,
    "no body": lambda: head("/slack/events", 0),
    "an empty signature": lambda: head(
        "/slack/events", 0, X_Slack_Request_Timestamp=str(int(time.time())), X_Slack_Signature=""
    ),
    "a signature in no alphabet": lambda: head(
        "/slack/events", 0, X_Slack_Request_Timestamp=str(int(time.time())), X_Slack_Signature="v0=\xff\xfe"
    ),
    "another secret": lambda: signed(SLACK_BODY, secret="another"),
    "stale": lambda: signed(SLACK_BODY, at=int(time.time()) - 301),
    "from the future": lambda: signed(SLACK_BODY, at=int(time.time()) + 330),
    "a time that is none": lambda: signed(SLACK_BODY, at="soon"),
    "a time below zero": lambda: signed(SLACK_BODY, at=-1),
    "a time without end": lambda: signed(SLACK_BODY, at="9" * 5000),
    "a time in other digits": lambda: signed(SLACK_BODY, at="\xb2\xb3"),
    "unsigned, not UTF-8": lambda: head("/slack/events", 4) + b"\xff\xfe\xfd\xfc",
    "unsigned, deep": lambda: head("/slack/events", 20_000, JSON) + b"[" * 20_000,
    "unsigned JSON": lambda: head("/slack/events", 2, JSON) + b"{}",
    "unsigned check of the certificate": lambda: head("/slack/events", 17) + b"ssl_check=1&a=bcd",
}


@pytest.mark.parametrize("how", NOT_SLACKS)
def test_what_slack_did_not_sign_is_refused_unread(door: Door, how: str) -> None:
    """With 401, without a line in the log that holds what was sent."""
    with structlog.testing.capture_logs() as logs:
        assert door.status(NOT_SLACKS[how]()) == 401
    assert logs == []
    with door.world.store.read() as tx:
        assert tx.audit.find(AuditFilter(), limit=1) == []


MALFORMED: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: signed(b""),
    "no form": lambda: signed(b"{"),
    "no type that Slack sends": lambda: signed(SLACK_BODY, "text/xml"),
    "a list": lambda: signed(b"[]", JSON),
    "a number": lambda: signed(b"1", JSON),
    "no JSON": lambda: signed(b'{"type":', JSON),
    "not UTF-8 in JSON": lambda: signed(b'\xff{"type"', JSON),
    "a number without end": lambda: signed(b'{"type":"x","a":' + b"9" * 10_000 + b"}", JSON),
    "no type": lambda: signed(b"{}", JSON),
    "a type that is no text": lambda: signed(b'{"type":{}}', JSON),
    "an unknown type": lambda: signed(b'{"type":"x"}', JSON),
    "a list as payload": lambda: signed(b"payload=[1]"),
    "no JSON as payload": lambda: signed(b"payload=%7B"),
    "an empty payload": lambda: signed(b"payload="),
    "too deep": lambda: signed(payload(deep(100))),
    "far too deep": lambda: signed(payload(deep(20_000))),
    "wrong types inside": lambda: signed(payload('{"type":"block_actions","user":5,"actions":7,"team":[]}')),
    "nothing inside": lambda: signed(payload('{"type":"block_actions"}')),
    "actions of nothing": lambda: signed(payload('{"type":"block_actions","actions":[null]}')),
    "no actions": lambda: signed(payload('{"type":"block_actions","actions":[]}')),
    "a view of nothing": lambda: signed(payload('{"type":"view_submission","view":null}')),
    "a view of a list": lambda: signed(payload('{"type":"view_submission","view":[]}')),
    "an event of nothing": lambda: signed(b'{"type":"event_callback","event":null}', JSON),
    "an event of a number": lambda: signed(b'{"type":"event_callback","event":1}', JSON),
    "an authorization of nothing": lambda: signed(
        b'{"type":"event_callback","event":{"type":"message"},"authorizations":[null]}', JSON
    ),
    "options of nothing": lambda: signed(payload('{"type":"block_suggestion","action_id":null}')),
    "a shortcut of nothing": lambda: signed(payload('{"type":"shortcut","callback_id":{}}')),
    "a command that is not ours": lambda: signed(b"command=%2Fother&user_id=U1"),
}


@pytest.mark.parametrize("how", MALFORMED)
def test_what_is_signed_and_malformed_is_refused(door: Door, how: str, capfd: pytest.CaptureFixture[str]) -> None:
    """With 4xx, without a trace, also where Bolt would look into it."""
    assert 400 <= door.status(MALFORMED[how]()) < 500
    assert "Traceback" not in capfd.readouterr().err


ODD: dict[str, tuple[bytes, int]] = {
    "another method": (head("/slack/events", 0, method="PUT"), 405),
    "a method that nobody knows": (head("/slack/events", 0, method="BREW"), 405),
    "a probe by POST": (head("/healthz", 0), 405),
    "a path that is none": (head("/slack/events/", 0), 404),
    "a path that is not UTF-8": (head("/%ff%fe", 0, method="GET"), 404),
    "a line in a path": (head("/%0aforged", 0, method="GET"), 404),
    "no HTTP": (b"hello\r\n\r\n", 400),
    "a line without a colon": (b"POST /slack/events HTTP/1.1\r\nHost bot\r\n\r\n", 400),
    "a length that is none": (b"POST /slack/events HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
    "a length below zero": (b"POST /slack/events HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
    "chunks that are none": (b"POST /slack/events HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    "a length in 5,000 digits": (b"POST /slack/events HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
    "an address that is none": (b"GET http://[::1/healthz HTTP/1.1\r\n\r\n", 400),
    "no version": (b"GET /healthz\r\n\r\n", 400),
    "a version that is not spoken": (b"GET /healthz HTTP/2.0\r\n\r\n", 400),
    "more expected": (b"POST /slack/events HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: x\r\n\r\n", 400),
    "long headers": (b"GET /healthz HTTP/1.1\r\nA: " + b"a" * LONGEST_HEADERS + b"\r\n\r\n", 431),
    "a longer query": (head("/api/v1/check?destination=" + "a" * LONGEST_HEADERS, 0, method="GET"), 431),
    "a body that is announced as too long": (head("/slack/events", 100_000_000), 413),
    "a longer body for the API": (head("/api/v1/check", 100_000_000, JSON), 413),
    "the API without a token": (head("/api/v1/clusters", 0, JSON, method="GET"), 401),
    "the API without JSON": (head("/api/v1/requests", 4, JSON) + b"\xff\xfe[[", 401),
}


@pytest.mark.parametrize("how", ODD)
def test_what_is_odd_is_refused(door: Door, how: str) -> None:
    """Whatever the route."""
    request, expected = ODD[how]
    assert door.status(request) == expected


TWO_LENGTHS: dict[str, bytes] = {
    "chunks and a length": b"HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked",
    "chunks in HTTP/1.0": b"HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked",
    "two lengths": b"HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 0",
}


@pytest.mark.parametrize("how", TWO_LENGTHS)
def test_nobody_smuggles_a_request_behind_another(door: Door, how: str) -> None:
    """What can be read in two ways is refused, and the connection ends with the answer."""
    first = b"POST /slack/events " + TWO_LENGTHS[how] + b"\r\n\r\n0\r\n\r\n"
    answer = door.raw(first + head("/healthz", 0, method="GET"))
    assert (answer.split(b" ", 2)[1], answer.count(b"HTTP/1.")) == (b"400", 1)


def test_a_body_without_end_is_not_taken_in(door: Door) -> None:
    """The connection is closed soon after the limit, whatever was announced."""
    sent = 0
    with socket.create_connection(("127.0.0.1", door.front.port), timeout=20) as client:
        client.sendall(b"POST /slack/events HTTP/1.1\r\nHost: bot\r\nTransfer-Encoding: chunked\r\n\r\n")
        with suppress(ConnectionError):
            while sent < 100 * LONGEST_REQUEST:
                client.sendall(b"10000\r\n" + b"a" * 65536 + b"\r\n")
                sent += 65536
    assert sent < 20 * LONGEST_REQUEST  # what the system's buffers hold


def test_idle_connections_keep_nobody_out(door: Door) -> None:
    """The newest takes the place of the one that has been idle for longest, also where they send a byte at times."""
    with ExitStack() as undo:
        for _ in range(2 * CONNECTIONS + 20):
            idle = undo.enter_context(socket.create_connection(("127.0.0.1", door.front.port), timeout=20))
            idle.sendall(b"POST /slack/events HTTP/1.1\r\n")
        assert door.status(head("/healthz", 0, method="GET")) == 200
        assert door.status(signed(SLACK_BODY)) == 200


def test_a_repeated_signature_of_another_time_is_refused(door: Door) -> None:
    """The time is part of what is signed."""
    request = signed(SLACK_BODY)
    stamp = str(int(time.time()))
    assert door.status(request.replace(stamp.encode(), str(int(stamp) + 60).encode(), 1)) == 401


def test_unicode_that_json_allows_is_still_answered(door: Door) -> None:
    """A lone half of a character is text that Slack passes on."""
    body = json.dumps({"type": "event_callback", "event": {"type": "message", "text": "\ud800"}}).encode()
    assert door.status(signed(body, JSON)) < 500


WHO = {"id": "UDEV0001", "team_id": "TSANDBOX1"}
BASE: dict[str, Any] = {"user": WHO, "team": {"id": "TSANDBOX1"}, "trigger_id": "1.2", "channel": {"id": "C1"}}
VIEW = {
    "id": "V1",
    "type": "modal",
    "hash": "h",
    "callback_id": "home_search",
    "private_metadata": "{}",
    "blocks": [{"type": "input", "block_id": "words"}],
    "state": {"values": {"words": {"words": {"type": "plain_text_input", "value": "x"}}}},
}
PRESSED = {"type": "button", "action_id": "details", "block_id": "b", "value": '{"id": "a1"}'}
SAMPLES: tuple[dict[str, Any], ...] = (
    {**BASE, "type": "block_actions", "actions": [PRESSED], "message": {"text": "x"}, "container": {"type": "message"}},
    {**BASE, "type": "view_submission", "view": VIEW},
    {**BASE, "type": "block_suggestion", "action_id": "cluster", "block_id": "cluster", "value": "aks", "view": VIEW},
    {
        **BASE,
        "type": "message_action",
        "callback_id": "request_fqdn_from_message",
        "message": {"text": "x", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x"}}]},
    },
    {
        "type": "event_callback",
        "team_id": "TSANDBOX1",
        "authorizations": [{"team_id": "TSANDBOX1", "user_id": "U1"}],
        "event": {"type": "message", "user": "UDEV0001", "text": "x", "ts": "2", "thread_ts": "1", "channel": "C1"},
    },
)
WRONG: tuple[Any, ...] = (None, 5, [], {}, "", [None], {"a": 1})


def changed(value: Any) -> Iterator[Any]:
    """The value with each part of it, one after the other, replaced by each wrong one."""
    yield from WRONG
    if isinstance(value, dict):
        for key, part in value.items():
            yield {name: each for name, each in value.items() if name != key}
            yield from ({**value, key: other} for other in changed(part))
    elif isinstance(value, list):
        yield from ([other] for other in changed(value[0]))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["type"])
def test_no_part_of_a_payload_can_be_wrong_unseen(door: Door, sample: dict[str, Any]) -> None:
    """Each is answered, or refused before a listener reads it; none is a fault of the bot."""
    with structlog.testing.capture_logs() as logs:
        for body in changed(sample):
            text = json.dumps(body)
            request = signed(text.encode(), JSON) if sample["type"] == "event_callback" else signed(payload(text))
            assert door.status(request) < 500, text
    assert [one for one in logs if one["log_level"] in ("error", "critical")] == []
