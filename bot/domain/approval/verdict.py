"""A verdict: who must say yes, who has, and who is still missing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.people import Identity, Person
from bot.errors import AlreadyDecided, NotPermitted


class VerdictKind(StrEnum):
    """The kinds of verdict, weakest first."""

    GRANT = "grant"
    ASK = "ask"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Quorum:
    """The number of approvers needed from given groups and people, and the reason.

    Args:
        groups: Names of configured groups, sorted; the members of each count.
        needed: How many different people, at least 1.
        rule: The policy rules that ask for it, by name.
        reason: A sentence for people.
        people: Slack user ids of further people who count, sorted.
        stage: Its place where quorums are asked in order: those of the lowest open stage are asked now.
        more: Groups that are asked as well once the request has waited for long.
    """

    groups: tuple[str, ...]
    needed: int = 1
    rule: str = "default"
    reason: str = ""
    people: tuple[str, ...] = ()
    stage: int = 0
    more: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """``2 from platform or security``; people of whom none can be left out by name: ``<@U1> and <@U2>``."""
        people = tuple(f"<@{user}>" for user in self.people)
        if not self.groups and people and len(people) == self.needed:
            return " and ".join(people)
        named = (*self.groups, *people)
        return f"{self.needed} from {' or '.join(named) or 'nobody (no group is configured)'}"

    def seat(self, user: str, groups: Iterable[str], stands_for: Iterable[str] = ()) -> str | None:
        """Whose approval somebody's is: their own, or that of a person who is asked by name and away.

        None where they do not count. Two people in one seat count once.
        """
        if user in self.people or set(groups) & set(self.groups):
            return user
        return next((one for one in sorted(stands_for) if one in self.people), None)

    def users(self, members: Mapping[str, frozenset[Identity]]) -> set[str]:
        """The user ids of everybody who is asked, by the members of each group."""
        return {*self.people, *(one.user for group in self.groups for one in members.get(group, ()))}

    @property
    def escalated(self) -> "Quorum":
        """The same, asked of the further groups as well."""
        return replace(self, groups=tuple(sorted({*self.groups, *self.more})), more=())


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What an identity provider said of whoever approved.

    Args:
        issuer: The provider, as it names itself.
        subject: Its own name for the person (``sub``), at most 255 ASCII characters.
        at: When the approval was confirmed.
        acr: How they signed in, by the provider's own name for it; empty where it does not say.
        signed_in_at: When they signed in (``auth_time``); None where it does not say.
    """

    issuer: str
    subject: str
    at: datetime
    acr: str = ""
    signed_in_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's yes.

    Args:
        by: Who.
        at: When.
        reason: Why, in their words; may be empty.
        groups: Those asked groups to which the person belonged then: the approval counts for their quorums.
        stands_for: The user ids of those asked by name who were away and had named this person.
        confirmed: The proof that they signed in for it; None where nobody asked for one.
    """

    by: Identity
    at: datetime
    reason: str = ""
    groups: tuple[str, ...] = ()
    stands_for: tuple[str, ...] = ()
    confirmed: Confirmation | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The approval policy's verdict on one request, with its reason.

    Args:
        kind: Grant automatically, ask people, or refuse.
        reason: Sentences for people, one for each rule.
        rule: The names of the policy rules that decided.
        asks: Every quorum that must approve, if any; each must be satisfied.
        ticket_rule: The names of the policy rules that require a ticket; empty if none does.
        reviewers: Who must review it afterwards, where it is opened by break-glass; None otherwise.
        step_up: The names of the policy rules that want each approval confirmed at the identity provider; empty if
            none does.
    """

    kind: VerdictKind
    reason: str
    rule: str
    asks: tuple[Quorum, ...] = ()
    ticket_rule: str = ""
    reviewers: Quorum | None = None
    step_up: str = ""

    @property
    def approvers(self) -> tuple[str, ...]:
        """Every group that must approve, without duplicates."""
        return tuple(dict.fromkeys(group for quorum in self.asks for group in quorum.groups))

    @property
    def people(self) -> tuple[str, ...]:
        """The user ids of all who are asked by name, without duplicates."""
        return tuple(dict.fromkeys(user for quorum in self.asks for user in quorum.people))

    @property
    def escalated(self) -> "Verdict":
        """The same, with the further groups asked."""
        return replace(self, asks=tuple(quorum.escalated for quorum in self.asks))

    @property
    def review(self) -> "Verdict":
        """What is asked of the reviewers, as a verdict that asks them."""
        asks = (self.reviewers,) if self.reviewers else ()
        return Verdict(VerdictKind.ASK, self.reason, self.rule, asks)

    @property
    def needed(self) -> int:
        """The least number of people that could be enough: one person may count for several quorums."""
        return max((quorum.needed for quorum in self.asks), default=0)

    def missing(self, approvals: Iterable[Approval]) -> tuple[Quorum, ...]:
        """The quorums that are still open, each with how many people it still lacks."""
        given = tuple(approvals)
        if not given:
            return tuple(quorum for quorum in self.asks if quorum.needed > 0)
        lacking = (replace(quorum, needed=quorum.needed - _count(quorum, given)) for quorum in self.asks)
        return tuple(quorum for quorum in lacking if quorum.needed > 0)

    def current(self, approvals: Iterable[Approval]) -> tuple[Quorum, ...]:
        """The open quorums that are asked now: those of the lowest open stage."""
        open_ = self.missing(approvals)
        first = min((one.stage for one in open_), default=0)
        return tuple(quorum for quorum in open_ if quorum.stage == first)

    def is_satisfied(self, approvals: Iterable[Approval]) -> bool:
        """Whether every quorum is; a verdict that asks nobody never is."""
        return bool(self.asks) and not self.missing(approvals)

    def short_of(
        self, members: Mapping[str, frozenset[Identity]], askers: Iterable[Identity] = ()
    ) -> tuple[tuple[Quorum, int], ...]:
        """The quorums that these people could not satisfy together, with how many people each has.

        Args:
            members: The members of each asked group.
            askers: Those who asked, and so cannot approve.
        """
        barred = {asker.user for asker in askers}
        sizes = ((quorum, len(quorum.users(members) - barred)) for quorum in self.asks)
        return tuple((quorum, size) for quorum, size in sizes if size < quorum.needed)


