"""Where the log in the database begins: older events are in sealed archives."""

from bot.ports import Transaction

LARGEST = 2**63
"""Above every number."""


def lowest_stored(tx: Transaction) -> int:
    """The number of the oldest event in the database; above every number where there is none."""
    left = tx.audit.records(after=0, limit=1)
    return left[0].seq if left else LARGEST
