"""Socket Mode: nothing is exposed, Slack's requests come through a socket that we open, and open again for ever."""

import logging
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from time import monotonic, time
from typing import Any, Protocol

import structlog

from bot.errors import EgressError, SlackUnreachable, Unavailable
from bot.measures import SOCKET_OPENED
from bot.ports.deadline import within
from handlers.notify import slack_errors
from handlers.places import ACT, ANSWERED
from handlers.socket_client import GOODBYE_S

log = structlog.get_logger(__name__)

LOOK_S = 0.5
"""The interval at which the socket is checked."""

PING_S = 3.0
"""How often the client pings; a socket whose other side was killed is told by nothing else."""

STALE_S = 4 * PING_S
"""Without an answer for so long, the socket counts as dead."""

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
"""Seconds until Slack is asked again for a socket: doubling, the most that they become, half of it up to chance.

``apps.connections.open`` is in the tier of once a minute and more; bursts are tolerated
(https://docs.slack.dev/reference/methods/apps.connections.open, read 2026-11).
"""

DRAIN = timedelta(seconds=2)
"""How long the end may wait for a moment without an envelope: acts take less."""

ENDS_WITHIN_S = DRAIN.total_seconds() + GOODBYE_S + ACT.total_seconds()
"""The longest that the end takes where envelopes come all the time: to that moment, Slack's goodbye, the last ack."""


class Client(Protocol):
    """The parts of the SDK's client in use: it opens and reads sockets; this module decides when."""

    message_workers: Any
    current_session: Any

    def is_connected(self) -> bool:
        """Whether there is a socket, perhaps a dead one."""
        ...

    def connect_to_new_endpoint(self, *, force: bool) -> None:
        """Open a socket in the place of the one that there is."""
        ...

    def leave(self, within_s: float) -> None:
        """Close it, once what it was given is acked; what comes too late for that is worked on all the same."""
        ...


def quiet_log() -> logging.Logger:
    """A logger for the SDK's client that keeps its internal failures; the socket's state is reported here, once."""
    quiet = logging.getLogger(f"{__name__}.client")
    if not quiet.filters:
        quiet.addFilter(lambda record: bool(record.exc_info))
    return quiet


class EnvelopeWorkers(ThreadPoolExecutor):
    """Threads that answer envelopes; the time of each act counts from when its envelope was read from the socket."""

    def submit(self, answer: Callable[..., Any], /, *args: Any, **named: Any) -> "Future[Any]":
        """Answer one envelope as soon as a thread is free."""
        came_at = monotonic()

        def in_time() -> Any:
            with within(ACT, since=came_at):
                return answer(*args, **named)

        return super().submit(in_time)


class SocketFront:
    """Keeps one socket open.

    Slack may be away at the start, later, or for days: the process goes on, because what it owes to Azure does not
    depend on Slack.

    Args:
        client: The SDK's client, told not to reconnect by itself.
        drain: Finishes what follows acks.
    """

    def __init__(self, client: Client, drain: Callable[[], None]) -> None:
        self._client = client
        self._client.message_workers = EnvelopeWorkers(ANSWERED, thread_name_prefix="socket")
        self._drain = drain
        self._stopping = threading.Event()
        self._problem: str | None = "The socket to Slack is not open yet."
        self._is_said = False
        self._misses = 0
        self._pong: tuple[object, object] = (None, None)
        self._pong_at = monotonic()
        self._thread = threading.Thread(target=self._keep_open, name="slack-socket", daemon=True)
        self._thread.start()

    def problem(self) -> str | None:
        """Why nobody is heard now, as a sentence; None if all is well."""
        return self._problem

    def stop(self) -> None:
        """Take nothing new, finish what is under way, close."""
        self._stopping.set()
        self._client.leave(DRAIN.total_seconds())
        self._drain()

    def _keep_open(self) -> None:
        while not self._stopping.wait(self._round()):
            pass

    def _round(self) -> float:
        """Look, and open a socket if there is none that lives; seconds until the next look."""
        is_silent = self._silence_s() > STALE_S
        if self._client.is_connected() and not is_silent:
            return self._note(None)
        try:
            with slack_errors():
                self._client.connect_to_new_endpoint(force=is_silent)
            if not self._client.is_connected():
                raise SlackUnreachable("Slack did not open a socket.")
        except EgressError as error:
            return self._note(error)
        return self._note(None)

    def _silence_s(self) -> float:
        """Seconds since Slack last answered a ping on this socket, by a monotonic clock."""
        session = self._client.current_session
        pong = (session, session.last_ping_pong_time if session else None)
        if pong != self._pong:
            self._pong, self._pong_at = pong, monotonic()
        return monotonic() - self._pong_at

    def _note(self, error: EgressError | None) -> float:
        """Say once that Slack is away, and once that it is back; seconds until the next look."""
        if (error is None) != (self._problem is None):
            SOCKET_OPENED.set(time() if error is None else 0)
        self._problem = None if error is None else f"The socket to Slack is not open: {error.sentence}"
        if (error is not None) != self._is_said:
            self._is_said = error is not None
            log.warning("socket_closed" if error else "socket_open", error=self._problem)
        self._misses = 0 if error is None else self._misses + 1
        return LOOK_S if error is None else self._pause_s(error)

    def _pause_s(self, error: EgressError) -> float:
        asked = error.retry_after if isinstance(error, Unavailable) else None
        longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(self._misses - 1, 10))
        pause = longest * (0.5 + secrets.randbelow(501) / 1000)
        return max(pause, asked.total_seconds() if asked else 0.0)
