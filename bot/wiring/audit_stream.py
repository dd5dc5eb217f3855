"""Sends audit events to a SIEM: as JSON Lines over HTTP, as OTLP logs, or over syslog; in order, and at least once.

Syslog is RFC 5424 over TCP with octet counting (RFC 6587, section 3.4.1), facility 13 (log audit), severity 6:
https://www.rfc-editor.org/rfc/rfc5424, read 2026-11.
"""

import http.client
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from urllib.parse import SplitResult, urlsplit

from pydantic_core import from_json

from bot.errors import HookRefused, HookUnreachable, InvalidInput
from bot.wiring.otlp_logs import rejected_in, request_of
from handlers.http_client import HttpAnswer, send
from handlers.webhooks import LATER

TIMEOUT_S = 10.0
"""Seconds that a receiver has to take a page of events."""

PRIORITY = 13 * 8 + 6
"""Facility log audit, severity informational."""

NO_RECEIVER = "The receiver must be https://HOST/PATH, otlp+https://HOST or syslog://HOST:PORT."

Take = Callable[[str], object]
"""Sends lines of JSON; returns once the receiver has them.

Raises:
    HookUnreachable: It does not answer, or asks to try again later.
    HookRefused: It does not take them.
"""


@contextmanager
def receiver(address: str) -> Iterator[Take]:
    """A receiver by its address: ``https://HOST/PATH``, ``otlp+https://HOST[/PATH]`` or ``syslog://HOST:PORT``.

    Raises:
        InvalidInput: It is none.
    """
    parts = _parts_of(address)
    if parts.scheme in ("http", "https"):
        yield lambda lines: _post(address, NDJSON, lines.encode())
    elif parts.scheme in ("otlp+http", "otlp+https"):
        plain = address.removeprefix("otlp+")
        yield partial(_log_records, plain if parts.path.strip("/") else f"{plain.rstrip('/')}/v1/logs")
    elif parts.scheme == "syslog" and parts.port:
        yield lambda lines: _log(parts.hostname or "", parts.port or 0, lines)
    else:
        raise InvalidInput(NO_RECEIVER)


def _parts_of(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        if parts.hostname and parts.port != 0 and address.isprintable() and " " not in address:
            return parts
    except ValueError as error:  # of a port or an IPv6 address
        raise InvalidInput(NO_RECEIVER) from error
    raise InvalidInput(NO_RECEIVER)


NDJSON, JSON = "application/x-ndjson", "application/json"


def _log_records(url: str, lines: str) -> None:
    """Records that the receiver drops are not in it, whatever its status says: the cursor stays before them."""
    rejected = rejected_in(_post(url, JSON, request_of(lines.splitlines())).body)
    if rejected:
        raise HookRefused(f"{url} rejected {rejected} of {len(lines.splitlines())} audit events.")


def _post(url: str, form: str, body: bytes) -> HttpAnswer:
    headers = {"Content-Type": form, "User-Agent": "aks-egress-bot"}
    try:
        answer = send("POST", url, headers, body, timeout_s=TIMEOUT_S)
    except (OSError, http.client.HTTPException) as error:
        raise HookUnreachable(f"{url} is not responding ({type(error).__name__}).") from error
    if answer.status in range(200, 300):
        return answer
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status in LATER:
        raise HookUnreachable(f"{url} is not ready ({answer.status}).")
    raise HookRefused(f"{url} does not take audit events ({answer.status}).")


def _log(host: str, port: int, lines: str) -> None:
    """One connection for each page: the receiver closes it once it has read all of it."""
    try:
        with socket.create_connection((host, port), timeout=TIMEOUT_S) as connection:
            connection.sendall(b"".join(map(_message, lines.splitlines())))
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1024):
                pass
    except OSError as error:
        raise HookUnreachable(f"{host}:{port} is not responding ({type(error).__name__}).") from error


def _message(line: str) -> bytes:
    event = from_json(line)
    header = f"<{PRIORITY}>1 {event['at']} - aks-egress-bot - {event['action']} - "
    said = (header + line).encode()
    return b"%d %s" % (len(said), said)
