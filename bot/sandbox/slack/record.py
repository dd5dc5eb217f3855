"""The record of deliveries to the bot and of its Web API calls, in order."""

import threading
from collections import deque
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack.ledger import Ledger

KEPT = 10_000
"""Records of each kind that are kept; older ones are forgotten."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """One payload that went to the bot: what the person got to see of it."""

    kind: str
    user: str
    status: int
    ms: int
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One Web API call of the bot."""

    method: str
    ok: bool
    error: str | None = None


class Record:
    """Deliveries and calls, the newest ``KEPT`` of each.

    Args:
        journal: Keeps them.
    """

    def __init__(self, journal: Ledger) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._count = {"slack.delivery": 0, "slack.call": 0}
        self._deliveries = deque((Delivered(**body) for body in self._load("slack.delivery")), KEPT)
        self._calls = deque((Call(**body) for body in self._load("slack.call")), KEPT)

    @property
    def deliveries(self) -> list[Delivered]:
        """All deliveries, oldest first."""
        with self._lock:
            return list(self._deliveries)

    @property
    def calls(self) -> list[Call]:
        """All calls, oldest first."""
        with self._lock:
            return list(self._calls)

    def add_delivery(self, delivered: Delivered) -> None:
        """Append a delivery."""
        with self._lock:
            self._deliveries.append(delivered)
            self._put("slack.delivery", delivered)

    def add_call(self, call: Call) -> None:
        """Append a call."""
        with self._lock:
            self._calls.append(call)
            self._put("slack.call", call)

    def _load(self, kind: str) -> list[dict[str, Any]]:
        rows = sorted((int(key), body) for key, body in self._journal.load(kind).items())
        self._count[kind] = rows[-1][0] if rows else 0
        return [body for _, body in rows]

    def _put(self, kind: str, item: Delivered | Call) -> None:
        self._count[kind] += 1
        self._journal.put(kind, str(self._count[kind]), item)
        self._journal.delete(kind, str(self._count[kind] - KEPT))
