"""The bot's identity in Azure."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from threading import Lock, Thread
from typing import Any, TypeGuard

from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError, ServiceResponseError
from azure.core.pipeline import PipelineResponse

from bot.azure.sign_in import BUSY, is_unasked, nobody_sentence, refused_sentence, silent_sentence

SIGN_IN_WITHIN_S = 10.0
"""Seconds that a question to Azure waits for a token; the endpoints that issue them answer within one."""


class SignInSilent(ClientAuthenticationError):
    """The token issuer is not responding; this class keeps the SDK from retrying immediately.

    Its message is the sentence for people, as is that of ``SignInRefused``.
    """


class SignInRefused(ClientAuthenticationError):
    """The token issuer said no, or there is no identity to ask for."""


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
            SignInRefused: There is none.
        """
        try:
            return self._answer(scopes, options).result(self._within_s)
        except TimeoutError as error:
            raise SignInSilent(silent_sentence(error)) from error

    def close(self) -> None:
        """Give back connections."""
        close_if_open(self._inner)

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
        finally:  # whatever else it was is logged by the thread's end; nobody may wait for it for ever
            if not asked.done():
                asked.set_exception(SignInSilent(silent_sentence(TimeoutError())))


KINDS = {
    "EnvironmentCredential": "a service principal (AZURE_CLIENT_ID with a secret or certificate)",
    "WorkloadIdentityCredential": "workload identity (AZURE_FEDERATED_TOKEN_FILE)",
    "ManagedIdentityCredential": "managed identity",
    "AzureCliCredential": "the login of az",
    "AzureDeveloperCliCredential": "the login of azd",
    "AzurePowerShellCredential": "the login of Azure PowerShell",
}
"""What each credential is called."""


def _require_answer(response: PipelineResponse[Any, Any]) -> None:
    """An issuer that is busy has not refused; the SDK does not tell them apart, and MSAL keeps the answer for a minute.

    Raises:
        ServiceResponseError: It is; the SDK then repeats the request.
    """
    status = response.http_response.status_code
    if status in BUSY:
        raise ServiceResponseError(f"The token issuer answered HTTP {status}.")


OPTIONS: Mapping[str, Any] = {
    "connection_timeout": 5,
    "read_timeout": 10,
    "retry_connect": 1,
    "retry_read": 1,
    "disable_instance_discovery": True,
    "raw_response_hook": _require_answer,
}
"""How token issuers are asked: in seconds where the SDK's own takes minutes, and only the authority that was named.

Without the last the SDK asks the public cloud's ``login.microsoftonline.com`` whether it knows a private authority.
"""


class EnvironmentIdentity:
    """The first identity that the environment has; once it had a token, the bot is nobody else.

    After a refusal it is made anew, so that a certificate or a token file that was replaced counts at once.

    Args:
        make: The credentials, in order.
        note: Told in words which one a token came from.
    """

    def __init__(self, make: Callable[[], Sequence[Any]], note: Callable[[str], None]) -> None:
        self._make = make
        self._note = note
        self._members: Sequence[Any] = ()
        self._lock = Lock()

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """A token of the first credential that there is; nobody else is asked where that one fails.

        Raises:
            SignInSilent: The issuer could not be asked.
            SignInRefused: It refused, or there is no identity.
        """
        missing: list[ClientAuthenticationError] = []
        for member in self._present():
            try:
                return self._told(member, scopes, options)
            except (AzureError, OSError, ValueError) as error:
                if not _is_absent(error):
                    raise self._failed(kind_of(member), error) from error
                missing.append(error)
        raise self._nobody(missing)

    def close(self) -> None:
        """Give back connections."""
        for member in self._members:
            close_if_open(member)

    def _present(self) -> Sequence[Any]:
        with self._lock:
            if not self._members:
                try:
                    self._members = self._make()
                except (OSError, ValueError) as error:  # a certificate that cannot be read
                    raise self._failed("the AZURE_ variables", error) from error
            return self._members

    def _told(self, member: Any, scopes: tuple[str, ...], options: dict[str, Any]) -> AccessToken:
        token: AccessToken = member.get_token(*scopes, **options)
        self._members = (member,)
        self._note(kind_of(member))
        return token

    def _failed(self, identity: str, error: Exception) -> ClientAuthenticationError:
        if is_unasked(error):
            return SignInSilent(silent_sentence(error))
        self._members = ()
        return SignInRefused(refused_sentence(identity.partition(" (")[0], error))

    def _nobody(self, missing: Sequence[ClientAuthenticationError]) -> ClientAuthenticationError:
        """One that had tokens before is there, whatever the SDK calls its silence."""
        if len(self._members) == 1 and missing:
            return self._failed(kind_of(self._members[0]), missing[0])
        kind = SignInSilent if any(map(is_unasked, missing)) else SignInRefused
        return kind(nobody_sentence(missing))


def _is_absent(error: Exception) -> TypeGuard[ClientAuthenticationError]:
    """Whether the environment does not have that credential."""
    from azure.identity import CredentialUnavailableError

    return isinstance(error, CredentialUnavailableError)


def close_if_open(credential: Any) -> None:
    """Close a credential that has connections; not every kind does."""
    close = getattr(credential, "close", None)
    if close is not None:
        close()


def kind_of(credential: Any) -> str:
    """What a credential is called."""
    name = type(credential).__name__
    return KINDS.get(name, name)


def own_credential(authority: str | None = None) -> BoundedCredential:
    """The identity that the environment gives.

    It is the first that is there of service principal, workload identity, managed identity and a developer's login;
    ``AZURE_TOKEN_CREDENTIALS`` names one of them, or leaves out the logins (``prod``).

    Args:
        authority: The host that signs in; None for what ``AZURE_AUTHORITY_HOST`` says, or the public cloud's.
    """

    def note(chosen: str) -> None:
        made.note(chosen)

    made = BoundedCredential(EnvironmentIdentity(lambda: _credentials(authority), note))
    return made


def _credentials(authority: str | None) -> Sequence[Any]:
    """Those of the SDK's own default, in its order; that one hands the authority to the first alone.

    The import is late because it costs a fifth of a second and the sandbox does not need it.
    """
    from azure.identity import DefaultAzureCredential, WorkloadIdentityCredential

    chain = DefaultAzureCredential(authority=authority, exclude_interactive_browser_credential=True, **OPTIONS)

    def placed(each: Any) -> Any:
        is_placeless = authority and type(each) is WorkloadIdentityCredential
        return WorkloadIdentityCredential(authority=authority, **OPTIONS) if is_placeless else each

    return [placed(each) for each in chain.credentials]


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
