"""Looks names up in the DNS of the machine that the bot runs on."""

import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from ipaddress import ip_address

BOUND = timedelta(milliseconds=500)
"""How long all look-ups of one request may take together: an ack waits for them."""

LOOKUPS = 8
"""Names that are looked up at once."""


class SystemResolver:
    """``ports.Resolver`` through the operating system.

    Args:
        bound: How long to wait; names without an answer by then are left out.
    """

    def __init__(self, bound: timedelta = BOUND) -> None:
        self._bound = bound
        self._pool = ThreadPoolExecutor(LOOKUPS, thread_name_prefix="resolve")

    def private(self, names: Iterable[str]) -> frozenset[str]:
        """Those of the names that resolve to a private, loopback or link-local address."""
        asked = {self._pool.submit(_is_private, name): name for name in names}
        answered, late = wait(asked, timeout=self._bound.total_seconds())
        for lookup in late:
            lookup.cancel()
        return frozenset(asked[lookup] for lookup in answered if lookup.result())


def _is_private(name: str) -> bool:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return any(not ip_address(str(address[0]).partition("%")[0]).is_global for *_, address in found)
