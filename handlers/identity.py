"""Who people are: configured ids and Slack user groups, resolved anew for each decision."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from slack_sdk import WebClient

from bot.domain.people import Identity, Person, Role
from bot.domain.settings import Group, Rulebook
from bot.errors import SlackRefused, SlackThrottled, SlackUnreachable
from bot.ports import Clock
from handlers.notify import slack_errors

KEEP = timedelta(minutes=5)
"""How long a user group's members are believed for what is no decision."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Known:
    users: frozenset[str]
    at: datetime


class SlackDirectory:
    """``ports.Directory`` through ``usergroups.users.list``.

    It fails closed: nobody belongs to a group that cannot be read. Reading stops at the first group that Slack does not
    answer for, so that an act waits for one time-out at most.

    Args:
        client: Speaks to Slack's Web API; its time-out bounds how long an act waits.
        rulebook: Names the groups and the team.
        clock: Ages what is remembered.
    """

    def __init__(self, client: WebClient, rulebook: Rulebook, clock: Clock) -> None:
        self._client = client
        self._rulebook = rulebook
        self._clock = clock
        self._known: dict[str, _Known] = {}

    def person(self, identity: Identity, *, is_fresh: bool = False) -> Person:
        """Roles and groups of somebody of our team; everybody else has none."""
        if identity.team != self._rulebook.team or not identity.user:
            return Person(identity, frozenset())
        listed = self._members(self._rulebook.groups, is_fresh=is_fresh)
        mine = [self._rulebook.groups[name] for name, users in listed.items() if identity.user in users]
        roles = frozenset({Role.DEVELOPER}).union(*(group.roles for group in mine))
        return Person(identity, roles, frozenset(group.name for group in mine))

    def members(self, group: str) -> tuple[Identity, ...]:
        """The people of a configured group, by id; none of one that is not configured."""
        named = self._rulebook.groups.get(group)
        users = self._members({group: named}, is_fresh=False)[group] if named else frozenset()
        return tuple(Identity(self._rulebook.team, user) for user in sorted(users))

    def _members(self, groups: Mapping[str, Group], *, is_fresh: bool) -> dict[str, frozenset[str]]:
        answers = True
        members: dict[str, frozenset[str]] = {}
        for name, group in groups.items():
            found = self._users_of(group.usergroup, is_fresh=is_fresh, answers=answers)
            answers = answers and found is not None
            members[name] = group.users | (found or frozenset())
        return members

    def _users_of(self, usergroup: str | None, *, is_fresh: bool, answers: bool) -> frozenset[str] | None:
        """The members of a user group; None where Slack did not answer."""
        if usergroup is None:
            return frozenset()
        known = self._known.get(usergroup)
        if known is not None and not is_fresh and self._clock.now() - known.at < KEEP:
            return known.users
        return self._read(usergroup) if answers else None

    def _read(self, usergroup: str) -> frozenset[str] | None:
        try:
            with slack_errors():
                answer = self._client.usergroups_users_list(usergroup=usergroup)
        except SlackRefused as error:
            log.warning("a user group cannot be read; it counts as empty", usergroup=usergroup, error=str(error))
            return frozenset()
        except (SlackThrottled, SlackUnreachable) as error:
            log.warning("a user group was not read; it counts as empty", usergroup=usergroup, error=str(error))
            return None
        users = frozenset(str(user) for user in answer.get("users") or ())
        self._known[usergroup] = _Known(users, self._clock.now())
        return users
