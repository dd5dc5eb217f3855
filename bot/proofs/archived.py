"""Reads events that moved to sealed archives. What cannot be read is named, with the events that are missing then."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from pydantic_core import from_json

from bot.domain.chain import Archive, Record
from bot.domain.chain.lines import record_of
from bot.errors import BadConfiguration, InvalidInput
from bot.ports import Context
from bot.proofs.archives import file_digest

PAGE = 1000
"""Events of one page."""

LARGEST = 2**63
"""Above every number."""

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
        self._folder = ctx.config.audit.archive_folder
        self.problems: list[str] = []
        with ctx.store.read() as tx:
            known = tx.seals.archives()
            here = tx.audit.chain(after=known[-1].last_seq if known else 0, limit=1)
            left = tx.audit.records(after=0, limit=1)
        self._below = left[0].seq if left else LARGEST  # what is not deleted yet is read in the database
        is_later = bool(since and here and here[0].event.at <= since)
        meant = [] if is_later else known
        self.archives = [one for one in meant if self._may_have(one, _text(since), _text(until) or "~")]

    def pages(self, archive: Archive, needle: str = "") -> Iterator[list[Record]]:
        """The events of one archive, oldest first.

        Args:
            archive: One of ``archives``.
            needle: Only lines with this text, such as an id; empty for all.
        """
        page: list[Record] = []
        with self._path(archive).open(encoding="utf-8") as lines:
            for line in lines:
                if needle in line and (row := record_of(from_json(line))).seq < self._below:
                    page.append(row)
                if len(page) == PAGE:
                    yield page
                    page = []
        if page:
            yield page

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
    for archive in reader.archives:
        if archive.last_seq > seq:
            for page in reader.pages(archive):
                if rest := [row for row in page if row.seq > seq]:
                    yield rest


def _text(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if at else ""
