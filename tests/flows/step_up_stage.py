"""A real identity provider on loopback, and a browser that is sent there and back."""

import io
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from bot.domain.approval import PolicyRule, VerdictKind
from bot.domain.audit import AuditFilter, Event
from bot.domain.configuration import Configuration
from bot.domain.step_up import StepUp
from bot.http_client import send
from bot.ports import NoticeEvent, NoticeKind
from handlers.oidc import OidcProvider
from handlers.step_up import StepUpFront
from tests.build import World, config, make_world

PUBLIC = "http://127.0.0.1:8799"
"""Where browsers would reach the bot."""

ADA = {"email": "Ada@sandbox.example", "email_verified": True}
AMIR = {"email": "amir@sandbox.example", "email_verified": True}
USERS = {"ada": ADA, "amir": AMIR, "unchecked": {**ADA, "email_verified": False}, "nobody": {}}
"""People at the identity provider, by ``sub``, with their claims."""


@contextmanager
def provider() -> Iterator[str]:
    """The provider, as its issuer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package uses what authlib has deprecated
        from oidc_provider_mock import User, run_server_in_thread

        people = [User(sub=sub, claims=claims) for sub, claims in USERS.items()]
        with run_server_in_thread(user_claims=people) as server:
            yield f"http://localhost:{server.server_port}"


def book_with(issuer: str, **settings: Any) -> Configuration:
    """The shipped configuration, with a rule that wants every approval confirmed."""
    shipped = config()
    rule = PolicyRule("confirmed", VerdictKind.ASK, "It matters.", step_up=True)
    told = StepUp(issuer=issuer, client_id="egress-bot", public_url=PUBLIC, **settings)
    policy = replace(shipped.policy, rules=(rule,))
    return replace(shipped, policy=policy, step_up=told)


@dataclass(frozen=True)
class Shown:
    """What a browser got."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def words(self) -> str:
        """What a person reads."""
        body = self.text.partition("<main>")[2]
        return " ".join(re.sub("<[^>]+>", " ", body).replace("&#x27;", "'").split())


@dataclass
class Browser:
    """A browser with its cookies.

    Args:
        front: The bot's pages.
    """

    front: StepUpFront
    cookies: dict[str, str] = field(default_factory=dict)

    def open(self, url: str, method: str = "GET") -> Shown:
        """Open one of the bot's pages."""
        parts, begun = urlsplit(url), list[Any]()
        assert f"{parts.scheme}://{parts.netloc}" == PUBLIC
        asked = {
            "REQUEST_METHOD": method,
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "HTTP_COOKIE": "; ".join(f"{name}={text}" for name, text in self.cookies.items()),
            "wsgi.input": io.BytesIO(),
        }

        def start(status: str, headers: list[tuple[str, str]], _error: object = None, /) -> Callable[[bytes], object]:
            begun.append((status, dict(headers)))
            return begun.append

        text = b"".join(self.front(asked, start)).decode()
        ((status, headers),) = begun
        if cookie := headers.get("Set-Cookie"):
            assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
            name, _, rest = cookie.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        return Shown(int(status.split()[0]), headers, text)

    def sign_in(self, url: str, sub: str, **fields: str) -> str:
        """Sign in at the provider; where it sends the browser back to."""
        form = urlencode({"sub": sub, **fields}).encode()
        answer = send("POST", url, {"Content-Type": "application/x-www-form-urlencoded"}, form, timeout_s=10)
        assert answer.status == HTTPStatus.FOUND, answer.body[:300]
        back = answer.headers["location"]
        if "state=" in back:
            return back
        (state,) = parse_qs(urlsplit(url).query)[
            "state"
        ]  # RFC 6749 wants it with errors, too; this provider forgets it
        return f"{back}&{urlencode({'state': state})}"

    def follow(self, link: str, sub: str, **fields: str) -> Shown:
        """Follow a link from Slack, sign in, and come back."""
        out = self.open(link)
        if out.status != HTTPStatus.SEE_OTHER:
            return out
        return self.open(self.sign_in(out.headers["Location"], sub, **fields))


@dataclass
class Confirming:
    """The product with its pages."""

    world: World
    front: StepUpFront

    def browser(self) -> Browser:
        """A new one."""
        return Browser(self.front)

    def told(self) -> list[str]:
        """What approvers were told in direct messages about approvals that were not confirmed, oldest first."""
        self.world.settle()
        return [
            one.body["what"]
            for one in self.world.said.notices
            if one.kind is NoticeKind.DIRECT and one.body["event"] == NoticeEvent.UNCONFIRMED
        ]

    def events(self, **wanted: Any) -> list[Event]:
        """The audit events that fit, oldest first."""
        with self.world.store.read() as tx:
            return [one.event for one in reversed(tx.audit.find(AuditFilter(**wanted), limit=100))]


@contextmanager
def confirming(database_url: str, issuer: str, **settings: Any) -> Iterator[Confirming]:
    """The product at rest, with an identity provider."""
    book = book_with(issuer, **settings)
    world = make_world(database_url, book=book)
    yield Confirming(world, StepUpFront(world.ctx, OidcProvider(book.step_up, lambda: "a client secret")))
    world.store.close()


def link_in(text: str) -> str:
    """The link in what Slack shows."""
    found = re.search(r"<(http://[^|>]+)\|", text)
    assert found, text
    return found[1]
