"""Tokens that look right and prove nothing: decodable, unsigned, with a tenant in them; and who takes which.

Sources (read 2026-11): https://learn.microsoft.com/entra/identity-platform/configurable-token-lifetimes,
https://learn.microsoft.com/azure/azure-government/compare-azure-government-global-azure#guidance-for-developers,
https://learn.microsoft.com/azure/china/resources-developer-guide.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from bot.sandbox.arm.wire import ArmError, Json, gateway_error

TENANT = "00000000-0000-0000-0000-00000000f001"
OBJECT = "00000000-0000-0000-0000-00000000b001"
CLIENT = "00000000-0000-0000-0000-00000000c001"
LIFETIME = timedelta(hours=24)
"""Managed identity tokens live for 24 hours:
https://learn.microsoft.com/en-us/entra/identity/managed-identities-azure-resources/managed-identity-faq (read 2026-11).
"""
AKS_SERVER = "6dae42f8-4368-4678-94ff-3960e28e3630"
"""The application of the API servers of AKS, in every cloud."""


@dataclass(frozen=True, slots=True)
class Realm:
    """The services of one cloud.

    Args:
        login: The hosts that sign in.
        arm: The audiences of Azure Resource Manager; the hosts of the first is where it answers.
        metrics: The audience of the metrics batch API.
        logs: The audiences of Log Analytics.
    """

    login: tuple[str, ...]
    arm: tuple[str, ...]
    metrics: str
    logs: tuple[str, ...]

    @property
    def resources(self) -> frozenset[str]:
        """Everything that tokens are issued for."""
        return frozenset({*self.arm, self.metrics, *self.logs, AKS_SERVER})


REALMS = (
    Realm(
        ("login.microsoftonline.com", "login.windows.net"),
        ("https://management.azure.com", "https://management.core.windows.net"),
        "https://metrics.monitor.azure.com",
        ("https://api.loganalytics.io", "https://api.loganalytics.azure.com"),
    ),
    Realm(
        ("login.microsoftonline.us",),
        ("https://management.usgovcloudapi.net", "https://management.core.usgovcloudapi.net"),
        "https://metrics.monitor.azure.us",
        ("https://api.loganalytics.us",),
    ),
    Realm(
        ("login.chinacloudapi.cn", "login.partner.microsoftonline.cn"),
        ("https://management.chinacloudapi.cn", "https://management.core.chinacloudapi.cn"),
        "https://metrics.monitor.azure.cn",
        ("https://api.loganalytics.azure.cn",),
    ),
)
"""The clouds, the public one first."""

METRICS_AUDIENCES = frozenset(realm.metrics for realm in REALMS)
"""A token for anything else is refused by the metrics batch API."""
LOGS_AUDIENCES = frozenset(one for realm in REALMS for one in realm.logs)
"""A token for anything else is refused by Log Analytics."""


def resources_of(base_url: str) -> frozenset[str]:
    """What a sign-in host knows: the services of its cloud; on a host of nobody's all of them, and itself."""
    host = urlsplit(base_url).hostname or ""
    own = [realm for realm in REALMS if host in realm.login]
    found = frozenset[str]().union(*(realm.resources for realm in own or REALMS))
    return found if own else found | {base_url}


def unsigned_token(resource: str, now: datetime, lifetime: timedelta = LIFETIME) -> str:
    """A JWT for an audience with algorithm ``none``."""
    issued = int(now.timestamp())
    claims = {
        "aud": resource,
        "iss": f"https://sts.windows.net/{TENANT}/",
        "iat": issued,
        "nbf": issued,
        "exp": issued + int(lifetime.total_seconds()),
        "appid": CLIENT,
        "oid": OBJECT,
        "sub": OBJECT,
        "tid": TENANT,
        "idtyp": "app",
        "ver": "1.0",
    }
    return f"{_part({'typ': 'JWT', 'alg': 'none'})}.{_part(claims)}."


def claims_of(headers: Mapping[str, str]) -> Json:
    """The claims of the bearer token; none where there is no token, or none that can be read.

    Args:
        headers: Names in lower case.
    """
    try:
        part = headers["authorization"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, KeyError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def audience_of(headers: Mapping[str, str]) -> str:
    """For whom the bearer token was issued, without a slash at the end; empty where nobody can say."""
    return str(claims_of(headers).get("aud", "")).rstrip("/")


def require_token(headers: Mapping[str, str], base_url: str, now: datetime) -> None:
    """Refuse a token that cannot be read, is over, or was issued for somebody else than Azure Resource Manager.

    Raises:
        ArmError: 401 in the words of ARM's front door.
    """
    claims = claims_of(headers)
    if not claims:
        raise gateway_error(401, "InvalidAuthenticationToken", "The access token is invalid.")
    ends = datetime.fromtimestamp(int(claims.get("exp", 0)), UTC)
    if ends <= now:
        text = f"The access token expiry UTC time '{ends}' is earlier than current UTC time '{now}'."
        raise gateway_error(401, "ExpiredAuthenticationToken", text)
    taken = _arm_audiences(base_url)
    if audience_of(headers) not in taken:
        raise _wrong_audience(str(claims.get("aud")), taken)


def _arm_audiences(base_url: str) -> tuple[str, ...]:
    """Those of the cloud that the host belongs to; on a host of nobody's those of the public cloud, and its own."""
    own = [realm.arm for realm in REALMS if base_url in realm.arm]
    return own[0] if own else (*REALMS[0].arm, base_url)


def _wrong_audience(audience: str, taken: tuple[str, ...]) -> ArmError:
    allowed = ",".join(f"'{one}/','{one}'" for one in taken)
    text = (
        f"The access token has been obtained for wrong audience or resource '{audience}'. "
        f"It should exactly match with one of the allowed audiences {allowed}."
    )
    return gateway_error(401, "InvalidAuthenticationTokenAudience", text)


def managed_identity_answer(token: str, resource: str, now: datetime, lifetime: timedelta) -> Json:
    """The answer of the instance metadata service and of App Service: all values are strings."""
    seconds = int(lifetime.total_seconds())
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


def _part(value: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
