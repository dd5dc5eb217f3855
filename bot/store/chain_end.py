"""The end of the audit chain: locked, moved forward, and found again where somebody damaged it."""

import re
from typing import NamedTuple

import structlog
from sqlalchemy import Connection, exists, insert, select, update

from bot.domain.chain import GENESIS, ChainEnd, Frontier
from bot.store import schema
from bot.store.raw_rows import fetch_readable

log = structlog.get_logger(__name__)

HEAD = 1
"""The id of the one row in ``audit_head``."""

LARGEST = 2**53 - 2
"""The largest number of an event: numbers in canonical JSON (RFC 8785) are exact up to the next one."""


_HASH = re.compile("[0-9a-f]{64}")

# Both are part of every act, and built once: building takes SQLAlchemy longer than SQLite needs to answer.
_head = schema.audit_head.c
_IS_TAKEN = exists().where(schema.audit_event.c.seq == _head.seq + 1).label("is_taken")
LOCKED = (
    select(_head.seq, _head.hash, _head.tree_size, _head.tree, _IS_TAKEN)
    .where(_head.id == HEAD)
    .with_for_update(of=schema.audit_head)
)
MOVED = update(schema.audit_head).where(_head.id == HEAD)


class Head(NamedTuple):
    """The row, and whether somebody else's row has the place after it."""

    seq: int
    hash: str
    tree_size: int
    tree: str
    is_taken: bool


class SqlChainEnd:
    """The one row in ``audit_head``, in a transaction that appends."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self) -> tuple[ChainEnd, str]:
        """Where the next event goes, locked until the commit; and what had to be repaired first, as a sentence."""
        head = self._read()
        if head is None:
            seq, last_hash = self._newest()
            self._connection.execute(insert(schema.audit_head).values(id=HEAD, seq=seq, hash=last_hash))
            return self._repaired(f"The head of the audit log was missing; the log goes on after event {seq}.")
        if not _HASH.fullmatch(head.hash):
            return self._found_again(head)
        if head.is_taken:
            end = self._run_end(head.seq)
            self._connection.execute(update(schema.audit_head).filter_by(id=HEAD).values(seq=end.seq, hash=end.hash))
            return self._repaired(
                f"Audit event {head.seq + 1} was already there, but the bot did not write it; the log goes on after "
                f"event {end.seq}."
            )
        return self._end(head), ""

    def _found_again(self, head: Head) -> tuple[ChainEnd, str]:
        """Where the head is no hash: nothing could follow it, so the log goes on after its newest row."""
        seq, last_hash = self._newest()
        end = self._end(Head(seq, last_hash, head.tree_size, head.tree, is_taken=False))
        problem = f"The head of the audit log was altered; the log goes on after event {seq}."
        log.critical("audit_log_damaged", problem=problem)
        return end, problem

    def move(self, end: ChainEnd) -> None:
        """Record a new end."""
        tree = end.tree or Frontier()
        moved = {"seq": end.seq, "hash": end.hash, "tree_size": tree.size, "tree": tree.heads}
        self._connection.execute(MOVED, moved)

    def _repaired(self, problem: str) -> tuple[ChainEnd, str]:
        log.critical("audit_log_damaged", problem=problem)
        head = self._read()
        return (ChainEnd() if head is None else self._end(head)), problem

    def _read(self) -> Head | None:
        """The head, and whether somebody else's row has the place after it."""
        rows = fetch_readable(self._connection, LOCKED)
        return Head(*rows[0]) if rows else None

    def _end(self, head: Head) -> ChainEnd:
        """With the Merkle tree up to the head; what an earlier release appended is added here."""
        try:
            tree = Frontier(head.tree_size, head.tree)
        except ValueError:  # somebody changed it; it follows from the rows
            tree = Frontier()
        if tree.size > head.seq:
            tree = Frontier()
        if tree.size < head.seq:
            column = schema.audit_event.c
            missing = select(column.hash).where(column.seq > tree.size, column.seq <= head.seq).order_by(column.seq)
            for one in self._connection.scalars(missing):
                tree.add(one)
        return ChainEnd(head.seq, head.hash, tree)

    def _newest(self) -> tuple[int, str]:
        column = schema.audit_event.c
        query = select(column.seq, column.hash).where(column.seq.between(1, LARGEST))
        rows = fetch_readable(self._connection, query.order_by(column.seq.desc()).limit(1))
        return (rows[0][0], rows[0][1]) if rows else (0, GENESIS)

    def _run_end(self, seq: int) -> ChainEnd:
        """The last of the rows that follow this number without a gap."""
        row, following = schema.audit_event.alias(), schema.audit_event.alias()
        is_last = ~exists().where(following.c.seq == row.c.seq + 1)
        query = select(row.c.seq, row.c.hash).where(row.c.seq > seq, is_last).order_by(row.c.seq).limit(1)
        found = self._connection.execute(query).one()
        return ChainEnd(found.seq, found.hash)
