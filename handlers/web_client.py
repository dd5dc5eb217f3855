"""Slack's Web API, always with the token of now."""

import ssl
from functools import cache
from typing import Any

from slack_sdk import WebClient

from bot.http_client import proxy_of
from handlers.secret_values import Secret, reveal


@cache
def tls() -> ssl.SSLContext:
    """The certificate authorities of this machine, read once: the SDK alone would read them at every call.

    That takes 17 ms of the processor (Python 3.11, measured 2026-11), many times as long as an ack.
    """
    return ssl.create_default_context()


class FreshClient(WebClient):
    """The SDK's client, which reads its token at each call.

    Args:
        token: The token.
        options: The SDK's own.
    """

    def __init__(self, token: Secret, **options: Any) -> None:
        self._secret = token
        super().__init__(**{"ssl": tls(), **options})
        self.proxy = proxy_of(self.base_url)  # the SDK's own choice takes HTTP_PROXY for https, and knows no ALL_PROXY

    @property
    def token(self) -> str:
        """The token of now."""
        return reveal(self._secret)

    @token.setter
    def token(self, _value: str | None) -> None:
        """The SDK sets the one that it was made with: none."""
