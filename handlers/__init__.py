"""All of Slack, in and out: the one table of entry points, the application, and the two ways to serve it."""

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from slack_bolt import App
from slack_bolt.adapter.socket_mode.builtin import SocketModeHandler
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    RateLimitErrorRetryHandler,
    ServerErrorRetryHandler,
)
from waitress.server import create_server

from bot.domain.settings import Rulebook
from bot.ports import Clock, Context, Store
from handlers import actions, commands, home, views
from handlers.boundary import Boundary, Entry
from handlers.calls import Kind
from handlers.identity import SlackDirectory
from handlers.notify import SlackNotifier, slack_errors

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

COMMAND = "/egress"

TABLE = (
    Entry(Kind.COMMAND, "help", commands.help_),
    Entry(Kind.COMMAND, "whoami", commands.whoami),
    Entry(Kind.COMMAND, "list", commands.list_),
    Entry(Kind.COMMAND, "show", commands.show, is_late=True),
    Entry(Kind.COMMAND, "whois", commands.whois),
    Entry(Kind.COMMAND, "check", commands.check, is_late=True),
    Entry(Kind.COMMAND, "request", commands.request),
    Entry(Kind.COMMAND, "requests", commands.requests),
    Entry(Kind.COMMAND, "approve", commands.approve, act="approve"),
    Entry(Kind.COMMAND, "deny", commands.deny, act="deny"),
    Entry(Kind.COMMAND, "revoke", commands.revoke, act="revoke"),
    Entry(Kind.COMMAND, "renew", commands.renew, act="renew"),
    Entry(Kind.COMMAND, "scale", commands.scale, is_late=True, act="scale"),
    Entry(Kind.COMMAND, "export", commands.export, is_late=True),
    Entry(Kind.COMMAND, "audit", commands.audit, is_late=True, act="audit"),
    Entry(Kind.ACTION, "approve", actions.approve, act="approve"),
    Entry(Kind.ACTION, "narrow", actions.narrow, act="narrow"),
    Entry(Kind.ACTION, "deny", actions.deny, act="deny"),
    Entry(Kind.ACTION, "revoke", actions.revoke, act="revoke"),
    Entry(Kind.ACTION, "renew", actions.renew, act="renew"),
    Entry(Kind.ACTION, "propose", actions.propose),
    Entry(Kind.ACTION, "open_request", actions.open_request),
    Entry(Kind.ACTION, "show_endpoints", actions.show_endpoints, is_late=True),
    Entry(Kind.ACTION, "list_next", actions.turn_list),
    Entry(Kind.ACTION, "list_back", actions.turn_list),
    Entry(Kind.ACTION, "audit_older", actions.older_events, is_late=True, act="audit"),
    Entry(Kind.ACTION, "refresh_home", home.opened),
    Entry(Kind.ACTION, "trace", actions.trace),
    Entry(Kind.ACTION, "cluster", views.preview, is_late=True),
    Entry(Kind.ACTION, "preview", views.preview, is_late=True),
    Entry(Kind.VIEW, "request", views.request, act="request", field="destinations"),
    Entry(Kind.VIEW, "deny", views.deny, act="deny"),
    Entry(Kind.VIEW, "narrow", views.narrow, act="narrow", field="destinations"),
    Entry(Kind.VIEW, "scale", views.scale, is_late=True, act="scale"),
    Entry(Kind.OPTIONS, "cluster", views.cluster_options),
    Entry(Kind.HOME, "app_home_opened", home.opened),
    Entry(Kind.SHORTCUT, "request_fqdn", actions.open_request),
    Entry(Kind.SHORTCUT, "request_fqdn_from_message", actions.request_from_message),
)
"""Every entry point and its listener. What is late reads Azure or much of the audit log, and answers after the ack."""

NO_COMMAND = Entry(Kind.COMMAND, "", commands.unknown)
"""What answers a subcommand that there is not."""


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """How to reach Slack, and how to know that it is Slack that reaches us.

    Args:
        bot_token: ``xoxb-…``.
        signing_secret: Proves HTTP requests; not needed for Socket Mode.
        app_token: ``xapp-…``, for Socket Mode only.
        api_url: The Web API; another one only for a simulated workspace.
        timeout: How long one call of the Web API may take.
    """

    bot_token: str = field(repr=False)
    signing_secret: str = field(default="", repr=False)
    app_token: str = field(default="", repr=False)
    api_url: str = "https://slack.com/api/"
    timeout: timedelta = timedelta(seconds=10)


