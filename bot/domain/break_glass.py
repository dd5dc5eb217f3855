"""Break-glass: what is opened at once, without an approval, and reviewed by somebody else afterwards."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.allowance import Allowance, BreakGlassReview, Status, revoke, status
from bot.domain.approval import Ending, Reminders
from bot.domain.dates import time_text
from bot.domain.duration import duration_text
from bot.domain.fields import Span
from bot.domain.shortening import shorten
from bot.errors import AlreadyDecided, InvalidInput


class ReviewOutcome(StrEnum):
    """What a reviewer decides about access that was opened by break-glass."""

    CONFIRM = "confirm"
    SHORTEN = "shorten"
    REVOKE = "revoke"


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """Access that is opened at once; rules with ``break_glass = true`` say by whom, and who reviews it.

    Args:
        longest: The most that may be asked for.
        review_within: How long the reviewers have.
    """

    longest: Span = timedelta(hours=4)
    review_within: Span = timedelta(days=1)


def require_short(duration: timedelta | None, settings: BreakGlass) -> None:
    """Refuse break-glass access for longer than is configured.

    Raises:
        InvalidInput: With the longest that may be asked for.
    """
    if duration is None or duration > settings.longest:
        most = duration_text(settings.longest)
        raise InvalidInput(f"Break-glass access lasts {most} at most; request more time normally.", field="duration")


def review_outcomes(allowance: Allowance, now: datetime) -> tuple[ReviewOutcome, ...]:
    """The outcomes that are still possible: what has ended can only be confirmed."""
    is_open = status(allowance, now) in (*_SHORTENABLE, Status.SUSPENDED, Status.FAILED)
    return tuple(ReviewOutcome) if is_open else (ReviewOutcome.CONFIRM,)


_SHORTENABLE = (Status.APPROVED, Status.APPLYING, Status.LIVE, Status.EXPIRING)


def reviewed(allowance: Allowance, outcome: ReviewOutcome, by: Ending, duration: timedelta | None = None) -> Allowance:
    """The allowance after its review.

    Args:
        allowance: One that was opened by break-glass.
        outcome: The decision.
        by: Who, when and why.
        duration: How long it stays open from now on, where it is shortened.

    Raises:
        AlreadyDecided: It was reviewed already, or has ended and can only be confirmed.
        InvalidInput: A time that is not shorter than what is left.
    """
    if allowance.reviewed is not None:
        given = allowance.reviewed.ending
        raise AlreadyDecided(
            f"{allowance.id} was already reviewed by <@{given.by.user}> at {time_text(given.at)}; nothing was changed."
        )
    if outcome not in review_outcomes(allowance, by.at):
        state = status(allowance, by.at)
        raise AlreadyDecided(f"{allowance.id} is already {state}; it can only be confirmed. Nothing was changed.")
    if outcome is ReviewOutcome.SHORTEN:
        allowance = _shorter(allowance, duration, by.at)
    if outcome is ReviewOutcome.REVOKE:
        allowance = revoke(allowance, by)
    return replace(allowance, reviewed=BreakGlassReview(str(outcome), by))


def _shorter(allowance: Allowance, duration: timedelta | None, now: datetime) -> Allowance:
    left = allowance.expires_at - now if allowance.expires_at else allowance.ask.duration
    if duration is None or (left is not None and duration >= left):
        raise InvalidInput("That is not shorter than what is left. A longer time is a renewal.", field="duration")
    return shorten(allowance, now + duration, now)


def next_nag(allowance: Allowance, pace: Reminders, settings: BreakGlass, now: datetime) -> datetime | None:
    """When the reviewers are reminded next, now or earlier if that is due; None where nothing is to be reviewed."""
    if not allowance.needs_review or allowance.approved_at is None:
        return None
    last = max(allowance.reminded_at or allowance.approved_at, allowance.approved_at)
    due = next((time for time in _nags(allowance.approved_at, pace, settings) if time > last), None)
    return pace.opens(max(due, now)) if due is not None and due <= now else due


def _nags(since: datetime, pace: Reminders, settings: BreakGlass) -> Iterator[datetime]:
    """Each wait twice as long, but never longer than a review may take: they go on until it is reviewed."""
    wait, time = min(pace.after, settings.review_within), pace.opens(since + min(pace.after, settings.review_within))
    while time is not None:
        yield time
        wait = min(2 * wait, settings.review_within)
        time = pace.opens(time + wait)
