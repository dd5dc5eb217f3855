"""Absences: who decides in the place of somebody who is away."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.people import Identity, Person
from bot.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody is away, and has named a colleague.

    Args:
        who: Who is away.
        delegate: Who is asked in their place.
        since: When it was recorded.
        until: When it ends.
    """

    who: Identity
    delegate: Identity
    since: datetime
    until: datetime

    def is_on(self, now: datetime) -> bool:
        """Whether it holds at a time."""
        return now < self.until


def require_delegate(who: Person, delegate: Person) -> None:
    """Refuse a colleague who could not decide in somebody's place.

    Raises:
        InvalidInput: It is the same person, or no configured group has both as members.
    """
    if who.identity == delegate.identity:
        raise InvalidInput("Name somebody else: you cannot decide for yourself while you are away.")
    if not who.groups & delegate.groups:
        mine = ", ".join(sorted(who.groups)) or "none"
        raise InvalidInput(
            f"<@{delegate.identity.user}> is in none of your groups ({mine}). Name somebody of the same group."
        )
