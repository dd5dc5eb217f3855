"""The identity provider: OpenID Connect's authorisation code flow with PKCE, by authlib and joserfc.

Its metadata and keys are read anew for each sign-in: sign-ins are rare, and nothing that was rotated is ever trusted.
Time is the machine's own here, as the provider's is: the simulated clock of the sandbox means nothing to it.

Sources, read 2026-11: https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth,
https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig, RFC 7636 (PKCE), RFC 9207 (``iss``).
"""

import http.client
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote_plus

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.client import OAuth2Client
from authlib.oauth2.rfc6749.parameters import prepare_token_request
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from bot.domain.integration import secure_address
from bot.domain.step_up import LinkKeys, SignIn, StepUp
from bot.domain.step_up.sign_in import LEEWAY
from bot.errors import BadConfiguration, IdentityProviderUnreachable, NotConfirmed
from bot.http_client import HttpAnswer, send

TIMEOUT_S = 5.0
"""Seconds that one answer of the provider may take; somebody waits in front of a browser."""

ALGORITHMS = frozenset(
    ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
)
"""Signatures with a public key: none of ``none``, and none with a shared secret."""

BASIC, POST = "client_secret_basic", "client_secret_post"
"""Ways to send the client secret: in a header, which every provider must know, and in the body."""

LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
"""Refusals that waiting helps against, beside 5xx."""

OWN_FAULT = frozenset({"invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"})
"""Errors of the token endpoint that the bot's operator must mend (RFC 6749, section 5.2)."""


class OidcProvider:
    """One identity provider.

    Args:
        settings: Where it is, and as what it knows the bot.
        secret: Reads the client secret; empty for a public client.
    """

    def __init__(self, settings: StepUp, secret: Callable[[], str]) -> None:
        self._settings = settings
        self._secret = secret

    def metadata(self) -> Mapping[str, Any]:
        """What the provider says of itself.

        Raises:
            IdentityProviderUnreachable: No answer.
            BadConfiguration: It is another provider than the configured one, or says too little.
        """
        issuer = self._settings.issuer or ""
        found = _json(_sent("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration"))
        if found.get("issuer") != issuer:
            named = str(found.get("issuer"))[:200]
            raise BadConfiguration(f"The identity provider calls itself {named}, but step_up.issuer is {issuer}.")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            _require_address(name, found.get(name))
        return found

    def sign_in_url(self, keys: LinkKeys) -> str:
        """Where to send the person's browser.

        Raises:
            IdentityProviderUnreachable, BadConfiguration: As ``metadata``.
        """
        settings = self._settings
        wanted: dict[str, str] = {"response_mode": "query", "nonce": keys.nonce}
        if settings.max_age is not None:
            wanted["max_age"] = str(int(settings.max_age.total_seconds()))
        if settings.acr_values:
            wanted["acr_values"] = " ".join(settings.acr_values)
        client = OAuth2Client(
            session=None,
            client_id=settings.client_id,
            redirect_uri=settings.redirect_uri,
            scope="openid email profile",
            code_challenge_method="S256",
        )
        url, _ = client.create_authorization_url(
            self.metadata()["authorization_endpoint"], state=keys.state, code_verifier=keys.verifier, **wanted
        )
        return str(url)

    def identify(self, keys: LinkKeys, code: str, issuer: str | None) -> SignIn:
        """Who signed in, by the code that their browser brought back.

        Args:
            keys: Of the link that the browser was sent out with.
            code: The authorisation code.
            issuer: ``iss`` beside the code (RFC 9207); None where there was none.

        Raises:
            IdentityProviderUnreachable: No answer.
            BadConfiguration: The provider does not take the bot for a client.
            NotConfirmed: The code, or what came for it, proves nothing.
        """
        metadata = self.metadata()
        is_missing = issuer is None and metadata.get("authorization_response_iss_parameter_supported") is True
        if is_missing or issuer not in (None, metadata["issuer"]):
            raise NotConfirmed("The answer came from another identity provider.")
        tokens = self._exchanged(metadata, keys, code)
        return self._verified(metadata, keys, tokens)

    def _exchanged(self, metadata: Mapping[str, Any], keys: LinkKeys, code: str) -> Mapping[str, Any]:
        body = prepare_token_request(
            "authorization_code", redirect_uri=self._settings.redirect_uri, code=code, code_verifier=keys.verifier
        )
        auth = self._client_auth(metadata)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        url, headers, body = auth.prepare("POST", metadata["token_endpoint"], headers, body)
        answer = _sent("POST", str(url), headers, str(body).encode())
        if answer.status == HTTPStatus.OK:
            return _json(answer)
        error = _error(answer)
        if error in OWN_FAULT:
            raise BadConfiguration(f"The identity provider does not accept the bot as a client ({error}).")
        raise NotConfirmed(f"The identity provider did not accept the sign-in ({error}).")

    def _client_auth(self, metadata: Mapping[str, Any]) -> ClientAuth:
        """How the bot proves which client it is; in a header both parts are encoded (RFC 6749, section 2.3.1)."""
        client, secret = self._settings.client_id or "", self._secret()
        if not secret:
            return ClientAuth(client, "", "none")
        supported = metadata.get("token_endpoint_auth_methods_supported") or (BASIC,)
        method = self._settings.client_auth or (BASIC if BASIC in supported else POST)
        return ClientAuth(*(map(quote_plus, (client, secret)) if method == BASIC else (client, secret)), method)

    def _verified(self, metadata: Mapping[str, Any], keys: LinkKeys, tokens: Mapping[str, Any]) -> SignIn:
        published = _json(_sent("GET", metadata["jwks_uri"]))
        allowed = sorted(ALGORITHMS.intersection(metadata.get("id_token_signing_alg_values_supported") or ("RS256",)))
        if not allowed:  # joserfc takes an empty list for its own, which has shared secrets in it
            raise BadConfiguration("The identity provider signs ID tokens with no algorithm that the bot accepts.")
        at = datetime.now(UTC)
        try:
            token = jwt.decode(str(tokens.get("id_token")), KeySet.import_key_set(_keys(published)), allowed)
            claims = self._claims(metadata["issuer"], keys.nonce, token, tokens.get("access_token"))
            claims.validate(int(at.timestamp()), int(LEEWAY.total_seconds()))
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise NotConfirmed(f"The identity provider's answer could not be verified ({_named(error)}).") from error
        return SignIn(metadata["issuer"], claims["sub"], dict(claims), at, _time(claims.get("auth_time")))

    def _claims(self, issuer: str, nonce: str, token: jwt.Token, access_token: object) -> Any:
        """The claims with what they must be."""
        client = self._settings.client_id
        options = {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client}}
        known = {"nonce": nonce, "client_id": client, "access_token": access_token, "max_age": self._settings.max_age}
        return CodeIDToken(token.claims, token.header, options, known)


