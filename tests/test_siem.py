"""What lets the bot in at a SIEM: headers from a file, certificates; and what is refused before anything is sent."""

import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bot.errors import BadConfiguration, HookRefused, HookUnreachable, InvalidInput
from bot.sandbox.arm_http import make_ca
from bot.siem import Access, headers_in, receiver
from bot.wiring.secret_files import SecretFile

LINE = json.dumps({"at": "2026-11-29T10:00:00+00:00", "action": "allowance:request", "reason": "ä"}) + "\n"


class Splunk(BaseHTTPRequestHandler):
    """A receiver with a token."""

    token: ClassVar[str] = "first"
    seen: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        """Take a page from whoever has the token."""
        self.rfile.read(int(self.headers["Content-Length"]))
        Splunk.seen.append(self.headers.get("Authorization", ""))
        self.send_response(200 if self.headers.get("Authorization") == f"Splunk {self.token}" else 403)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


def test_a_token_is_in_a_file_and_may_be_renewed(tmp_path: Path) -> None:
    """Without a restart; it is in no address and in no error."""
    Splunk.seen.clear()
    file = tmp_path / "headers"
    file.write_text("Authorization: Splunk first\nX-Source: aks\n")
    with ThreadingHTTPServer(("127.0.0.1", 0), Splunk) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/services/collector/secret-path?token=secret"
        with receiver(address, Access(SecretFile(file, "--headers"))) as take:
            take(LINE)
            Splunk.token = "second"
            with pytest.raises(HookRefused, match=r"^127\.0\.0\.1:\d+ does not take audit events \(403\)\.$"):
                take(LINE)
            file.write_text("Authorization: Splunk second\n")
            take(LINE)
        server.shutdown()
    assert Splunk.seen == ["Splunk first", "Splunk first", "Splunk second"]


@pytest.mark.parametrize(
    ("address", "headers", "said"),
    [
        ("https://me:secret@siem.example.com/", "", "holds no credentials"),
        ("syslog+tls://me@siem.example.com:6514", "", "holds no credentials"),
        ("http://siem.example.com/", "Authorization: Bearer secret", "over HTTPS only"),
        ("otlp+http://siem.example.com", "api-key: secret", "over HTTPS only"),
        ("https://siem.example.com/", "Bearer secret", "Line 1 of the headers"),
        ("https://siem.example.com/", "a: b\n\nHost: other", "Line 3 of the headers"),
        ("syslog+tls://siem.example.com", "", "The receiver must be"),
        ("syslog+tls://siem.example.com:6514", "Authorization: Bearer secret", "Syslog has no headers"),
    ],
)
def test_no_secret_where_others_see_it(address: str, headers: str, said: str) -> None:
    """It is refused before anything is sent, and not repeated."""
    with pytest.raises(InvalidInput, match=said) as refused, receiver(address, Access(lambda: headers)):
        pass
    assert "secret" not in refused.value.sentence.replace("a secret", "")


@pytest.mark.parametrize("address", ["https://siem.example.com/", "otlp+https://h", "syslog://siem.example.com:514"])
def test_a_certificate_that_nobody_would_see(address: str) -> None:
    """Above all, plain syslog does not become private by it."""
    with pytest.raises(InvalidInput, match="syslog\\+tls"), receiver(address, Access(certificate=Path("ours.pem"))):
        pass


def test_headers_are_lines() -> None:
    """Names and values as they stand; blank lines mean nothing."""
    assert headers_in("DD-API-KEY: x:y\n\n a : b c \n") == {"DD-API-KEY": "x:y", "a": "b c"}


def make_ours(file: Path) -> Path:
    """A certificate of the bot, with its key, signed by itself."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bot")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(made.sign(key, SHA256()).public_bytes(Encoding.PEM) + secret)
    return file


@contextmanager
def syslog_over_tls(certificate: Path, key: Path, ours: Path) -> Iterator[tuple[int, list[bytes]]]:
    """A server that wants our certificate, reads to the end and answers ``close_notify``; its port and what it read."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(ours))
    context.load_cert_chain(certificate, key)
    context.verify_mode = ssl.CERT_REQUIRED
    received: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):  # closed
            while True:
                connection, _ = listener.accept()
                with suppress(ssl.SSLError), context.wrap_socket(connection, server_side=True) as private:
                    while part := private.recv(65_536):
                        received.append(part)
                    private.unwrap()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=serve, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1], received


def test_syslog_over_tls(tmp_path: Path) -> None:
    """RFC 5425: only to the server that the certificate names, with ours where it asks for it."""
    certificate, key, authority = make_ca(tmp_path)
    ours = make_ours(tmp_path / "ours.pem")
    with syslog_over_tls(certificate, key, ours) as (port, received):
        address = f"syslog+tls://localhost:{port}"
        with receiver(address) as take, pytest.raises(HookRefused, match="is not trusted"):
            take(LINE)
        with CliRunner().isolation(env={"SSL_CERT_FILE": str(authority)}):
            with receiver(address) as take, pytest.raises(HookUnreachable, match="wants a certificate of the bot's"):
                take(LINE)
            strange = Access(certificate=make_ours(tmp_path / "strange.pem"))
            with receiver(address, strange) as take, pytest.raises(HookUnreachable, match="does not accept the bot's"):
                take(LINE)
            assert received == [], "what is sent to a server that then refuses us is not taken"
            with receiver(address, Access(certificate=ours)) as take:
                take(LINE * 2)
    said = f"<110>1 2026-11-29T10:00:00+00:00 - aks-egress-bot - allowance:request - {LINE.strip()}".encode()
    assert b"".join(received) == b"%d %s" % (len(said), said) * 2
    alone = Access(certificate=certificate)
    with pytest.raises(BadConfiguration, match="no certificate with its key"), receiver(address, alone):
        pass
