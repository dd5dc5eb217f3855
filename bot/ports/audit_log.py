"""The audit log, and what proves it."""

from collections.abc import Collection, Sequence
from typing import Protocol

from bot.domain.audit import AuditFilter, ChainedEvent, Event, FoundEvents
from bot.domain.chain import Archive, Checkpoint, Record


class AuditLog(Protocol):
    """The append-only log."""

    def append(self, event: Event) -> ChainedEvent:
        """Put an event at the end of the chain, also where somebody damaged the end; then with an event about that."""
        ...

    def find(self, wanted: AuditFilter, *, limit: int) -> list[ChainedEvent]:
        """The matching rows, newest first."""
        ...

    def search(self, wanted: AuditFilter, *, limit: int) -> FoundEvents:
        """The matching rows, newest first; what one search reads is bounded, and it says how far it got."""
        ...

    def matching(self, wanted: AuditFilter, *, after: int, last: int, limit: int) -> list[Record]:
        """The matching rows with numbers above ``after`` up to ``last``, oldest first."""
        ...

    def about(self, subjects: Collection[str]) -> list[ChainedEvent]:
        """The events of these subjects, oldest first."""
        ...

    def records_about(self, subjects: Collection[str]) -> list[Record]:
        """The same as rows."""
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


class AuditIndex(Protocol):
    """The search index of the audit log: blocks of events, and the terms of each."""

    def next_block(self) -> int | None:
        """The first full block that is not in it; None if there is none."""
        ...

    def add(self, block: int, records: Sequence[Record]) -> None:
        """Put a full block into it, unless another process was faster."""
        ...

    def hidden(self, records: Sequence[Record]) -> int | None:
        """The number of one of these events that a search would not find; None if it finds them all."""
        ...

    def remove_archived(self) -> None:
        """Remove what is only about events that are no longer in the database."""
        ...
