"""Entra: one application, what it may prove itself with, and the refusals of the token endpoint.

Sources (read 2026-11): https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow,
https://learn.microsoft.com/entra/identity-platform/certificate-credentials,
https://learn.microsoft.com/entra/workload-id/workload-identity-federation,
https://learn.microsoft.com/entra/identity-platform/reference-error-codes. Statuses and texts as quoted in
https://github.com/external-secrets/external-secrets/issues/2783 and https://github.com/Azure/login/issues/482.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from bot.sandbox.arm.etags import new_guid
from bot.sandbox.arm.tokens import CLIENT, TENANT, resources_of, unsigned_token
from bot.sandbox.arm.wire import Json

EXCHANGE = "api://AzureADTokenExchange"
"""The audience of assertions from elsewhere."""
APPLICATION_LIFETIME = timedelta(seconds=3599)
"""How long an application's tokens live: 60 to 90 minutes (configurable-token-lifetimes)."""
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""The only type of assertion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """The application; what is not registered proves nothing.

    Args:
        secret: The value of its client secret.
        is_secret_over: Whether that has expired.
        certificate: A certificate of it, PEM.
        issuer: Who issues the assertions of a federated credential.
        issuer_key: The issuer's public key, PEM.
        subject: For whom.
        lifetime_s: Seconds that its tokens live, and those of a managed identity; 0 is what both have in Azure, an
            hour and a day.
    """

    secret: str = ""
    is_secret_over: bool = False
    certificate: str = ""
    issuer: str = ""
    issuer_key: str = ""
    subject: str = ""
    lifetime_s: int = 0

    @classmethod
    def parse(cls, body: Any) -> "Registration":
        """Read one from JSON.

        Raises:
            ValueError: With a sentence that says what is wrong.
        """
        types = {one.name: type(one.default) for one in fields(cls)}
        if not isinstance(body, Mapping) or not all(isinstance(body[name], types.get(name, ())) for name in body):
            raise ValueError(f"An application has {', '.join(f'{name} ({t.__name__})' for name, t in types.items())}.")
        return cls(**body)

    def lifetime(self, usual: timedelta) -> timedelta:
        """How long a token lives."""
        return timedelta(seconds=self.lifetime_s) if self.lifetime_s else usual


class EntraError(Exception):
    """A refusal.

    Args:
        status: HTTP status.
        error: The OAuth error.
        code: The number after AADSTS.
        text: What it says.
    """

    def __init__(self, status: int, error: str, code: int, text: str) -> None:
        super().__init__(text)
        self.status, self.error, self.code = status, error, code

    def body(self, now: datetime) -> Json:
        """The answer."""
        trace, stamp = new_guid(), f"{now:%Y-%m-%d %H:%M:%SZ}"
        ids = f"Trace ID: {trace} Correlation ID: {trace} Timestamp: {stamp}"
        return {
            "error": self.error,
            "error_description": f"AADSTS{self.code}: {self} {ids}",
            "error_codes": [self.code],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": trace,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.code}",
        }


def require_tenant(tenant: str, error: str = "invalid_request") -> None:
    """Refuse another tenant.

    Raises:
        EntraError: There is one tenant here.
    """
    if tenant.lower() != TENANT:
        text = f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into"
        raise EntraError(400, error, 90002, f"{text} the correct cloud.")


def discovery(authority: str) -> Json:
    """The OpenID configuration of a tenant (https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc).

    Args:
        authority: The origin with the tenant.
    """
    return {
        "issuer": f"{authority}/v2.0",
        "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
        "token_endpoint": f"{authority}/oauth2/v2.0/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": f"{authority}/discovery/v2.0/keys",
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "tenant_region_scope": None,
        "tid": TENANT,
    }


def token_answer(app: Registration, base_url: str, tenant: str, form: Mapping[str, str], now: datetime) -> Json:
    """Answer ``POST /{tenant}/oauth2/v2.0/token``.

    Args:
        app: What is registered.
        base_url: The origin at which it was asked.
        tenant: Of the path.
        form: The body.
        now: Entra's time.

    Raises:
        EntraError: No token.
    """
    require_tenant(tenant)
    for name in ("grant_type", "client_id", "scope"):
        if not form.get(name):
            raise EntraError(
                400, "invalid_request", 900144, f"The request body must contain the following parameter: '{name}'."
            )
    if (grant := form["grant_type"]) != "client_credentials":
        raise EntraError(
            400, "unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{grant}'."
        )
    if (client := form["client_id"]) != CLIENT:
        text = f"Application with identifier '{client}' was not found in the directory 'Sandbox'."
        raise EntraError(400, "unauthorized_client", 700016, text)
    _require_proof(app, f"{base_url}/{tenant}", form, now)
    resource = _resource(base_url, form["scope"])
    lifetime = app.lifetime(APPLICATION_LIFETIME)
    seconds, token = int(lifetime.total_seconds()), unsigned_token(resource, now, lifetime)
    return {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token}


