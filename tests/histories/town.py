"""The people of a life's history: who may what, who is away, who left, and the policy that asks them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from bot.domain.approval import PolicyRule, Quorum, TimeWindow, VerdictKind
from bot.domain.approval.policy_rules import ApprovalStage
from bot.domain.audit import Action, Event
from bot.domain.configuration import Configuration, Group
from bot.domain.fqdn import Protocol
from bot.domain.people import AccountStatus, Identity, Person, Role, Unread
from bot.ports import Caller
from bot.sandbox.slack import People as Members
from bot.sandbox.slack import SlackWorkspace
from tests.build import APPROVER, APPROVER2, AUDITOR, DEV, DEV2, MEMBERS, OPERATOR, TEAM, caller, config

APPROVER3, SECURITY, SECURITY2 = caller("UAPP0003"), caller("USEC0001"), caller("USEC0002")
CHIEF, BOARD = caller("UCISO001"), caller("UBOARD01")
"""Somebody whom a rule asks by name, and a colleague who may stand in for them."""
GUEST, LEFT, NOBODY = caller("UGUEST01"), caller("ULEFT001"), caller("UNONE001")
"""A guest and a deactivated account, both in the approvers' group, and a member of no group."""
STRANGER = Caller(Identity("TELSEWHERE", "UDEV0001"), "slack:button")
"""Somebody of another workspace, with the user id of a requester."""

REQUESTERS = (DEV, DEV2, APPROVER, OPERATOR)
DECIDERS = (APPROVER, APPROVER2, APPROVER3, SECURITY, SECURITY2, CHIEF, BOARD)
OUTSIDERS = (GUEST, LEFT, NOBODY, STRANGER, AUDITOR)
EVERYBODY = (*REQUESTERS, *DECIDERS[1:], *OUTSIDERS)

TEAM_CLUSTER, OPEN_CLUSTER = "aks-udr-classic", "aks-udr"
CLUSTERS = (OPEN_CLUSTER, TEAM_CLUSTER)
"""One that everybody may ask for, and one that only a team may see."""

GROUPS = {
    "platform": ("UAPP0001", "UAPP0002", "UAPP0003", GUEST.identity.user, LEFT.identity.user),
    "security": ("USEC0001", "USEC0002"),
    "board": ("UCISO001", "UBOARD01"),
    "auditors": ("UAUD0001",),
    "operators": ("UOPS0001",),
    "team": ("UDEV0001", "UDEV0002"),
}
APPROVING = ("platform", "security")
REVIEWING = ("auditors", "operators")

LONG = timedelta(days=1)
LAPSE_AFTER, OWNERS_FIRST = timedelta(days=3), timedelta(days=2)
OFFICE = TimeWindow("office", days=frozenset({"mon", "tue", "wed", "thu", "fri"}), hours="09:00-17:00")

RULES = (
    PolicyRule("auto", VerdictKind.GRANT, "Known.", bundles=frozenset({"npm", "pypi", "quay"})),
    PolicyRule("never", VerdictKind.REFUSE, "Not from here.", protocols=frozenset({Protocol.MSSQL})),
    PolicyRule("long", VerdictKind.ASK, "Long.", longer_than=LONG, approvers=("platform",), needed=2),
    PolicyRule(
        "wide",
        VerdictKind.ASK,
        "Wide.",
        wildcard=True,
        stages=(
            ApprovalStage(("platform",), escalate_to=("security",)),
            ApprovalStage(("security",), ("UCISO001",)),
        ),
        in_order=True,
    ),
)


def book_of(*, has_hours: bool) -> Configuration:
    """The shipped configuration with more people and more rules; perhaps with working hours."""
    book = config()
    groups = {**book.groups, "platform": replace(book.groups["platform"], users=frozenset({"UAPP0003"}))}
    groups["security"] = Group("security", None, frozenset(GROUPS["security"]), frozenset({Role.APPROVER}))
    groups |= {name: Group(name, None, frozenset(GROUPS[name])) for name in ("board", "team")}
    own = replace(book.scopes[0], match=(TEAM_CLUSTER,), developers=("team",))
    policy = replace(book.policy, rules=(*RULES, *book.policy.rules), escalate_to=("security",))
    hours = OFFICE if has_hours else None
    return replace(
        book,
        groups=MappingProxyType(groups),
        scopes=(own, *book.scopes),
        policy=policy,
        durations=replace(book.durations, lapse_after=LAPSE_AFTER),
        reminders=replace(book.reminders, hours=hours),
        reviews=replace(book.reviews, owners_first=OWNERS_FIRST),
    )


@dataclass(frozen=True)
class Away:
    """Somebody was away."""

    who: str
    delegate: str
    since: datetime
    until: datetime


