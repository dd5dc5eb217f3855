"""Why a sign-in failed, as a sentence with what to do next."""

import re
from collections.abc import Iterable, Iterator, Mapping

from azure.core.exceptions import ServiceRequestError, ServiceResponseError

LONGEST_REASON = 200
"""Characters of a reason that is nobody's code."""

REFUSALS: Mapping[int, str] = {
    50027: "the assertion is malformed; check the file in AZURE_FEDERATED_TOKEN_FILE",
    500011: "its tenant does not know this Azure; set EGRESS_AZURE_CLOUD to the cloud of the tenant",
    53003: "a Conditional Access policy blocks it; exclude the bot's identity or allow its network",
    700016: "the tenant has no such application; check AZURE_CLIENT_ID and AZURE_TENANT_ID",
    700023: "the assertion is for another authority; check AZURE_AUTHORITY_HOST and AZURE_TENANT_ID",
    700024: "the assertion is not valid at this time; check this machine's clock, and that the token file is renewed",
    700027: "the certificate is not registered on the application; upload it, or correct AZURE_CLIENT_CERTIFICATE_PATH",
    70021: "no federated credential matches; compare its issuer, subject and audience with the service account's token",
    700211: "no federated credential has this issuer; set its issuer to the cluster's OIDC issuer URL",
    700212: "no federated credential has this audience; set it to api://AzureADTokenExchange",
    700213: "no federated credential has this subject; set it to system:serviceaccount:NAMESPACE:NAME",
    5000224: "the assertion's signature is not that of the issuer; check the file in AZURE_FEDERATED_TOKEN_FILE",
    7000112: "the application is disabled in its tenant; enable it",
    7000215: "the client secret is wrong; set AZURE_CLIENT_SECRET to the secret's value, not its id",
    7000222: "the client secret has expired; create a new one and set AZURE_CLIENT_SECRET",
    90002: "the tenant does not exist in this cloud; check AZURE_TENANT_ID and EGRESS_AZURE_CLOUD",
    900023: "the tenant's name is malformed; check AZURE_TENANT_ID",
}
"""What a code of Entra's means for the bot, and what to do, by the number after AADSTS.

Source: https://learn.microsoft.com/entra/identity-platform/reference-error-codes, read 2026-11.
"""

TRANSIENT = frozenset({50196, 90033, 90055, 81016, 700005})
"""Codes that say "try again later" (as above, ``temporarily_unavailable``)."""

BUSY = frozenset({429, *range(500, 600)})
"""HTTP statuses of an issuer that cannot answer now."""

_CODE = re.compile(r"AADSTS(\d{4,9})")
_OTHER = re.compile(r"Identity not found|No identity has been assigned")
_PROXY = re.compile(r"Unable to connect to proxy(?:.*?Tunnel connection failed: (\d{3}))?")
_UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error and everything that it came from."""
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        yield at
        at = at.__cause__ or at.__context__


def aadsts_of(error: BaseException) -> int | None:
    """Entra's code, wherever the libraries put it."""
    found = (_CODE.search(str(one)) for one in causes(error))
    return next((int(each[1]) for each in found if each), None)


def is_unasked(error: BaseException) -> bool:
    """Whether nobody said no: no answer, or one that says to try again later."""
    code = aadsts_of(error)
    if code is not None:
        return code in TRANSIENT
    return any(isinstance(one, ServiceRequestError | ServiceResponseError) for one in causes(error))


def blocked(whose: str, error: BaseException) -> str:
    """The sentence where something in between holds the bot up, as a rule a proxy; empty where nothing is known."""
    said = " ".join(str(one) for one in causes(error))
    if _UNTRUSTED in said:
        return (
            f"The certificate of {whose} is not trusted. Set REQUESTS_CA_BUNDLE to a file with your CA's certificate."
        )
    if proxy := _PROXY.search(said):
        why = f" (HTTP {proxy[1]})" if proxy[1] else ""
        return f"The proxy in HTTPS_PROXY does not let the bot through to {whose}{why}."
    return ""


def silent_sentence(error: BaseException) -> str:
    """Nobody was there to ask, or nobody answered."""
    return blocked("Azure's sign-in", error) or "Azure's sign-in is not responding."


def refused_sentence(identity: str, error: BaseException) -> str:
    """Somebody said no.

    Args:
        identity: With what, in words.
        error: How the SDK says it.
    """
    code = aadsts_of(error)
    if code is None:
        return f"The sign-in with {identity} failed: {_first_words(error)}"
    meaning = REFUSALS.get(code, f"see https://login.microsoftonline.com/error?code={code}")
    return f"Azure refused the sign-in with {identity} (AADSTS{code}): {meaning}."


def _first_words(error: BaseException) -> str:
    said = str(getattr(error, "message", "") or error).removeprefix("Authentication failed: ").strip()
    return (said.splitlines() or [type(error).__name__])[0][:LONGEST_REASON].rstrip(".") + "."


def nobody_sentence(missing: Iterable[BaseException]) -> str:
    """The environment names no identity.

    Args:
        missing: Why each is not there.
    """
    said = [str(one) for one in missing]
    managed = "there is no managed identity"
    if any(_OTHER.search(one) for one in said):
        managed = "this machine has no such managed identity (check AZURE_CLIENT_ID)"
    elif any("no response from the IMDS" in one for one in said):
        managed = "no managed identity endpoint answers"
    return (
        f"The bot has no identity in Azure: {managed}, and the environment names no other. Give it workload identity, "
        "a managed identity, or AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET; or run az login."
    )
