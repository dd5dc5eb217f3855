"""One HTTP request and its answer, for webhooks, the SIEM, the identity provider and the client of the API.

No redirects, no retries.
"""

import base64
import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
"""Refusals that waiting helps against, beside 5xx (https://www.rfc-editor.org/rfc/rfc9110#section-15, read 2026-11)."""

PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
"""Variables with the URLs of proxies, which may hold a password; each in small letters, too."""

MOST_BYTES = 4 * 1024 * 1024
"""Bytes of an answer that are read."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What a server answered.

    Args:
        status: The HTTP status.
        headers: By name in lower case.
        body: At most ``MOST_BYTES``.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: It is none.
        """
        return json.loads(self.body)

    @property
    def is_taken(self) -> bool:
        """Whether it says that all is well; a redirect does not, because it is not followed."""
        return self.status in range(200, 300)

    @property
    def asks_to_wait(self) -> bool:
        """Whether the same request may be taken later."""
        return self.status >= HTTPStatus.INTERNAL_SERVER_ERROR or self.status in LATER

    @property
    def retry_after_s(self) -> int | None:
        """How many seconds it asks to wait, up to a day; None where it does not say."""
        said = self.headers.get("retry-after", "")
        return min(int(said), 86_400) if said.isascii() and said.isdecimal() and len(said) < 9 else None


def send(method: str, url: str, headers: Mapping[str, str], body: bytes | None, *, timeout_s: float) -> HttpAnswer:
    """Send one request, through the proxy that the environment names.

    Raises:
        OSError, http.client.HTTPException: No answer.
    """
    parts = urlsplit(url)
    proxy = proxy_of(url)
    connection = _connection(parts, urlsplit(proxy) if proxy else None, timeout_s)
    own = {**headers, **_signed_in(urlsplit(proxy))} if proxy and parts.scheme == "http" else dict(headers)
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    try:
        connection.request(method, url if proxy and parts.scheme == "http" else path, body, own)
        answer = connection.getresponse()
        named = {name.lower(): value for name, value in answer.getheaders()}
        return HttpAnswer(answer.status, named, answer.read(MOST_BYTES))
    finally:
        connection.close()


def proxy_of(url: str) -> str | None:
    """The proxy for a URL, as ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` say; None for none.

    No proxy reaches this machine's own loopback interface. Many people leave out the scheme (``proxy:3128``), which
    the clients of Slack's Web API and of Azure take for HTTP, too.
    """
    parts = urlsplit(url)
    if _is_loopback(parts.hostname or "") or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    kind = {"wss": "https", "ws": "http"}.get(parts.scheme, parts.scheme)
    named = getproxies()
    found = named.get(kind) or named.get("all")
    return _with_scheme(found) if found else None


def excepting_this_machine(variables: Mapping[str, str]) -> dict[str, str]:
    """``NO_PROXY``, in both spellings, with this machine: the SDKs would look for it behind the proxy.

    Args:
        variables: The environment.
    """
    known = variables.get("no_proxy") or variables.get("NO_PROXY")
    return dict.fromkeys(("NO_PROXY", "no_proxy"), ",".join([*([known] if known else []), "localhost,127.0.0.1,::1"]))


def unusable_proxies(variables: Mapping[str, str]) -> list[str]:
    """One sentence for each proxy that the environment names and nobody here can speak to; no password is in it.

    The way to a proxy is plain HTTP everywhere: Slack's SDK and its socket know neither TLS to a proxy nor SOCKS.

    Args:
        variables: The environment.
    """
    names = (form(name) for name in PROXIES for form in (str.upper, str.lower))
    found = {name: variables.get(name, "") for name in names}
    return [
        f"{name} must be a proxy such as http://HOST:3128{why}." for name, url in found.items() if (why := _wrong(url))
    ]


def _wrong(proxy: str) -> str:
    """What is wrong with a proxy; empty if nothing is, or none is named."""
    if not proxy:
        return ""
    try:
        parts = urlsplit(_with_scheme(proxy))
        is_right = parts.hostname is not None and parts.port != 0
    except ValueError:
        return ", with a port from 1 to 65535"
    if parts.scheme != "http":
        return f", not {parts.scheme}://: the way to the proxy is plain HTTP"
    return "" if is_right else ", with a host and a port from 1 to 65535"


def _with_scheme(proxy: str) -> str:
    return proxy if "//" in proxy else f"http://{proxy}"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _connection(parts: SplitResult, proxy: SplitResult | None, timeout_s: float) -> http.client.HTTPConnection:
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    if proxy is None:
        return kind(parts.hostname or "", parts.port, timeout=timeout_s)
    connection = kind(proxy.hostname or "", proxy.port or 80, timeout=timeout_s)
    if parts.scheme == "https":
        connection.set_tunnel(parts.hostname or "", parts.port or 443, _signed_in(proxy))
    return connection


def _signed_in(proxy: SplitResult) -> dict[str, str]:
    """The header with the user and password of a proxy's URL."""
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
