"""Dry runs: where the bot decides and writes nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from bot.domain.fields import matching
from bot.domain.target import Target


@dataclass(frozen=True, slots=True)
class DryRun:
    """Where the bot decides and writes nothing.

    Args:
        dry_run: It writes no rule and applies no scale at all; what is approved waits.
        dry_run_targets: Firewall policies and classic firewalls, by name or ARM id, whose rules are not written.
    """

    dry_run: bool = False
    dry_run_targets: tuple[Annotated[str, matching(r"[\w./-]+", "a name or an ARM id")], ...] = ()

    @property
    def is_everywhere(self) -> bool:
        """Whether it writes no rule and applies no scale at all."""
        return self.dry_run

    @property
    def names(self) -> frozenset[str]:
        """The names and ids in lower case."""
        return frozenset(name.lower() for name in self.dry_run_targets)

    def covers(self, target: Target) -> bool:
        """Whether the rules of this target are not written."""
        return self.dry_run or not self.names.isdisjoint((target.name.lower(), target.id.lower()))

    def unknown(self, known: Iterable[Target]) -> tuple[str, ...]:
        """The names that none of these has, sorted."""
        return tuple(sorted(self.names - {text.lower() for one in known for text in (one.name, one.id)}))

    @property
    def words(self) -> str:
        """Say in a sentence which targets are not written; empty where everything is."""
        if self.dry_run:
            return "Dry run: the bot writes nothing to Azure."
        return f"Dry run: the bot does not write to {', '.join(sorted(self.names))}." if self.names else ""


NO_DRY_RUN = DryRun()
"""Everything is written."""
