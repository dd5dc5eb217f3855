"""Who somebody is to the bot, and what that lets them do."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person may do; one person may have several."""

    DEVELOPER = "developer"
    APPROVER = "approver"
    AUDITOR = "auditor"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, order=True)
class Identity:
    """One person: a Slack team id plus a Slack user id. Neither alone means anything."""

    team: str
    user: str

    def __str__(self) -> str:
        return f"{self.team}/{self.user}"


@dataclass(frozen=True, slots=True)
class Person:
    """An identity with its roles and user groups as they were resolved for this act.

    Args:
        identity: Who.
        roles: Every role that the configuration gives through groups or ids.
        groups: Names of the configured groups that this person belongs to now.
    """

    identity: Identity
    roles: frozenset[Role]
    groups: frozenset[str] = frozenset()

    def has_role(self, role: Role) -> bool:
        """Whether this person has the role."""
        return role in self.roles


SYSTEM = Identity(team="-", user="bot")
"""The actor of what the bot does by itself: applying, expiring, lapsing."""
