"""The story of a request: everything that is on record of it, from the request to the end, in order."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.audit import Action, ChainedEvent

WRITES = frozenset({Action.FIREWALL_BEGIN, Action.FIREWALL_ACCEPT, Action.FIREWALL_DONE, Action.FIREWALL_FAIL})
"""The events of a write, which carries several allowances."""

ENDINGS = frozenset({Action.ALLOWANCE_REVOKE, Action.ALLOWANCE_CLOSE, Action.ALLOWANCE_SUSPEND, Action.ALLOWANCE_MOVE})
"""What makes rules go, or go elsewhere, before they expire."""

SETTLED = frozenset({Action.ALLOWANCE_LIVE, Action.ALLOWANCE_FAIL, Action.ALLOWANCE_EXPIRE, Action.ALLOWANCE_GONE})
"""What was seen of the rules after a write."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the log in which writes may be about an allowance.

    Args:
        after: The number of the event that made a write necessary.
        before: The number of the event that found it done; None if it was not found yet.
        since: Not older than this; None for no such bound.
    """

    after: int
    before: int | None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoryStep:
    """One event of a story.

    Args:
        chained: The event in its place.
        since_start: How long after the first one.
    """

    chained: ChainedEvent
    since_start: timedelta


@dataclass(frozen=True, slots=True)
class Story:
    """The story of an allowance or a scale proposal.

    Args:
        subject: Its id.
        steps: Oldest first.
        is_whole: Whether nothing was left out because there is too much of it.
        missing: A sentence for each archive that may have more and cannot be read.
    """

    subject: str
    steps: tuple[StoryStep, ...]
    is_whole: bool = True
    missing: tuple[str, ...] = ()


def story_of(
    subject: str, events: Iterable[ChainedEvent], *, is_whole: bool = True, missing: Sequence[str] = ()
) -> Story:
    """Put events of one subject, and of the writes that carried it, in order."""
    ordered = sorted({one.seq: one for one in events}.values(), key=lambda one: one.seq)
    steps = (StoryStep(one, max(timedelta(), one.event.at - ordered[0].event.at)) for one in ordered)
    return Story(subject, tuple(steps), is_whole, tuple(missing))


def write_spans(events: Sequence[ChainedEvent]) -> tuple[Span, ...]:
    """Where in the log the writes of an allowance are: between what made one necessary and what was seen after it.

    Args:
        events: Of the allowance and of drift that is about it, oldest first.
    """
    spans, cause, expires = list[Span](), events[0] if events else None, None
    for one in events:
        action = one.event.action
        if action in SETTLED and cause is not None:
            spans.append(Span(cause.seq, one.seq))
            cause, expires = None, _expiry(one) if action is Action.ALLOWANCE_LIVE else None
        elif action in SETTLED and expires is not None:
            spans.append(Span(0, one.seq, since=expires))
        elif cause is None and (action in ENDINGS or action is Action.FIREWALL_DRIFT):
            cause = one
    return (*spans, Span(cause.seq, None)) if cause is not None else tuple(spans)


def _expiry(live: ChainedEvent) -> datetime | None:
    text = dict(live.event.detail).get("expires_at")
    return datetime.fromisoformat(text) if text else None


def carries(chained: ChainedEvent, allowance: str) -> bool:
    """Whether a write, or drift, is about an allowance.

    An event names the first of many, in order; one that comes after them may be among those that it only counts.
    """
    named = dict(chained.event.detail).get("allowances", "").split()
    return allowance in named or (counts_more(chained, named) and allowance > max(named))


def counts_more(chained: ChainedEvent, named: Collection[str]) -> bool:
    """Whether an event is about more allowances than these, which it names."""
    return 0 < len(named) < int(dict(chained.event.detail).get("carried") or 0)
