"""Archives: older events in a sealed file, and where the log in the database goes on."""

from dataclasses import dataclass

from bot.domain.chain.merkle import Frontier
from bot.domain.chain.verification import ChainEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A sealed file with a run of events.

    Args:
        first_seq: The number of its first event.
        last_seq: The number of its last event.
        hash: The hash of its last event.
        tree: The frontier of the Merkle tree up to its last event.
        file: The name of the file in the archive folder.
        digest: SHA-256 of the file, in hexadecimal.
        at: When it was sealed, in UTC.
    """

    first_seq: int
    last_seq: int
    hash: str
    tree: str
    file: str
    digest: str
    at: str

    @property
    def end(self) -> ChainEnd:
        """Where the next event continues.

        Raises:
            ValueError: The frontier is not one of a log of this length.
        """
        return ChainEnd(self.last_seq, self.hash, Frontier(self.last_seq, self.tree))
