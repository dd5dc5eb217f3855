"""Use cases of scaling: propose, decide. The reconciler applies."""

from bot.scaling.audit_events import record
from bot.scaling.migrating import (
    MigrationChoices,
    MigrationPreview,
    MigrationWish,
    hand_out,
    migration_choices,
    preview_migration,
    propose_migration,
)
from bot.scaling.narrowing import approve_smaller
from bot.scaling.proposing import ScalePreview, Wish, decide, get, preview_scale, proposals, propose, withdraw
from bot.scaling.replanning import file_again, replanned
from bot.scaling.workflow import SCALES

__all__ = [
    "SCALES",
    "MigrationChoices",
    "MigrationPreview",
    "MigrationWish",
    "ScalePreview",
    "Wish",
    "approve_smaller",
    "decide",
    "file_again",
    "get",
    "hand_out",
    "migration_choices",
    "preview_migration",
    "preview_scale",
    "proposals",
    "propose",
    "propose_migration",
    "record",
    "replanned",
    "withdraw",
]
