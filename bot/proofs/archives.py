"""Retention: older events move to a sealed file, and only then leave the database.

The order makes a stop at any point harmless: the file is written, read back and verified, and renamed; then the archive
is recorded; then its rows are deleted in small steps, which the next run goes on with. The database's triggers let only
rows go that are in a recorded archive.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

from pydantic_core import from_json

from bot.domain.audit import Action, Event
from bot.domain.chain import Archive, ChainEnd, Checkpoint, Frontier, Record, verify
from bot.domain.chain.facts import FILED_TEXTS
from bot.domain.chain.lines import check_lines, line_of, record_of
from bot.domain.people import SYSTEM
from bot.errors import BadConfiguration, ChainBroken, InvalidInput
from bot.ports import Context
from bot.proofs.facts import check_stored
from bot.proofs.log import BATCH, start_of

STEP = 1000
"""Rows that one transaction deletes."""


def archive_older(ctx: Context, before: datetime) -> Archive | None:
    """Move the events from before a time to a sealed file; None if there are none.

    Args:
        ctx: The context.
        before: Aware; the first event that is not older ends the archive.

    Raises:
        BadConfiguration: There is no folder, or it cannot be written.
        ChainBroken: What would be archived is not what was written; nothing is moved.
    """
    folder = _folder(ctx)
    delete_archived(ctx)
    with ctx.store.read() as tx:
        start, grown = start_of(tx), start_of(tx)
    name = f"audit-from-{start.seq + 1:012}.jsonl"
    try:
        end = _write(ctx, folder / f"{name}.new", grown, before.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
        if end.seq == start.seq:
            (folder / f"{name}.new").unlink()
            return None
        return _sealed(ctx, folder / name, start, end)
    except OSError as error:
        raise BadConfiguration(f"audit.archive_folder cannot be used: {error}.") from error


def delete_archived(ctx: Context) -> int:
    """Delete the rows that recorded archives hold, in small steps; says how many."""
    count = 0
    while True:
        with ctx.store.write() as tx:
            deleted = tx.seals.delete_archived(limit=STEP) if tx.seals.archives() else 0
            if deleted:
                tx.search_index.remove_archived()
        count += deleted
        if deleted < STEP:
            return count


def check_archives(ctx: Context, known: Sequence[Checkpoint]) -> int:
    """Verify every archive: its file, its events, that it continues the one before, and that what it files is stored.

    Raises:
        ChainBroken: A file is missing or changed, or an event in it is; or an allowance or proposal was deleted.
        BadConfiguration: There are archives, but no folder is configured.
    """
    with ctx.store.read() as tx:
        archives = tx.seals.archives()
    end = ChainEnd()
    for archive in archives:
        if archive.first_seq != end.seq + 1:
            raise ChainBroken(f"The archive with audit event {end.seq + 1} is missing.", seq=end.seq + 1)
        end = _checked(_folder(ctx), archive, end, known)
        _check_filed(ctx, _folder(ctx) / archive.file)
    return len(archives)


def _check_filed(ctx: Context, path: Path) -> None:
    filing = (line for line in _lines(path) if any(action in line for action in FILED_TEXTS))
    while page := [record_of(from_json(line)) for line in islice(filing, BATCH)]:
        with ctx.store.read() as tx:
            check_stored(tx, page)


def archived_hashes(ctx: Context, archives: Sequence[Archive]) -> list[str]:
    """The hashes of the events in archives, oldest first.

    Raises:
        BadConfiguration: There are archives, but no folder is configured, or a file cannot be read.
    """
    try:
        return [str(from_json(line)["hash"]) for one in archives for line in _lines(_folder(ctx) / one.file)]
    except OSError as error:
        raise BadConfiguration(f"An archive of the audit log cannot be read: {error}.") from error


def _folder(ctx: Context) -> Path:
    if ctx.config.audit.archive_folder is None:
        raise BadConfiguration("audit.archive_folder is not configured, but archives of the audit log are needed.")
    return Path(ctx.config.audit.archive_folder)


def _write(ctx: Context, path: Path, start: ChainEnd, before: str) -> ChainEnd:
    """Write verified rows while they are older; with the frontier that is grown on the way."""
    end = start
    with path.open("w", encoding="utf-8") as file:
        while True:
            with ctx.store.read() as tx:
                page: list[Record] = tx.audit.records(after=end.seq, limit=BATCH)
                head = tx.audit.head()[0]
            older = [row for row in page[: _first_younger(page, before)] if row.seq < head]
            end = verify(older, end)
            file.writelines(f"{line_of(row)}\n" for row in older)
            if len(older) < BATCH:
                break
        file.flush()
        os.fsync(file.fileno())
    return end


def _first_younger(page: list[Record], before: str) -> int:
    return next((at for at, row in enumerate(page) if row.at >= before), len(page))


def _sealed(ctx: Context, path: Path, start: ChainEnd, end: ChainEnd) -> Archive:
    tree = end.tree or Frontier()
    at = ctx.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    fresh, final = path.with_name(f"{path.name}.new"), path.with_name(f"{path.stem}-to-{end.seq:012}.jsonl")
    archive = Archive(
        first_seq=start.seq + 1,
        last_seq=end.seq,
        hash=end.hash,
        tree=tree.heads,
        file=final.name,
        digest=file_digest(fresh),
        at=at,
    )
    checkpoint = Checkpoint(seq=end.seq, hash=end.hash, root=tree.root(), at=at)
    signed = ctx.audit_key().sign(checkpoint) if ctx.audit_key else checkpoint
    final.with_name(f"{final.name}.checkpoint").write_text(f"{signed.line}\n", encoding="utf-8")
    fresh.replace(final)
    _checked(final.parent, archive, start, [signed])
    why = f"Events {archive.first_seq} to {archive.last_seq} moved to {archive.file}."
    detail = (("file", archive.file), ("file_sha256", archive.digest))
    with ctx.store.write() as tx:
        tx.audit.append(Event(ctx.clock.now(), Action.AUDIT_ARCHIVE, SYSTEM, "bot", reason=why, detail=detail))
        tx.seals.add_archive(archive)
    delete_archived(ctx)
    return archive


def _checked(folder: Path, archive: Archive, start: ChainEnd, known: Sequence[Checkpoint]) -> ChainEnd:
    path = folder / archive.file
    try:
        if file_digest(path) != archive.digest:
            raise ChainBroken(f"The archive {archive.file} was altered.", seq=archive.first_seq)
        found = check_lines(_lines(path), known, after=start)
        end = archive.end
    except FileNotFoundError as error:
        raise ChainBroken(f"The archive {archive.file} is missing.", seq=archive.first_seq) from error
    except (OSError, ValueError, InvalidInput) as error:
        raise ChainBroken(f"The archive {archive.file} cannot be read: {error}", seq=archive.first_seq) from error
    if (found.last, found.hash, found.is_whole) != (archive.last_seq, archive.hash, True):
        raise ChainBroken(f"The archive {archive.file} is not what was recorded.", seq=archive.first_seq)
    return end


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        yield from file


def file_digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
