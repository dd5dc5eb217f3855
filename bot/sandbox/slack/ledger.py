"""The journal as the workspace uses it: every write counts as a change that a page may want to show."""

from typing import Any

from bot.sandbox.journal import Journal


class Ledger:
    """Writes through to the journal and counts.

    Args:
        journal: The journal that both simulators share.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.revision = 0

    def put(self, kind: str, key: str, body: Any) -> None:
        """Store a document."""
        self._journal.put(kind, key, body)
        self.revision += 1

    def delete(self, kind: str, key: str) -> None:
        """Forget a document."""
        self._journal.delete(kind, key)

    def load(self, kind: str) -> dict[str, Any]:
        """All documents of a kind, by key."""
        return self._journal.load(kind)
