"""Looks names up in the DNS of the machine that the bot runs on."""

import socket
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

BOUND = timedelta(milliseconds=500)
"""How long all look-ups of one request may take together: an ack waits for them."""

LOOKUPS = 8
"""Names that are looked up in parallel."""


class SystemResolver:
    """``ports.Resolver`` through the operating system.

    Args:
        bound: How long to wait; names without an answer by then are left out.
    """

    def __init__(self, bound: timedelta = BOUND) -> None:
        self._bound = bound
        self._pool = ThreadPoolExecutor(LOOKUPS, thread_name_prefix="resolve")

    def addresses(self, names: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
        """The addresses of those that have any, sorted."""
        asked = {self._pool.submit(_addresses, name): name for name in names}
        answered, late = wait(asked, timeout=self._bound.total_seconds())
        for lookup in late:
            lookup.cancel()
        return {asked[lookup]: found for lookup in answered if (found := lookup.result())}


def _addresses(name: str) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(sorted({str(address[0]).partition("%")[0] for *_, address in found}))
