"""The bot's identity in Azure."""

from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from threading import Lock, Thread
from typing import Any

from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError

SIGN_IN_WITHIN_S = 10.0
"""Seconds that a question to Azure waits for a token; the endpoints that issue them answer within one."""


class SignInSilent(ClientAuthenticationError):
    """The token issuer is not responding; this class keeps the SDK from retrying immediately."""


class BoundedCredential:
    """A credential that times out on an unresponsive token issuer; the SDK's own take minutes.

    Args:
        inner: The credential; one question of each kind is under way at a time, and everybody waits for the same.
        within_s: Seconds until the caller is told.

    Attributes:
        chosen: Which identity the last token came from, in words; empty before the first.
    """

    def __init__(self, inner: TokenCredential, *, within_s: float = SIGN_IN_WITHIN_S) -> None:
        self._inner = inner
        self._within_s = within_s
        self._lock = Lock()
        self._asked: dict[tuple[object, ...], Future[AccessToken]] = {}
        self.chosen = ""

    def note(self, chosen: str) -> None:
        """Keep which identity a token came from, for people."""
        self.chosen = chosen

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """A token.

        Raises:
            SignInSilent: There is none in time.
        """
        try:
            return self._answer(scopes, options).result(self._within_s)
        except TimeoutError as error:
            raise SignInSilent("The token endpoint is not responding.") from error

    def _answer(self, scopes: tuple[str, ...], options: dict[str, Any]) -> "Future[AccessToken]":
        kind = (scopes, repr(sorted(options.items())))
        with self._lock:
            asked = self._asked.get(kind)
            if asked is None or asked.done():
                asked = self._asked[kind] = Future()
                Thread(target=self._ask, args=(asked, scopes, options), name="sign-in", daemon=True).start()
            return asked

    def _ask(self, asked: "Future[AccessToken]", scopes: tuple[str, ...], options: dict[str, Any]) -> None:
        try:
            asked.set_result(self._inner.get_token(*scopes, **options))
        except (AzureError, OSError, ValueError) as error:
            asked.set_exception(error)


KINDS = {
    "EnvironmentCredential": "a service principal (AZURE_CLIENT_ID with a secret or certificate)",
    "WorkloadIdentityCredential": "workload identity (AZURE_FEDERATED_TOKEN_FILE)",
    "ManagedIdentityCredential": "managed identity",
    "AzureCliCredential": "the login of az",
    "AzureDeveloperCliCredential": "the login of azd",
    "AzurePowerShellCredential": "the login of Azure PowerShell",
}
"""What each credential is called."""


class _Noting:
    """A credential that says once it has had a token."""

    def __init__(self, inner: Any, note: Callable[[str], None]) -> None:
        self._inner = inner
        self._note = note

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        token: AccessToken = self._inner.get_token(*scopes, **options)
        name = type(self._inner).__name__
        self._note(KINDS.get(name, name))
        return token


def own_credential(authority: str | None = None) -> BoundedCredential:
    """The identity that the environment gives.

    It is the first that is there of service principal, workload identity, managed identity and a developer's login;
    ``AZURE_TOKEN_CREDENTIALS`` names one of them, or leaves out the logins (``prod``).

    The import is late because it costs a fifth of a second and the sandbox does not need it.

    Args:
        authority: The host that signs in; None for what ``AZURE_AUTHORITY_HOST`` says, or the public cloud's.
    """
    from azure.identity import DefaultAzureCredential

    chain = DefaultAzureCredential(authority=authority, exclude_interactive_browser_credential=True)
    made = BoundedCredential(chain)
    chain.credentials = tuple(_Noting(each, made.note) for each in chain.credentials)
    return made


class IssuedToken:
    """A credential whose tokens come from a function: for an Azure that is simulated in this process.

    Args:
        issue: Given the resource, answers a token.
    """

    def __init__(self, issue: Callable[[str], str]) -> None:
        self._issue = issue

    def get_token(self, *scopes: str, **_options: Any) -> AccessToken:
        """A token for the first of the scopes."""
        expires = datetime.now(UTC) + timedelta(hours=1)
        return AccessToken(self._issue(scopes[0].removesuffix("/.default")), int(expires.timestamp()))
