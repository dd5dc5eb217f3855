"""Holds stored requests against their events: whoever changes or deletes a row by hand does not write an event."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot.domain.allowance import Allowance
from bot.domain.approval import ApprovalRequest
from bot.domain.audit import Action, ChainedEvent
from bot.domain.chain.records import Record
from bot.domain.ids import is_scale_id
from bot.domain.scale_proposal import Scale, scale_facts
from bot.errors import ChainBroken

FILED = frozenset(
    {
        Action.ALLOWANCE_REQUEST,
        Action.ALLOWANCE_GRANT,
        Action.ALLOWANCE_BREAK_GLASS,
        Action.ALLOWANCE_RENEW,
        Action.SCALE_PROPOSE,
    }
)
"""Events with which an allowance or a scale proposal begins."""

DECIDING = frozenset(
    {
        Action.ALLOWANCE_GRANT,
        Action.ALLOWANCE_BREAK_GLASS,
        Action.ALLOWANCE_APPROVE,
        Action.ALLOWANCE_NARROW,
        Action.ALLOWANCE_RENEW,
        Action.SCALE_GRANT,
        Action.SCALE_APPROVE,
        Action.SCALE_NARROW,
    }
)
"""Events after which one can be approved."""

FILED_TEXTS = frozenset(map(str, FILED))


def filed_in(records: Iterable[Record]) -> Mapping[str, int]:
    """The ids of the allowances and proposals that these events file, each with the number of the first."""
    found: dict[str, int] = {}
    for row in records:
        if row.action in FILED_TEXTS:
            found.setdefault(row.subject, row.seq)
    return found


def gone(subject: str, seq: int) -> ChainBroken:
    """The error for a row that was deleted."""
    return ChainBroken(f"{_name(subject)} was filed in audit event {seq}, but it is no longer stored.", seq=seq)


def hold_against(request: Allowance | Scale, events: Sequence[ChainedEvent]) -> None:
    """Compare a stored allowance or proposal with its events, oldest first; nothing if they say the same.

    Raises:
        ChainBroken: Something is stored that no event says; with the number of the last event that says otherwise.
    """
    if not events:
        raise ChainBroken(f"{_name(request.id)} is stored, but no audit event says where it comes from.", seq=0)
    own = _of_allowance(request, events) if isinstance(request, Allowance) else _of_scale(request, events)
    for problem, seq in (*own, *_decisions(request, events)):
        raise ChainBroken(f"{_name(request.id)} is not what audit event {seq} says: {problem}.", seq=seq)


def _name(subject: str) -> str:
    return f"{'Scale proposal' if is_scale_id(subject) else 'Allowance'} {subject}"


def _of_allowance(row: Allowance, events: Sequence[ChainedEvent]) -> Iterator[tuple[str, int]]:
    told = _last(events, "digest")
    if told is not None:
        if told.event.destinations != tuple(str(one) for one in row.destinations):
            yield "its destinations were changed", told.seq
        if dict(told.event.detail)["digest"] != row.digest:
            yield "its sources, target or duration were changed", told.seq
    end = _last(events, "expires_at")
    stored_end = row.expires_at.isoformat() if row.expires_at else ""
    if stored_end != (dict(end.event.detail)["expires_at"] if end else ""):
        yield "its end was changed", (end or events[-1]).seq
    yield from _ended(events, Action.ALLOWANCE_REVOKE, "revoked", is_stored=row.revoked is not None)


PLANNED = ("digest", "kind", "changes", "change", "before", "after", "ips_before", "etag", "environment", "requester")
"""Facts of the events of a proposal that are those of its row."""


def _of_scale(row: Scale, events: Sequence[ChainedEvent]) -> Iterator[tuple[str, int]]:
    told = _last(events, "digest")
    if told is not None:
        said, stored = dict(told.event.detail), dict(scale_facts(row))
        changed = [name for name in PLANNED if name in said and said[name] != stored.get(name, "")]
        if changed or told.event.cluster != row.cluster_name.lower():
            yield f"its plan was changed ({', '.join(changed) or 'cluster'})", told.seq
    proposed = next((one for one in events if one.event.action == Action.SCALE_PROPOSE), None)
    if proposed is not None and proposed.event.reason != row.reason:
        yield "its reason was changed", proposed.seq
    yield from _ended(events, Action.SCALE_WITHDRAW, "withdrawn", is_stored=row.withdrawn is not None)
    yield from _ended(events, Action.SCALE_DONE, "done", is_stored=row.done_at is not None)


def _decisions(row: ApprovalRequest, events: Sequence[ChainedEvent]) -> Iterator[tuple[str, int]]:
    last = events[-1].seq
    deciders = {one.event.actor for one in events if one.event.action in DECIDING}
    if unknown := [one.by.user for one in row.approvals if one.by not in deciders]:
        yield f"the approval of {', '.join(unknown)} has no event", last
    if row.approved_at is not None and not deciders:
        yield "its approval has no event", last
    for action in (Action.ALLOWANCE_DENY, Action.SCALE_DENY):
        yield from _ended(events, action, "denied", is_stored=row.denied is not None)


def _ended(events: Iterable[ChainedEvent], action: Action, word: str, *, is_stored: bool) -> Iterator[tuple[str, int]]:
    told = [one.seq for one in events if one.event.action == action]
    if told and not is_stored:
        yield f"it is no longer {word}", told[-1]


def _last(events: Iterable[ChainedEvent], name: str) -> ChainedEvent | None:
    found = [one for one in events if name in dict(one.event.detail)]
    return found[-1] if found else None
