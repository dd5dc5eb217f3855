"""Exports of the audit log: any number of events with the memory of one page, in parts, with a manifest."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Protocol

from pydantic_core import to_json

from bot.domain.audit import AuditFilter
from bot.domain.audit_matching import matcher
from bot.domain.audit_terms import mentions
from bot.domain.chain import COLUMNS, Checkpoint, Record, event_from_record
from bot.domain.chain.lines import fields_of, line_of
from bot.domain.csv_text import csv_rows
from bot.ports import Context
from bot.proofs.archived import ArchiveReader
from bot.proofs.checkpoints import current
from bot.proofs.lowest import lowest_stored

PAGE = 1000
"""Events that are read at once."""

SPAN = 20_000
"""Events that one transaction looks at, at most: however few of them fit, it is short."""

PART_BYTES = 8 * 1024 * 1024
"""Bytes of one file. Slack takes files of up to 1 GB, but each is in memory while it is sent.

Source: https://slack.com/help/articles/201330736, read 2026-11.
"""


@dataclass(frozen=True, slots=True)
class ExportPart:
    """A file of an export.

    Args:
        name: Its name.
        text: Its content.
        events: How many events are in it; 0 in the manifest.
    """

    name: str
    text: str
    events: int


@dataclass(frozen=True, slots=True)
class EventStream:
    """The events that fit a filter, up to the head at the time when it was asked for, oldest first.

    Args:
        ctx: The context.
        wanted: Which events.
        head: Where the log stood.
        checkpoint: The newest signed checkpoint, if there is one.
        archived: Reads older events from their sealed archives, and knows which it cannot read.
    """

    ctx: Context
    wanted: AuditFilter
    head: Checkpoint
    checkpoint: Checkpoint | None
    archived: ArchiveReader

    def pages(self) -> Iterator[list[Record]]:
        """Pages of events, each read in a transaction of its own, which is short.

        What is no longer in the database is read from sealed archives, also what moves there meanwhile.
        """
        after, is_meant = 0, mentions(self.wanted.text or "")
        while after < self.head.seq:
            last = min(after + SPAN, self.head.seq)
            with self.ctx.store.read() as tx:
                lowest = min(lowest_stored(tx), self.head.seq + 1)
                page = tx.audit.matching(self.wanted, after=after, last=last, limit=PAGE)
            if lowest > after + 1:
                yield from self._archived(after, lowest)
                after = lowest - 1
                continue
            if found := list(filter(is_meant, page)):
                yield found
            after = page[-1].seq if len(page) == PAGE else last

    def _archived(self, after: int, below: int) -> Iterator[list[Record]]:
        self.archived.refresh()
        is_meant = matcher(self.wanted)
        for page in self.archived.between(after, below):
            if found := [row for row in page if is_meant(event_from_record(row))]:
                yield found

    def parts(self, name: str, form: str, *, size: int = PART_BYTES) -> Iterator[ExportPart]:
        """Files below a size, then the manifest.

        Args:
            name: Of the files, without number and ending.
            form: ``csv`` or ``jsonl``.
            size: Bytes of one file, give or take a page.
        """
        manifest = Manifest(self)
        texts: list[str] = []
        count = written = 0
        for page in self.pages():
            texts.append(WRITERS[form](page, is_first=not texts))
            count, written = count + len(page), written + len(texts[-1].encode())
            if written >= size:
                yield manifest.kept(ExportPart(f"{name}-{manifest.number:03}.{form}", "".join(texts), count))
                texts, count, written = [], 0, 0
        if texts or manifest.number == 1:
            number = f"-{manifest.number:03}" if manifest.number > 1 else ""
            text = "".join(texts) or WRITERS[form]([], is_first=True)
            yield manifest.kept(ExportPart(f"{name}{number}.{form}", text, count))
        yield ExportPart(f"{name}-manifest.json", manifest.text(), 0)

    def write(self, out: Callable[[str], object], form: str) -> str:
        """Write all of it to one place; returns the manifest."""
        manifest, digest, count = Manifest(self), hashlib.sha256(), 0
        for page in self.pages():
            text = WRITERS[form](page, is_first=not count)
            out(text)
            digest.update(text.encode())
            count += len(page)
        manifest.add(f"export.{form}", count, digest.hexdigest())
        return manifest.text()


def stream(ctx: Context, wanted: AuditFilter) -> EventStream:
    """Prepare an export.

    Raises:
        ChainBroken: The head is missing.
    """
    archived = ArchiveReader(ctx, since=wanted.since, until=wanted.until)
    with ctx.store.read() as tx:
        return EventStream(ctx, wanted, current(ctx, tx), tx.seals.last_checkpoint(), archived)


class Manifest:
    """What belongs to an export, so that a missing part is missed.

    Args:
        of: The export.
    """

    def __init__(self, of: EventStream) -> None:
        self._of = of
        self._files: list[dict[str, object]] = []
        self._events = 0

    @property
    def number(self) -> int:
        """The number of the next file."""
        return len(self._files) + 1

    def kept(self, part: ExportPart) -> ExportPart:
        """Add a file, and give it back."""
        self.add(part.name, part.events, hashlib.sha256(part.text.encode()).hexdigest())
        return part

    def add(self, name: str, events: int, digest: str) -> None:
        """Add a file by its SHA-256."""
        self._files.append({"name": name, "events": events, "sha256": digest})
        self._events += events

    def text(self) -> str:
        """JSON: filter, count, files, where the log stood, the newest checkpoint, and archives that cannot be read."""
        of = self._of
        content = {
            "filter": {name: str(value) for name, value in asdict(of.wanted).items() if value is not None},
            "events": self._events,
            "files": self._files,
            "head": asdict(of.head),
            "checkpoint": asdict(of.checkpoint) if of.checkpoint else None,
            "missing": of.archived.problems,
        }
        return to_json(content, indent=2).decode() + "\n"


def _jsonl(page: list[Record], *, is_first: bool) -> str:  # one form of all writers
    del is_first
    return "".join(f"{line_of(record)}\n" for record in page)


def _csv(page: list[Record], *, is_first: bool) -> str:
    rows = (tuple(fields_of(record).values()) for record in page)
    return csv_rows([COLUMNS, *rows] if is_first else rows)


class Writer(Protocol):
    """Writes a page of a file."""

    def __call__(self, page: list[Record], /, *, is_first: bool) -> str:
        """The text; the first page may have a header."""
        ...


WRITERS: Mapping[str, Writer] = MappingProxyType({"csv": _csv, "jsonl": _jsonl})
"""The export formats."""
