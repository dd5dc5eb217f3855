"""The SDK's Socket Mode client, which can leave without losing an envelope that it has been given.

The SDK's own end closes the socket first: envelopes that are being worked on lose their ack, and the person is told
that it did not work although it was recorded. Slack sends none of them again.

Source: https://docs.slack.dev/apis/events-api/using-socket-mode, read 2026-11.
"""

import json
import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from secrets import token_bytes
from time import monotonic, sleep
from typing import Any

from slack_sdk.errors import SlackClientNotConnectedError
from slack_sdk.socket_mode.builtin import SocketModeClient

from bot.http_client import proxy_of
from handlers.places import ACT
from handlers.secret_values import Secret, reveal

LOOK_S = 0.002
"""Seconds between two attempts to leave."""

COUNT_S = 0.02
"""Seconds within which what was read is counted, on a busy machine."""

READ_S = 0.3
"""Seconds that one read waits while the client leaves; the SDK's own is three."""

READS = 3
"""How often the SDK reads for one message that was cut off: in its head, for its length, for its text."""

SEND_S = 2.0
"""Seconds that a frame waits for others that are being sent."""

GOODBYE_S = 1.0
"""Seconds that Slack gets to close its side: what crosses comes before that."""

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
        self._said_goodbye = False
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
        """Take in what came, unless it was cut off by the end of its socket: there is nobody to ack it to."""
        if _is_whole(message):
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
            SlackClientNotConnectedError: There is no socket, or it is closing: an ack would not be read any more.
        """
        frame = text_frame(message.encode())
        try:
            self._send(self.current_session, frame)
        except (OSError, AttributeError):  # it has just been replaced by another one
            with self.connect_operation_lock:
                self._send_again(frame)

    def _send_again(self, frame: bytes) -> None:
        try:
            self._send(self.current_session, frame)
        except (OSError, AttributeError) as error:
            raise SlackClientNotConnectedError("There is no socket to send an ack on.") from error

    def _send(self, session: Any, frame: bytes) -> None:
        """Send a whole frame.

        Raises:
            OSError: The socket is broken, or somebody holds it.
            AttributeError: There is none.
            SlackClientNotConnectedError: The close frame was sent; nothing follows it (RFC 6455, section 5.5.1).
        """
        if not session.sock_send_lock.acquire(timeout=SEND_S):
            raise TimeoutError("Somebody else holds the socket.")
        try:
            if self._said_goodbye:
                raise SlackClientNotConnectedError("The socket is closing.")
            self._said_goodbye = frame is GOING_AWAY
            session.sock.sendall(frame)
        finally:
            session.sock_send_lock.release()

    def connect(self) -> None:
        """Open a socket in the place of the one that there is, unless this client leaves."""
        if self._said_goodbye:
            return
        super().connect()
        session: Any = self.current_session
        with session.sock_send_lock:  # nobody closes it meanwhile
            if session.sock is not None:
                session.sock = EndingSocket(session.sock)

    def leave(self, within_s: float) -> None:
        """Close the socket in a moment in which everything that was read is acked and nothing waits to be read.

        Socket Mode has no way to ask for no more: an envelope may cross with the closing. It is read and worked on like
        any other before this returns; only its ack cannot be sent any more.

        Args:
            within_s: Seconds that it may take to find that moment; after that the socket is closed in any other.
        """
        ends = monotonic() + within_s
        with suppress(OSError):  # it breaks just now
            self._wake_reader()
        while not self._said_goodbye_to(self.current_session, is_late=monotonic() > ends):
            sleep(LOOK_S)
        _wait(lambda: not self.is_connected(), GOODBYE_S)
        self.current_session_state.terminated = True
        self.disconnect()
        reader: Any = self.current_session_runner
        reader.shutdown()  # all that was read is counted once it has ended
        _wait(lambda: not self._open, ACT.total_seconds())
        self.close()

    def _wake_reader(self) -> None:
        """Have it wait for less: a ping is answered, which ends the wait that it is in."""
        session = self.current_session
        if session is not None and session.sock is not None:
            session.sock.settimeout(READ_S)
            session.ping("leaving")

    def _said_goodbye_to(self, session: Any, *, is_late: bool) -> bool:
        """Keep the reader from reading; say that we go if all is acked by then and nothing has come, or if it is late.

        The reader goes on until Slack has closed its side too. Closing at once would lose what crosses, and it would
        reset the connection if something had come: acks that Slack has not read yet would be lost, too.

        Returns:
            Whether it was said, or nobody is there to hear it.
        """
        if session is None or not session.is_active():
            return True
        if not session.sock_receive_lock.acquire(timeout=2 * READ_S):
            return is_late
        try:
            sleep(COUNT_S)
            is_idle = not self._open and not _has_unread(session.sock)
            if is_idle or is_late:
                with suppress(OSError, AttributeError):  # it has just broken
                    self._send(session, GOING_AWAY)
            return is_idle or is_late
        finally:
            session.sock_receive_lock.release()

    def _count(self, message: str, by: int) -> None:
        """Only envelopes want an ack; inside of a JSON text the quotes are escaped."""
        if '"envelope_id"' in message:
            with self._counting:
                self._open += by


def _is_whole(message: str) -> bool:
    """Whether a message can be read, as far as it is JSON."""
    if message.startswith("{"):
        try:
            json.loads(message)
        except ValueError:
            return False
    return True


class EndingSocket:
    """A socket that breaks once its other side has closed it.

    The SDK's reader takes the nothing that is left to be read for a message without content, and asks again: it kept a
    core busy for the twelve seconds until a ping without an answer told, and so long nobody opened another socket.

    Args:
        sock: What is read and written.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._nothing = 0

    def recv(self, size: int) -> bytes:
        """What has come.

        Raises:
            ConnectionAbortedError: The other side has closed, and the SDK was told often enough to end its message.
            OSError: The socket's own.
        """
        received = self._sock.recv(size)
        self._nothing = 0 if received else self._nothing + 1
        if self._nothing > READS:
            raise ConnectionAbortedError("The other side has closed the socket.")
        return received

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


def _wait(is_so: Callable[[], bool], at_most_s: float) -> None:
    """Until something holds, or that long."""
    ends = monotonic() + at_most_s
    while not is_so() and monotonic() < ends:
        sleep(LOOK_S)


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


def _has_unread(sock: socket.socket | None) -> bool:
    if sock is None:
        return False
    try:
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(getattr(sock, "pending", int)() or poll.poll(0))
    except (OSError, ValueError):  # it was closed just now
        return False
