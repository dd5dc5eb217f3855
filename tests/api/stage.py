"""The API as pipelines meet it: its WSGI application over the real product, with the simulated workspace beside it."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode

from bot import allowances, inventory
from bot.approvals import Decision
from bot.domain.api_token import TokenAct
from bot.domain.audit import AuditFilter, Event
from bot.domain.integration import Webhook
from bot.inventory import TokenDraft
from bot.ports import Context
from bot.reconciler import Reconciler
from handlers.api.front import ApiFront
from handlers.app import SlackSettings, directory, notifier
from handlers.http import Application
from handlers.webhooks import Messenger, WebhookNotifier
from tests.build import APPROVER, OPERATOR, World, config, make_world
from tests.flows.notice_stage import Office
from tests.sandbox.slack_stage import APP_TOKEN, BOT_TOKEN, SECRET, Stage, installed

KEY = b"a-signing-secret-of-tests"
ASKED = {"cluster": "aks-udr", "destinations": ["api.example.com"], "reason": "deploy", "duration": "8h"}
"""A request that a pipeline files."""


@dataclass(frozen=True)
class Reply:
    """What the API answered."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.text)


@dataclass
class ApiStage:
    """The product with its API, and everybody's screens."""

    office: Office
    front: ApiFront
    hooks: WebhookNotifier
    secret: str = ""

    @property
    def world(self) -> World:
        """The product."""
        return self.office.world

    @property
    def ctx(self) -> Context:
        """What use cases get."""
        return self.world.ctx

    def token(self, name: str, **wanted: Any) -> str:
        """The secret of a new token; of a developer, for everything, unless it is said otherwise."""
        usual: dict[str, Any] = {
            "owner": "UDEV0001",
            "clusters": ("*",),
            "acts": set(TokenAct),
            "life": timedelta(days=9),
        }
        return inventory.create_token(self.ctx, OPERATOR, TokenDraft(name, **{**usual, **wanted}))[1]

    def get(self, path: str, *, secret: str | None = None, **query: Any) -> Reply:
        """A GET."""
        return self.call("GET", path, query=urlencode(query, doseq=True), secret=secret)

    def post(self, body: Any, *, secret: str | None = None, path: str = "/api/v1/requests") -> Reply:
        """A POST of JSON."""
        return self.call("POST", path, body=json.dumps(body).encode(), secret=secret)

    def call(self, method: str, path: str, *, query: str = "", body: bytes = b"", secret: str | None = None) -> Reply:
        """Any call, as the web server hands it over."""
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path.encode().decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_AUTHORIZATION": f"Bearer {self.secret if secret is None else secret}",
            "wsgi.input": io.BytesIO(body),
        }
        return asked(self.front, environ)

    def approve(self, request_id: str) -> None:
        """Somebody says yes in Slack."""
        allowances.decide(self.ctx, APPROVER, Decision(request_id, is_approved=True))

    def events(self, **wanted: Any) -> list[Event]:
        """The audit events that fit, oldest first."""
        with self.world.store.read() as tx:
            return [one.event for one in reversed(tx.audit.find(AuditFilter(**wanted), limit=500))]

    def slack(self, user: str, **changes: Any) -> None:
        """Somebody's account or groups change in Slack, and what the bot remembers of them gets old."""
        self.office.stage.do("people", user=user, **changes)
        self.world.tick(timedelta(minutes=6))


def asked(front: Application, environ: dict[str, Any]) -> Reply:
    """One call of a WSGI application."""
    begun: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], _error: object = None, /) -> Callable[[bytes], object]:
        begun.append((status, headers))
        return begun.append

    text = b"".join(front(environ, start)).decode()
    ((status, headers),) = begun
    return Reply(int(status.split()[0]), dict(headers), text)


def path_of(*parts: str) -> str:
    """A path below the API, as a client writes it."""
    return "/api/v1/" + "/".join(quote(part, safe="") for part in parts)


@contextmanager
def opened_api(database_url: str, *, calls: int = 6_000, hooks: tuple[Webhook, ...] = ()) -> Iterator[ApiStage]:
    """The product at rest, with a token ``ci`` of UDEV0001.

    Args:
        database_url: A migrated, empty database.
        calls: How many calls a token has each minute.
        hooks: The webhooks.
    """
    shipped = config()
    named = MappingProxyType({one.name: one for one in hooks})
    book = replace(shipped, api=replace(shipped.api, enabled=True, calls_per_minute=calls), webhooks=named)
    world = make_world(database_url, book=book)
    stage = Stage(installed(), clock=world.clock)
    settings = SlackSettings(BOT_TOKEN, SECRET, APP_TOKEN, f"{stage.url}/api/", timedelta(seconds=30))
    slack = notifier(settings, world.store, book)
    people = directory(replace(settings, timeout=timedelta(seconds=2)), book, world.clock)
    told = WebhookNotifier(world.store, book, dict.fromkeys(named, lambda: KEY))
    ctx = replace(world.ctx, directory=people)
    world = replace(world, ctx=ctx, reconciler=Reconciler(ctx, Messenger(slack, told), workers=0))
    made = ApiStage(Office(stage, world, slack), ApiFront(ctx), told)
    made.secret = made.token("ci")
    yield made
    stage.stop()
    world.store.close()
