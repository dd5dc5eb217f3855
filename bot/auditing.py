"""Use cases of the audit log: search it, export it, prove it, and record what was refused."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace

from bot import proofs
from bot.domain.access import reads_everything, require_auditor
from bot.domain.audit import Action, AuditFilter, Event, FoundEvents
from bot.domain.chain import Checkpoint, Record
from bot.domain.ids import canonical_id, is_scale_id
from bot.domain.phrases import counted
from bot.domain.saved_search import MAX_NAME, SavedSearch, require_room
from bot.errors import ChainBroken, EgressError, InvalidInput, UnknownAllowance, UnknownScale
from bot.inventory import person
from bot.ports import Caller, Context, Transaction, UnitOfWork
from bot.proofs import WRITERS

BATCH = 1000
"""Events read at once while exporting or proving."""


def search(ctx: Context, caller: Caller, wanted: AuditFilter, *, limit: int = 10) -> FoundEvents:
    """Events that fit and that the caller may read, newest first; the reading itself is recorded.

    Raises:
        MembershipUnknown: Slack could not be asked what they may read.
    """
    wanted = readable(ctx, caller, wanted)
    with ctx.store.read() as tx:
        found = tx.audit.search(wanted, limit=limit)
        if len(found.events) < limit and found.searched_to is None:
            found = replace(found, archived_to=max((one.last_seq for one in tx.seals.archives()), default=0))
    with ctx.store.write() as tx:
        UnitOfWork(ctx, tx, caller).audit(_look(ctx, caller, Action.AUDIT_READ, wanted))
    return found


def readable(ctx: Context, caller: Caller, wanted: AuditFilter) -> AuditFilter:
    """The same filter for what the caller may read: auditors, approvers and operators everything, others their own.

    Raises:
        NotPermitted: For people of other workspaces.
        MembershipUnknown: Slack could not be asked.
    """
    who = person(ctx, caller)
    return wanted if reads_everything(who) else replace(wanted, own=who.identity)


def saved_searches(ctx: Context, caller: Caller) -> list[SavedSearch]:
    """The searches that the caller keeps, by name.

    Raises:
        NotPermitted: For people of other workspaces.
    """
    who = person(ctx, caller)
    with ctx.store.read() as tx:
        return tx.searches.of(who.identity)


def save_search(ctx: Context, caller: Caller, search: SavedSearch) -> None:
    """Keep a search for the caller, in the place of one of the same name; recorded like a reading.

    Raises:
        NotPermitted: For people of other workspaces.
        InvalidInput: They keep as many as they may.
    """
    who = person(ctx, caller)
    with ctx.store.write() as tx:
        kept = tx.searches.of(who.identity)
        if search in kept:
            return
        require_room(kept, search.name)
        tx.searches.put(who.identity, search)
        UnitOfWork(ctx, tx, caller).audit(_about_search(ctx, caller, Action.AUDIT_SAVE, search))


def forget_search(ctx: Context, caller: Caller, name: str) -> None:
    """Delete a saved search of the caller.

    Raises:
        NotPermitted: For people of other workspaces.
        InvalidInput: They keep none of that name.
    """
    who = person(ctx, caller)
    with ctx.store.write() as tx:
        search = _kept(tx.searches.of(who.identity), name)
        tx.searches.remove(who.identity, name)
        UnitOfWork(ctx, tx, caller).audit(_about_search(ctx, caller, Action.AUDIT_FORGET, search))


def saved_search(ctx: Context, caller: Caller, name: str) -> SavedSearch:
    """A saved search of the caller by its name.

    Raises:
        NotPermitted: For people of other workspaces.
        InvalidInput: They keep none of that name.
    """
    return _kept(saved_searches(ctx, caller), name)


def _kept(searches: Sequence[SavedSearch], name: str) -> SavedSearch:
    found = next((one for one in searches if one.name == name), None)
    if found is None:
        raise InvalidInput(f"You have no saved search “{name[:MAX_NAME]}”. The Home tab lists yours.")
    return found


def _about_search(ctx: Context, caller: Caller, action: Action, search: SavedSearch) -> Event:
    detail = (("search", search.name), ("query", search.query))
    return Event(ctx.clock.now(), action, caller.identity, caller.via, detail=detail)


def export(ctx: Context, caller: Caller, wanted: AuditFilter, form: str) -> proofs.EventStream:
    """Every event that fits, oldest first, as ``csv`` or ``jsonl``; recorded like every reading.

    Raises:
        NotPermitted: Not an auditor.
        InvalidInput: Another form.
    """
    require_auditor(person(ctx, caller))
    if form not in WRITERS:
        raise InvalidInput(f"“{form}” is not an export format: use csv or jsonl.")
    with ctx.store.write() as tx:
        UnitOfWork(ctx, tx, caller).audit(_look(ctx, caller, Action.AUDIT_EXPORT, wanted))
    return proofs.stream(ctx, wanted)


def follow(ctx: Context, caller: Caller, *, after: int, wait: Callable[[], object] | None) -> Iterator[tuple[str, int]]:
    """Events as lines of JSON, in order, each page with the number of its last; recorded like every reading.

    Args:
        ctx: The context.
        caller: Who asks.
        after: The number of the last event that is known.
        wait: Waits until it is worth looking again; None to stop at the end.

    Raises:
        NotPermitted: Not an auditor.
        BadConfiguration: Some of these events are in an archive that cannot be read.
    """
    require_auditor(person(ctx, caller))
    with ctx.store.write() as tx:
        UnitOfWork(ctx, tx, caller).audit(_look(ctx, caller, Action.AUDIT_EXPORT, AuditFilter()))
    while True:
        seen = after
        for page in _records_after(ctx, seen):
            after = page[-1].seq
            yield WRITERS["jsonl"](page, is_first=False), after
        if after == seen:
            if wait is None:
                return
            wait()


def _records_after(ctx: Context, after: int) -> Iterator[list[Record]]:
    """The next events: first those that moved to archives, also while a slow receiver was taking earlier ones."""
    with ctx.store.read() as tx:
        page = tx.audit.records(after=after, limit=BATCH)
    if page and page[0].seq > after + 1:
        for archived in proofs.archived_after(ctx, after):
            after = archived[-1].seq
            yield archived
    if rest := [row for row in page if row.seq > after]:
        yield rest


def prove(ctx: Context, caller: Caller, known: Sequence[Checkpoint] = ()) -> proofs.Verified:
    """Check everything that is stored, and the allowances against it; the result is recorded either way.

    Args:
        ctx: The context.
        caller: Who asks.
        known: Checkpoints that were kept outside, beside those that the bot knows.

    Raises:
        NotPermitted: Not an auditor.
        ChainBroken: At the first event that is not what was written.
    """
    require_auditor(person(ctx, caller))
    try:
        verified = proofs.unmoved(ctx, lambda: _checked(ctx, [*known, *proofs.kept_checkpoints(ctx)]))
    except ChainBroken as error:
        _record(ctx, caller, Action.AUDIT_VERIFY, error.sentence)
        proofs.raise_alarm(ctx, error)
        raise
    _record(ctx, caller, Action.AUDIT_VERIFY, f"{counted(verified.end.seq, 'event')} verified.")
    return verified


def _checked(ctx: Context, known: Sequence[Checkpoint]) -> proofs.Verified:
    proofs.check_archives(ctx, known)
    verified = proofs.check_log(ctx, known)
    proofs.check_facts(ctx)
    return verified


MOST_NAMED = 100
"""Destinations of a refused act that are recorded: what was tried is bounded, because anybody can try anything."""

LONGEST = 300
"""Characters of each of them, and of each detail."""

LONGEST_SENTENCE = 2000
"""Characters of why it was refused: the sentence may say back what was typed."""

LONGEST_NAME = 80
"""Characters of a subject and of a cluster's name."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A refused attempt as the person typed it: untrusted, of any length.

    Args:
        subject: Id of an allowance or scale proposal.
        cluster: Name or id of a cluster.
        destinations: What it was about.
        detail: Further words by name.
    """

    subject: str = ""
    cluster: str = ""
    destinations: tuple[str, ...] = ()
    detail: tuple[tuple[str, str], ...] = ()


def refuse(ctx: Context, caller: Caller, act: str, error: EgressError, attempt: Attempt = Attempt()) -> None:
    """Record an act that was refused: who tried what on what, and why it was not done.

    If the subject exists, cluster and destinations are the recorded ones; otherwise the typed ones, bounded.
    """
    with ctx.store.write() as tx:
        refuse_within(UnitOfWork(ctx, tx, caller), act, error, attempt)


def refuse_within(uow: UnitOfWork, act: str, error: EgressError, attempt: Attempt) -> None:
    """Record a refused act in the transaction of what else becomes of it."""
    detail = (("act", act), ("error", type(error).__name__), *attempt.detail)
    subject, named = canonical_id(_bounded(attempt.subject, LONGEST_NAME)), _bounded(attempt.cluster, LONGEST)
    cluster, destinations = _stored(uow.tx, subject) or (_cluster(uow.tx, named), ())
    event = Event(
        at=uow.now,
        action=Action.ACT_REFUSE,
        actor=uow.caller.identity,
        via=uow.caller.via,
        subject=subject,
        cluster=_bounded(cluster.lower(), LONGEST_NAME),
        destinations=tuple(_bounded(one, LONGEST) for one in (attempt.destinations or destinations)[:MOST_NAMED]),
        reason=_bounded(error.sentence, LONGEST_SENTENCE),
        detail=tuple((name, _bounded(text, LONGEST)) for name, text in detail),
    )
    uow.audit(event)


def observe(ctx: Context, caller: Caller, action: Action, seen: Attempt) -> None:
    """Record that somebody looked, where looking is recorded: what on, as far as it was named."""
    event = Event(
        at=ctx.clock.now(),
        action=action,
        actor=caller.identity,
        via=caller.via,
        subject=seen.subject,
        cluster=_bounded(seen.cluster.lower(), LONGEST_NAME),
        destinations=tuple(_bounded(one, LONGEST) for one in seen.destinations[:MOST_NAMED]),
        detail=tuple((name, _bounded(text, LONGEST)) for name, text in seen.detail),
    )
    with ctx.store.write() as tx:
        UnitOfWork(ctx, tx, caller).audit(event)


def _cluster(tx: Transaction, named: str) -> str:
    """The name of the cluster that was named or whose id was given; else the end of what was typed."""
    found = tx.snapshots.named(named) if named else []
    return found[0].ref.name if found else named.rpartition("/")[2]


def _stored(tx: Transaction, subject: str) -> tuple[str, tuple[str, ...]] | None:
    """Cluster and destinations of what an id names."""
    try:
        if is_scale_id(subject):
            return tx.scales.get(subject).plan.cluster_name, ()
        found = tx.allowances.get(subject)
    except (UnknownAllowance, UnknownScale):
        return None
    return found.scope.cluster_name, tuple(str(one) for one in found.destinations)


def _bounded(text: str, most: int) -> str:
    """On one line, without what no database keeps."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text[: most + 1])
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def _record(ctx: Context, caller: Caller, action: Action, reason: str) -> None:
    event = Event(ctx.clock.now(), action, caller.identity, caller.via, reason=reason)
    with ctx.store.write() as tx:
        UnitOfWork(ctx, tx, caller).audit(event)


def _look(ctx: Context, caller: Caller, action: Action, wanted: AuditFilter) -> Event:
    filters = tuple(
        (one.name, str(value)) for one in fields(wanted) if (value := getattr(wanted, one.name)) is not None
    )
    return Event(ctx.clock.now(), action, caller.identity, caller.via, detail=filters)
