"""The SDK's Socket Mode client, which can leave without losing an envelope that it has been given.

The SDK's own end closes the socket first: envelopes that are being worked on lose their ack, and the person is told
that it did not work although it was recorded. Slack sends none of them again.

Source: https://docs.slack.dev/apis/events-api/using-socket-mode, read 2026-11.
"""

import select
import socket
import threading
from contextlib import suppress
from secrets import token_bytes
from time import monotonic, sleep
from typing import Any

from slack_sdk.errors import SlackClientNotConnectedError
from slack_sdk.socket_mode.builtin import SocketModeClient

from bot.http_client import proxy_of
from handlers.secret_values import Secret, reveal

LOOK_S = 0.002
"""Seconds between two attempts to leave."""

COUNT_S = 0.02
"""Seconds within which what was read is counted, on a busy machine."""

READ_S = 0.3
"""Seconds that one read waits while the client leaves; the SDK's own is three."""

SEND_S = 2.0
"""Seconds that a frame waits for others that are being sent."""

GOODBYE_S = 0.5
"""Seconds that Slack gets to close its side."""

GOING_AWAY = b"\x88\x82\0\0\0\0\x03\xe9"
"""A close frame with status 1001, masked with zeros (RFC 6455, sections 5.5.1 and 7.4.1, read 2026-11)."""


class LeavingClient(SocketModeClient):
    """Counts envelopes, from the socket to their ack; reads its token whenever it opens a socket.

    Args:
        token: ``xapp-…``.
        options: The SDK's own.
    """

    def __init__(self, token: Secret, **options: Any) -> None:
        self._token = token
        self._counting = threading.Lock()
        self._open = 0  # before the SDK's: its threads run from there on
        super().__init__(app_token="", **options)

    @property
    def app_token(self) -> str:
        """The token of now."""
        return reveal(self._token)

    @app_token.setter
    def app_token(self, _value: str) -> None:
        """The SDK sets the one that it was made with: none."""

    @property
    def proxy(self) -> str | None:
        """The proxy on the way to the socket; the SDK's own choice knows no ``NO_PROXY``."""
        return proxy_of(self.wss_uri or "")

    @proxy.setter
    def proxy(self, _value: str | None) -> None:
        """The SDK sets its own."""

    def enqueue_message(self, message: str) -> None:
        """Take in what came."""
        self._count(message, 1)
        super().enqueue_message(message)

    def run_message_listeners(self, message: dict[str, Any], raw_message: str) -> None:
        """Work on an envelope up to its ack."""
        try:
            super().run_message_listeners(message, raw_message)
        finally:
            self._count(raw_message, -1)

    def send_message(self, message: str) -> None:
        """Send an ack of any length; the SDK's own sends at most 65,535 bytes, and perhaps only the beginning of them.

        Raises:
            SlackClientNotConnectedError: There is no socket.
        """
        frame = text_frame(message.encode())
        try:
            _send(self.current_session, frame)
        except (OSError, AttributeError):  # it has just been replaced by another one
            with self.connect_operation_lock:
                self._send_again(frame)

    def _send_again(self, frame: bytes) -> None:
        try:
            _send(self.current_session, frame)
        except (OSError, AttributeError) as error:
            raise SlackClientNotConnectedError("There is no socket to send an ack on.") from error

    def leave(self, within_s: float) -> int:
        """Close the socket in a moment in which everything that was read is acked and nothing waits to be read.

        Socket Mode has no way to ask for no more: an envelope that crosses with the closing is neither recorded nor
        acked, and Slack tells the person at once that it did not work.

        Args:
            within_s: Seconds that it may take to find that moment; after that the socket is closed in any other.

        Returns:
            How many envelopes crossed.
        """
        ends = monotonic() + within_s
        with suppress(OSError):  # it breaks just now
            self._wake_reader()
        while (crossed := self._close_if_idle(is_late=monotonic() > ends)) is None:
            sleep(LOOK_S)
        self.close()
        return crossed

    def _wake_reader(self) -> None:
        """Have it wait for less: a ping is answered, which ends the wait that it is in."""
        session = self.current_session
        if session is not None and session.sock is not None:
            session.sock.settimeout(READ_S)
            session.ping("leaving")

    def _close_if_idle(self, *, is_late: bool) -> int | None:
        """Keep the reader from reading; close if all is acked by then and nothing has come, or if it is late.

        Returns:
            How many envelopes crossed with that; None if it is still open.
        """
        session = self.current_session
        if session is None or not session.is_active():
            return 0
        if not session.sock_receive_lock.acquire(timeout=2 * READ_S):
            return 0 if is_late else None
        try:
            sleep(COUNT_S)
            is_idle = not self._open and not _has_unread(session.sock)
            return _closed(session) if is_idle or is_late else None
        finally:
            session.sock_receive_lock.release()

    def _count(self, message: str, by: int) -> None:
        """Only envelopes want an ack; inside of a JSON text the quotes are escaped."""
        if '"envelope_id"' in message:
            with self._counting:
                self._open += by


def _closed(session: Any) -> int:
    """Say that we go, and read until Slack has closed its side too; nobody else reads meanwhile.

    Closing at once would reset the connection if something had come: acks that Slack has not read yet would be lost.

    Returns:
        How many envelopes came too late.
    """
    sock, came = session.sock, b""
    if sock is None:
        return 0
    ends = monotonic() + GOODBYE_S
    with suppress(OSError):
        sock.settimeout(GOODBYE_S)
        _send(session, GOING_AWAY)
        while monotonic() < ends and (part := sock.recv(65_536)):
            came += part
    sock.close()
    return came.count(b'"envelope_id"')


def text_frame(text: bytes) -> bytes:
    """A frame with a whole text, as a client sends it: masked.

    Source: https://www.rfc-editor.org/rfc/rfc6455#section-5.2, read 2026-11.
    """
    size, key = len(text), token_bytes(4)
    if size < 126:
        head = bytes((0x81, 0x80 | size))
    elif size < 1 << 16:
        head = b"\x81\xfe" + size.to_bytes(2)
    else:
        head = b"\x81\xff" + size.to_bytes(8)
    mask = (key * (size // 4 + 1))[:size]
    return head + key + (int.from_bytes(text) ^ int.from_bytes(mask)).to_bytes(size)


def _send(session: Any, frame: bytes) -> None:
    """Send a whole frame.

    Raises:
        OSError: The socket is broken, or somebody who wants to close holds it.
        AttributeError: There is none.
    """
    if not session.sock_send_lock.acquire(timeout=SEND_S):
        raise TimeoutError("Somebody else holds the socket.")
    try:
        session.sock.sendall(frame)
    finally:
        session.sock_send_lock.release()


def _has_unread(sock: socket.socket | None) -> bool:
    if sock is None:
        return False
    try:
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(getattr(sock, "pending", int)() or poll.poll(0))
    except (OSError, ValueError):  # it was closed just now
        return False
