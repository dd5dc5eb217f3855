"""Serves HTTP: Slack's requests to Bolt, everything else to our own routes."""

import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from time import monotonic, sleep
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from waitress.server import BaseWSGIServer, create_server
from waitress.wasyncore import dispatcher

from bot.errors import BadConfiguration
from bot.ports.deadline import within
from handlers.answering import answered
from handlers.connections import LIMITS, Connection, came_at, has_unread
from handlers.places import ACT, ANSWERED

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

Route = Callable[[], tuple[int, str, str]]
"""Answers a GET with status, content type and text."""

Application = Callable[..., Iterable[bytes]]
"""A WSGI application."""

Others = Mapping[str, Application]
"""WSGI applications by how the paths begin that they answer."""

API = "/api/"
"""How the paths of the API begin."""

DRAIN = timedelta(seconds=2.5)
"""How long requests under way may take when the process ends: as long as an act may."""

FLUSH = timedelta(seconds=0.5)
"""How long written answers may take to leave; a caller that keeps its connection open does not hold up the end."""

LOOK_S = 0.01
"""Seconds between two looks whether every connection is closed."""

THREADS = ANSWERED
"""Requests that are answered at the same time; an idle thread costs some 30 kB."""

FEW_THREADS = 2
"""Enough for probes and scrapes."""

EVENTS = "/slack/events"
"""Where Slack's requests come in."""


class Front:
    """Slack's requests to Bolt, everything else to our own routes.

    Args:
        routes: Our own, by path.
        slack: A WSGI application that answers Slack; None where Slack comes in another way.
        others: WSGI applications by how the paths begin that they answer, such as the API.
    """

    def __init__(
        self, routes: Mapping[str, Route], slack: Application | None = None, others: Others = MappingProxyType({})
    ) -> None:
        self._routes = routes
        self._slack = slack
        self._others = others

    def __call__(self, asked: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        path, method = asked["PATH_INFO"], asked["REQUEST_METHOD"]
        for beginning, application in self._others.items():
            if path.startswith(beginning):
                return application(asked, start_response)
        if self._slack is not None and path == EVENTS:
            if method != "POST":
                return _refused(start_response, "POST")
            with within(ACT, since=came_at()):
                return self._slack(asked, start_response)
        if path not in self._routes:
            return answered(start_response, 404, _TEXT, "Not found.\n")
        if method not in ("GET", "HEAD"):
            return _refused(start_response, "GET, HEAD")
        said = answered(start_response, *self._routes[path]())
        return said if method == "GET" else [b""]


_TEXT = "text/plain; charset=utf-8"


def _refused(start_response: "StartResponse", allow: str) -> Iterable[bytes]:
    return answered(start_response, 405, _TEXT, f"Only {allow} is possible here.\n", ("Allow", allow))


def require_free(listen: str, setting: str = "EGRESS_LISTEN") -> None:
    """Find out whether an address can be listened on, before anything else is started.

    Args:
        listen: ``host:port``.
        setting: Where it comes from.

    Raises:
        BadConfiguration: It cannot; the sentence says why.
    """
    host, _, port = listen.rpartition(":")
    try:
        (family, kind, *_), *_ = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host.strip("[]"), int(port)))
    except OSError as error:
        raise _taken(setting, listen, error) from error


def _taken(setting: str, listen: str, error: Exception) -> BadConfiguration:
    why = getattr(error, "strerror", None) or str(error)
    return BadConfiguration(f"{setting}: cannot listen on {listen}: {why}.")


class HttpFront:
    """Waitress on its own thread.

    Args:
        front: What answers.
        listen: ``host:port``; port 0 takes a free one.
        drain: Finishes what follows acks.
        threads: How many requests are answered at the same time.

    Raises:
        BadConfiguration: The address cannot be listened on; the sentence says why.
    """

    def __init__(self, front: Front, listen: str, drain: Callable[[], None], threads: int = THREADS) -> None:
        self._drain = drain
        sockets: dict[int, Any] = {}
        try:
            self._server = create_server(front, map=sockets, listen=listen, threads=threads, **LIMITS)
        except (OSError, ValueError, OverflowError) as error:
            raise _taken("EGRESS_LISTEN", listen, error) from error
        self._listening = [each for each in sockets.values() if isinstance(each, BaseWSGIServer)]
        for server in self._listening:
            server.channel_class = Connection
        self._thread = threading.Thread(target=self._server.run, name="http", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.effective_port)

    def announce_end(self) -> None:
        """Go on as before, and close every connection after its next answer: proxies look for another replica."""
        for server in self._listening:
            server.is_leaving = True

    def stop(self) -> None:
        """Take nothing new, finish what is under way, close."""
        self.announce_end()
        ends = monotonic() + DRAIN.total_seconds()
        self._in_its_thread(_stop_listening, DRAIN)  # who connects after this would not be answered
        while any(server.active_channels for server in self._listening) and monotonic() < ends:
            self._in_its_thread(_close_idle)
            sleep(LOOK_S)
        self._server.task_dispatcher.shutdown(cancel_pending=False, timeout=max(0.0, ends - monotonic()))
        self._in_its_thread(lambda server: server.trigger.close())
        self._thread.join(FLUSH.total_seconds())
        self._drain()

    def _in_its_thread(self, act: Callable[[Any], object], at_most: timedelta = FLUSH) -> None:
        """Have something done to each server by the thread that waits for its sockets, and wait for that.

        Closed from here they would end it, with answers not yet sent.
        """
        done = threading.Semaphore(0)
        for server in self._listening:
            with server.trigger.lock:  # it may be awake: without the lock it could run before it is woken
                server.trigger.thunks += [partial(act, server), done.release]
                server.trigger.pull_trigger()
        for _ in self._listening:
            done.acquire(timeout=at_most.total_seconds())


def _stop_listening(server: Any) -> None:
    """Take who has connected already, then no one else."""
    with suppress(OSError):
        while has_unread(server.socket):
            server.handle_accept()
    dispatcher.close(server)


def _close_idle(server: Any) -> None:
    for connection in list(server.active_channels.values()):
        connection.leave()