DIRECTORY_TIMEOUT = timedelta(seconds=2)
"""How long a decision waits for a user group: the ack is due after three seconds."""


def web_client(settings: SlackSettings, *, timeout: timedelta | None = None, retries: int = 0) -> WebClient:
    """A client with the bot's token.

    Args:
        settings: Where and as whom.
        timeout: Instead of that of the settings.
        retries: How often a call is tried again after a lost connection, a 429 (it waits as long as Slack says) or a
            5xx; 0 where somebody else decides when to try again, or where an act waits for the answer.
    """
    handlers = [ConnectionErrorRetryHandler, RateLimitErrorRetryHandler, ServerErrorRetryHandler]
    return WebClient(
        token=settings.bot_token,
        base_url=settings.api_url,
        timeout=max(1, int((timeout or settings.timeout).total_seconds())),
        retry_handlers=[handler(max_retry_count=retries) for handler in handlers] if retries else [],
    )


def directory(settings: SlackSettings, rulebook: Rulebook, clock: Clock) -> SlackDirectory:
    """Who people are, through Slack's user groups."""
    return SlackDirectory(web_client(settings, timeout=DIRECTORY_TIMEOUT), rulebook, clock)


def notifier(settings: SlackSettings, store: Store, rulebook: Rulebook) -> SlackNotifier:
    """Says what the outbox owes; when to try again is the outbox's business."""
    return SlackNotifier(web_client(settings), store, rulebook)


def build_app(ctx: Context, settings: SlackSettings) -> "SlackApp":
    """The application with every entry point of the table.

    It calls Slack neither here nor before an ack, so that it starts and records while Slack's Web API is away.
    """
    boundary = Boundary(ctx, web_client(settings, retries=2))

    def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None, team_id=ctx.rulebook.team, bot_token=settings.bot_token, bot_id="", bot_user_id=""
        )

    app = App(
        client=WebClient(base_url=settings.api_url),
        signing_secret=settings.signing_secret or secrets.token_hex(),
        authorize=authorize,
        token_verification_enabled=False,
        process_before_response=True,
        listener_executor=boundary.pool,
    )
    register(app, boundary)
    return SlackApp(app, boundary, settings)


def register(app: App, boundary: Boundary) -> None:
    """Tell Bolt about every line of the table."""
    named = {entry.name: entry for entry in TABLE if entry.kind is Kind.COMMAND}
    app.command(COMMAND)(boundary.bolt_command(named, NO_COMMAND))
    doors: Mapping[Kind, Callable[[str], Callable[..., Any]]] = {
        Kind.ACTION: app.action,
        Kind.VIEW: app.view,
        Kind.OPTIONS: app.options,
        Kind.HOME: app.event,
        Kind.SHORTCUT: app.shortcut,
    }
    for entry in TABLE:
        if entry.kind in doors:
            doors[entry.kind](entry.name)(boundary.bolt_listener(entry))


Route = Callable[[], tuple[int, str, str]]
"""Answers a GET with status, content type and text."""


