"""A person's identity, roles and groups."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Role(StrEnum):
    """The roles; a person may have several."""

    DEVELOPER = "developer"
    APPROVER = "approver"
    AUDITOR = "auditor"
    OPERATOR = "operator"


class AccountStatus(StrEnum):
    """The account type that Slack reports; ``UNKNOWN`` means that Slack could not be asked."""

    ACTIVE = "active"
    GUEST = "guest"
    BOT = "bot"
    DEACTIVATED = "deactivated"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, order=True)
class Identity:
    """One person: a Slack team id plus a Slack user id. Neither alone means anything."""

    team: str
    user: str

    def __str__(self) -> str:
        return f"{self.team}/{self.user}"


@dataclass(frozen=True, slots=True)
class Unread:
    """A configured group whose members could not be read: nobody can say whether somebody belongs to it.

    Args:
        group: Its name in the configuration.
        roles: What belonging to it would let people do.
        why: A sentence: what Slack answered, or that it did not.
        retry_after: How long Slack asked to wait, if it did.
    """

    group: str
    roles: frozenset[Role]
    why: str
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """An identity with its roles and user groups as they were resolved for this act.

    Args:
        identity: Who.
        roles: Every role that the configuration gives through groups or ids.
        groups: Names of the configured groups that this person belongs to now.
        unread: Groups that were asked for and could not be read: the person may belong to them or not.
        standing: What Slack says of the account.
        named: Those of ``groups`` in which the configuration lists this person by id.
        stands_for: User ids of people who are away and have named this person to decide in their place.
    """

    identity: Identity
    roles: frozenset[Role]
    groups: frozenset[str] = frozenset()
    unread: tuple[Unread, ...] = ()
    standing: AccountStatus = AccountStatus.ACTIVE
    named: frozenset[str] = frozenset()
    stands_for: frozenset[str] = frozenset()

    def unread_among(self, groups: Collection[str]) -> tuple[Unread, ...]:
        """The groups among these that could not be read."""
        return tuple(one for one in self.unread if one.group in groups)

    def unread_for(self, *roles: Role) -> tuple[Unread, ...]:
        """The groups that could not be read and would give one of some roles."""
        return tuple(one for one in self.unread if one.roles & set(roles))

    def has_role(self, role: Role) -> bool:
        """Whether this person has the role."""
        return role in self.roles


SYSTEM = Identity(team="-", user="bot")
"""The actor for the bot's own acts: applying, expiring, lapsing."""
