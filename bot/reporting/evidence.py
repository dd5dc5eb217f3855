"""Evidence of a quarter: one archive with a page, tables and the proof of the log."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile

from bot.auditing import Attempt, observe, prove
from bot.domain.allowance import Allowance
from bot.domain.audit import Action, AuditFilter, ChainedEvent
from bot.domain.csv_text import csv_text
from bot.domain.evidence import CHANGES, EVENTS, TABLES, ChangeBook, Quarter, cells
from bot.domain.evidence_page import page
from bot.domain.firewall_log.last_use import last_use_text
from bot.ports import Caller, Context, ListFilter

PAGE = 1000
"""Events read at once."""

AT_ONCE = 100
"""Allowances whose earlier events are read at once."""

OPEN = ("id", "cluster", "hosts", "requester", "reason", "ticket", "risk", "live_at", "expires_at", "last_use")
"""The columns of what was open at a moment."""


def write_evidence(ctx: Context, caller: Caller, quarter: Quarter, out: IO[bytes], *, cluster: str = "") -> str:
    """Verify the log and write the archive; returns what was verified, in a sentence.

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
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        _Archive(ctx, archive, quarter, cluster).fill(proof)
    return proof


class _Archive:
    def __init__(self, ctx: Context, archive: ZipFile, quarter: Quarter, cluster: str) -> None:
        self._ctx = ctx
        self._archive = archive
        self._quarter = quarter
        self._wanted = AuditFilter(since=quarter.start, until=quarter.end, cluster=cluster or None)
        self._counts: dict[str, int] = {}

    def fill(self, proof: str) -> None:
        """Write every file; the page last, because it counts the others."""
        book = ChangeBook()
        for one in sorted(self._every("allowance"), key=lambda each: each.seq):
            book.add([one.event])
        self._complete(book)
        changes = list(book.rows.values())
        self._table("changes", CHANGES, [cells(row, CHANGES) for row in changes])
        for name, actions in TABLES.items():
            found = [one for action in actions for one in self._every(action)]
            self._table(name, EVENTS, [_event(one) for one in sorted(found, key=lambda each: each.seq)])
        ends = (("open-at-start", self._quarter.start), ("open-at-end", min(self._quarter.end, self._ctx.clock.now())))
        for name, at in ends:
            self._table(name, OPEN, [_open(one) for one in self._open_at(at)])
        self._archive.writestr("proof.txt", f"{proof}\n")
        is_over = self._quarter.end <= self._ctx.clock.now()
        said = proof if is_over else f"The quarter is not over: this is what is on record so far. {proof}"
        self._archive.writestr("index.html", page(self._quarter, changes, self._counts, said))

    def _complete(self, book: ChangeBook) -> None:
        """What was asked for before the quarter has its requester and reason there."""
        early = [subject for subject, row in book.rows.items() if "asked_at" not in row]
        for at in range(0, len(early), AT_ONCE):
            with self._ctx.store.read() as tx:
                found = tx.audit.about(early[at : at + AT_ONCE])
            for subject in early[at : at + AT_ONCE]:
                del book.rows[subject]
            allowances = (one.event for one in found if one.event.action.startswith("allowance:"))
            book.add(event for event in allowances if event.at < self._quarter.end)

    def _table(self, name: str, columns: tuple[str, ...], rows: list[list[object]]) -> None:
        self._counts[f"{name}.csv"] = len(rows)
        self._archive.writestr(f"{name}.csv", csv_text(columns, rows))

    def _every(self, action: str) -> Iterator[ChainedEvent]:
        wanted = replace(self._wanted, action=action)
        if action.startswith("firewall") or action == "review":
            wanted = replace(wanted, cluster=None)  # one firewall and one review serve several clusters
        while True:
            with self._ctx.store.read() as tx:
                found = tx.audit.find(wanted, limit=PAGE)
            yield from found
            if len(found) < PAGE:
                return
            wanted = replace(wanted, before=found[-1].seq)

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
        is_meant = self._wanted.cluster in (None, one.scope.cluster_name.lower())
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
