"""Evidence of a period: what was changed, by whom, why, and what was seen of it, as tables made from audit events."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.domain.audit import Action, ChainedEvent, Event
from bot.errors import InvalidInput

Row = Mapping[str, object]
"""One line of a table, by column."""

CHANGES = (
    "id", "cluster", "environment", "hosts", "requester", "reason", "ticket", "risk", "policy_rule", "rule_text",
    "approvers", "denied_by", "asked_at", "decided_at", "live_at", "expires_at", "gone_at", "expiry_lag_s",
    "break_glass", "review", "outcome",
)  # fmt: skip
"""The columns of the changes; ``live_at`` and ``gone_at`` are when the rules were read back from Azure."""

BY_POLICY = "approval policy"
"""In place of approvers where nobody was asked: the event of the grant is of whoever requested it."""

EVENTS = (
    "seq", "at", "action", "actor", "actor_name", "via", "subject", "cluster", "hosts", "reason", "detail", "hash",
)  # fmt: skip
"""The columns of every other table of events."""

TABLES: Mapping[str, tuple[str, ...]] = {
    "refused-acts": ("act:refuse",),
    "break-glass": ("allowance:break-glass", "allowance:review"),
    "writes": ("firewall:done", "firewall:fail"),
    "drift": ("firewall:drift",),
    "reviews": ("review",),
}
"""Tables of events, by the actions in them."""

_QUARTER = re.compile(r"(\d{4})-Q([1-4])", re.IGNORECASE)
_OUTCOMES = {
    Action.ALLOWANCE_EDIT: "waiting",
    Action.ALLOWANCE_APPROVE: "approved",
    Action.ALLOWANCE_GRANT: "approved",
    Action.ALLOWANCE_BREAK_GLASS: "approved",
    Action.ALLOWANCE_DENY: "denied",
    Action.ALLOWANCE_LAPSE: "lapsed",
    Action.ALLOWANCE_REVOKE: "revoked",
    Action.ALLOWANCE_CLOSE: "closed",
    Action.ALLOWANCE_FAIL: "failed",
    Action.ALLOWANCE_EXPIRE: "expired",
    Action.ALLOWANCE_LIVE: "live",
}


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter of a year, in UTC.

    Args:
        name: ``2026-Q3``.
        start: Its first moment.
        end: The first moment after it.
    """

    name: str
    start: datetime
    end: datetime


def quarter_from_text(text: str) -> Quarter:
    """Read ``2026-Q3``.

    Raises:
        InvalidInput: It is no quarter.
    """
    found = _QUARTER.fullmatch(text.strip())
    if found is None or not 2000 <= int(found[1]) <= 9000:
        raise InvalidInput(f"“{text[:60]}” is not a quarter: write 2026-Q3.")
    year, number = int(found[1]), int(found[2])
    after = (year, number + 1) if number < 4 else (year + 1, 1)
    return Quarter(f"{year}-Q{number}", _first(year, number), _first(*after))


def _first(year: int, quarter: int) -> datetime:
    return datetime(year, 3 * quarter - 2, 1, tzinfo=UTC)


def is_among(action: str, actions: Iterable[str]) -> bool:
    """Whether an action is one of these, or of a subject that is."""
    return any(action == one or action.startswith(f"{one}:") for one in actions)


def unfiled(events: Iterable[ChainedEvent]) -> list[str]:
    """The ids of allowances among these events that were asked for earlier."""
    filed = dict[str, bool]()
    for one in events:
        filed[one.event.subject] = filed.get(one.event.subject, False) or one.event.action in ASKED
    return [subject for subject, is_filed in filed.items() if not is_filed]


ASKED = frozenset({Action.ALLOWANCE_REQUEST, Action.ALLOWANCE_RENEW})
"""Events with the requester and the reason."""

MOST_SHOWN = 500
"""Changes that the page shows; the table beside it has all of them."""


@dataclass(slots=True)
class Summary:
    """What the page says of all changes.

    Args:
        first: The first of them.
        count: How many there are.
        by_month: How many were asked for in each month.
        by_outcome: What became of how many.
    """

    first: list[Row] = field(default_factory=list)
    count: int = 0
    by_month: Counter[str] = field(default_factory=Counter)
    by_outcome: Counter[str] = field(default_factory=Counter)

    def add(self, changes: Sequence[Row]) -> None:
        """Take note of further ones."""
        self.first += changes[: MOST_SHOWN - len(self.first)]
        self.count += len(changes)
        asked = (change.get("asked_at") for change in changes)
        self.by_month.update(f"{at:%Y-%m}" for at in asked if isinstance(at, datetime))
        self.by_outcome.update(str(change.get("outcome") or "waiting") for change in changes)


@dataclass(slots=True)
class ChangeBook:
    """What happened to each allowance in a period; events come oldest first."""

    rows: dict[str, dict[str, object]] = field(default_factory=dict)

    def add(self, events: Iterable[Event]) -> None:
        """Take note of events of allowances."""
        for event in events:
            self._add(self.rows.setdefault(event.subject, {"id": event.subject}), event, dict(event.detail))

    def _add(self, row: dict[str, object], event: Event, facts: Mapping[str, str]) -> None:
        known = {"cluster": event.cluster, "hosts": list(event.destinations), "policy_rule": event.policy_rule}
        kept = ("environment", "risk", "ticket", "rule_text", "break_glass", "review", "expires_at")
        row |= {name: value for name, value in known.items() if value}
        row |= {name: facts[name] for name in kept if name in facts}
        match event.action:
            case Action.ALLOWANCE_REQUEST | Action.ALLOWANCE_RENEW:
                row |= {"asked_at": event.at, "reason": event.reason, "requester": _who(event)}
            case Action.ALLOWANCE_APPROVE:
                row |= {"decided_at": event.at, "approvers": _joined(row.get("approvers"), _who(event))}
            case Action.ALLOWANCE_DENY:
                row |= {"decided_at": event.at, "denied_by": _who(event)}
            case Action.ALLOWANCE_GRANT:
                row |= {"decided_at": event.at, "approvers": BY_POLICY}
            case Action.ALLOWANCE_LIVE:
                row.setdefault("live_at", event.at)
            case Action.ALLOWANCE_EXPIRE | Action.ALLOWANCE_GONE:
                row |= {"gone_at": event.at, "expiry_lag_s": _lag(event, facts)}
        if outcome := _outcome(event, facts):
            row["outcome"] = outcome


def _outcome(event: Event, facts: Mapping[str, str]) -> str:
    """What became of an allowance with this event; empty where it changes nothing about that."""
    is_partial = event.action is Action.ALLOWANCE_APPROVE and "still_asked" in facts
    return "" if is_partial or event.action not in _OUTCOMES else _OUTCOMES[Action(event.action)]


def _who(event: Event) -> str:
    name = f" ({event.actor_name})" if event.actor_name else ""
    return f"{event.actor.user}{name}"


def _joined(before: object, name: str) -> str:
    return f"{before}; {name}" if before else name


def _lag(event: Event, facts: Mapping[str, str]) -> object:
    """Seconds between the end that was promised and the rules being read back as gone; only of what expired."""
    if event.action is not Action.ALLOWANCE_EXPIRE or "expires_at" not in facts:
        return None
    return round((event.at - datetime.fromisoformat(facts["expires_at"])).total_seconds())


def cells(row: Row, columns: Sequence[str]) -> list[object]:
    """The values of a line, times as ISO 8601."""
    values = (row.get(column) for column in columns)
    return [value.isoformat() if isinstance(value, datetime) else value for value in values]
