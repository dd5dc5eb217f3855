"""The Slack application: every entry point of the table, served by HTTP or through Socket Mode."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import structlog
from slack_bolt import App
from slack_bolt.adapter.socket_mode.internals import run_bolt_app, send_response
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientNotConnectedError
from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    RateLimitErrorRetryHandler,
    ServerErrorRetryHandler,
)
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.domain.configuration import Configuration
from bot.ports import Clock, Context, Store
from handlers import COMMAND, NO_COMMAND, TABLE
from handlers.admission import SignedRequests
from handlers.boundary import Boundary
from handlers.calls import CallKind
from handlers.http import EVENTS, FEW_THREADS, THREADS, Front, HttpFront, Others, Route
from handlers.identity import SlackDirectory
from handlers.notify import SlackNotifier
from handlers.secret_values import Secret, reveal
from handlers.socket_client import LeavingClient
from handlers.sockets import PING_S, SocketFront, quiet_log
from handlers.web_client import FreshClient

log = structlog.get_logger(__name__)


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

    bot_token: Secret = field(repr=False)
    signing_secret: Secret = field(default="", repr=False)
    app_token: Secret = field(default="", repr=False)
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
    return FreshClient(
        settings.bot_token,
        base_url=settings.api_url,
        timeout=max(1, int((timeout or settings.timeout).total_seconds())),
        retry_handlers=[handler(max_retry_count=retries) for handler in handlers] if retries else [],
    )


def directory(settings: SlackSettings, config: Configuration, clock: Clock) -> SlackDirectory:
    """Who people are, through Slack's user groups."""
    return SlackDirectory(web_client(settings, timeout=DIRECTORY_TIMEOUT), config, clock)


def notifier(settings: SlackSettings, store: Store, config: Configuration) -> SlackNotifier:
    """Says what the outbox owes; when to try again is the outbox's business."""
    return SlackNotifier(web_client(settings), store, config)


def build_app(ctx: Context, settings: SlackSettings) -> "SlackApp":
    """The application with every entry point of the table.

    It calls Slack neither here nor before an ack, so that it starts and records while Slack's Web API is away.
    """
    boundary = Boundary(ctx, web_client(settings, retries=2))

    def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None, team_id=ctx.config.team, bot_token=reveal(settings.bot_token), bot_id="", bot_user_id=""
        )

    app = App(
        name=__name__,  # Bolt would otherwise read the source of every caller's module to find one
        client=WebClient(base_url=settings.api_url),
        request_verification_enabled=False,  # ``SignedRequests`` has done it, with the secret of now
        authorize=authorize,
        token_verification_enabled=False,
        process_before_response=True,
        listener_executor=boundary.pool,
    )
    register(app, boundary)
    return SlackApp(app, boundary, settings)


def register(app: App, boundary: Boundary) -> None:
    """Tell Bolt about every line of the table."""
    named = {entry.name: entry for entry in TABLE if entry.kind is CallKind.COMMAND}
    app.command(COMMAND)(boundary.bolt_command(named, NO_COMMAND))
    doors: Mapping[CallKind, Callable[[str], Callable[..., Any]]] = {
        CallKind.ACTION: app.action,
        CallKind.VIEW: app.view,
        CallKind.OPTIONS: app.options,
        CallKind.HOME: app.event,
        CallKind.SHORTCUT: app.shortcut,
        CallKind.EVENT: app.event,
    }
    for entry in (one for one in TABLE if one.kind in doors):
        doors[entry.kind](entry.name)(boundary.bolt_listener(entry))


class SlackApp:
    """Everything that answers Slack, and the ways to serve it.

    Args:
        bolt: The Bolt application.
        boundary: Runs everything after the ack.
        settings: How to reach Slack.
    """

    def __init__(self, bolt: App, boundary: Boundary, settings: SlackSettings) -> None:
        self.bolt = bolt
        self._boundary = boundary
        self._settings = settings

    def serve_http(
        self, listen: str, routes: Mapping[str, Route] = MappingProxyType({}), others: Others = MappingProxyType({})
    ) -> HttpFront:
        """Serve ``/slack/events``, our own routes and other applications on ``host:port`` until stopped."""
        return HttpFront(Front(routes, self.door(), others), listen, self.drain)

    def door(self) -> SignedRequests:
        """The WSGI application of ``/slack/events``: the only way in over HTTP, and it lets in what Slack signed."""
        return SignedRequests(SlackRequestHandler(self.bolt, path=EVENTS), self._settings.signing_secret)

    def serve_socket(self) -> SocketFront:
        """Serve through Socket Mode until stopped; Slack may be away now, or later."""
        settings = self._settings
        client = FreshClient(
            settings.app_token, base_url=settings.api_url, timeout=int(settings.timeout.total_seconds())
        )
        socket = LeavingClient(
            settings.app_token,
            logger=quiet_log(),
            web_client=client,
            auto_reconnect_enabled=False,  # the front does it, for ever
            ping_interval=PING_S,
            concurrency=1,  # the front has threads of its own
        )
        socket.socket_mode_request_listeners.append(self._answer_envelope)
        return SocketFront(socket, self.drain)

    def _answer_envelope(self, client: BaseSocketModeClient, envelope: SocketModeRequest) -> None:
        answer = run_bolt_app(self.bolt, envelope)
        try:
            send_response(client, envelope, answer, 0.0)
        except SlackClientNotConnectedError:
            log.warning("ack_too_late", kind=envelope.type)
            self._boundary.say_instead(envelope.payload, json.loads(answer.body or "{}"))

    def is_idle(self) -> bool:
        """Whether everything that follows the acks so far has been done."""
        return self._boundary.is_idle()

    def drain(self) -> None:
        """Finish what follows acks that were given."""
        self._boundary.drain()


def serve_routes(listen: str, routes: Mapping[str, Route], others: Others = MappingProxyType({})) -> HttpFront:
    """Serve our own routes, and perhaps the API, alone: beside Slack's, and where only the reconciler runs."""
    return HttpFront(Front(routes, others=others), listen, lambda: None, THREADS if others else FEW_THREADS)
