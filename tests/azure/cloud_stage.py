"""Azure's clouds by their own host names: a proxy leads each of them to one tenant, and remembers who was asked."""

import base64
import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bot.sandbox.arm import ArmSubscription
from bot.sandbox.arm_http import arm_app, make_ca
from bot.sandbox.clock import SandboxClock
from bot.sandbox.journal import Journal
from bot.sandbox.serving import ServedApp

PASSWORD = "pr0xy~password"
HOSTS = {
    "public": (
        "login.microsoftonline.com",
        "management.azure.com",
        "westeurope.metrics.monitor.azure.com",
        "api.loganalytics.azure.com",
    ),
    "usgovernment": (
        "login.microsoftonline.us",
        "management.usgovcloudapi.net",
        "westeurope.metrics.monitor.azure.us",
        "api.loganalytics.us",
    ),
    "china": (
        "login.chinacloudapi.cn",
        "management.chinacloudapi.cn",
        "westeurope.metrics.monitor.azure.cn",
        "api.loganalytics.azure.cn",
    ),
}
"""Sign-in, Azure Resource Manager, metrics of the region of the simulated clusters, Log Analytics."""


@dataclass
class Internet:
    """A proxy with a password (``CONNECT``), behind which every host of Azure's is the same tenant.

    Args:
        arm: The tenant.
        ca: Who signed its certificate.
        port: The tenant's.
        asked: The hosts that somebody wanted, in order.
    """

    arm: ArmSubscription
    ca: Path
    port: int
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def environment(self) -> dict[str, str]:
        """How a bot gets out."""
        return {
            "HTTPS_PROXY": f"http://bot:{PASSWORD}@127.0.0.1:{self._listener.getsockname()[1]}",
            "NO_PROXY": "127.0.0.1",
            "REQUESTS_CA_BUNDLE": str(self.ca),
            "SSL_CERT_FILE": str(self.ca),
        }

    def close(self) -> None:
        """Let nobody through."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(self._listener.accept()[0],), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head and (data := client.recv(4096)):
                head += data
            host, _, port = head.split(b" ", 2)[1].decode().rpartition(":")
            self.asked.append(host)
            pair = base64.b64encode(f"bot:{PASSWORD}".encode())
            if not head.startswith(b"CONNECT ") or port != "443" or b"basic " + pair.lower() not in head.lower():
                client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", self.port), 5) as server:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                threading.Thread(target=_pass_on, args=(server, client), daemon=True).start()
                _pass_on(client, server)


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def opened_internet(folder: Path) -> Iterator[Internet]:
    """A tenant that has the certificate of every host of Azure's."""
    arm = ArmSubscription(SandboxClock(), Journal(), speed=600)
    certificate, key, ca = make_ca(folder, *(host for hosts in HOSTS.values() for host in hosts))
    served = ServedApp(arm_app(arm), 0, certificate=(certificate, key))
    served.start()
    internet = Internet(arm, ca, served.port)
    try:
        yield internet
    finally:
        internet.close()
        served.stop()
