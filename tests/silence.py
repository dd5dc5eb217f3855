"""Other sides that accept and then say nothing: real sockets in front of real servers."""

import contextlib
import socket
import threading
from collections.abc import Callable

from sqlalchemy.engine import URL, make_url

CHUNK = 65_536


class Proxy(contextlib.AbstractContextManager["Proxy"]):
    """Passes bytes on between clients on a port of its own and a server, until it is hushed.

    Args:
        reach: Opens a connection to the server; None for a server that was never heard.
        port: Where it listens; 0 for any free one.

    Attributes:
        asked: How often clients said something so far.
    """

    def __init__(self, reach: Callable[[], socket.socket] | None, port: int = 0) -> None:
        self.asked = 0
        self._reach = reach
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self._talks = threading.Event()
        self._sockets: list[socket.socket] = [self._listener]
        if reach is not None:
            self._talks.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def hush(self) -> None:
        """Keep every connection, take new ones, and pass nothing on any more."""
        self._talks.clear()

    def lose(self) -> None:
        """Pass nothing on any more on the connections that there are, and close none; new ones are served."""
        self._talks.clear()
        self._talks = threading.Event()
        self._talks.set()

    def talk(self) -> None:
        """Pass on again, what was said meanwhile included."""
        self._talks.set()

    def __exit__(self, *_error: object) -> None:
        """Close everything."""
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._sockets.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        talks = self._talks
        talks.wait()
        assert self._reach is not None
        with contextlib.suppress(OSError):
            server = self._reach()
            self._sockets.append(server)
            threading.Thread(target=self._pass_on, args=(server, client, talks), daemon=True).start()
            self._pass_on(client, server, talks, counts=1)

    def _pass_on(self, source: socket.socket, sink: socket.socket, talks: threading.Event, *, counts: int = 0) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                talks.wait()
                self.asked += counts
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


def proxy_of(database_url: str, port: int = 0) -> tuple[Proxy, str]:
    """A proxy before a PostgreSQL on a Unix socket or a port, and the URL that leads through it."""
    url = make_url(database_url)
    made = Proxy(lambda: _reached(url), port)
    through = url.set(host="127.0.0.1", port=made.port, query={})
    return made, through.render_as_string(hide_password=False)


def _reached(url: URL) -> socket.socket:
    folder = url.query.get("host")
    if folder is None:
        return socket.create_connection((url.host or "127.0.0.1", url.port or 5432))
    server = socket.socket(socket.AF_UNIX)
    server.connect(f"{folder}/.s.PGSQL.{url.port or 5432}")
    return server
