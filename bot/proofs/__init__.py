"""Use cases that prove the audit log: verify it, keep checkpoints of it, prove one event of it."""

from bot.proofs.alarm import raise_alarm, settle_alarm
from bot.proofs.archived import ArchiveReader, archived_after
from bot.proofs.archives import archive_older, check_archives, delete_archived
from bot.proofs.checkpoints import current, kept_checkpoints, make_checkpoint
from bot.proofs.exports import WRITERS, EventStream, stream
from bot.proofs.facts import check_facts
from bot.proofs.inclusion import prove_event
from bot.proofs.index import index_events
from bot.proofs.log import (
    Verified,
    check_beginning,
    check_edges,
    check_log,
    compare,
    shortened,
    start_of,
    unmoved,
    walk,
)
from bot.proofs.lowest import lowest_stored

__all__ = [
    "WRITERS",
    "ArchiveReader",
    "EventStream",
    "Verified",
    "archive_older",
    "archived_after",
    "check_archives",
    "check_beginning",
    "check_edges",
    "check_facts",
    "check_log",
    "compare",
    "current",
    "delete_archived",
    "index_events",
    "kept_checkpoints",
    "lowest_stored",
    "make_checkpoint",
    "prove_event",
    "raise_alarm",
    "settle_alarm",
    "shortened",
    "start_of",
    "stream",
    "unmoved",
    "walk",
]