def _resource(base_url: str, scope: str) -> str:
    resource, suffix = scope.removesuffix("/.default"), scope[-len("/.default") :]
    if suffix != "/.default":
        text = (
            f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value with"
        )
        raise EntraError(400, "invalid_scope", 1002012, f"{text} /.default suffixed to the resource identifier.")
    if resource.rstrip("/") not in resources_of(base_url):
        text = f"The resource principal named {resource} was not found in the tenant named Sandbox."
        raise EntraError(400, "invalid_resource", 500011, text)
    return resource


def _require_proof(app: Registration, authority: str, form: Mapping[str, str], now: datetime) -> None:
    if assertion := form.get("client_assertion"):
        if form.get("client_assertion_type") != ASSERTION:
            raise _invalid(50027, "The client assertion type is not supported.")
        _require_assertion(app, authority, assertion, now)
    elif secret := form.get("client_secret"):
        _require_secret(app, secret)
    else:
        text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        raise _invalid(7000218, text)


def _require_secret(app: Registration, secret: str) -> None:
    if secret != app.secret:
        text = "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value,"
        raise _invalid(7000215, f"{text} not the client secret ID, for a secret added to app '{CLIENT}'.")
    if app.is_secret_over:
        raise _invalid(7000222, f"The provided client secret keys for app '{CLIENT}' are expired.")


def _require_assertion(app: Registration, authority: str, assertion: str, now: datetime) -> None:
    try:
        header = jwt.get_unverified_header(assertion)
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise _invalid(50027, "JWT token is invalid or malformed.") from None
    if claims.get("iss") == CLIENT:
        _require_certificate(app, authority, header, assertion)
    else:
        _require_federation(app, claims, assertion)
    begins, ends = claims.get("nbf", 0), claims.get("exp", 0)
    if not begins <= now.timestamp() < ends:
        text = f"Client assertion is not within its valid time range. Current time: {now:%Y-%m-%dT%H:%M:%S.%fZ}"
        raise _invalid(700024, text)


def _require_certificate(app: Registration, authority: str, header: Json, assertion: str) -> None:
    if not app.certificate or not {"x5t", "x5t#S256"} & set(header):
        text = f"The certificate with identifier used to sign the client assertion is not registered on '{CLIENT}'."
        raise _invalid(700027, f"{text} [Reason - The key was not found.]")
    public = x509.load_pem_x509_certificate(app.certificate.encode()).public_key()
    key = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    audiences = [f"{authority}/oauth2/v2.0/token", f"{authority}/v2.0", authority]
    try:
        jwt.decode(assertion, key, ["RS256", "PS256"], audience=audiences, options={"verify_exp": False})
    except jwt.InvalidAudienceError:
        raise _invalid(700023, "Client assertion audience claim does not match Realm issuer.") from None
    except jwt.PyJWTError:
        raise _invalid(700027, "Client assertion failed signature validation.") from None


def _require_federation(app: Registration, claims: Json, assertion: str) -> None:
    """The exact case counts, too."""
    kinds = ((700211, "iss", "issuer", app.issuer), (700213, "sub", "subject", app.subject))
    for code, claim, name, registered in (*kinds, (700212, "aud", "audience", EXCHANGE)):
        said = claims.get(claim)
        if not registered or registered not in (said if isinstance(said, list) else [said]):
            text = f"No matching federated identity record found for presented assertion {name} '{said}'."
            raise _invalid(code, text)
    try:
        jwt.decode(assertion, app.issuer_key, ["RS256", "ES256"], audience=EXCHANGE, options={"verify_exp": False})
    except jwt.PyJWTError:
        raise _invalid(5000224, "The assertion failed signature validation.") from None


def _invalid(code: int, text: str) -> EntraError:
    return EntraError(401, "invalid_client", code, text)
