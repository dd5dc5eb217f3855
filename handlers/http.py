"""Serves HTTP: Slack's requests to Bolt, everything else to our own routes."""

import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from waitress.server import BaseWSGIServer, create_server

from bot.errors import BadConfiguration

log = structlog.get_logger(__name__)

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

Route = Callable[[], tuple[int, str, str]]
"""Answers a GET with status, content type and text."""

Application = Callable[..., Iterable[bytes]]
"""A WSGI application."""

API = "/api/"
"""How the paths of the API begin."""

DRAIN = timedelta(seconds=2.5)
"""How long requests under way may take when the process ends: as long as an act may."""

FLUSH = timedelta(seconds=0.5)
"""How long written answers may take to leave; a caller that keeps its connection open does not hold up the end."""

THREADS = 16
"""Requests that are answered at the same time."""

LONGEST_REQUEST = 4 * 1024 * 1024
"""Bytes of a request's body that are taken in at all; Slack's longest have a tenth of it."""


class Front:
    """Slack's requests to Bolt, everything else to our own routes.

    Args:
        routes: Our own, by path.
        slack: A WSGI application that answers Slack; None where Slack comes in another way.
        api: A WSGI application that answers what begins with ``/api/``; None where there is no API.
    """

    def __init__(
        self, routes: Mapping[str, Route], slack: Application | None = None, api: Application | None = None
    ) -> None:
        self._routes = routes
        self._slack = slack
        self._api = api

    def __call__(self, asked: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        if self._api is not None and asked["PATH_INFO"].startswith(API):
            return self._api(asked, start_response)
        if self._slack is not None and asked["REQUEST_METHOD"] == "POST":
            try:
                return self._slack(asked, start_response)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                log.warning("request_unreadable", exc_info=True)
                return _answered(start_response, *_unreadable())
        return _answered(start_response, *self._routes.get(asked["PATH_INFO"], _not_found)())


def _answered(start_response: "StartResponse", status: int, content_type: str, text: str) -> Iterable[bytes]:
    body = text.encode()
    headers = [("Content-Type", content_type), ("Content-Length", str(len(body)))]
    start_response(f"{status} {HTTPStatus(status).phrase}", headers)
    return [body]


def _unreadable() -> tuple[int, str, str]:
    return 400, "text/plain; charset=utf-8", "This request did not come from Slack.\n"


def _not_found() -> tuple[int, str, str]:
    return 404, "text/plain; charset=utf-8", "Not found.\n"


def require_free(listen: str) -> None:
    """Find out whether an address can be listened on, before anything else is started.

    Args:
        listen: ``host:port``.

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
        raise _taken(listen, error) from error


def _taken(listen: str, error: Exception) -> BadConfiguration:
    why = getattr(error, "strerror", None) or str(error)
    return BadConfiguration(f"EGRESS_LISTEN: cannot listen on {listen}: {why}.")


_SERVER: Mapping[str, Any] = {"threads": THREADS, "ident": None, "max_request_body_size": LONGEST_REQUEST}


class HttpFront:
    """Waitress on its own thread.

    Args:
        front: What answers.
        listen: ``host:port``; port 0 takes a free one.
        drain: Finishes what follows acks.

    Raises:
        BadConfiguration: The address cannot be listened on; the sentence says why.
    """

    def __init__(self, front: Front, listen: str, drain: Callable[[], None]) -> None:
        self._drain = drain
        self._sockets: dict[int, Any] = {}
        try:
            self._server = create_server(front, map=self._sockets, listen=listen, **_SERVER)
        except (OSError, ValueError, OverflowError) as error:
            raise _taken(listen, error) from error
        self._thread = threading.Thread(target=self._server.run, name="http", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.effective_port)

    def stop(self) -> None:
        """Take nothing new, finish what is under way, close."""
        self._server.task_dispatcher.shutdown(cancel_pending=False, timeout=DRAIN.total_seconds())
        # In the thread that waits for these sockets: closed from here they would end it, with answers not yet sent.
        for server in [each for each in self._sockets.values() if isinstance(each, BaseWSGIServer)]:
            with server.trigger.lock:  # it may be awake: without the lock it could close before it is woken
                server.trigger.thunks.append(server.close)
                server.trigger.pull_trigger()
        self._thread.join(FLUSH.total_seconds())
        self._drain()
