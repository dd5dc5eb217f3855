"""What anybody on the network can send to the bot, as bytes: wrong, odd, cut off, in one's place or in bulk."""

import json
import random
import socket
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import quote

from tests.listeners.test_hostile_requests import (
    MALFORMED,
    NOT_SLACKS,
    ODD,
    SAMPLES,
    TWO_LENGTHS,
    changed,
    head,
    signed,
)

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW")
KINDS = ("application/json", "application/x-www-form-urlencoded", "text/xml", "multipart/form-data; boundary=", "\xff")
BODIES = (
    b"",
    b"null",
    b'{"a":' * 20_000,
    b"\xff\xfe\x00",
    b"payload=%ff%00&" * 500,
    b'{"cluster":{},"destinations":"x"}',
)
QUERIES = ("?%ff", f"?{'a=1&' * 3000}", "?destination=%00&cluster[]=1", "?state=&state=", f"?code={'9' * 9000}")

FRAMES = (
    b"GET {} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET http://elsewhere.example{} HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET http://[::1{} HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET {}\r\n\r\n",
    b"GET {} HTTP/9.9\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET {} HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n",
    b"GET {}%0d%0aX: y HTTP/1.1\r\n\r\n",
    b"GET {}/../../etc/passwd HTTP/1.1\r\n\r\n",
    b"GET {}\x00 HTTP/1.1\r\n\r\n",
    b"GET {} HTTP/1.1\r\nA: \x00\r\n\r\n",
    b"GET {} HTTP/1.1\nHost: x\n\n",
    b"GET {} HTTP/1.1\r\n" + b"A: b\r\n" * 2000 + b"\r\n",
    b"GET {} HTTP/1.1\r\nCookie: " + b"step-up-=;" * 1000 + b"\r\n\r\n",
    b"GET {} HTTP/1.1\r\nAuthorization: Bearer " + b"egr_" * 1000 + b"\r\n\r\n",
    b"GET {} HTTP/1.1\r\nIf-None-Match: " + b'"' * 4001 + b"\r\n\r\n",
    b"POST {} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 1_100_000,
    b"POST {} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 200_000 + b"\r\n",
    b"POST {} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nhello",
    b"POST {} HTTP/1.1\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    b"POST {} HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 500000000\r\n\r\n",
    b"POST {} HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
    b"POST {} HTTP/1.1\r\nContent-Length: 1000\r\n\r\ncut off",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100,
    b"\r\n" * 5000,
    b"GET {} HTTP/1.1\r\nHost: x\r\n\r\n" * 300,
)
"""Whole connections; ``{}`` is a path."""


def asked(path: str) -> Iterator[bytes]:
    """What may be sent to one path, unsigned and without a token."""
    yield from (head(path, 0, method=method) for method in METHODS)
    yield from (head(path, len(body), kind) + body for kind in KINDS for body in BODIES)
    yield from (head(path + query, 0, method="GET") for query in QUERIES)
    yield from (frame.replace(b"{}", path.encode()) for frame in FRAMES)
    yield from (b"POST " + path.encode() + b" " + each + b"\r\n\r\n0\r\n\r\n" for each in TWO_LENGTHS.values())


def unsigned() -> Iterator[bytes]:
    """What is sent to Slack's path and is not Slack's: stale, from the future, with another secret."""
    yield from (make() for make in NOT_SLACKS.values())
    yield from (request for request, _status in ODD.values())


def malformed() -> Iterator[bytes]:
    """What Slack signed and has a shape that Slack never sends."""
    yield from (make() for make in MALFORMED.values())
    for sample in SAMPLES:
        is_event = sample["type"] == "event_callback"
        yield from (_posted(body, is_event=is_event) for body in changed(sample))


def _posted(body: object, *, is_event: bool) -> bytes:
    text = json.dumps(body)
    if is_event:
        return signed(text.encode(), "application/json")
    return signed(b"payload=" + quote(text).encode())


def bent(request: bytes, seed: int) -> bytes:
    """The same request with some bytes changed, doubled, cut or put in."""
    chance = random.Random(seed)
    made = bytearray(request)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(made) or 1)
        piece = chance.choice(
            [b"\r\n", b"\n", b"\x00", b"\xff", b":", b" ", b"%", b"{", b'"', bytes(made[at : at + 40])]
        )
        made[at : at + chance.choice([0, 0, 1, 5])] = piece
    return bytes(made[: chance.choice([len(made), len(made), chance.randint(1, len(made))])])


def answers(port: int, request: bytes) -> list[int]:
    """The statuses that come back until the connection ends; the other side of it is closed right after the request."""
    got = b""
    with suppress(ConnectionError), socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(request)  # it does not read what it has refused
        client.shutdown(socket.SHUT_WR)
        while part := client.recv(65_536):
            got += part
    assert b"Traceback" not in got
    return [int(line.split(b" ")[1]) for line in got.split(b"\r\n") if line.startswith(b"HTTP/1.")]


def called(paths: tuple[str, ...], token: str) -> Iterator[bytes]:
    """Calls with a token whose bodies and queries cannot be meant."""
    bearer = {"Authorization": f"Bearer {token}"}
    for path in (each for each in paths if each.startswith(("/api/", "/egress-ips."))):
        yield from (head(path, len(body), KINDS[0], **bearer) + body for body in BODIES)
        yield from (head(path + query, 0, method="GET", **bearer) for query in ("", *QUERIES))


def drip(client: socket.socket, some: bytes) -> None:
    """Send a little, if anybody takes it."""
    with suppress(OSError):
        client.sendall(some)


def is_open(client: socket.socket) -> bool:
    """Whether the other side still keeps this connection."""
    client.settimeout(0.01)
    try:
        while client.recv(65_536):
            pass
    except TimeoutError:
        return True
    except OSError:
        return False
    return False
