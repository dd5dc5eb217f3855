"""Runs an ASGI application in a thread, bound to the loopback interface."""

import asyncio
import socket
import threading
from pathlib import Path
from time import monotonic
from typing import Any

import uvicorn

HOST = "127.0.0.1"
BACKLOG = 1024
GRACE_S = 2.0
"""Seconds that answers which are under way get at the end."""


class PortTaken(Exception):
    """Somebody else listens on the port; the message is a whole sentence."""


class ServedApp:
    """One application on one port.

    Args:
        app: The ASGI application.
        port: 0 for any free port; ``port`` tells the real one from the start.
        certificate: Certificate and key file for TLS.

    Raises:
        PortTaken: If the port is in use.
    """

    def __init__(self, app: Any, port: int, *, certificate: tuple[Path, Path] | None = None) -> None:
        self._socket = _listen(port)
        self.port: int = self._socket.getsockname()[1]
        cert, key = certificate or (None, None)
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                lifespan="off",
                ssl_certfile=cert,
                ssl_keyfile=None if key is None else str(key),
                timeout_graceful_shutdown=int(GRACE_S),
            )
        )
        self._thread = threading.Thread(target=self._run, name=f"serve-{self.port}", daemon=True)

    def start(self) -> None:
        """Begin to answer; connections wait in the backlog until the loop runs."""
        self._thread.start()

    def stop(self) -> None:
        """Answer what is under way, for at most two seconds, and close the port.

        A connection on which nobody waits for an answer holds nothing up, even if its other end closes without notice.
        """
        self._server.should_exit = True
        ends = monotonic() + GRACE_S
        while self._thread.is_alive() and not self._server.force_exit:
            self._thread.join(0.1)
            self._server.force_exit = not self._server.server_state.tasks or monotonic() > ends
        if self._thread.is_alive():
            self._thread.join(5)
        self._socket.close()

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))


def _listen(port: int) -> socket.socket:
    # By its protocol asyncio knows that it may switch off Nagle: without it each answer over TLS takes 40 ms longer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise PortTaken(f"Port {port} on {HOST} is not free: stop what uses it, or choose another one.") from error
    listener.listen(BACKLOG)
    return listener
