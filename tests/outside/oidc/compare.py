"""The bot's sign-in at a certified OpenID Connect provider (npm ``oidc-provider``): what passes, and what must not."""

import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from http.cookiejar import CookieJar
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from bot.domain.step_up import LinkKeys, StepUp, require_strength
from bot.errors import BadConfiguration, EgressError, NotConfirmed
from handlers.oidc import OidcProvider
from tests.driver import wait_for
from tests.outside.provision import node, node_packages
from tests.outside.report import Found
from tests.processes.stage import free_port

METHODS: Mapping[str, Literal["client_secret_post"] | None] = {
    "client_secret_basic": None,
    "client_secret_post": "client_secret_post",
}
"""Ways to authenticate the client, and what the configuration says of each."""

SECRET = "s3cret+ with/odd%characters~"
PUBLIC = "http://127.0.0.1:9"
"""Where nobody listens: the browser stops there, and keeps the address."""


class Stopped(Exception):
    """The browser was sent back to the bot."""


class Back(urllib.request.HTTPRedirectHandler):
    """Follows redirects as a browser does, as far as the provider."""

    def redirect_request(self, *asked: Any) -> Any:
        """The next request; its address comes last."""
        if asked[-1].startswith(PUBLIC):
            raise Stopped(asked[-1])
        return super().redirect_request(*asked)


def brought_back(url: str) -> dict[str, str]:
    """Sign in with a fresh browser; the fields of the answer, or ``{"page": status}`` where there is none."""
    browser = urllib.request.build_opener(Back(), urllib.request.HTTPCookieProcessor(CookieJar()))
    try:
        with browser.open(url, timeout=20) as page:
            return {"page": str(page.status)}
    except Stopped as stopped:
        return {name: values[0] for name, values in parse_qs(urlsplit(str(stopped)).query).items()}
    except urllib.error.HTTPError as error:
        return {"page": str(error.code)}


@contextmanager
def running(method: str) -> Iterator[str]:
    """The provider; its issuer."""
    port, folder = free_port(), node_packages("oidc")
    command = [str(node()), "server.js", str(port), f"{PUBLIC}/step-up/callback", method]
    issuer = f"http://127.0.0.1:{port}"
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(lambda: _is_up(issuer), "The provider did not start", 30)
            yield issuer
        finally:
            process.terminate()


def _is_up(issuer: str) -> bool:
    try:
        return bool(_open(f"{issuer}/.well-known/openid-configuration"))
    except OSError:
        return False


def _open(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return bytes(answer.read())


def outcome(act: Callable[[], object]) -> str:
    """What became of it, as a word."""
    try:
        act()
    except EgressError as error:
        return type(error).__name__
    return "ok"


def compare(found: Found) -> None:
    """Every way to authenticate the client, then everything that must not confirm anything."""
    for method in METHODS:
        with running(method) as issuer:
            _compare(found, issuer, method)


def _compare(found: Found, issuer: str, method: str) -> None:
    settings = StepUp(
        issuer=issuer, client_id="egress-bot", public_url=PUBLIC, acr_values=("mfa",), client_auth=METHODS[method]
    )
    made, keys = OidcProvider(settings, lambda: SECRET), LinkKeys("k" * 43)
    back = brought_back(made.sign_in_url(keys))
    found.compare(f"{method}: answer", sorted(back), ["code", "iss", "state"])
    found.compare(f"{method}: state", back["state"], keys.state)
    signed_in = made.identify(keys, back["code"], back["iss"])
    found.compare(f"{method}: who", (signed_in.subject, signed_in.text("email")), ("ada", "ada@sandbox.example"))
    found.compare(f"{method}: acr", outcome(lambda: require_strength(settings, signed_in)), "ok")
    found.compare(f"{method}: code again", outcome(lambda: made.identify(keys, back["code"], back["iss"])), REFUSED)
    _refusals(found, settings, method)


REFUSED = NotConfirmed.__name__


def _refusals(found: Found, settings: StepUp, method: str) -> None:
    made, keys, others = OidcProvider(settings, lambda: SECRET), LinkKeys("k" * 43), LinkKeys("o" * 43)
    back = brought_back(made.sign_in_url(keys))
    found.compare(f"{method}: another verifier", outcome(lambda: made.identify(others, back["code"], None)), REFUSED)
    back = brought_back(made.sign_in_url(keys))
    no_iss = outcome(lambda: made.identify(keys, back["code"], None))
    found.compare(f"{method}: an answer without iss", no_iss, REFUSED)
    wrong = OidcProvider(settings, lambda: "guessed")
    unknown = outcome(lambda: wrong.identify(keys, back["code"], back["iss"]))
    found.compare(f"{method}: another secret", unknown, BadConfiguration.__name__)
    elsewhere = StepUp(issuer=settings.issuer, client_id="egress-bot", public_url="http://127.0.0.1:10")
    page = brought_back(OidcProvider(elsewhere, lambda: SECRET).sign_in_url(keys))
    found.compare(f"{method}: another redirect URI", page, {"page": "400"})
    fresh = StepUp(issuer=settings.issuer, client_id="egress-bot", public_url=PUBLIC, max_age=timedelta(minutes=5))
    aged = OidcProvider(fresh, lambda: SECRET)
    back = brought_back(aged.sign_in_url(keys))
    signed_in = aged.identify(keys, back["code"], back["iss"])
    found.compare(f"{method}: max_age", outcome(lambda: require_strength(fresh, signed_in)), "ok")
    found.compare(f"{method}: auth_time", signed_in.signed_in_at is not None, True)
    _open(f"{settings.issuer}/as/deny")
    back = brought_back(made.sign_in_url(keys))
    found.compare(f"{method}: declined", (back.get("error"), back.get("state")), ("access_denied", keys.state))
    _open(f"{settings.issuer}/as/ada")
