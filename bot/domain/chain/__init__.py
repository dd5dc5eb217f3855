"""The proof of the audit log: each row's hash, the hash chain, and the Merkle tree over all rows.

============= ============================================================================
module        answers
============= ============================================================================
records       what exactly is hashed, for each version of the row format
merkle        whether one event belongs to a log whose tree head is known
verification  whether a run of rows is what was written, and which row is the first that is not
checkpoints   whether it is the same log that somebody saw earlier
archives      where older events are
reading       what a row says, also where somebody damaged it
facts         whether stored allowances are what their events say
============= ============================================================================
"""

from bot.domain.chain.archives import Archive
from bot.domain.chain.checkpoints import AuditKey, Checkpoint, checkpoints_in, in_order
from bot.domain.chain.merkle import Frontier, is_included, proof_of, root_of
from bot.domain.chain.reading import event_from_record, readable
from bot.domain.chain.records import COLUMNS, GENESIS, VERSION, Record, seal
from bot.domain.chain.verification import ChainEnd, missing, verify

__all__ = [
    "COLUMNS",
    "GENESIS",
    "VERSION",
    "Archive",
    "AuditKey",
    "ChainEnd",
    "Checkpoint",
    "Frontier",
    "Record",
    "checkpoints_in",
    "event_from_record",
    "in_order",
    "is_included",
    "missing",
    "proof_of",
    "readable",
    "root_of",
    "seal",
    "verify",
]
