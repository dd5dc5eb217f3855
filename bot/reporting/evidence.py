"""Evidence of a quarter: one archive with a page, tables and the proof of the log."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile

from bot.auditing import Attempt, observe, prove
from bot.domain.allowance import Allowance
from bot.domain.audit import Action, AuditFilter, ChainedEvent
from bot.domain.chain import Record, event_from_record
from bot.domain.evidence import CHANGES, EVENTS, TABLES, ChangeBook, Quarter, Summary, cells, is_among, unfiled
from bot.domain.evidence_page import page_of
from bot.domain.firewall_log.last_use import last_use_text
from bot.ports import Caller, Context, ListFilter
from bot.proofs import ArchiveReader, stream
from bot.reporting.evidence_files import Buckets, TableFile
from bot.reporting.one_cluster import OneCluster

PAGE = 1000
"""Events read at once."""

AT_ONCE = 100
"""Allowances whose earlier events are read at once."""

OPEN = ("id", "cluster", "hosts", "requester", "reason", "ticket", "risk", "live_at", "expires_at", "last_use")
"""The columns of what was open at a moment."""


def write_evidence(ctx: Context, caller: Caller, quarter: Quarter, out: IO[bytes], *, cluster: str = "") -> str:
    """Verify the log and write the archive; returns what was verified, and what is missing, in sentences.

    Args:
        ctx: The context.
        caller: Who asks; both the verification and the export are recorded.
        quarter: The period.
        out: Gets the ZIP file.
        cluster: Only of this one; empty for all.

    Raises:
        NotPermitted: Not an auditor.
        ChainBroken: The log is not what was written: there is no evidence then.
    """
    verified = prove(ctx, caller)
    proof = f"The audit log was verified up to event {verified.end.seq}, hash {verified.end.hash}."
    about = (("about", f"evidence {quarter.name}"),)
    observe(ctx, caller, Action.AUDIT_EXPORT, Attempt(cluster=cluster, detail=about))
    with TemporaryDirectory(prefix="egress-evidence-") as folder, ZipFile(out, "w", ZIP_DEFLATED) as archive:
        return _Archive(ctx, archive, quarter, Path(folder), cluster).fill(proof)


class _Archive:
    """One in the making: every event of the quarter is read once, in order, from sealed archives and the log."""

    def __init__(self, ctx: Context, archive: ZipFile, quarter: Quarter, folder: Path, cluster: str) -> None:
        self._ctx = ctx
        self._archive = archive
        self._quarter = quarter
        self._folder = folder
        self._cluster = cluster
        self._of_cluster = OneCluster(ctx, cluster) if cluster else None
        self._tables: dict[str, TableFile] = {}
        self._changes = Buckets(folder / "changes")
        self._events = stream(ctx, AuditFilter(since=quarter.start, until=quarter.end))
        self._problems = self._events.archived.problems

    def fill(self, proof: str) -> str:
        """Write every file; the page last, because it counts the others."""
        for name in TABLES:
            self._table(name, EVENTS)
        for page in self._events.pages():
            self._take(page)
        self._complete()
        summary = Summary()
        self._write_changes(summary)
        ends = (("open-at-start", self._quarter.start), ("open-at-end", min(self._quarter.end, self._ctx.clock.now())))
        for name, at in ends:
            self._write_open(name, at)
        said = " ".join([proof, *self._problems])
        for table in self._tables.values():
            self._archive.write(table.path, table.path.name)
        self._archive.writestr("proof.txt", f"{said}\n")
        is_over = self._quarter.end <= self._ctx.clock.now()
        so_far = "" if is_over else "The quarter is not over: this is what is on record so far. "
        counts = {table.path.name: table.rows for table in self._tables.values()}
        self._archive.writestr("index.html", page_of(self._quarter, summary, counts, so_far + said))
        return said

    def _table(self, name: str, columns: tuple[str, ...]) -> TableFile:
        return self._tables.setdefault(name, TableFile(self._folder / f"{name}.csv", columns))

    def _take(self, page: list[Record]) -> None:
        events = [event_from_record(row) for row in page]
        kept = self._of_cluster.among(events) if self._of_cluster else events
        for name, actions in TABLES.items():
            self._tables[name].add([_event(one) for one in kept if is_among(one.event.action, actions)])
        changed = {one.seq for one in kept if one.event.action.startswith("allowance:")}
        self._changes.add(row for row in page if row.seq in changed)

    def _complete(self) -> None:
        """What was asked for before the quarter has its requester and reason there."""
        early = [one for rows in self._changes for one in unfiled(map(event_from_record, rows))]
        for at in range(0, len(early), AT_ONCE):
            self._changes.add(self._before(early[at : at + AT_ONCE]))
        if early:
            self._add_archived(set(early))

    def _add_archived(self, subjects: set[str]) -> None:
        reader = ArchiveReader(self._ctx, until=self._quarter.start)
        self._problems += [one for one in reader.problems if one not in self._problems]
        for archive in reader.archives:
            for page in reader.pages(archive):
                self._changes.add(row for row in page if row.subject in subjects and self._is_before(row))

    def _before(self, subjects: list[str]) -> list[Record]:
        with self._ctx.store.read() as tx:
            return [row for row in tx.audit.records_about(subjects) if self._is_before(row)]

    def _is_before(self, row: Record) -> bool:
        one = event_from_record(row).event
        return one.action.startswith("allowance:") and one.at < self._quarter.start

    def _write_changes(self, summary: Summary) -> None:
        table = self._table("changes", CHANGES)
        for rows in self._changes:
            book = ChangeBook()
            book.add(event_from_record(row).event for row in rows)
            changes = [book.rows[subject] for subject in sorted(book.rows)]
            summary.add(changes)
            table.add(cells(row, CHANGES) for row in changes)

    def _write_open(self, name: str, moment: datetime) -> None:
        table, some = self._table(name, OPEN), list[list[object]]()
        for one in self._open_at(moment):
            some.append(_open(one))
            if len(some) == PAGE:
                table.add(some)
                some = []
        table.add(some)

    def _open_at(self, moment: datetime) -> Iterator[Allowance]:
        wanted = ListFilter()
        while True:
            with self._ctx.store.read() as tx:
                rows = tx.allowances.page(wanted)
            yield from (row.value for row in rows if self._is_open(row.value, moment))
            if len(rows) < wanted.limit:
                return
            wanted = replace(wanted, after=rows[-1].place)

    def _is_open(self, one: Allowance, moment: datetime) -> bool:
        is_meant = self._cluster in ("", one.scope.cluster_name.lower())
        was_live = one.live_at is not None and one.live_at < moment
        return is_meant and was_live and (one.gone_at is None or one.gone_at >= moment)


def _open(one: Allowance) -> list[object]:
    row = {
        "id": one.id,
        "cluster": one.scope.cluster_name,
        "hosts": [str(destination) for destination in one.destinations],
        "requester": one.requester.user,
        "reason": one.ask.reason,
        "ticket": one.ask.ticket,
        "risk": f"{one.risk.level} {one.risk.score}",
        "live_at": one.live_at,
        "expires_at": one.expires_at,
        "last_use": last_use_text(one.used, one.live_at),
    }
    return cells(row, OPEN)


def _event(chained: ChainedEvent) -> list[object]:
    event = chained.event
    row = {
        "seq": chained.seq,
        "at": event.at,
        "action": str(event.action),
        "actor": event.actor.user,
        "actor_name": event.actor_name,
        "via": event.via,
        "subject": event.subject,
        "cluster": event.cluster,
        "hosts": list(event.destinations),
        "reason": event.reason,
        "detail": dict(event.detail),
        "hash": chained.hash,
    }
    return cells(row, EVENTS)
