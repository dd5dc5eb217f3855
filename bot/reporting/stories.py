"""The story of an allowance or a scale proposal, read from the audit log."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from bot.auditing import Attempt, observe
from bot.domain.access import is_asked, reads_everything
from bot.domain.allowance import Allowance
from bot.domain.audit import Action, AuditFilter, ChainedEvent
from bot.domain.audit_matching import matcher
from bot.domain.chain import event_from_record
from bot.domain.ids import canonical_id, is_scale_id
from bot.domain.people import Person
from bot.domain.scale_proposal import Scale
from bot.domain.story import WRITES, Story, carries, story_of, write_spans
from bot.errors import NotPermitted
from bot.inventory import person
from bot.ports import Caller, Context
from bot.proofs import ArchiveReader

PAGE = 500
"""Events read at once."""

MOST_PAGES = 20
"""Pages that are read for one story, of each kind of event: ten thousand events."""


def read_story(ctx: Context, caller: Caller, subject: str) -> Story:
    """Everything on record of an allowance or proposal, oldest first; the reading is recorded.

    Raises:
        UnknownAllowance, UnknownScale: There is none of that id.
        NotPermitted: Somebody else's, and the caller is neither auditor, approver nor operator.
        MembershipUnknown: Slack could not be asked whether they are.
    """
    who, id_ = person(ctx, caller), canonical_id(subject)
    found = _stored(ctx, id_)
    _require_reader(who, found)
    reading = _Reading(ctx, found.requested_at)
    story = reading.of(id_) if is_scale_id(id_) else reading.of_allowance(id_)
    observe(ctx, caller, Action.AUDIT_READ, Attempt(detail=(("subject", id_),)))
    return story


def _stored(ctx: Context, id_: str) -> Allowance | Scale:
    with ctx.store.read() as tx:
        return tx.scales.get(id_) if is_scale_id(id_) else tx.allowances.get(id_)


def _require_reader(who: Person, one: Allowance | Scale) -> None:
    if who.identity in (one.requester, one.owner, one.filed_by, *one.followers) or is_asked(one.verdict, who):
        return
    if not reads_everything(who):
        raise NotPermitted(f"Only auditors, approvers and whoever asked for {one.id} can read what is on record of it.")


class _Reading:
    """Reads what belongs to one story, page by page."""

    def __init__(self, ctx: Context, since: datetime) -> None:
        self._ctx = ctx
        self._is_whole = True
        self._archived = ArchiveReader(ctx, since=since)

    def of(self, id_: str) -> Story:
        """The events of one subject."""
        return self._story(id_, list(self._every(AuditFilter(subject=id_))))

    def _story(self, id_: str, events: Iterable[ChainedEvent]) -> Story:
        return story_of(id_, events, is_whole=self._is_whole, missing=self._archived.problems)

    def of_allowance(self, id_: str) -> Story:
        """With the writes that carried it, and the drift that was about it, in every firewall that it was in."""
        own = sorted(self._every(AuditFilter(subject=id_)), key=lambda one: one.seq)
        if not own:
            return self._story(id_, ())
        targets = {dict(one.event.detail).get("target", "") for one in own} - {""}
        events = list(own)
        for target in sorted(targets):
            drift = AuditFilter(subject=target, action=str(Action.FIREWALL_DRIFT), after=own[0].seq)
            seen = [one for one in self._every(drift) if carries(one, id_)]
            events += [*seen, *self._writes(id_, target, sorted([*own, *seen], key=lambda one: one.seq))]
        return self._story(id_, events)

    def _writes(self, id_: str, target: str, known: list[ChainedEvent]) -> Iterator[ChainedEvent]:
        for span in write_spans(known):
            wanted = AuditFilter(subject=target, after=span.after, before=span.before, since=span.since)
            yield from (one for one in self._every(wanted) if one.event.action in WRITES and carries(one, id_))

    def _every(self, wanted: AuditFilter) -> Iterator[ChainedEvent]:
        """Of the database, then of archives: what moves there meanwhile may come twice and is never missing."""
        yield from self._stored(wanted)
        self._archived.refresh()
        is_meant = matcher(wanted)
        for archive in self._archived.archives:
            for rows in self._archived.pages(archive, needle=wanted.subject or ""):
                yield from filter(is_meant, map(event_from_record, rows))

    def _stored(self, wanted: AuditFilter) -> Iterator[ChainedEvent]:
        for _ in range(MOST_PAGES):
            with self._ctx.store.read() as tx:
                page = tx.audit.find(wanted, limit=PAGE)
            yield from page
            if len(page) < PAGE:
                return
            wanted = replace(wanted, before=page[-1].seq)
        self._is_whole = False
