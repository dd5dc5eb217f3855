"""What an identity provider says is believed only as far as it is proven: against one that lies in every way."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from bot.domain.step_up import LinkKeys, StepUp
from bot.errors import BadConfiguration, EgressError, IdentityProviderUnreachable, NotConfirmed
from handlers.oidc import OidcProvider

KEYS = LinkKeys("t" * 43)
KEY, OTHER = RSAKey.generate_key(parameters={"kid": "one"}), RSAKey.generate_key(parameters={"kid": "one"})
CLIENT = "egress-bot"


def given(token: str) -> tuple[int, Any]:
    """The answer of the token endpoint."""
    return 200, {"id_token": token, "access_token": "a"}


@dataclass
class Liar:
    """A provider on loopback whose answers tests change; ``None`` hangs up."""

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256", "kid": "one"})
    key: Any = field(default_factory=lambda: KEY)
    metadata: dict[str, Any] = field(default_factory=dict)
    token: Callable[[str], tuple[int, Any]] = field(default_factory=lambda: given)
    jwks: tuple[int, Any] = field(default_factory=lambda: (200, {"keys": [KEY.as_dict(private=False)]}))
    asked: list[dict[str, list[str]]] = field(default_factory=list)

    def answer(self, path: str, body: str) -> tuple[int, Any]:
        """Status and JSON."""
        if path.endswith("openid-configuration"):
            names = {"authorization_endpoint": "auth", "token_endpoint": "token", "jwks_uri": "jwks"}
            return 200, {"issuer": self.issuer, **{k: f"{self.issuer}/{v}" for k, v in names.items()}, **self.metadata}
        if path == "/jwks":
            return self.jwks
        self.asked.append(parse_qs(body))
        return self.token(self.signed())

    def signed(self) -> str:
        """The ID token."""
        now = int(time.time())
        usual = {"iss": self.issuer, "sub": "ada", "aud": CLIENT, "iat": now, "exp": now + 60, "nonce": KEYS.nonce}
        claims = {name: value for name, value in {**usual, **self.claims}.items() if value is not None}
        return jwt.encode(self.header, claims, self.key, algorithms=[self.header["alg"]])


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[ThreadingHTTPServer, list[Liar]]]:
    """The web server of the provider; its only entry is the one that answers now."""
    now: list[Liar] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            status, said = now[0].answer(self.path, self.rfile.read(length).decode())
            text = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.send_header("Location", "https://elsewhere.example/")
            self.end_headers()
            self.wfile.write(text)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield made, now
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.fixture
def liar(server: tuple[ThreadingHTTPServer, list[Liar]]) -> Liar:
    """The provider, honest so far."""
    made, now = server
    now[:] = [Liar(f"http://127.0.0.1:{made.server_port}")]
    return now[0]


def client(liar: Liar, **settings: Any) -> OidcProvider:
    """The bot at this provider."""
    told = StepUp(issuer=liar.issuer, client_id=CLIENT, public_url="https://egress.example.com", **settings)
    return OidcProvider(told, lambda: "s3cret")


def test_an_honest_one_is_believed(liar: Liar) -> None:
    """With PKCE, the exact redirect URI, and everything that the configuration asks for."""
    liar.claims = {"auth_time": int(time.time()) - 5, "acr": "mfa"}
    made = client(liar, acr_values=("mfa",))
    wanted = parse_qs(urlsplit(made.sign_in_url(KEYS)).query)
    found = made.identify(KEYS, "the code", liar.issuer)
    (sent,) = liar.asked
    assert (found.issuer, found.subject, found.text("acr")) == (liar.issuer, "ada", "mfa")
    assert found.signed_in_at is not None
    assert (wanted["code_challenge_method"], wanted["acr_values"], wanted["nonce"]) == (["S256"], ["mfa"], [KEYS.nonce])
    assert (sent["code_verifier"], sent["code"]) == ([KEYS.verifier], ["the code"])
    assert sent["redirect_uri"] == wanted["redirect_uri"] == ["https://egress.example.com/step-up/callback"]


NOW = int(time.time())
LIES: dict[str, dict[str, Any]] = {
    "another key": {"key": OTHER},
    "the client secret as key": {"key": OctKey.import_key("s3cret" * 8), "header": {"alg": "HS256", "kid": "one"}},
    "no signature": {"token": lambda token: (200, {"id_token": "eyJhbGciOiJub25lIn0." + token.split(".")[1] + "."})},
    "another issuer": {"claims": {"iss": "https://login.example.com"}},
    "another client": {"claims": {"aud": "somebody"}},
    "several clients, for another": {"claims": {"aud": [CLIENT, "somebody"], "azp": "somebody"}},
    "another nonce": {"claims": {"nonce": "other"}},
    "no nonce": {"claims": {"nonce": None}},
    "expired": {"claims": {"exp": NOW - 3600}},
    "from the future": {"claims": {"iat": NOW + 3600}},
    "nobody": {"claims": {"sub": None}},
    "another access token": {"claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}},
    "no token": {"token": lambda _token: (200, {})},
    "a refused code": {"token": lambda _token: (400, {"error": "invalid_grant"})},
    "no keys": {"jwks": (200, {})},
    "strange keys": {"jwks": (200, {"keys": [{"kty": "RSA"}, 7]})},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_confirms_nothing(liar: Liar, lie: str) -> None:
    """And says what is wrong with it, without what is in it."""
    for name, value in LIES[lie].items():
        setattr(liar, name, value)
    with pytest.raises(NotConfirmed) as error:
        client(liar).identify(KEYS, "code", None)
    assert "s3cret" not in error.value.sentence


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"token": lambda _token: (401, {"error": "invalid_client"})}, BadConfiguration),
        ({"token": lambda _token: (503, b"")}, IdentityProviderUnreachable),
        ({"token": lambda _token: (302, b"")}, NotConfirmed),
        ({"jwks": (200, b"<html>")}, BadConfiguration),
        ({"jwks": (302, b"")}, BadConfiguration),
        ({"metadata": {"id_token_signing_alg_values_supported": ["HS256", "none"]}}, BadConfiguration),
        ({"metadata": {"issuer": "https://login.example.com"}}, BadConfiguration),
        ({"metadata": {"jwks_uri": "http://login.example.com/jwks"}}, BadConfiguration),
        ({"metadata": {"authorization_response_iss_parameter_supported": True}}, NotConfirmed),
    ],
)
def test_what_the_bots_operator_must_mend_is_said_to_be_that(
    liar: Liar, change: dict[str, Any], error: type[EgressError]
) -> None:
    """A wrong client, another provider, a detour: none of it is the person's fault, and none of it a yes."""
    for name, value in change.items():
        setattr(liar, name, value)
    with pytest.raises(error):
        client(liar).identify(KEYS, "code", None)
    with pytest.raises((NotConfirmed, BadConfiguration)):
        client(liar).identify(KEYS, "code", "https://another.example")


def test_nobody_at_the_other_end_is_no_yes() -> None:
    """A port on which nobody listens."""
    with pytest.raises(IdentityProviderUnreachable):
        client(Liar("http://127.0.0.1:9")).sign_in_url(KEYS)
