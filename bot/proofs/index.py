"""Keeps the search index of the audit log: each full block of events, once, in small transactions."""

from bot.domain.audit_terms import BLOCK, bounds_of
from bot.ports import Store


def index_events(store: Store, *, most: int) -> bool:
    """Put full blocks into the index, oldest first.

    Args:
        store: The database.
        most: Blocks, at most.

    Returns:
        Whether there may be more.
    """
    for _ in range(most):
        with store.read() as tx:
            block = tx.search_index.next_block()
            if block is None:
                return False
            first, last = bounds_of(block)
            records = [row for row in tx.audit.records(after=first - 1, limit=BLOCK) if row.seq <= last]
        with store.write() as tx:
            tx.search_index.add(block, records)
    return True
