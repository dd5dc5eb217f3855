"""A verdict: who must say yes, who has, and who is still missing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.people import Identity, Person
from bot.errors import AlreadyDecided


class VerdictKind(StrEnum):
    """The kinds of verdict, weakest first."""

    GRANT = "grant"
    ASK = "ask"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Quorum:
    """The number of approvers needed from given groups, and the reason.

    Args:
        groups: Names of configured groups, sorted; the members of each count. Nobody where there are none.
        needed: How many different people, at least 1.
        rule: The policy rules that ask for it, by name.
        reason: A sentence for people.
    """

    groups: tuple[str, ...]
    needed: int = 1
    rule: str = "default"
    reason: str = ""

    @property
    def words(self) -> str:
        """``2 from platform or security``."""
        return f"{self.needed} from {' or '.join(self.groups) or 'nobody (no group is configured)'}"


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's yes.

    Args:
        by: Who.
        at: When.
        reason: Why, in their words; may be empty.
        groups: Those asked groups to which the person belonged then: the approval counts for their quorums.
    """

    by: Identity
    at: datetime
    reason: str = ""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The approval policy's verdict on one request, with its reason.

    Args:
        kind: Grant at once, ask people, or refuse.
        reason: Sentences for people, one for each rule.
        rule: The names of the policy rules that decided.
        asks: Every quorum that must approve, if any; each must be satisfied.
    """

    kind: VerdictKind
    reason: str
    rule: str
    asks: tuple[Quorum, ...] = ()

    @property
    def approvers(self) -> tuple[str, ...]:
        """Every group that must approve, without duplicates."""
        return tuple(dict.fromkeys(group for quorum in self.asks for group in quorum.groups))

    @property
    def needed(self) -> int:
        """The least number of people that could be enough: one person may count for several quorums."""
        return max((quorum.needed for quorum in self.asks), default=0)

    def missing(self, approvals: Iterable[Approval]) -> tuple[Quorum, ...]:
        """The quorums that are still open, each with how many people it still lacks."""
        given = tuple(approvals)
        lacking = (replace(quorum, needed=quorum.needed - _count(quorum, given)) for quorum in self.asks)
        return tuple(quorum for quorum in lacking if quorum.needed > 0)

    def is_satisfied(self, approvals: Iterable[Approval]) -> bool:
        """Whether every quorum is; a verdict that asks nobody never is."""
        return bool(self.asks) and not self.missing(approvals)

    def short_of(self, members: Mapping[str, frozenset[Identity]]) -> tuple[tuple[Quorum, int], ...]:
        """The quorums that these people could not satisfy together, with how many people each has.

        Args:
            members: The members of each asked group, without the requester.
        """
        sizes = ((quorum, len(_union(members, quorum.groups))) for quorum in self.asks)
        return tuple((quorum, size) for quorum, size in sizes if size < quorum.needed)


def _count(quorum: Quorum, approvals: Iterable[Approval]) -> int:
    return len({each.by for each in approvals if set(each.groups) & set(quorum.groups)})


def _union(members: Mapping[str, frozenset[Identity]], groups: Iterable[str]) -> frozenset[Identity]:
    return frozenset[Identity]().union(*(members.get(group, frozenset()) for group in groups))


def approval_of(verdict: Verdict, person: Person, at: datetime, reason: str = "") -> Approval:
    """A person's approval, with the groups that it is given for."""
    groups = tuple(group for group in verdict.approvers if group in person.groups)
    return Approval(person.identity, at, reason.strip(), groups)


def with_approval(
    verdict: Verdict, approvals: Sequence[Approval], approval: Approval, subject: str
) -> tuple[Approval, ...]:
    """The approvals with one more.

    Raises:
        AlreadyDecided: This person approved before, or everything that they could approve for is satisfied.
    """
    if any(each.by == approval.by for each in approvals):
        raise AlreadyDecided(f"You already approved {subject}. It is waiting for another approver.")
    open_ = verdict.missing(approvals)
    if not any(set(quorum.groups) & set(approval.groups) for quorum in open_):
        raise AlreadyDecided(
            f"Your groups ({', '.join(approval.groups)}) have already approved {subject}; still missing: "
            f"{quorums_text(open_)}. Nothing was changed."
        )
    return (*approvals, approval)


def quorums_text(quorums: Iterable[Quorum]) -> str:
    """``1 from security and 2 from platform``."""
    return " and ".join(quorum.words for quorum in quorums)
