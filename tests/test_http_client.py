"""The way to a server: directly, or through the proxy of the environment."""

import socket
import threading

import pytest
from click.testing import CliRunner

from bot.http_client import proxy_of, send

SECURE, PLAIN = "http://u:p@secure:3128", "http://plain:3128"
ENVIRONMENT = {
    "HTTPS_PROXY": SECURE,
    "HTTP_PROXY": PLAIN,
    "NO_PROXY": "169.254.169.254,.svc,siem.example.com",
    "https_proxy": None,
    "http_proxy": None,
    "no_proxy": None,
}


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("https://hooks.example.com/x", SECURE),
        ("wss://wss-primary.slack.com/link", SECURE),
        ("http://hooks.example.com:8080", PLAIN),
        ("https://siem.example.com:8088/services", None),
        ("http://bot.egress-bot.svc:8080", None),
        ("http://127.0.0.1:8080/api", None),
        ("http://localhost:8080/api", None),
        ("http://[::1]:8080/api", None),
    ],
)
def test_which_proxy(url: str, proxy: str | None) -> None:
    """By the scheme, unless it is excepted or the machine itself."""
    with CliRunner().isolation(env=ENVIRONMENT):
        assert proxy_of(url) == proxy


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_plain_request_through_a_proxy(scheme: str) -> None:
    """The whole address, and who we are."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with listener.accept()[0] as client:
                heard.append(client.recv(4096))
                client.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        proxy = f"{scheme}bot:pa%40ss@127.0.0.1:{listener.getsockname()[1]}"
        with CliRunner().isolation(env={**ENVIRONMENT, "HTTP_PROXY": proxy}):
            found = send("POST", "http://hooks.example.com/x?y=1", {"X-A": "1"}, b"{}", timeout_s=5)
    assert found.status == 204
    assert heard[0].startswith(b"POST http://hooks.example.com/x?y=1 HTTP/1.1\r\nHost: hooks.example.com\r\n")
    assert b"Proxy-Authorization: Basic Ym90OnBhQHNz\r\n" in heard[0]
