"""Identifies people by configured ids, Slack user groups and Slack accounts, looked up again for each decision."""

import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any
from zoneinfo import available_timezones

import structlog
from slack_sdk import WebClient

from bot.domain.configuration import Configuration, Group
from bot.domain.people import AccountStatus, Identity, Person, Role, Unread
from bot.errors import EgressError, MembershipUnknown, SlackRefused, SlackThrottled
from bot.ports import Clock
from bot.ports.deadline import left_s
from handlers.lookups import Lookups
from handlers.notify import slack_errors

KEEP = timedelta(minutes=5)
"""How long an answer from Slack is trusted for anything but a decision."""

FRESH = timedelta(seconds=10)
"""How old an answer may be that a decision rests on, counted from when it was asked for.

``usergroups.users.list`` is a Tier 2 method: about twenty calls a minute for the whole workspace
(https://docs.slack.dev/reference/methods/usergroups.users.list, read 2026-11). With this bound a group costs six of
them, however many people click. A person removed from a group may decide for ten more seconds, about as long as
between looking and clicking; nothing older ever counts, also while Slack asked the bot to wait.
"""

BUDGET = timedelta(seconds=1.8)
"""How long an act waits for groups and account together: its ack is due after three seconds."""

RESOLVE_BUDGET = timedelta(seconds=0.7)
"""How long an act of somebody from another workspace waits, before that, for whose they are."""

FOREVER = timedelta(days=3650)
"""The organisation that our workspace belongs to does not change while the bot runs."""

AT_ONCE = 8
"""Calls of Slack at the same time; a call that does not end takes up one until its client gives up."""

