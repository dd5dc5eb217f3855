"""The end of a socket: acks that Slack has not read yet are not lost when something crosses with the closing."""

import json
import socket
import threading
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha1
from queue import Queue
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientNotConnectedError
from slack_sdk.socket_mode.response import SocketModeResponse

from handlers.socket_client import GOING_AWAY, LeavingClient
from tests.sandbox.slack_stage import until

ACCEPT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""What a key is hashed with (RFC 6455, section 1.3)."""
ENVELOPE = json.dumps({"envelope_id": "answered", "type": "slash_commands", "payload": {}}).encode()


class SlowSlack:
    """The other side of one socket: it reads nothing until it is told to."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}/link?ticket=t"
        self._thread = threading.Thread(target=self._greet, daemon=True)
        self._thread.start()

    def _greet(self) -> None:
        self.client, _ = self._listener.accept()
        key = self.client.recv(4096).decode().split("Sec-WebSocket-Key: ")[1].split("\r\n")[0]
        accept = b64encode(sha1(f"{key}{ACCEPT}".encode()).digest()).decode()
        words = ("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", f"Sec-WebSocket-Accept: {accept}")
        self.client.sendall("\r\n".join((*words, "", "")).encode())

    def send(self, text: bytes) -> None:
        """A text frame."""
        self._thread.join()
        self.client.sendall(self.framed(text))

    @staticmethod
    def framed(text: bytes) -> bytes:
        """A frame as a server sends it: not masked."""
        return b"\x81" + (bytes([len(text)]) if len(text) < 126 else b"\x7f" + len(text).to_bytes(8)) + text

    def has(self, end: bytes) -> bool:
        """Whether what waits to be read ends so."""
        return self.client.recv(65_536, socket.MSG_PEEK).endswith(end)

    def read(self) -> list[str]:
        """The frames up to the end of the connection, each as text."""
        return frames_in(b"".join(iter(lambda: self.client.recv(65_536), b"")))

    def close(self) -> None:
        """Close both."""
        self.client.close()
        self._listener.close()


def frames_in(rest: bytes) -> list[str]:
    """What masked frames say."""
    frames = []
    while rest:
        wide = {126: 2, 127: 8}.get(rest[1] & 127, 0)
        size = int.from_bytes(rest[2 : 2 + wide]) if wide else rest[1] & 127
        key, text, rest = rest[2 + wide :][:4], rest[6 + wide :][:size], rest[6 + wide + size :]
        mask = (key * (size // 4 + 1))[:size]
        frames.append((int.from_bytes(text) ^ int.from_bytes(mask)).to_bytes(size).decode(errors="replace"))
    return frames


@pytest.fixture
def slack() -> Iterator[SlowSlack]:
    """The other side."""
    made = SlowSlack()
    yield made
    made.close()


def connected_to(slack: SlowSlack) -> LeavingClient:
    """A client with its socket open."""
    client = LeavingClient("xapp", web_client=WebClient(), auto_reconnect_enabled=False, concurrency=1)
    client.wss_uri = slack.url
    client.connect()
    return client


def test_acks_of_any_length_arrive_whole(slack: SlowSlack) -> None:
    """Also where Slack is slow to read them: what does not fit into one write follows."""
    client = connected_to(slack)
    sent = ["x" * 125, "x" * 126, "é" * 32_767 + "x", "x" * 65_536, "é" * 1_000_000]

    def send() -> None:
        for text in sent:
            client.send_message(text)
        session = client.current_session
        assert session is not None
        assert session.sock is not None
        session.sock.shutdown(socket.SHUT_WR)

    sending = threading.Thread(target=send)
    sending.start()
    found = slack.read()
    sending.join()
    slack.client.close()
    client.close()
    assert [each for each in found if each in sent] == sent


def test_a_socket_that_slack_closed_is_none(slack: SlowSlack) -> None:
    """Without a goodbye, as by a kill or a proxy: what came before is worked on, also beside a message that was cut."""
    client = connected_to(slack)
    came: Queue[str] = Queue()
    client.socket_mode_request_listeners.append(lambda _client, envelope: came.put(envelope.envelope_id))
    slack.send(ENVELOPE)
    slack.client.sendall(slack.framed(ENVELOPE)[:40])
    assert client.is_connected()
    slack.client.shutdown(socket.SHUT_WR)
    until(lambda: not client.is_connected())
    assert came.get(timeout=5) == "answered"
    with pytest.raises(SlackClientNotConnectedError):
        client.send_message("too late")
    client.leave(within_s=20)  # nothing that was cut off is waited for
    assert client._open == 0


def test_what_crosses_the_end_is_worked_on_and_takes_no_ack_with_it(slack: SlowSlack) -> None:
    """The ack before it arrives, although it was not read yet when the socket closed; nothing follows the close frame.

    It comes as networks bring it: in parts, with other frames between, and longer than one read.
    """
    client = connected_to(slack)
    came: Queue[tuple[str, bool]] = Queue()

    def ack(_client: Any, envelope: Any) -> None:
        try:
            client.send_socket_mode_response(SocketModeResponse(envelope.envelope_id))
        except SlackClientNotConnectedError:
            came.put((envelope.envelope_id, False))
        else:
            came.put((envelope.envelope_id, True))

    client.socket_mode_request_listeners.append(ack)
    slack.send(ENVELOPE)
    assert came.get(timeout=5) == ("answered", True)
    leaving = threading.Thread(target=client.leave, args=(2,))
    leaving.start()
    slack.client.sendall(b"\x89\0")  # a ping, so that the reader ends its wait
    until(lambda: slack.has(GOING_AWAY))
    long = ENVELOPE.replace(b"answered", b"long").replace(b"{}", b'{"text": "%s"}' % (b"x" * 70_000))
    parts = slack.framed(ENVELOPE.replace(b"answered", b"short")), b"\x89\4ping", slack.framed(long)
    for part in (parts[0][:1], parts[0][1:20], parts[0][20:] + parts[1] + parts[2][:5], parts[2][5:]):
        slack.client.sendall(part)
    slack.client.sendall(b"\x88\2\x03\xe9")
    leaving.join()
    assert {came.get(timeout=5), came.get(timeout=5)} == {("short", False), ("long", False)}
    said = "".join(slack.read())
    assert [said.count(each) for each in ("answered", "short", "long")] == [1, 0, 0]
