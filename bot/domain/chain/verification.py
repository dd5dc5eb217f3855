"""Verifies a run of rows: numbers without a gap, each hash over its row and the hash before, each tree head."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.domain.chain.merkle import Frontier
from bot.domain.chain.records import GENESIS, Record, altered, hash_of
from bot.errors import ChainBroken

ROOT_EVERY = 64
"""Every so many rows the tree head in the row is computed again; each row's hash covers its own. A computation costs
as much as the rest of a row's verification."""


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """Where a verification stands: what the next row must continue.

    Args:
        seq: The number of the last row; 0 before the first.
        hash: Its hash.
        tree: The Merkle tree up to it, None where the rows before were not read.
    """

    seq: int = 0
    hash: str = GENESIS
    tree: Frontier | None = field(default_factory=Frontier)


def verify(records: Iterable[Record], after: ChainEnd | None = None) -> ChainEnd:
    """Verify a run of rows, oldest first.

    Args:
        records: Without gaps.
        after: Where the run begins; None for the start of the log.

    Returns:
        Where the next run begins.

    Raises:
        ChainBroken: At the first row that was changed, removed or moved.
    """
    start = after or ChainEnd()
    expected, previous = start.seq + 1, start.hash
    tree = start.tree.copy() if start.tree else None  # a run that is cut off begins again where this one did
    for record in records:
        if record.seq != expected:
            raise missing(expected, record.seq)
        if record.previous != previous or record.hash != hash_of(record):
            raise altered(expected)
        if tree is not None:
            if record.root and not expected % ROOT_EVERY and record.root != tree.root():
                raise altered(expected)
            tree.add(record.hash)
        previous = record.hash
        expected += 1
    return ChainEnd(expected - 1, previous, tree)


def missing(expected: int, found: int | None = None) -> ChainBroken:
    """The error for a row that is not there."""
    if found is None:
        return ChainBroken(f"Audit event {expected} and all later events are missing.", seq=expected)
    return ChainBroken(f"Audit event {expected} is missing: found {found} in its place.", seq=expected)
