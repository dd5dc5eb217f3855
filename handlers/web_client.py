"""Slack's Web API, always with the token of now."""

from typing import Any

from slack_sdk import WebClient

from handlers.secret_values import Secret, reveal


class FreshClient(WebClient):
    """The SDK's client, which reads its token at each call.

    Args:
        token: The token.
        options: The SDK's own.
    """

    def __init__(self, token: Secret, **options: Any) -> None:
        self._secret = token
        super().__init__(**options)

    @property
    def token(self) -> str:
        """The token of now."""
        return reveal(self._secret)

    @token.setter
    def token(self, _value: str | None) -> None:
        """The SDK sets the one that it was made with: none."""
