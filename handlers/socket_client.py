"""The SDK's Socket Mode client, which can leave without losing an envelope that it has been given.

The SDK's own end closes the socket first: envelopes that are being worked on lose their ack, and the person is told
that it did not work although it was recorded. Slack sends none of them again.

Source: https://docs.slack.dev/apis/events-api/using-socket-mode, read 2026-11.
"""

import select
import socket
import threading
from contextlib import suppress
from time import monotonic, sleep
from typing import Any

from slack_sdk.socket_mode.builtin import SocketModeClient

from handlers.secret_values import Secret, reveal

LOOK_S = 0.002
"""Seconds between two attempts to leave."""

COUNT_S = 0.02
"""Seconds within which what was read is counted, on a busy machine."""

READ_S = 0.3
"""Seconds that one read waits while the client leaves; the SDK's own is three."""


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

    def leave(self, within_s: float) -> None:
        """Close the socket in a moment in which everything that was read is acked and nothing waits to be read.

        What Slack sends in that moment is neither recorded nor acked, so the person hears that it did not work: Socket
        Mode has no way to ask for no more.

        Args:
            within_s: Seconds that it may take to find that moment; after that the socket is closed in any other.
        """
        ends = monotonic() + within_s
        with suppress(OSError):  # it breaks just now
            self._wake_reader()
        while not self._close_if_idle() and monotonic() < ends:
            sleep(LOOK_S)
        self.close()

    def _wake_reader(self) -> None:
        """Have it wait for less: a ping is answered, which ends the wait that it is in."""
        session = self.current_session
        if session is not None and session.sock is not None:
            session.sock.settimeout(READ_S)
            session.ping("leaving")

    def _close_if_idle(self) -> bool:
        """Keep the reader from reading; close if all is acked by then and nothing has come. Whether it is closed."""
        session = self.current_session
        if session is None or not session.is_active():
            return True
        if not session.sock_receive_lock.acquire(timeout=2 * READ_S):
            return False
        try:
            sleep(COUNT_S)
            is_idle = not self._open and not _has_unread(session.sock)
            if is_idle and session.sock is not None:
                session.sock.close()
            return is_idle
        finally:
            session.sock_receive_lock.release()

    def _count(self, message: str, by: int) -> None:
        """Only envelopes want an ack; inside of a JSON text the quotes are escaped."""
        if '"envelope_id"' in message:
            with self._counting:
                self._open += by


def _has_unread(sock: socket.socket | None) -> bool:
    if sock is None:
        return False
    try:
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(getattr(sock, "pending", int)() or poll.poll(0))
    except (OSError, ValueError):  # it was closed just now
        return False
