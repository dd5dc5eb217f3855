"""The HTTP server in front of Slack's requests and the bot's own routes."""

import os
import resource
import socket
import threading
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import pytest

from handlers.http import Front, HttpFront


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "localhost:0"], ids=["one address", "every address of a name"])
def test_its_thread_has_ended_once_it_is_stopped(listen: str) -> None:
    """It ends by itself: a thread that is cut off in its wait loses answers that it has not sent yet."""
    for _ in range(5):
        HttpFront(Front({}), listen, lambda: None).stop()
        assert "http" not in {thread.name for thread in threading.enumerate()}


def test_it_answers_until_it_is_stopped() -> None:
    """Afterwards its port is free."""
    front = HttpFront(Front({"/healthz": lambda: (200, "text/plain", "ok")}), "127.0.0.1:0", lambda: None)
    url = f"http://127.0.0.1:{front.port}/healthz"
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"ok"
    front.stop()
    HttpFront(Front({}), f"127.0.0.1:{front.port}", lambda: None).stop()


def test_whoever_has_connected_when_it_stops_is_answered() -> None:
    """A balancer that had chosen it a moment before gets its answer, and is told to come back elsewhere."""
    front = HttpFront(Front({"/healthz": lambda: (200, "text/plain", "ok")}), "127.0.0.1:0", lambda: None)
    with socket.create_connection(("127.0.0.1", front.port), 10) as client:
        stopping = threading.Thread(target=front.stop)
        stopping.start()
        time.sleep(0.1)
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: bot\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(1024), b""))
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"Connection: close" in answer
    stopping.join()


def test_it_has_stopped_listening_when_it_says_so() -> None:
    """On a machine that is too busy for the server's thread, too: who connected after that would not be answered."""
    front, is_held = HttpFront(Front({}), "127.0.0.1:0", lambda: None), threading.Event()

    def readable() -> bool:
        is_held.set()
        time.sleep(1.8)
        return True

    front._server.readable = readable  # its thread asks before it waits for the next connection
    front._server.pull_trigger()
    assert is_held.wait(5)
    front.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", front.port), 5)


def test_it_stops_where_many_files_are_open() -> None:
    """Sockets with numbers beyond 1023 are looked at, too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as many:
        many.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(4096, hard)), hard))
        for _ in range(1024):
            many.enter_context(Path(os.devnull).open("rb"))
        front = HttpFront(Front({}), "127.0.0.1:0", lambda: None)
        front.stop()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", front.port), 5)
