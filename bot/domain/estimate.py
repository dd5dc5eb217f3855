"""Estimates the wait for the writer: queue position and time, from measurements and running updates."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.allowance import Allowance, Status, status

USUAL_UPDATE = timedelta(minutes=4)
"""How long an update takes where none was measured yet: “three to five minutes on average”.

Source: https://learn.microsoft.com/azure/firewall/firewall-faq, read 2026-11.
"""

LOOKS = timedelta(seconds=15)
"""Time between the end of an update and the read-back of its rules."""


@dataclass(frozen=True, slots=True)
class Pending:
    """The pending work of one target's writer.

    Args:
        running_since: When the update that is under way was accepted; None where none is.
        took: How long earlier updates took, the newest last.
        due_in: When the writer looks again.
        problem: What keeps it from going on, in one sentence; None where nothing does.
    """

    running_since: datetime | None = None
    took: tuple[timedelta, ...] = ()
    due_in: timedelta = timedelta()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """The forecast for someone who is waiting.

    Args:
        place: Among everything approved that waits for this target, 1 is the first.
        waiting: How many wait altogether.
        updates: How many updates of Azure it takes until this one is live, the running one included: 1 or 2.
        estimate: How long from now; an update carries all who wait, so the place does not lengthen it.
        problem: What keeps the writer from going on, if something does: the estimate then counts from its end.
    """

    place: int
    waiting: int
    updates: int
    estimate: timedelta
    problem: str | None = None


def estimate(allowance: Allowance, others: Iterable[Allowance], pending: Pending, now: datetime) -> Estimate | None:
    """Estimate an approved allowance's wait; None if it does not wait for the writer.

    Args:
        allowance: Whose estimate it is.
        others: Every open allowance of the same target that waits for the writer, itself included or not.
        pending: What the writer is about.
        now: Now.
    """
    if not waits_for_writer(allowance, now):
        return None
    line = sorted({_since(each): each for each in (allowance, *others) if waits_for_writer(each, now)})
    is_carried = pending.running_since is not None and _is_carried(allowance, pending.running_since)
    remaining = _remaining(pending, now)
    wait = remaining if is_carried else remaining + pending.due_in + update_time(pending.took)
    updates = 1 if is_carried or pending.running_since is None else 2
    return Estimate(line.index(_since(allowance)) + 1, len(line), updates, wait + LOOKS, pending.problem)


def update_time(took: Sequence[timedelta]) -> timedelta:
    """Estimate the next update's duration: the median of the last ones."""
    return sorted(took)[len(took) // 2] if took else USUAL_UPDATE


def waits_for_writer(allowance: Allowance, now: datetime) -> bool:
    """Whether it is approved, and not yet seen in the firewall."""
    return status(allowance, now) in (Status.APPROVED, Status.APPLYING)


def _since(allowance: Allowance) -> tuple[datetime, str]:
    return allowance.approved_at or allowance.requested_at, allowance.id


def _is_carried(allowance: Allowance, running_since: datetime) -> bool:
    return allowance.applying_at is not None and allowance.applying_at <= running_since


def _remaining(pending: Pending, now: datetime) -> timedelta:
    """Of the running update; one that takes longer than it should is taken to be about to end."""
    if pending.running_since is None:
        return timedelta()
    return max(pending.running_since + update_time(pending.took) - now, timedelta())