STRANGERS = frozenset({"user_not_found", "user_not_visible"})
"""Errors for people outside the workspace (https://docs.slack.dev/reference/methods/users.info, read 2026-11)."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Account:
    """An account as ``users.info`` reports it.

    Args:
        standing: Active, guest, bot or deactivated.
        enterprise: The Enterprise Grid organisation; empty outside one.
        teams: The workspaces of that organisation that they are in.
        is_stranger: From another organisation, met in a shared channel.
        zone: Their IANA time zone.
        name: Their display name, or the full name where they chose none; at most 80 characters on one line.
        email: Their e-mail address; empty without the scope ``users:read.email``.
    """

    standing: AccountStatus
    enterprise: str = ""
    teams: frozenset[str] = frozenset()
    is_stranger: bool = False
    zone: str = "UTC"
    name: str = ""
    email: str = ""


class SlackDirectory:
    """``ports.Directory`` through ``usergroups.users.list`` and ``users.info``.

    What Slack does not answer is no “no”: it is said in the person's ``unread`` and ``standing``.

    Args:
        client: Speaks to Slack's Web API; its time-out bounds how long one call takes.
        config: Names the groups and the team.
        clock: Ages what is remembered.
    """

    def __init__(self, client: WebClient, config: Configuration, clock: Clock) -> None:
        self._client = client
        self._config = config
        pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="directory")
        self._users = Lookups(self._ask_users, clock, pool)
        self._accounts = Lookups(self._ask_account, clock, pool)
        self._enterprise = Lookups(self._ask_enterprise, clock, pool)

    def resolve(self, identity: Identity) -> Identity:
        """Map a member of this organisation from another workspace to this team; others stay as they are.

        Raises:
            MembershipUnknown: If Slack could not be asked.
        """
        if not identity.user or not identity.team or identity.team == self._config.team:
            return identity
        until = time.monotonic() + RESOLVE_BUDGET.total_seconds()
        account, ours = self._accounts.begin(identity.user, oldest=KEEP), self._enterprise.begin("", oldest=FOREVER)
        try:
            found = self._accounts.wait(identity.user, account, until)
            is_ours = _is_ours(found, self._config.team, self._enterprise.wait("", ours, until))
        except EgressError as error:
            if isinstance(error, SlackRefused) and error.code in STRANGERS:
                return identity
            raise MembershipUnknown(
                f"Could not check whether you belong to this workspace: {error.sentence} Nothing was done.",
                retry_after=_retry_after(error),
            ) from error
        return Identity(self._config.team, identity.user) if is_ours else identity

    def person(
        self,
        identity: Identity,
        *,
        among: Collection[str] | None = None,
        is_fresh: bool = False,
        role: Role | None = None,
    ) -> Person:
        """Standing, roles and groups of a workspace member; everyone else has none. See ``ports.Directory``."""
        if identity.team != self._config.team or not identity.user:
            return Person(identity, frozenset())
        look = _Look(self._users, identity.user, is_fresh=is_fresh)
        account = self._accounts.begin(identity.user, oldest=look.oldest, is_patient=is_fresh)
        groups = [group for group in self._config.groups.values() if among is None or group.name in among]
        if role is None:
            mine, unread = look.all_of(groups)
        else:
            mine, unread = look.first_of([group for group in groups if role in group.roles])
        standing = self._standing(identity.user, account, look.until)
        is_member = standing in (AccountStatus.ACTIVE, AccountStatus.UNKNOWN)
        roles = frozenset({Role.DEVELOPER}).union(*(group.roles for group in mine if is_member))
        return Person(
            identity,
            roles,
            groups=frozenset(group.name for group in mine),
            unread=unread,
            standing=standing,
            named=frozenset(group.name for group in mine if identity.user in group.users),
        )

    def zone(self, identity: Identity) -> str:
        """The time zone that the person set in Slack; UTC where Slack does not say."""
        until = time.monotonic() + RESOLVE_BUDGET.total_seconds()
        try:
            return self._accounts.wait(identity.user, self._accounts.begin(identity.user, oldest=KEEP), until).zone
        except EgressError as error:
            log.warning("time_zone_unread", user=identity.user, error=error.sentence)
            return "UTC"

    def name(self, identity: Identity) -> str:
        """The display name as Slack last gave it; empty for somebody who was not looked up yet."""
        known = self._accounts.remembered(identity.user) if identity.team == self._config.team else None
        return known.name if known else ""

    def email(self, identity: Identity) -> str:
        """The e-mail address in the person's Slack profile, asked for now; see ``ports.Directory``."""
        until = time.monotonic() + BUDGET.total_seconds()
        try:
            return self._accounts.wait(identity.user, self._accounts.begin(identity.user, oldest=FRESH), until).email
        except EgressError as error:
            raise MembershipUnknown(
                f"Slack did not say which e-mail address you have: {error.sentence}", retry_after=_retry_after(error)
            ) from error

    def standings(self, people: Collection[Identity]) -> Mapping[Identity, AccountStatus]:
        """All are asked for at the same time, and waited for together for a moment only: an act waits for it."""
        until = time.monotonic() + left_s(RESOLVE_BUDGET.total_seconds())
        begun = {one: self._accounts.begin(one.user, oldest=KEEP, is_patient=False) for one in people}
        return {one: self._standing(one.user, account, until) for one, account in begun.items()}

    def members(self, group: str) -> tuple[Identity, ...] | None:
        """The people of a configured group, by id; none of an unknown group, None where Slack does not say."""
        named = self._config.groups.get(group)
        if named is None:
            return ()
        users = named.users
        if named.usergroup is not None:
            try:
                users |= _Look(self._users, "", is_fresh=False).users_of(named.usergroup)
            except EgressError as error:
                log.warning("user_group_unread", usergroup=named.usergroup, error=error.sentence)
                return None
        return tuple(Identity(self._config.team, user) for user in sorted(users))

    def _standing(self, user: str, account: "Any", until: float) -> AccountStatus:
        try:
            return self._accounts.wait(user, account, until).standing
        except EgressError as error:
            log.warning("account_unread", user=user, error=error.sentence)
            return AccountStatus.UNKNOWN

    def _ask_users(self, usergroup: str) -> frozenset[str]:
        with slack_errors():
            answer = self._client.usergroups_users_list(usergroup=usergroup)
        return frozenset(str(user) for user in answer.get("users") or ())

    def _ask_account(self, user: str) -> Account:
        with slack_errors():
            answer = self._client.users_info(user=user)
        return account_from_json(answer.get("user") or {})

    def _ask_enterprise(self, _: str) -> str:
        with slack_errors():
            return str(self._client.auth_test().get("enterprise_id") or "")


