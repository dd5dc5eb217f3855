"""Who the bot is to Azure."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.core.credentials import AccessToken, TokenCredential


def own_credential() -> TokenCredential:
    """The identity that the environment gives: workload identity, managed identity, environment, command line.

    The import is late because it costs a fifth of a second and the sandbox does not need it.
    """
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential(exclude_interactive_browser_credential=True)


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