class _Front:
    """Slack's requests to Bolt, everything else to our own routes."""

    def __init__(self, routes: Mapping[str, Route], slack: SlackRequestHandler | None = None) -> None:
        self._routes = routes
        self._slack = slack

    def __call__(self, asked: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        if self._slack is not None and asked["REQUEST_METHOD"] == "POST":
            return self._slack(asked, start_response)
        status, content_type, text = self._routes.get(asked["PATH_INFO"], _not_found)()
        body = text.encode()
        headers = [("Content-Type", content_type), ("Content-Length", str(len(body)))]
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [body]


def _not_found() -> tuple[int, str, str]:
    return 404, "text/plain; charset=utf-8", "There is nothing here.\n"


DRAIN = timedelta(seconds=10)
"""How long requests under way may take when the process ends."""

FLUSH = timedelta(seconds=2)
"""How long written answers may take to leave; a caller that keeps its connection open does not hold up the end."""

STALE = timedelta(seconds=40)
"""Four intervals of the client's ping, which is ten seconds: then the socket counts as dead."""

THREADS = 16
"""Requests that are answered at the same time."""


class SlackApp:
    """Everything that answers Slack, and the ways to serve it.

    Args:
        bolt: The Bolt application.
        boundary: Owns what comes after the ack.
        settings: How to reach Slack.
    """

    def __init__(self, bolt: App, boundary: Boundary, settings: SlackSettings) -> None:
        self.bolt = bolt
        self._boundary = boundary
        self._settings = settings

    def serve_http(self, listen: str, routes: Mapping[str, Route] = MappingProxyType({})) -> "HttpFront":
        """Serve ``/slack/events`` and our own routes on ``host:port`` until stopped."""
        return HttpFront(_Front(routes, SlackRequestHandler(self.bolt, path="/slack/events")), listen, self.drain)

    def serve_socket(self) -> "SocketFront":
        """Serve through Socket Mode until stopped."""
        return SocketFront(self.bolt, self._settings, self.drain)

    def is_idle(self) -> bool:
        """Whether everything that follows the acks so far has been done."""
        return self._boundary.is_idle()

    def drain(self) -> None:
        """Finish what follows acks that were given."""
        self._boundary.pool.shutdown(wait=True)


def serve_routes(listen: str, routes: Mapping[str, Route]) -> "HttpFront":
    """Serve our own routes alone: beside Socket Mode, and where only the reconciler runs."""
    return HttpFront(_Front(routes), listen, lambda: None)


class HttpFront:
    """Waitress on its own thread.

    Args:
        front: What answers.
        listen: ``host:port``; port 0 takes a free one.
        drain: Finishes what follows acks.
    """

    def __init__(self, front: _Front, listen: str, drain: Callable[[], None]) -> None:
        self._drain = drain
        self._server = create_server(front, listen=listen, threads=THREADS, ident=None)
        self._thread = threading.Thread(target=self._server.run, name="http", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.effective_port)

    def stop(self) -> None:
        """Take nothing new, finish what is under way, close."""
        self._server.task_dispatcher.shutdown(cancel_pending=False, timeout=DRAIN.total_seconds())
        self._server.close()
        self._thread.join(FLUSH.total_seconds())
        self._drain()


class SocketFront:
    """Socket Mode: nothing is exposed, Slack's requests come through a socket that we opened.

    Args:
        bolt: The Bolt application.
        settings: With the app token.
        drain: Finishes what follows acks.

    Raises:
        SlackRefused: Slack does not open a socket for this app.
        SlackUnreachable: Slack does not answer.
    """

    def __init__(self, bolt: App, settings: SlackSettings, drain: Callable[[], None]) -> None:
        self._drain = drain
        client = WebClient(token=settings.app_token, base_url=settings.api_url)
        self._handler = SocketModeHandler(bolt, settings.app_token, web_client=client, concurrency=THREADS)
        with slack_errors():
            self._handler.client.connect()

    def silence(self) -> timedelta | None:
        """How long ago Slack last answered a ping; None before the first one."""
        session = self._handler.client.current_session
        last = session.last_ping_pong_time if session else None
        return None if last is None else timedelta(seconds=time.time() - last)

    def is_alive(self) -> bool:
        """Whether the socket is open and Slack answers on it: “connected” alone may be a ghost."""
        silence = self.silence()
        return bool(self._handler.client.is_connected()) and (silence is None or silence < STALE)

    def trouble(self) -> str | None:
        """Why nobody is heard now, as a sentence; None if all is well."""
        return None if self.is_alive() else "Slack does not answer on the socket."

    def stop(self) -> None:
        """Take nothing new, finish what is under way, close."""
        client = self._handler.client
        client.auto_reconnect_enabled = False
        until = time.monotonic() + DRAIN.total_seconds()
        while not client.message_queue.empty() and time.monotonic() < until:
            time.sleep(0.05)
        client.message_workers.shutdown(wait=True)  # their acks need the socket, which ``close`` would take first
        client.close()
        self._drain()