def _count(quorum: Quorum, approvals: Iterable[Approval]) -> int:
    return len(_seats(quorum, approvals))


def _seats(quorum: Quorum, approvals: Iterable[Approval]) -> set[str]:
    taken = (quorum.seat(each.by.user, each.groups, each.stands_for) for each in approvals)
    return {seat for seat in taken if seat is not None}


def approval_of(
    verdict: Verdict, person: Person, at: datetime, reason: str = "", confirmed: Confirmation | None = None
) -> Approval:
    """A person's approval, with the groups and the people that it is given for."""
    groups = tuple(group for group in verdict.approvers if group in person.groups)
    stands_for = tuple(user for user in verdict.people if user in person.stands_for)
    return Approval(person.identity, at, reason.strip(), groups, stands_for, confirmed)


def with_approval(
    verdict: Verdict, approvals: Sequence[Approval], approval: Approval, subject: str
) -> tuple[Approval, ...]:
    """The approvals with one more.

    Raises:
        AlreadyDecided: This person approved before, or everything that they could approve for is satisfied.
        NotPermitted: It is not their stage's turn yet.
    """
    if any(each.by == approval.by for each in approvals):
        raise AlreadyDecided(f"You already approved {subject}. It is waiting for another approver.")
    open_ = verdict.missing(approvals)
    mine = [quorum for quorum in open_ if _seats(quorum, (approval,)) - _seats(quorum, approvals)]
    now = verdict.current(approvals)
    if not mine:
        yours = f"Your groups ({', '.join(approval.groups)}) have" if approval.groups else "You have"
        raise AlreadyDecided(
            f"{yours} already approved {subject}; still missing: {quorums_text(open_)}. Nothing was changed."
        )
    if not set(mine) & set(now):
        raise NotPermitted(f"{subject} first needs {quorums_text(now)}; you are asked after that. Nothing was changed.")
    return (*approvals, approval)


def quorums_text(quorums: Iterable[Quorum]) -> str:
    """``1 from security and 2 from platform``; stages in order: ``1 from platform, then 1 from security``."""
    by_stage: dict[int, list[str]] = {}
    for quorum in sorted(quorums, key=lambda one: one.stage):
        by_stage.setdefault(quorum.stage, []).append(quorum.words)
    return ", then ".join(" and ".join(words) for words in by_stage.values())
