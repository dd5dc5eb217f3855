"""Probes as rows."""

from datetime import datetime
from typing import Protocol

from bot.domain.probe import Probe


class Probes(Protocol):
    """Probes, in the caller's transaction."""

    def get(self, probe_id: str) -> Probe:
        """One by id; raises ``InvalidInput``."""
        ...

    def open_of(self, cluster_id: str) -> list[Probe]:
        """Those of a cluster that have not ended, the oldest first."""
        ...

    def new_id(self, now: datetime) -> str:
        """An id that no probe has."""
        ...

    def add(self, probe: Probe) -> None:
        """Store a new one."""
        ...

    def save(self, probe: Probe) -> Probe:
        """Store a changed one and return it with its next version; raises ``StaleVersion`` if somebody was faster."""
        ...
