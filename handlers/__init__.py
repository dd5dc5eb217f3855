"""All of Slack, in and out: the one table of entry points, the application, and the two ways to serve it."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

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

from bot.ports import Context
from handlers import actions, commands, home, views
from handlers.boundary import Boundary, Entry
from handlers.calls import Kind

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

COMMAND = "/egress"

TABLE = (
    Entry(Kind.COMMAND, "help", commands.help_),
    Entry(Kind.COMMAND, "whoami", commands.whoami),
    Entry(Kind.COMMAND, "list", commands.list_),
    Entry(Kind.COMMAND, "show", commands.show, is_late=True),
    Entry(Kind.COMMAND, "whois", commands.whois),
    Entry(Kind.COMMAND, "request", commands.request),
    Entry(Kind.COMMAND, "requests", commands.requests),
    Entry(Kind.COMMAND, "approve", commands.approve, act="approve"),
    Entry(Kind.COMMAND, "deny", commands.deny, act="deny"),
    Entry(Kind.COMMAND, "revoke", commands.revoke, act="revoke"),
    Entry(Kind.COMMAND, "renew", commands.renew, act="renew"),
    Entry(Kind.COMMAND, "scale", commands.scale, is_late=True, act="scale"),
    Entry(Kind.COMMAND, "audit", commands.audit, is_late=True, act="audit"),
    Entry(Kind.ACTION, "approve", actions.approve, act="approve"),
    Entry(Kind.ACTION, "narrow", actions.narrow, act="narrow"),
    Entry(Kind.ACTION, "deny", actions.deny, act="deny"),
    Entry(Kind.ACTION, "revoke", actions.revoke, act="revoke"),
    Entry(Kind.ACTION, "renew", actions.renew, act="renew"),
    Entry(Kind.ACTION, "propose", actions.propose),
    Entry(Kind.ACTION, "open_request", actions.open_request),
    Entry(Kind.ACTION, "list_next", actions.turn_list),
    Entry(Kind.ACTION, "list_back", actions.turn_list),
    Entry(Kind.ACTION, "audit_older", actions.older_events, is_late=True, act="audit"),
    Entry(Kind.ACTION, "refresh_home", home.opened),
    Entry(Kind.ACTION, "cluster", views.preview),
    Entry(Kind.ACTION, "preview", views.preview),
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


def build_app(ctx: Context, settings: SlackSettings) -> App:
    """The Bolt application with every entry point of the table.

    It calls Slack neither here nor before an ack, so that it starts and records while Slack's Web API is away.
    """
    boundary = Boundary(ctx, web_client(settings, retries=2))

    def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None, team_id=ctx.rulebook.team, bot_token=settings.bot_token, bot_id="", bot_user_id=""
        )

    app = App(
        client=WebClient(base_url=settings.api_url),
        signing_secret=settings.signing_secret or "socket-mode-has-none",
        authorize=authorize,
        token_verification_enabled=False,
        process_before_response=True,
        listener_executor=boundary.pool,
    )
    register(app, boundary)
    return app


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


class Served(Protocol):
    """A running front door."""

    def stop(self) -> None:
        """Take nothing new, finish what is under way, close."""
        ...


class _Front:
    """Slack's requests to Bolt, everything else to our own routes."""

    def __init__(self, app: App, routes: Mapping[str, Route]) -> None:
        self._slack = SlackRequestHandler(app, path="/slack/events")
        self._routes = routes

    def __call__(self, environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        route = self._routes.get(environ["PATH_INFO"])
        if route is None or environ["REQUEST_METHOD"] != "GET":
            return self._slack(environ, start_response)
        status, content_type, text = route()
        body = text.encode()
        headers = [("Content-Type", content_type), ("Content-Length", str(len(body)))]
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [body]


DRAIN = timedelta(seconds=10)
"""How long requests under way may take when the process ends."""


class HttpFront:
    """Waitress on its own thread, with signed requests from Slack and our own routes.

    Args:
        app: The application.
        listen: ``host:port``; port 0 takes a free one.
        routes: Answers by path, for example ``/healthz``.
    """

    def __init__(self, app: App, listen: str, routes: Mapping[str, Route]) -> None:
        self._app = app
        self._server = create_server(_Front(app, routes), listen=listen, threads=16, ident=None)
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
        self._thread.join(DRAIN.total_seconds())
        _drain(self._app)


class SocketFront:
    """Socket Mode: nothing is exposed, Slack's requests come through a socket that we opened.

    Args:
        app: The application.
        settings: With the app token.
    """

    def __init__(self, app: App, settings: SlackSettings) -> None:
        self._app = app
        self._handler = SocketModeHandler(
            app,
            settings.app_token,
            web_client=WebClient(token=settings.app_token, base_url=settings.api_url),
            concurrency=16,
        )
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

    def stop(self) -> None:
        """Take nothing new, finish what is under way, close."""
        client = self._handler.client
        client.auto_reconnect_enabled = False
        until = time.monotonic() + DRAIN.total_seconds()
        while not client.message_queue.empty() and time.monotonic() < until:
            time.sleep(0.05)
        client.close()
        _drain(self._app)


STALE = timedelta(seconds=40)
"""Four intervals of the ping: then the socket counts as dead (facts of the SDK: it pings every ten seconds)."""


def serve_http(app: App, listen: str, routes: Mapping[str, Route] = MappingProxyType({})) -> HttpFront:
    """Serve ``/slack/events`` and our own routes until stopped."""
    return HttpFront(app, listen, routes)


def serve_socket(app: App, settings: SlackSettings) -> SocketFront:
    """Serve through Socket Mode until stopped."""
    return SocketFront(app, settings)


def _drain(app: App) -> None:
    """Finish what follows acks that were given."""
    executor: Executor = app.listener_runner.listener_executor
    executor.shutdown(wait=True)
