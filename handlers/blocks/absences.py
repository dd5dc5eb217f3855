"""The answers of ``/egress away``."""

from collections.abc import Sequence

from bot.domain.absence import Absence
from handlers.blocks.block_kit import message, person, when
from handlers.replies import Message


def recorded(own: Absence | None, others: Sequence[Absence]) -> Message:
    """Say who decides for whom, and until when."""
    lines = [_own(own)] if own else ["You are not away."]
    lines += [f"You decide in place of {person(one.who.user)} until {when(one.until)}." for one in others]
    return message("\n".join(lines))


def _own(own: Absence) -> str:
    return (
        f"You are away until {when(own.until)}. {person(own.delegate.user)} is reminded in your place where your group "
        "decides, and can decide where you are asked by name. `/egress away off` ends it."
    )


def back() -> Message:
    """Say that an absence is over."""
    return message("Welcome back. You are asked again.")
