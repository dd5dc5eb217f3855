"""The audit log, and what proves it."""

from collections.abc import Collection, Mapping
from typing import Protocol

from bot.domain.audit import AuditFilter, ChainedEvent, Event
from bot.domain.chain import Archive, Checkpoint, Record


class AuditLog(Protocol):
    """The append-only log."""

    def append(self, event: Event) -> ChainedEvent:
        """Put an event at the end of the chain, also where somebody damaged the end; then with an event about that."""
        ...

    def find(self, wanted: AuditFilter, *, limit: int) -> list[ChainedEvent]:
        """The matching rows, newest first."""
        ...

    def matching(self, wanted: AuditFilter, *, after: int, last: int, limit: int) -> list[Record]:
        """The matching rows with numbers above ``after`` up to ``last``, oldest first."""
        ...

    def about(self, subjects: Collection[str]) -> list[ChainedEvent]:
        """The events of these subjects, oldest first."""
        ...

    def chain(self, *, after: int, limit: int) -> list[ChainedEvent]:
        """Events with a number above ``after``, oldest first."""
        ...

    def records(self, *, after: int | None, limit: int) -> list[Record]:
        """Rows with a number above ``after`` as they are stored, oldest first; None for the lowest of all."""
        ...

    def hashes(self, *, after: int, last: int) -> list[str]:
        """The hashes of the rows after one up to another, oldest first."""
        ...

    def unsearchable(self, places: Mapping[str, tuple[int, int]]) -> str | None:
        """A destination whose events a search would not find, by the first and last event of each; None if all are."""
        ...

    def head(self) -> tuple[int, str]:
        """The number and hash of the last event.

        Raises:
            ChainBroken: The head is missing.
        """
        ...

    def tree(self) -> str:
        """The frontier of the Merkle tree up to the head; empty where an earlier release appended last."""
        ...

    def damage(self) -> list[ChainedEvent]:
        """The events about damage that was found and not yet put right, oldest first; the first fifty of them."""
        ...


class AuditSeals(Protocol):
    """Checkpoints and archives of the audit log."""

    def checkpoints(self) -> list[Checkpoint]:
        """All that were made, in the order of their events."""
        ...

    def last_checkpoint(self) -> Checkpoint | None:
        """The newest; None before the first."""
        ...

    def add_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Keep one; a second one of the same event is not kept."""
        ...

    def archives(self) -> list[Archive]:
        """All that were sealed, in the order of their events."""
        ...

    def add_archive(self, archive: Archive) -> None:
        """From now on, its events may be deleted here."""
        ...

    def delete_archived(self, *, limit: int) -> int:
        """Delete events that are in a sealed archive, oldest first, and say how many."""
        ...
