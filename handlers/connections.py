"""Limits on what a client may hold and how it may ask: how many connections, for how long, with how slow a request.

Waitress closes connections on which nothing moves, and stops taking new ones at a limit. So a client that opens a
hundred and says nothing, or a byte now and then, keeps everybody else out. Here the newest connection always gets in,
in the place of the one that has been idle for longest, and a request must be complete in time.
"""

import select
from collections.abc import Iterable
from contextvars import ContextVar
from time import monotonic
from types import MappingProxyType
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError

CONNECTIONS = 100
"""Connections that are kept; the next one takes the place of the one that has been idle for longest."""

IDLE_S = 75
"""Seconds that a connection may wait for its next request: longer than proxies keep theirs (nginx: 60)."""

REQUEST_WITHIN_S = 10.0
"""Seconds from the first byte of a request, or from the connection if there is none, until it is there as a whole.

Slack gives up after three (https://docs.slack.dev/interactivity/implementing-slash-commands, read 2026-11).
"""

FIRST_WITHIN_S = 0.5
"""Seconds that the end of the server waits for the first request of a connection that has just been made."""

LONGEST_HEADERS = 16 * 1024
"""Bytes of the headers and the first line, all together; Slack's have one of them."""

LONGEST_REQUEST = 1024 * 1024
"""Bytes of a request's body that are taken in at all; Slack's longest, a view inside a form, have a third of it."""

LIMITS = MappingProxyType(
    {
        "ident": None,
        "connection_limit": 2 * CONNECTIONS,  # reached only while every connection waits for an answer
        "channel_timeout": IDLE_S,
        "cleanup_interval": 5,
        "asyncore_use_poll": True,  # select() ends at file descriptor 1023
        "max_request_header_size": LONGEST_HEADERS,
        "max_request_body_size": LONGEST_REQUEST,
        "inbuf_overflow": 2 * LONGEST_REQUEST,  # nothing is written to disk
        "log_socket_errors": False,  # who hangs up writes nothing into the log
    }
)
"""What waitress is told."""


_came: ContextVar[float | None] = ContextVar("came_at", default=None)


def came_at() -> float | None:
    """When the request that this thread answers had come as a whole, by the monotonic clock; None outside of one."""
    return _came.get()


VERSIONS = frozenset({"1.0", "1.1"})
"""Versions of HTTP that are spoken here."""


class StrictParser(HTTPRequestParser):
    """Refuses requests that another server on the way may read differently: where one ends and the next one begins.

    Source: RFC 9112, sections 2.3 and 6.1, read 2026-11: a version that is not HTTP/1.x, ``Transfer-Encoding`` beside
    ``Content-Length``, and ``Transfer-Encoding`` in HTTP/1.0.
    """

    def parse_header(self, header_plus: bytes) -> None:
        """Read the first line and the headers.

        Raises:
            ParsingError: They are malformed; the connection ends with the answer.
        """
        try:
            super().parse_header(header_plus)
            self._require_one_length()
        except ValueError as error:  # addresses and lengths that Python cannot read
            self.expect_continue = False
            raise ParsingError("The first line or a header is invalid.") from error
        except ParsingError:
            self.expect_continue = False  # there is nothing to go on with
            raise

    def _require_one_length(self) -> None:
        if self.version not in VERSIONS:
            raise ParsingError("Only HTTP/1.0 and HTTP/1.1 are spoken here.")
        is_twofold = self.chunked and "CONTENT_LENGTH" in self.headers
        if is_twofold or "TRANSFER_ENCODING" in self.headers:  # waitress takes it out where it heeds it
            raise ParsingError("The length of the body is ambiguous.")


class Connection(HTTPChannel):
    """A connection that cannot keep others out.

    Args:
        server: Waitress.
        rest: The socket, and what else waitress gives its connections.
        sockets: Every socket that the server waits for.
    """

    parser_class = StrictParser

    def __init__(self, server: Any, *rest: Any, **sockets: Any) -> None:
        super().__init__(server, *rest, **sockets)
        self._waits_since: float | None = monotonic()
        self._came_at = monotonic()
        _make_room(server.active_channels.values())

    def received(self, data: bytes) -> bool:
        """Take in bytes, and note since when a request is incomplete."""
        waiting = self._waits_since
        self._came_at = monotonic()
        taken = bool(super().received(data))
        self._waits_since = (waiting or monotonic()) if self.request is not None else None
        return taken

    def service(self) -> None:
        """Answer a request, whoever answers may ask when it came; the last on this connection if the server leaves."""
        if getattr(self.server, "is_leaving", False):
            self.requests[0].headers["CONNECTION"] = "close"
        token = _came.set(self._came_at)
        try:
            super().service()
        finally:
            _came.reset(token)

    def leave(self) -> None:
        """Close, unless something is under way or about to come."""
        waits_s = 0.0 if self._waits_since is None else monotonic() - self._waits_since
        is_new = self._waits_since is not None and self.request is None and waits_s < FIRST_WITHIN_S
        is_busy = self.requests or self.request is not None or self.total_outbufs_len
        if not (is_new or is_busy or has_unread(self.socket)):
            self.will_close = True

    def readable(self) -> bool:
        """Whether more is read; looked at every second, which is also when the time runs out."""
        if self._waits_since is not None and monotonic() - self._waits_since > REQUEST_WITHIN_S:
            self.will_close = True
        return bool(super().readable())


def has_unread(sock: Any) -> bool:
    """Whether bytes or connections wait at a socket, whatever its file descriptor: select() ends at 1023."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _make_room(connections: Iterable[Any]) -> None:
    kept = [each for each in connections if not each.will_close]
    idle = [each for each in kept if not each.requests]
    if len(kept) > CONNECTIONS and idle:
        min(idle, key=lambda each: float(each.last_activity)).will_close = True