class _Look:
    """One look at somebody: how old answers may be, and until when it waits for them."""

    def __init__(self, users: Lookups[frozenset[str]], user: str, *, is_fresh: bool) -> None:
        self._users = users
        self._user = user
        self._is_fresh = is_fresh
        self._begun: dict[str, Future[frozenset[str]]] = {}
        self.oldest = FRESH if is_fresh else KEEP
        self.until = time.monotonic() + BUDGET.total_seconds()

    def users_of(self, usergroup: str) -> frozenset[str]:
        """The members of a user group, or the reason why they are unknown."""
        return self._users.wait(usergroup, self._begin(usergroup), self.until)

    def _begin(self, usergroup: str) -> "Future[frozenset[str]]":
        """Ask once for all of this look, also where the answer was an error."""
        if usergroup not in self._begun:
            self._begun[usergroup] = self._users.begin(usergroup, oldest=self.oldest, is_patient=self._is_fresh)
        return self._begun[usergroup]

    def all_of(self, groups: Sequence[Group]) -> tuple[list[Group], tuple[Unread, ...]]:
        """Find the groups that the user belongs to and those that could not be read; all are queried at once."""
        for group in groups:
            if group.usergroup is not None and self._user not in group.users:
                self._begin(group.usergroup)
        found = [(group, self._belongs(group)) for group in groups]
        return [g for g, answer in found if answer is True], tuple(a for _, a in found if isinstance(a, Unread))

    def first_of(self, groups: Sequence[Group]) -> tuple[list[Group], tuple[Unread, ...]]:
        """The first that the user belongs to, the likeliest asked first; else those that could not be read."""
        unread = []
        for group in sorted(groups, key=self._unlikeliness):
            answer = self._belongs(group)
            if answer is True:
                return [group], ()
            unread += [answer] if isinstance(answer, Unread) else []
        return [], tuple(unread)

    def _unlikeliness(self, group: Group) -> int:
        if self._user in group.users:
            return 0
        return 1 if group.usergroup and self._user in (self._users.remembered(group.usergroup) or ()) else 2

    def _belongs(self, group: Group) -> bool | Unread:
        if self._user in group.users or group.usergroup is None:
            return self._user in group.users
        try:
            return self._user in self.users_of(group.usergroup)
        except EgressError as error:
            log.warning("user_group_unread", usergroup=group.usergroup, error=error.sentence)
            return Unread(group.name, group.roles, error.sentence, _retry_after(error))


def account_from_json(user: "dict[str, Any]") -> Account:
    """A user object of Slack (https://docs.slack.dev/reference/objects/user-object, read 2026-11)."""
    organisation = user.get("enterprise_user") or {}
    return Account(
        _standing_of(user),
        enterprise=str(organisation.get("enterprise_id") or ""),
        teams=frozenset(str(team) for team in organisation.get("teams") or ()),
        is_stranger=bool(user.get("is_stranger")),
        zone=_zone(user.get("tz")),
        name=_display_name(user),
        email=str((user.get("profile") or {}).get("email") or ""),
    )


def _display_name(user: "dict[str, Any]") -> str:
    """The name that Slack shows (https://docs.slack.dev/reference/objects/user-object#profile, read 2026-11)."""
    profile = user.get("profile") or {}
    names = (profile.get("display_name"), profile.get("real_name"), user.get("real_name"), user.get("name"))
    found = next((name for name in names if isinstance(name, str) and name.strip()), "")
    return "".join(letter if letter.isprintable() else " " for letter in found.strip()[:80])


def _zone(name: object) -> str:
    """A time zone that this machine knows too; UTC for any other."""
    return name if isinstance(name, str) and name in _zones() else "UTC"


@cache
def _zones() -> frozenset[str]:
    """Read from the disk once: Python looks through several folders each time."""
    return frozenset(available_timezones())


def _standing_of(user: "dict[str, Any]") -> AccountStatus:
    if user.get("deleted"):
        return AccountStatus.DEACTIVATED
    if user.get("is_bot") or user.get("is_workflow_bot"):
        return AccountStatus.BOT
    is_guest = user.get("is_restricted") or user.get("is_ultra_restricted") or user.get("is_stranger")
    return AccountStatus.GUEST if is_guest else AccountStatus.ACTIVE


def _is_ours(account: Account, team: str, enterprise: str) -> bool:
    """Whether somebody with a home elsewhere belongs to our workspace, or to the organisation that it is part of."""
    if account.is_stranger:
        return False
    return team in account.teams or (bool(enterprise) and account.enterprise == enterprise)


def _retry_after(error: EgressError) -> timedelta | None:
    return error.retry_after if isinstance(error, SlackThrottled) else None
