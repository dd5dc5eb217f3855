"""Slack's Web API, always with the token of now, and the response URLs of its payloads."""

import ssl
from functools import cache
from typing import Any
from urllib.request import HTTPSHandler, OpenerDirector, ProxyHandler, Request, build_opener

from slack_sdk import WebClient
from slack_sdk.errors import SlackRequestError
from slack_sdk.webhook import WebhookClient, WebhookResponse

from bot.http_client import proxy_of
from handlers.secret_values import Secret, reveal


@cache
def tls() -> ssl.SSLContext:
    """The certificate authorities of this machine, read once: the SDK alone would read them at every call.

    That takes 17 ms of the processor (Python 3.11, measured 2026-11), many times as long as an ack.
    """
    return ssl.create_default_context()


@cache
def opener(proxy: str | None, context: ssl.SSLContext) -> OpenerDirector:
    """What opens connections to Slack, made once: the SDK alone would make one at every call.

    Making it takes the processor longer than the rest of urllib's part of a call (Python 3.11, measured 2026-11).

    Args:
        proxy: The URL of a proxy; None for none.
        context: Whom to trust.
    """
    return build_opener(ProxyHandler({"http": proxy, "https": proxy} if proxy else {}), HTTPSHandler(context=context))


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

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        answer, body = _tried(self, url, req)
        return {"status": answer.status, "headers": answer.headers, "body": body}


class ResponseClient(WebhookClient):
    """The SDK's client of one response URL.

    Args:
        url: The response URL.
        options: The SDK's own.
    """

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, **{"ssl": tls(), **options})
        self.proxy = proxy_of(url)

    def _perform_http_request_internal(self, url: str, req: Request) -> WebhookResponse:
        answer, body = _tried(self, url, req)
        return WebhookResponse(url=url, status_code=answer.status, body=body, headers=dict(answer.headers))


def _tried(client: FreshClient | ResponseClient, url: str, asked: Request) -> tuple[Any, str]:
    """One try, as the SDK's own: the answer and its text; one that is no success is an ``HTTPError``."""
    if not url.startswith(("https://", "http://")):
        raise SlackRequestError("The address is none of HTTP.")  # it may be a file
    with opener(client.proxy, client.ssl or tls()).open(asked, timeout=client.timeout) as answer:
        return answer, answer.read().decode()
