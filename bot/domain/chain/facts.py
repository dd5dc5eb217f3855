"""Holds stored allowances against their events: whoever changes a row by hand does not write an event."""

from collections.abc import Iterable, Iterator, Sequence

from bot.domain.allowance import Allowance
from bot.domain.audit import Action, ChainedEvent
from bot.errors import ChainBroken

FILED = frozenset(
    {
        Action.ALLOWANCE_REQUEST,
        Action.ALLOWANCE_GRANT,
        Action.ALLOWANCE_BREAK_GLASS,
        Action.ALLOWANCE_RENEW,
    }
)
"""Events with which an allowance begins."""

DECIDING = frozenset(
    {
        Action.ALLOWANCE_GRANT,
        Action.ALLOWANCE_BREAK_GLASS,
        Action.ALLOWANCE_APPROVE,
        Action.ALLOWANCE_NARROW,
        Action.ALLOWANCE_RENEW,
    }
)
"""Events after which an allowance can be approved."""


def hold_against(allowance: Allowance, events: Sequence[ChainedEvent]) -> None:
    """Compare a stored allowance with its events, oldest first; nothing if they say the same.

    Raises:
        ChainBroken: Something is stored that no event says; with the number of the last event that says otherwise.
    """
    if not events:
        raise ChainBroken(f"Allowance {allowance.id} is stored, but no audit event says where it comes from.", seq=0)
    for problem, seq in _differences(allowance, events):
        raise ChainBroken(f"Allowance {allowance.id} is not what audit event {seq} says: {problem}.", seq=seq)


def _differences(row: Allowance, events: Sequence[ChainedEvent]) -> Iterator[tuple[str, int]]:
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
    yield from _decisions(row, events)


def _decisions(row: Allowance, events: Sequence[ChainedEvent]) -> Iterator[tuple[str, int]]:
    last = events[-1].seq
    deciders = {one.event.actor for one in events if one.event.action in DECIDING}
    if unknown := [one.by.user for one in row.approvals if one.by not in deciders]:
        yield f"the approval of {', '.join(unknown)} has no event", last
    if row.approved_at is not None and not deciders:
        yield "its approval has no event", last
    for action, is_stored in (
        (Action.ALLOWANCE_DENY, row.denied is not None),
        (Action.ALLOWANCE_REVOKE, row.revoked is not None),
    ):
        told = [one.seq for one in events if one.event.action == action]
        if told and not is_stored:
            yield f"it is no longer {_ENDED[action]}", told[-1]


_ENDED = {Action.ALLOWANCE_DENY: "denied", Action.ALLOWANCE_REVOKE: "revoked"}


def _last(events: Iterable[ChainedEvent], name: str) -> ChainedEvent | None:
    found = [one for one in events if name in dict(one.event.detail)]
    return found[-1] if found else None
