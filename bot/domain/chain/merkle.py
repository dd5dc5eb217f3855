"""The Merkle tree over the audit log: proves that one event is in it, without the others.

The tree of RFC 9162, section 2.1 (https://www.rfc-editor.org/rfc/rfc9162, read 2026-11): leaves and nodes are hashed
with different prefixes, and a tree of n leaves splits at the largest power of two below n. A leaf is the hash of an
event, as hexadecimal text.
"""

import hashlib
from collections.abc import Iterable, Sequence

EMPTY = hashlib.sha256(b"").hexdigest()
"""The head of the tree without leaves."""

_sha256 = hashlib.sha256


class Frontier:
    """What a tree must remember to grow: the heads of its complete subtrees, the largest first.

    Args:
        size: How many leaves it has.
        heads: One for each bit of the size, in hexadecimal, written one after the other.

    Raises:
        ValueError: The heads are not those of a tree of this size.
    """

    __slots__ = ("_heads", "size")

    def __init__(self, size: int = 0, heads: str = "") -> None:
        self.size = size
        self._heads = [bytes.fromhex(heads[at : at + 64]) for at in range(0, len(heads), 64)]
        if len(self._heads) != size.bit_count():
            raise ValueError(f"A tree of {size} leaves has {size.bit_count()} heads, not {len(self._heads)}.")

    @property
    def heads(self) -> str:
        """The argument that makes it anew."""
        return "".join(head.hex() for head in self._heads)

    def copy(self) -> "Frontier":
        """Another tree of the same events."""
        return Frontier(self.size, self.heads)

    def add(self, event_hash: str) -> None:
        """Grow by one event."""
        head, size = _sha256(b"\x00" + event_hash.encode()).digest(), self.size
        while size & 1:
            head = _sha256(b"\x01" + self._heads.pop() + head).digest()
            size >>= 1
        self._heads.append(head)
        self.size += 1

    def root(self) -> str:
        """The tree head, in hexadecimal."""
        if not self._heads:
            return EMPTY
        root = self._heads[-1]
        for head in self._heads[-2::-1]:
            root = _sha256(b"\x01" + head + root).digest()
        return root.hex()


def root_of(event_hashes: Iterable[str]) -> str:
    """The tree head over these events, in hexadecimal."""
    tree = Frontier()
    for one in event_hashes:
        tree.add(one)
    return tree.root()


def proof_of(index: int, event_hashes: Sequence[str]) -> list[str]:
    """The inclusion proof of one event: the heads of its siblings from the leaf up (RFC 9162, section 2.1.3.1).

    Args:
        index: Of the event, from 0.
        event_hashes: Of all events of the tree.
    """
    level = [_sha256(b"\x00" + one.encode()).digest() for one in event_hashes]
    proof: list[str] = []
    while len(level) > 1:
        if index ^ 1 < len(level):
            proof.append(level[index ^ 1].hex())
        pairs = [_sha256(b"\x01" + level[at] + level[at + 1]).digest() for at in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
        index >>= 1
    return proof


def is_included(event_hash: str, index: int, size: int, proof: Sequence[str], root: str) -> bool:
    """Whether the proof leads from the event to the tree head (RFC 9162, section 2.1.3.2).

    Args:
        event_hash: Of the event.
        index: Of the event, from 0.
        size: Of the tree.
        proof: Heads of siblings, from the leaf up.
        root: The tree head.
    """
    if not 0 <= index < size:
        return False
    head, last = _sha256(b"\x00" + event_hash.encode()).digest(), size - 1
    for sibling in map(bytes.fromhex, proof):
        if last == 0:
            return False
        if index & 1 or index == last:
            head = _sha256(b"\x01" + sibling + head).digest()
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            head = _sha256(b"\x01" + head + sibling).digest()
        index, last = index >> 1, last >> 1
    return last == 0 and head.hex() == root
