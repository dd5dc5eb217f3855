"""Watches of firewall logs as rows."""

from datetime import datetime
from typing import Protocol

from bot.domain.firewall_log.watch import Watch


class Watches(Protocol):
    """Watches, in the caller's transaction."""

    def get(self, watch_id: str) -> Watch:
        """One by id; raises ``InvalidInput``."""
        ...

    def open(self) -> list[Watch]:
        """Those that go on, the newest first."""
        ...

    def new_id(self, now: datetime) -> str:
        """An id that no watch has."""
        ...

    def add(self, watch: Watch) -> None:
        """Store a new one."""
        ...

    def save(self, watch: Watch) -> Watch:
        """Store a changed one and return it with its next version; raises ``StaleVersion`` if somebody was faster."""
        ...
