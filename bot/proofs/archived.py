"""Reads events that moved to sealed archives. What cannot be read is named, with the events that are missing then."""

import os
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

from pydantic_core import from_json

from bot.domain.chain import Archive, Record
from bot.domain.chain.lines import record_of
from bot.errors import BadConfiguration, InvalidInput
from bot.ports import Context
from bot.proofs.archives import file_digest
from bot.proofs.lowest import LARGEST

PAGE = 1000
"""Events of one page."""

TAIL_BYTES = 256 * 1024
"""From the end of a file, where its last event is looked for."""


class ArchiveReader:
    """The archives with events of a period.

    Args:
        ctx: The context.
        since: No event before this is wanted; None for all.
        until: None from then on.

    Attributes:
        problems: A sentence for each archive that may have such events and cannot be read.
        archives: Those that have some, oldest first.
    """

    def __init__(self, ctx: Context, *, since: datetime | None = None, until: datetime | None = None) -> None:
        self._ctx = ctx
        self._folder = ctx.config.audit.archive_folder
        self._since, self._until = since, until
        self._looked_at: set[str] = set()
        self.problems: list[str] = []
        self.archives: list[Archive] = []
        self.refresh()

    def refresh(self) -> None:
        """Look for archives that were made since: events move while others are read in the database."""
        with self._ctx.store.read() as tx:
            known = tx.seals.archives()
            here = tx.audit.chain(after=known[-1].last_seq if known else 0, limit=1)
        if self._since and here and here[0].event.at <= self._since:
            return
        fresh = [one for one in known if one.file not in self._looked_at]
        self._looked_at |= {one.file for one in fresh}
        self.archives += [one for one in fresh if self._may_have(one, _text(self._since), _text(self._until) or "~")]

    def between(self, after: int, below: int) -> Iterator[list[Record]]:
        """The archived events with numbers above ``after`` and below another one, oldest first."""
        for archive in self.archives:
            if archive.last_seq > after and archive.first_seq < below:
                for page in self.pages(archive):
                    if rows := [row for row in page if after < row.seq < below]:
                        yield rows

    def pages(self, archive: Archive, needle: str = "") -> Iterator[list[Record]]:
        """The events of one archive, oldest first; some may still be in the database, too.

        Args:
            archive: One of ``archives``.
            needle: Only lines with this text, such as an id; empty for all.

        Raises:
            BadConfiguration: It cannot be read any more.
        """
        try:
            with self._path(archive).open(encoding="utf-8") as lines:
                fitting = (record_of(from_json(line)) for line in lines if needle in line)
                while page := list(islice(fitting, PAGE)):
                    yield page
        except (OSError, ValueError) as error:
            raise BadConfiguration(f"The archive {archive.file} of the audit log cannot be read: {error}.") from error

    def _may_have(self, archive: Archive, since: str, until: str) -> bool:
        try:
            first, last = self._times(archive)
        except (OSError, ValueError, KeyError, InvalidInput) as error:
            self.problems.append(
                f"Events {archive.first_seq:,} to {archive.last_seq:,} are missing: their archive {archive.file} "
                f"cannot be read ({error})."
            )
            return False
        return first < until and last >= since

    def _times(self, archive: Archive) -> tuple[str, str]:
        """When its first and its last event were; only of a file that is what was sealed."""
        path = self._path(archive)
        if file_digest(path) != archive.digest:
            raise InvalidInput("it is not the file that was sealed")
        with path.open("rb") as file:
            first = from_json(file.readline())["at"]
            file.seek(-min(TAIL_BYTES, path.stat().st_size), os.SEEK_END)
            last = from_json(file.read().splitlines()[-1])["at"]
        return first, last

    def _path(self, archive: Archive) -> Path:
        if self._folder is None:
            raise InvalidInput("audit.archive_folder is not configured")
        return Path(self._folder) / archive.file


def archived_after(ctx: Context, seq: int) -> Iterator[list[Record]]:
    """The archived events after one, oldest first.

    Raises:
        BadConfiguration: Some of them cannot be read.
    """
    with ctx.store.read() as tx:
        last = max((one.last_seq for one in tx.seals.archives()), default=0)
    if seq >= last:
        return
    reader = ArchiveReader(ctx)
    if reader.problems:
        raise BadConfiguration(reader.problems[0])
    yield from reader.between(seq, LARGEST)


def _text(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if at else ""
