"""Checkpoints and archives of the audit log as rows."""

from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, delete, exists, insert, select

from bot.domain.chain import Archive, Checkpoint
from bot.errors import ChainBroken
from bot.store import schema

_CHECKPOINT = TypeAdapter(Checkpoint)


class SqlAuditSeals:
    """``ports.AuditSeals`` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def checkpoints(self) -> list[Checkpoint]:
        """All that were made, in the order of their events."""
        query = select(schema.audit_checkpoint).order_by(schema.audit_checkpoint.c.seq)
        return list(map(_checkpoint_from_row, self._connection.execute(query)))

    def last_checkpoint(self) -> Checkpoint | None:
        """The newest; None before the first."""
        query = select(schema.audit_checkpoint).order_by(schema.audit_checkpoint.c.seq.desc()).limit(1)
        return next(map(_checkpoint_from_row, self._connection.execute(query)), None)

    def add_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Keep one; a second one of the same event is not kept."""
        is_kept = select(exists().where(schema.audit_checkpoint.c.seq == checkpoint.seq))
        if not self._connection.scalar(is_kept):
            values = {"seq": checkpoint.seq, "at": checkpoint.at, "body": asdict(checkpoint)}
            self._connection.execute(insert(schema.audit_checkpoint).values(values))

    def archives(self) -> list[Archive]:
        """All that were sealed, in the order of their events."""
        query = select(schema.audit_archive).order_by(schema.audit_archive.c.first_seq)
        return [Archive(**row) for row in self._connection.execute(query).mappings()]

    def add_archive(self, archive: Archive) -> None:
        """From now on, its events may be deleted here."""
        values: dict[str, Any] = asdict(archive)
        self._connection.execute(insert(schema.audit_archive).values(values))

    def delete_archived(self, *, limit: int) -> int:
        """Delete events that are in a sealed archive, oldest first, and say how many."""
        seq, last = schema.audit_event.c.seq, schema.audit_archive.c.last_seq
        newest = select(last).order_by(last.desc()).limit(1).scalar_subquery()
        some = select(seq).where(seq >= 1, seq <= newest).order_by(seq).limit(limit)
        return self._connection.execute(delete(schema.audit_event).where(seq.in_(some))).rowcount


def _checkpoint_from_row(row: Any) -> Checkpoint:
    try:
        found = _CHECKPOINT.validate_python(row.body)
    except ValueError as error:
        raise ChainBroken(f"The stored checkpoint of audit event {row.seq} was altered.", seq=row.seq) from error
    if found.seq != row.seq:
        raise ChainBroken(f"The stored checkpoint of audit event {row.seq} was altered.", seq=row.seq)
    return found
