"""Tokens that look right and prove nothing: decodable, unsigned, with a tenant in them."""

import base64
import json
from datetime import datetime, timedelta

from bot.sandbox.arm.wire import Json

TENANT = "00000000-0000-0000-0000-00000000f001"
OBJECT = "00000000-0000-0000-0000-00000000b001"
CLIENT = "00000000-0000-0000-0000-00000000c001"
LIFETIME = timedelta(hours=24)
"""Managed identity tokens live for 24 hours:
https://learn.microsoft.com/en-us/entra/identity/managed-identities-azure-resources/managed-identity-faq (read 2026-11).
"""


def unsigned_token(resource: str, now: datetime) -> str:
    """A JWT for an audience with algorithm ``none``."""
    issued = int(now.timestamp())
    claims = {
        "aud": resource,
        "iss": f"https://sts.windows.net/{TENANT}/",
        "iat": issued,
        "nbf": issued,
        "exp": issued + int(LIFETIME.total_seconds()),
        "appid": CLIENT,
        "oid": OBJECT,
        "sub": OBJECT,
        "tid": TENANT,
        "idtyp": "app",
        "ver": "1.0",
    }
    return f"{_part({'typ': 'JWT', 'alg': 'none'})}.{_part(claims)}."


def managed_identity_answer(token: str, resource: str, now: datetime) -> Json:
    """The answer of the instance metadata service and of App Service: all values are strings."""
    seconds = int(LIFETIME.total_seconds())
    return {
        "access_token": token,
        "client_id": CLIENT,
        "expires_in": str(seconds),
        "expires_on": str(int(now.timestamp()) + seconds),
        "ext_expires_in": str(seconds),
        "not_before": str(int(now.timestamp())),
        "resource": resource,
        "token_type": "Bearer",
    }


def oauth_answer(token: str) -> Json:
    """The answer of Entra's own token endpoint: numbers are numbers."""
    seconds = int(LIFETIME.total_seconds())
    return {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token}


def _part(value: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
