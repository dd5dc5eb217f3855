"""Sends audit events to a SIEM by its address: in order, and at least once."""

import http.client
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from bot.domain.integration import secure_address
from bot.errors import HookRefused, HookUnreachable, InvalidInput
from bot.http_client import HttpAnswer, send
from bot.siem.otlp import rejected_in, request_of
from bot.siem.syslog import SyslogServer

TIMEOUT_S = 10.0
"""Seconds that a receiver has to take a page of events."""

NO_RECEIVER = "The receiver must be https://HOST/PATH, otlp+https://HOST, syslog+tls://HOST:PORT or syslog://HOST:PORT."

OURS = frozenset({"content-type", "content-length", "host", "transfer-encoding", "connection"})
"""Headers that the bot writes itself."""

Take = Callable[[str], object]
"""Sends lines of JSON; returns once the receiver has them.

Raises:
    HookUnreachable: It does not answer, or asks to try again later.
    HookRefused: It does not take them.
"""


@dataclass(frozen=True, slots=True)
class Access:
    """What lets the bot in at a receiver; nothing of it is in the address.

    Args:
        headers: Reads the lines of HTTP headers to send, anew for each page: a token may be renewed meanwhile.
        certificate: The bot's certificate and its key (PEM), for syslog over TLS.
    """

    headers: Callable[[], str] = str
    certificate: Path | None = None


@contextmanager
def receiver(address: str, access: Access = Access()) -> Iterator[Take]:
    """A receiver by its address, see ``NO_RECEIVER``.

    Raises:
        InvalidInput: It is none, holds credentials, has no use for what is to let the bot in, or a secret would go over
            plain HTTP.
        BadConfiguration: The certificate cannot be used.
    """
    parts = _parts_of(address)
    _require_use(parts.scheme, access)
    plain = address.removeprefix("otlp+")
    if parts.scheme in ("http", "https", "otlp+http", "otlp+https"):
        _require_private(plain, access)
        post = partial(_post, access=access)
        if plain == address:
            yield lambda lines: post(address, NDJSON, lines.encode())
        else:
            yield partial(_log_records, post, plain if parts.path.strip("/") else f"{plain.rstrip('/')}/v1/logs")
    elif parts.scheme in ("syslog", "syslog+tls") and parts.port:
        yield SyslogServer.at(parts.hostname or "", parts.port, is_tls=parts.scheme != "syslog", key=access.certificate)
    else:
        raise InvalidInput(NO_RECEIVER)


def _parts_of(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        is_one = parts.hostname and parts.port != 0 and address.isprintable() and " " not in address
    except ValueError as error:  # of a port or an IPv6 address
        raise InvalidInput(NO_RECEIVER) from error
    if not is_one:
        raise InvalidInput(NO_RECEIVER)
    if "@" in parts.netloc:
        raise InvalidInput("The address of a receiver holds no credentials: everybody sees it. Use --headers FILE.")
    return parts


def _require_use(scheme: str, access: Access) -> None:
    """Nobody is to believe that a secret lets the bot in, or that a connection is private, where it is not."""
    if access.certificate and scheme != "syslog+tls":
        raise InvalidInput("A certificate is shown to syslog+tls://HOST:PORT alone.")
    if scheme.startswith("syslog") and headers_in(access.headers()):
        raise InvalidInput("Syslog has no headers: they are for https://HOST/PATH and otlp+https://HOST.")


def _require_private(plain: str, access: Access) -> None:
    if not headers_in(access.headers()):
        return
    try:
        secure_address(plain)
    except ValueError as error:
        raise InvalidInput("Headers with a secret are sent over HTTPS only, or to this machine.") from error


def headers_in(text: str) -> Mapping[str, str]:
    """HTTP headers as people write them: ``Name: value``, one on each line.

    Raises:
        InvalidInput: A line is none, or names a header that the bot writes itself; the sentence repeats no value.
    """
    found = {}
    for number, line in enumerate(text.splitlines(), start=1):
        name, colon, value = (part.strip() for part in line.partition(":"))
        is_name = name.isascii() and name.replace("-", "").isalnum() and name.lower() not in OURS
        if line.strip() and not (colon and is_name and value and value.isascii() and value.isprintable()):
            raise InvalidInput(f"Line {number} of the headers is not such as “Authorization: Bearer …”.")
        if line.strip():
            found[name] = value
    return found


NDJSON, JSON = "application/x-ndjson", "application/json"


def _log_records(post: Callable[[str, str, bytes], HttpAnswer], url: str, lines: str) -> None:
    """Records that the receiver drops are not in it, whatever its status says: the cursor stays before them."""
    rejected = rejected_in(post(url, JSON, request_of(lines.splitlines())).body)
    if rejected:
        raise HookRefused(f"{_shown(url)} rejected {rejected} of {len(lines.splitlines())} audit events.")


def _post(url: str, form: str, body: bytes, access: Access) -> HttpAnswer:
    headers = {"User-Agent": "aks-egress-bot", **headers_in(access.headers()), "Content-Type": form}
    try:
        answer = send("POST", url, headers, body, timeout_s=TIMEOUT_S)
    except (OSError, http.client.HTTPException) as error:
        raise HookUnreachable(f"{_shown(url)} is not responding ({type(error).__name__}).") from error
    if answer.is_taken:
        return answer
    if answer.asks_to_wait:
        raise HookUnreachable(f"{_shown(url)} is not ready ({answer.status}).")
    raise HookRefused(f"{_shown(url)} does not take audit events ({answer.status}).")


def _shown(url: str) -> str:
    """Without path and query: some receivers know who sends by these."""
    return urlsplit(url).netloc
