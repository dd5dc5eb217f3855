"""Socket Mode with Bolt's own client."""

import json
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from websockets.sync.client import connect

from bot.sandbox.slack.delivery import Outgoing
from bot.sandbox.slack.sockets import SocketTransport
from tests.sandbox.slack_stage import APP_TOKEN, Stage, installed, until

COMMAND = {"user": "UDEV0001", "channel": "CEGRESS01", "text": "x"}


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A workspace that delivers through sockets."""
    stage = Stage(installed(delivery="socket"))
    yield stage
    stage.stop()


def socket_url(stage: Stage) -> str:
    """A new address to connect to."""
    client = WebClient(APP_TOKEN, base_url=f"{stage.url}/api/")
    return str(client.apps_connections_open(app_token=APP_TOKEN)["url"])


def test_bolt_comes_in_through_a_socket(stage: Stage) -> None:
    """A command is acked with a payload, which becomes an ephemeral."""
    app = stage.bolt()
    app.command("/egress")(lambda ack, command: ack(f"got {command['text']}"))
    stage.serve_socket(app)
    assert stage.do("command", **COMMAND)["status"] == 200
    assert stage.state["messages"][0]["text"] == "got x"


def test_a_refreshed_client_comes_back(stage: Stage) -> None:
    """After a disconnect with refresh the next command arrives on a new socket."""
    app = stage.bolt()
    app.command("/egress")(lambda ack: ack("here"))
    handler = stage.serve_socket(app)
    before = handler.client.session_id()
    stage.do("fault", disconnect=True)
    until(lambda: handler.client.session_id() != before and stage.workspace.is_connected)
    assert stage.do("command", **COMMAND)["status"] == 200


def test_nobody_connected_is_dispatch_failed_and_silence_a_timeout(stage: Stage) -> None:
    """An envelope that is not acked is never sent again."""
    assert stage.do("command", **COMMAND)["error"] == "dispatch_failed"
    with connect(socket_url(stage)) as silent:
        hello = json.loads(silent.recv(2))
        assert (hello["type"], hello["num_connections"]) == ("hello", 1)
        stage.workspace.courier.deadline_s = 0.3
        assert stage.do("command", **COMMAND)["error"] == "operation_timeout"
        envelope = json.loads(silent.recv(2))
        assert envelope.keys() == {"envelope_id", "payload", "type", "accepts_response_payload"}
        assert (envelope["type"], envelope["payload"]["command"]) == ("slash_commands", "/egress")
        with pytest.raises(TimeoutError):
            silent.recv(0.05)
        assert silent.ping().wait(2)


def test_an_envelope_goes_to_one_of_the_sockets(stage: Stage) -> None:
    """Two sockets share the commands; tickets serve once."""
    url = socket_url(stage)
    with connect(url) as first, connect(socket_url(stage)) as second:
        sockets = [first, second]
        for item in sockets:
            item.recv(2)
        stage.workspace.courier.deadline_s = 0.02
        for _ in range(4):
            stage.do("command", **COMMAND)
        assert [json.loads(item.recv(2))["type"] for item in sockets for _ in range(2)] == ["slash_commands"] * 4
        with connect(url) as third, pytest.raises(Exception, match=r"(?i)close|1000|1005"):
            third.recv(2)


def test_an_eleventh_socket_is_turned_away(stage: Stage) -> None:
    """It hears too_many_websockets."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(connect(socket_url(stage))) for _ in range(11)]
        assert json.loads(sockets[-1].recv(2))["reason"] == "too_many_websockets"


def test_http_workspaces_have_no_sockets() -> None:
    """apps.connections.open needs Socket Mode, and the app's token."""
    stage = Stage(installed())
    client = WebClient(APP_TOKEN, base_url=f"{stage.url}/api/")
    with pytest.raises(SlackApiError, match="socket_mode_not_enabled"):
        client.apps_connections_open(app_token=APP_TOKEN)
    stage.stop()


def test_a_socket_that_closes_loses_its_acks(stage: Stage) -> None:
    """The person sees operation_timeout as soon as the socket is gone."""
    app, got = stage.bolt(), []

    @app.command("/egress")
    def count(ack: Any) -> None:
        got.append(1)
        ack()

    stage.serve_socket(app)
    stage.do("fault", delivery="command", drop_ack=True, disconnect="hard", times=1)
    assert stage.do("command", **COMMAND)["error"] == "operation_timeout"
    assert got == [1]


class Line:
    """A socket that acks at once, or is closed when the first envelope comes."""

    def __init__(self, transport: SocketTransport, *, is_open: bool) -> None:
        self._transport, self._is_open = transport, is_open

    def send(self, text: str) -> "Future[None]":
        """Take a frame."""
        sent: Future[None] = Future()
        if self._is_open:
            sent.set_result(None)
            self._transport.receive(self, text)
        elif "envelope_id" in text:
            sent.set_exception(ConnectionError())
            self._transport.leave(self)
        return sent

    def close(self) -> None:
        """Close it."""


def test_an_envelope_that_was_not_sent_yet_goes_to_another_socket() -> None:
    """The one that was chosen closed just before: nobody sees an error."""
    transport = SocketTransport()
    for is_open in (True, False):
        transport.join(transport.issue_ticket(), Line(transport, is_open=is_open))
    sent = [transport.send(Outgoing("command", "UDEV0001", "slash_commands", {}), 1) for _ in range(2)]
    assert sent == [(200, {})] * 2
