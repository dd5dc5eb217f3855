"""The way to a server: directly, or through the proxy of the environment."""

import socket
import threading

import pytest
from click.testing import CliRunner
from requests.utils import get_environ_proxies, select_proxy

from bot.http_client import proxy_of, send
from handlers.socket_client import LeavingClient
from handlers.web_client import FreshClient
from tests.processes.stage import run_here

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


@pytest.mark.parametrize(
    ("named", "proxy"),
    [
        ({"HTTP_PROXY": PLAIN}, None),
        ({"HTTP_PROXY": PLAIN, "ALL_PROXY": SECURE}, SECURE),
        ({"HTTPS_PROXY": SECURE, "HTTP_PROXY": PLAIN}, SECURE),
        ({"HTTPS_PROXY": SECURE, "NO_PROXY": "slack.com"}, None),
    ],
)
def test_every_client_goes_the_same_way(named: dict[str, str], proxy: str | None) -> None:
    """Slack's Web API, its socket and Azure's SDK, to the same host over TLS."""
    with CliRunner().isolation(env={**dict.fromkeys(ENVIRONMENT), "ALL_PROXY": None, **named}):
        client = FreshClient("xoxb-1", base_url="https://slack.com/api/")
        socket_client = LeavingClient("xapp-1", web_client=client)
        socket_client.wss_uri = "wss://slack.com/link"
        azure = select_proxy("https://slack.com/api/", get_environ_proxies("https://slack.com/api/"))
        assert (proxy_of("https://slack.com/api/"), client.proxy, socket_client.proxy, azure) == (proxy,) * 4
        socket_client.close()


@pytest.mark.parametrize(
    ("name", "proxy", "why"),
    [
        ("HTTPS_PROXY", "https://u:s3cret@proxy:3128", ", not https://: the way to the proxy is plain HTTP."),
        ("all_proxy", "socks5h://u:s3cret@proxy:1080", ", not socks5h://: the way to the proxy is plain HTTP."),
        ("HTTP_PROXY", "http://u:s3cret@proxy:99999", ", with a port from 1 to 65535."),
        ("https_proxy", "u:s3cret@proxy:port", ", with a port from 1 to 65535."),
        ("HTTPS_PROXY", "http://proxy:0", ", with a host and a port from 1 to 65535."),
        ("HTTPS_PROXY", "http://:3128", ", with a host and a port from 1 to 65535."),
    ],
)
@pytest.mark.parametrize("command", [("doctor",), ("config", "check")])
def test_a_proxy_that_cannot_be_used(command: tuple[str, ...], name: str, proxy: str, why: str) -> None:
    """Refused at the start, in one sentence without its password."""
    status, said = run_here(*command, **{name: proxy})
    assert (status, said) == (2, f"{name} must be a proxy such as http://HOST:3128{why}\n")


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
