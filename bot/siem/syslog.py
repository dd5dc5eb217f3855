"""Audit events as syslog messages: RFC 5424 with octet counting, over TLS (RFC 5425) or plain TCP (RFC 6587).

Sources: https://www.rfc-editor.org/rfc/rfc5424, https://www.rfc-editor.org/rfc/rfc5425 (section 4.3, octet counting;
section 4.4, closing) and https://www.rfc-editor.org/rfc/rfc6587#section-3.4.1, read 2026-11.
"""

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic_core import from_json

from bot.errors import BadConfiguration, HookRefused, HookUnreachable

TIMEOUT_S = 10.0
"""Seconds that a server has for each step of a page of events."""

PRIORITY = 13 * 8 + 6
"""Facility log audit, severity informational."""


@dataclass(frozen=True, slots=True)
class SyslogServer:
    """A server, with how it is reached.

    Args:
        host: Its name, which its certificate must have.
        port: TCP; 6514 is that of syslog over TLS.
        tls: Checks its certificate; None for plain TCP.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None

    @classmethod
    def at(cls, host: str, port: int, *, is_tls: bool, key: Path | None) -> Self:
        """A server by its address.

        Args:
            host: Its name.
            port: Its port.
            is_tls: Whether over TLS. The system's CAs count, or those of ``SSL_CERT_FILE``.
            key: The bot's certificate and its key (PEM), where the server asks for one.

        Raises:
            BadConfiguration: The file cannot be used.
        """
        tls = ssl.create_default_context() if is_tls else None
        try:
            if tls and key:
                tls.load_cert_chain(key)
        except OSError as error:
            raise BadConfiguration(f"{key} holds no certificate with its key: {error}.") from error
        return cls(host, port, tls)

    def __call__(self, lines: str) -> None:
        """Send lines of JSON. One connection for each page: the server closes it once it has read all of it.

        Raises:
            HookUnreachable: It does not answer, did not read all of it, or does not accept our certificate: its side
                of that may be put right at any time.
            HookRefused: It is somebody else, by its certificate.
        """
        page = b"".join(map(message, lines.splitlines()))
        try:
            with socket.create_connection((self.host, self.port), timeout=TIMEOUT_S) as plain:
                _hand_over(plain, page) if self.tls is None else _Private(plain, self.tls, self.host).hand_over(page)
        except ssl.SSLCertVerificationError as error:
            raise HookRefused(f"{self.host}:{self.port} is not trusted: {error.verify_message}.") from error
        except ssl.SSLError as error:
            raise HookUnreachable(f"{self.host}:{self.port} {_tls_words(error.reason or 'TLS')}.") from error
        except OSError as error:
            raise HookUnreachable(f"{self.host}:{self.port} is not responding ({type(error).__name__}).") from error


def _tls_words(reason: str) -> str:
    """What a server means that ends TLS with an alert or an error, by OpenSSL's name for that.

    Source: https://www.rfc-editor.org/rfc/rfc8446#section-6.2, read 2026-11.
    """
    if "ALERT_CERTIFICATE_REQUIRED" in reason:
        return "wants a certificate of the bot's: give --certificate"
    if "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason):
        return f"does not accept the bot's certificate ({reason})"
    return f"is not responding ({reason})"


def _hand_over(connection: socket.socket, page: bytes) -> None:
    connection.sendall(page)
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(1024):
        pass


class _Private:
    """TLS over a connection, with an end that says whether the server has everything.

    ``ssl.SSLSocket.unwrap`` takes a refusal for an end: in TLS 1.3 a server refuses our certificate after we may have
    sent everything. So the records are fed in here, and what the server says last is read.

    Args:
        connection: TCP.
        tls: Whom to trust, and what we show.
        host: Whose certificate it must be.
    """

    def __init__(self, connection: socket.socket, tls: ssl.SSLContext, host: str) -> None:
        self._connection = connection
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = tls.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    def hand_over(self, page: bytes) -> None:
        """Send it, say that nothing follows, and wait for the server to say so, too.

        Raises:
            OSError: It refused, or hung up before.
        """
        self._until_done(self._tls.do_handshake)
        self._tls.write(page)
        with suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
        with suppress(ssl.SSLZeroReturnError):
            while self._until_done(self._tls.read):
                pass

    def _until_done(self, act: Callable[[], object]) -> object:
        while True:
            try:
                return act()
            except ssl.SSLWantReadError:
                self._send()
                part = self._connection.recv(65_536)
                self._incoming.write(part) if part else self._incoming.write_eof()

    def _send(self) -> None:
        self._connection.sendall(self._outgoing.read())


def message(line: str) -> bytes:
    """One event as a message, with its length before it."""
    event = from_json(line)
    header = f"<{PRIORITY}>1 {event['at']} - aks-egress-bot - {event['action']} - "
    said = (header + line).encode()
    return b"%d %s" % (len(said), said)
