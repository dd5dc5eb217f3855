"""How the audit log is proven, kept and passed on."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from bot.domain.fields import Span, Text, Unit, matching


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """The proof of the audit log: signed checkpoints of it, kept where the database's owner cannot change them.

    Args:
        key_file: The key that signs checkpoints, made by `python -m bot audit key`; without it, none are made.
            It may be replaced at any time, without a restart.
        channel: Channel id where checkpoints and alarms go; the channel of `[slack]` if it is not set.
        checkpoint_every: The longest time between two checkpoints while there are new events.
        checkpoint_events: So many new events make a checkpoint earlier.
        archive_folder: Where events older than `archive_after` move, in sealed files; without it, none move.
        archive_after: How long events stay in the database.
        checkpoint_file: A file to which each checkpoint is appended, on another machine's disk or a write-once volume.
    """

    key_file: Text | None = None
    channel: Annotated[str, matching("[CG][A-Z0-9]+", "a channel id such as C0123ABCD")] | None = None
    checkpoint_every: Span = timedelta(days=1)
    checkpoint_events: Annotated[int, Field(ge=1, le=1_000_000), Unit("events")] = 1000
    checkpoint_file: Text | None = None
    archive_folder: Text | None = None
    archive_after: Span = timedelta(days=400)