def _time(seconds: object) -> datetime | None:
    """A NumericDate; None for what is none."""
    if not isinstance(seconds, int | float) or not 0 <= seconds <= 253_402_300_799:  # the year 9999
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _named(error: Exception) -> str:
    """What is wrong, without what is in the token."""
    claim = getattr(error, "claim", None)
    return f"{type(error).__name__}: {claim}" if claim else type(error).__name__


def _keys(published: Mapping[str, Any]) -> Any:
    if not isinstance(published.get("keys"), list):
        raise NotConfirmed("The identity provider published no keys.")
    return published


def _require_address(name: str, found: object) -> None:
    try:
        secure_address(str(found))
    except ValueError:
        raise BadConfiguration(f"The identity provider's {name} is not an https address.") from None


def _sent(method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> HttpAnswer:
    try:
        answer = send(method, url, headers or {"Accept": "application/json"}, body, timeout_s=TIMEOUT_S)
    except (OSError, http.client.HTTPException) as error:
        raise IdentityProviderUnreachable("The identity provider does not answer.") from error
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status in LATER:
        raise IdentityProviderUnreachable(f"The identity provider answered with HTTP {answer.status}.")
    return answer


def _json(answer: HttpAnswer) -> Mapping[str, Any]:
    try:
        found = answer.json() if answer.status == HTTPStatus.OK else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BadConfiguration(f"The identity provider's answer is not what was asked for (HTTP {answer.status}).")
    return found


def _error(answer: HttpAnswer) -> str:
    """The error code of the token endpoint."""
    try:
        found = answer.json()
    except (ValueError, RecursionError):
        found = None
    said = str(found.get("error", "")) if isinstance(found, dict) else ""
    return said[:80] if said.isprintable() and said else f"HTTP {answer.status}"
