"""All of Slack, in and out: the one table of entry points, the application, and the two ways to serve it."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any

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

from bot.domain.settings import Rulebook
from bot.ports import Clock, Context, Store
from handlers import actions, commands, home, views
from handlers.boundary import Boundary, Entry
from handlers.calls import Kind
from handlers.fronts import THREADS, Front, HttpFront, Route
from handlers.identity import SlackDirectory
from handlers.mending import Mended
from handlers.notify import SlackNotifier
from handlers.sockets import PING_S, SocketFront, quiet_log

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
    Entry(Kind.COMMAND, "export", commands.export, is_late=True, act="export"),
    Entry(Kind.COMMAND, "audit", commands.audit, is_late=True, act="audit"),
    Entry(Kind.ACTION, "approve", actions.approve, act="approve"),
    Entry(Kind.ACTION, "details", actions.details),
    Entry(Kind.ACTION, "narrow", actions.narrow, act="narrow"),
    Entry(Kind.ACTION, "deny", actions.deny, act="deny"),
    Entry(Kind.ACTION, "revoke", actions.revoke, act="revoke"),
    Entry(Kind.ACTION, "renew", actions.renew, act="renew"),
    Entry(Kind.ACTION, "renew_form", actions.renew_form),
    Entry(Kind.ACTION, "propose", actions.propose),
    Entry(Kind.ACTION, "open_request", actions.open_request),
    Entry(Kind.ACTION, "show_endpoints", actions.show_endpoints, is_late=True),
    Entry(Kind.ACTION, "list_next", actions.turn_list),
    Entry(Kind.ACTION, "list_back", actions.turn_list),
    Entry(Kind.ACTION, "requests_older", actions.older_requests),
    Entry(Kind.ACTION, "audit_older", actions.older_events, is_late=True, act="audit"),
    Entry(Kind.ACTION, "refresh_home", home.opened),
    Entry(Kind.ACTION, "trace", actions.trace),
    Entry(Kind.ACTION, "cluster", views.preview, is_late=True),
    Entry(Kind.ACTION, "preview", views.preview, is_late=True),
    Entry(Kind.VIEW, "request", views.request, act="request", field="destinations"),
    Entry(Kind.VIEW, "approve", views.approve, act="approve"),
    Entry(Kind.VIEW, "deny", views.deny, act="deny"),
    Entry(Kind.VIEW, "narrow", views.narrow, act="narrow", field="destinations"),
    Entry(Kind.VIEW, "renew", views.renew, act="renew"),
    Entry(Kind.VIEW, "scale", views.scale, is_late=True, act="scale"),
    Entry(Kind.OPTIONS, "cluster", views.cluster_options),
    Entry(Kind.HOME, "app_home_opened", home.opened),
    Entry(Kind.SHORTCUT, "request_fqdn", actions.open_request),
    Entry(Kind.SHORTCUT, "request_fqdn_from_message", actions.request_from_message),
)
"""Every entry point and its listener. What is late reads Azure or much of the audit log, and answers after the ack."""

NO_COMMAND = Entry(Kind.COMMAND, "", commands.unknown)
"""The entry that answers unknown subcommands."""


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """Settings for calling Slack and for verifying its requests.

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
    """Build the directory on Slack's user groups."""
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
    for entry in (one for one in TABLE if one.kind in doors):
        doors[entry.kind](entry.name)(boundary.bolt_listener(entry))


EVENTS = "/slack/events"
"""The path of Slack's requests."""


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

    def serve_http(self, listen: str, routes: Mapping[str, Route] = MappingProxyType({})) -> HttpFront:
        """Serve ``/slack/events`` and our own routes on ``host:port`` until stopped."""
        slack = Mended(SlackRequestHandler(self.bolt, path=EVENTS), self._settings.signing_secret)
        return HttpFront(Front(routes, slack), listen, self.drain)

    def serve_socket(self) -> SocketFront:
        """Serve through Socket Mode until stopped; Slack may be away now, or later."""
        settings = self._settings
        client = WebClient(
            token=settings.app_token, base_url=settings.api_url, timeout=int(settings.timeout.total_seconds())
        )
        handler = SocketModeHandler(
            self.bolt,
            settings.app_token,
            logger=quiet_log(),
            web_client=client,
            auto_reconnect_enabled=False,  # the front reconnects, indefinitely
            ping_interval=PING_S,
            concurrency=THREADS,
        )
        return SocketFront(handler.client, self.drain)

    def is_idle(self) -> bool:
        """Whether everything that follows the acks so far has been done."""
        return self._boundary.is_idle()

    def drain(self) -> None:
        """Finish what follows acks that were given."""
        self._boundary.pool.shutdown(wait=True)


def serve_routes(listen: str, routes: Mapping[str, Route]) -> HttpFront:
    """Serve our own routes alone: beside Socket Mode, and where only the reconciler runs."""
    return HttpFront(Front(routes), listen, lambda: None)
