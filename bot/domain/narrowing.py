"""Approving less than was asked."""

from dataclasses import replace
from datetime import timedelta

from bot.domain.allowance import Allowance, Ask
from bot.domain.duration import duration_text
from bot.domain.fqdn import Destination, is_within
from bot.errors import InvalidInput


def narrow(allowance: Allowance, destinations: tuple[Destination, ...], duration: timedelta | None) -> Allowance:
    """Narrow a request: fewer or narrower destinations, a shorter duration.

    Raises:
        InvalidInput: If any of it would be wider than what was asked.
    """
    wider = [d for d in destinations if not any(is_within(d, asked) for asked in allowance.destinations)]
    if wider or not destinations:
        named = ", ".join(str(d) for d in wider) or "An empty list"
        raise InvalidInput(f"{named} was not requested. You can narrow a request but not widen it.")
    asked = allowance.ask.duration
    if asked is not None and (duration is None or duration > asked):
        raise InvalidInput("You can shorten the duration but not extend it.")
    ask = replace(allowance.ask, destinations=tuple(sorted(set(destinations))), duration=duration)
    return replace(allowance, ask=ask)


def cut_out(asked: Ask, left: Ask) -> dict[str, str]:
    """List what an approver removed from a request; only what changed.

    ``cut`` and ``instead`` are destinations, separated by blanks; ``duration`` is the shorter one.
    """
    cut = [str(one) for one in asked.destinations if one not in left.destinations]
    instead = [str(one) for one in left.destinations if one not in asked.destinations]
    shorter = duration_text(left.duration) if left.duration != asked.duration else ""
    facts = {"cut": " ".join(cut), "instead": " ".join(instead), "duration": shorter}
    return {name: value for name, value in facts.items() if value}