class Town:
    """The directory of a history, and what is true of its people, said without the product's own reading of it.

    Args:
        book: The configuration.
    """

    def __init__(self, book: Configuration) -> None:
        self._config = book
        self.gone = {LEFT.identity.user}
        self.removed = set[tuple[str, str]]()
        self.is_silent = False
        self.absences: list[Away] = []

    # What the product asks.

    def resolve(self, identity: Identity) -> Identity:
        """Nobody has a home elsewhere in the organisation."""
        return identity

    def zone(self, _identity: Identity) -> str:
        """Everybody is in UTC."""
        return "UTC"

    def name(self, identity: Identity) -> str:
        """As Slack shows it."""
        return f"Name of {identity.user}"

    def person(
        self,
        identity: Identity,
        *,
        among: Collection[str] | None = None,
        role: Role | None = None,
        **_options: object,
    ) -> Person:
        """Roles, groups and account, as far as Slack answers."""
        if identity.team != TEAM:
            return Person(identity, frozenset())
        asked = [one for one in self._config.groups.values() if among is None or one.name in among]
        asked = [one for one in asked if role is None or role in one.roles]
        unread = [one for one in asked if self.is_silent and one.usergroup and identity.user not in one.users]
        mine = [one for one in asked if one not in unread and self.is_in(identity.user, one.name)]
        standing = AccountStatus.UNKNOWN if self.is_silent else self._standing(identity.user)
        has_roles = standing in (AccountStatus.ACTIVE, AccountStatus.UNKNOWN)
        return Person(
            identity,
            frozenset({Role.DEVELOPER}).union(*(one.roles for one in mine if has_roles)),
            frozenset(one.name for one in mine),
            tuple(Unread(one.name, one.roles, "Slack did not answer.") for one in unread),
            standing,
            frozenset(one.name for one in mine if identity.user in one.users),
        )

    def email(self, identity: Identity) -> str:
        """Everybody has one."""
        return f"{identity.user.lower()}@town.example"

    def standings(self, people: Collection[Identity]) -> Mapping[Identity, AccountStatus]:
        """Accounts, as far as Slack answers."""
        said = AccountStatus.UNKNOWN if self.is_silent else None
        return {one: said or self._standing(one.user) for one in people}

    def members(self, group: str) -> tuple[Identity, ...] | None:
        """The people of a group; None while Slack does not answer."""
        configured = self._config.groups[group]
        if self.is_silent and configured.usergroup:
            return None
        return tuple(Identity(TEAM, user) for user in sorted(GROUPS[group]) if self.is_in(user, group))

    def _standing(self, user: str) -> AccountStatus:
        if user in self.gone:
            return AccountStatus.DEACTIVATED
        return AccountStatus.GUEST if user == GUEST.identity.user else AccountStatus.ACTIVE

    # What is true.

    def is_in(self, user: str, *groups: str) -> bool:
        """Whether somebody is in one of these groups now."""
        return any(user in GROUPS[group] and (user, group) not in self.removed for group in groups)

    def is_member(self, who: Identity) -> bool:
        """Whether somebody is a full member of the workspace now."""
        return who.team == TEAM and self._standing(who.user) is AccountStatus.ACTIVE

    def note(self, event: Event) -> None:
        """Remember who is away, from the log."""
        if event.action is Action.PERSON_AWAY:
            facts = dict(event.detail)
            until = datetime.fromisoformat(facts["until"])
            self._come_back(event)
            self.absences.append(Away(event.actor.user, facts["delegate"], event.at, until))
        elif event.action is Action.PERSON_BACK:
            self._come_back(event)

    def _come_back(self, event: Event) -> None:
        mine = (one for one in self.absences if one.who == event.actor.user and one.until > event.at)
        for one in list(mine):
            self.absences.remove(one)
            self.absences.append(replace(one, until=event.at))

    def stands_for(self, user: str, at: datetime) -> set[str]:
        """For whom somebody decided at a time."""
        return {one.who for one in self.absences if one.delegate == user and one.since <= at < one.until}

    def seat(self, quorum: Quorum, who: Identity, at: datetime) -> str | None:
        """In whose place somebody counts for a quorum; None where they do not."""
        if not self.is_member(who):
            return None
        if who.user in quorum.people or self.is_in(who.user, *quorum.groups):
            return who.user
        return next(iter(sorted(self.stands_for(who.user, at) & set(quorum.people))), None)

    def counts_for(self, asks: Iterable[Quorum], who: Identity, at: datetime) -> bool:
        """Whether somebody counts for one of them."""
        return any(self.seat(quorum, who, at) is not None for quorum in asks)


def moved_in(workspace: SlackWorkspace) -> None:
    """Make the workspace know everybody."""
    members = Members(workspace)
    for who in (APPROVER3, SECURITY, SECURITY2, CHIEF, BOARD, NOBODY):
        members.change(who.identity.user, {})
    members.change(GUEST.identity.user, {"is_restricted": True})
    members.change(LEFT.identity.user, {"deleted": True})
    assert MEMBERS["SAPPROVE1"] <= set(GROUPS["platform"])
