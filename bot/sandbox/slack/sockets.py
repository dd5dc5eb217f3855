"""Socket Mode: up to ten sockets, one envelope to exactly one of them.

Source (read 2026-11): https://docs.slack.dev/apis/events-api/using-socket-mode.
"""

import json
import secrets
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NoAck
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from bot.sandbox.slack.delivery import FAILED, TIMED_OUT, Outgoing, Undelivered
from bot.sandbox.slack.installation import APP_ID

SOCKETS_MOST = 10


class Socket(Protocol):
    """One open WebSocket; both methods may be called from any thread."""

    def send(self, text: str) -> "Future[None]":
        """Send a text frame, without waiting; a future that fails with a ConnectionError if it was closed before."""

    def close(self) -> None:
        """Close the connection, without waiting."""


@dataclass(frozen=True, slots=True)
class _Pending:
    socket: Socket
    answer: "Future[Any]"


class SocketTransport:
    """Hands envelopes to the sockets in turn and matches the acks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: list[Socket] = []
        self._leaving: set[int] = set()
        self._tickets: set[str] = set()
        self._pending: dict[str, _Pending] = {}
        self._turn = 0

    def issue_ticket(self) -> str:
        """A ticket that opens one socket, once."""
        ticket = secrets.token_urlsafe(24)
        self._tickets.add(ticket)
        return ticket

    def join(self, ticket: str, socket: Socket) -> bool:
        """Take in a socket and greet it; False if the ticket is invalid or ten sockets are open."""
        with self._lock:
            if ticket not in self._tickets:
                return False
            self._tickets.remove(ticket)
            if len(self._sockets) >= SOCKETS_MOST:
                socket.send(_disconnect("too_many_websockets"))
                return False
            self._sockets.append(socket)
            count = len(self._sockets)
        socket.send(json.dumps(_hello(count)))
        return True

    def leave(self, socket: Socket) -> None:
        """Forget a closed socket; acks that it owed are lost."""
        with self._lock:
            self._sockets = [item for item in self._sockets if item is not socket]
            self._leaving.discard(id(socket))
            lost = [pending for pending in self._pending.values() if pending.socket is socket]
        for pending in lost:
            if not pending.answer.done():
                pending.answer.set_exception(Undelivered(TIMED_OUT))

    def receive(self, socket: Socket, text: str) -> None:
        """Take an ack; frames that are none are ignored, as the vendor does."""
        try:
            frame = json.loads(text)
        except ValueError:
            return
        pending = self._pending.get(frame.get("envelope_id", "")) if isinstance(frame, dict) else None
        if pending is not None and pending.socket is socket and not pending.answer.done():
            pending.answer.set_result(frame.get("payload"))

    def is_connected(self) -> bool:
        """Return whether at least one socket is open, and not about to close."""
        with self._lock:
            return bool(self._staying())

    def send(self, outgoing: Outgoing, deadline_s: float) -> tuple[int, Any]:
        """Send an envelope to one socket and wait for its ack; one that closed before it was sent loses nothing."""
        while True:
            with suppress(ConnectionError):
                return 200, self._acked(self._next_socket(), outgoing, deadline_s)

    def _acked(self, socket: Socket, outgoing: Outgoing, deadline_s: float) -> Any:
        """The payload of the ack of an envelope that goes to this socket.

        Raises:
            ConnectionError: It was closed before; nothing was sent.
            Undelivered: There is no ack.
        """
        envelope_id = secrets.token_hex(16)
        pending = _Pending(socket, Future())
        self._pending[envelope_id] = pending
        try:
            socket.send(json.dumps(_envelope(envelope_id, outgoing))).result(deadline_s)
            return pending.answer.result(deadline_s)
        except NoAck:
            raise Undelivered(TIMED_OUT) from None
        finally:
            del self._pending[envelope_id]

    def disconnect(self, *, is_hard: bool) -> None:
        """Ask every socket to come back on a new connection, or just cut it."""
        with self._lock:
            sockets = list(self._sockets)
            self._leaving |= {id(socket) for socket in sockets}
        for socket in sockets:
            if not is_hard:
                socket.send(_disconnect("refresh_requested"))
            socket.close()

    def _next_socket(self) -> Socket:
        with self._lock:
            open_sockets = self._staying()
            if not open_sockets:
                raise Undelivered(FAILED)
            self._turn += 1
            return open_sockets[self._turn % len(open_sockets)]

    def _staying(self) -> list[Socket]:
        """Those that take envelopes; the lock is held."""
        return [socket for socket in self._sockets if id(socket) not in self._leaving]


def _hello(count: int) -> dict[str, Any]:
    return {
        "type": "hello",
        "num_connections": count,
        "debug_info": {"host": "applink-sandbox", "build_number": 1, "approximate_connection_time": 18060},
        "connection_info": {"app_id": APP_ID},
    }


def _disconnect(reason: str) -> str:
    return json.dumps({"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-sandbox"}})


def _envelope(envelope_id: str, outgoing: Outgoing) -> dict[str, Any]:
    is_event = outgoing.envelope == "events_api"
    envelope = {
        "envelope_id": envelope_id,
        "payload": outgoing.payload,
        "type": outgoing.envelope,
        "accepts_response_payload": not is_event,
    }
    return envelope | ({"retry_attempt": outgoing.attempt, "retry_reason": outgoing.reason} if is_event else {})
