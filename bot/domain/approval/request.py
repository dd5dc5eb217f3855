"""Something that waits for a decision: what allowances and scale proposals have in common."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from bot.domain.approval.verdict import Approval, Verdict, with_approval
from bot.domain.dates import time_text
from bot.domain.people import Identity
from bot.errors import AlreadyDecided, NotPermitted, StaleView


@dataclass(frozen=True, slots=True)
class Ending:
    """How something was ended or refused by somebody: who, when, why."""

    by: Identity
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A question to whoever asked, before a decision.

    Args:
        by: Who wants to know.
        at: When.
        text: The question, in their words.
        answer: The answer, by whom and when; None while it is open.
        held: By how much the lapse was put off for it; nothing where it was already, for another question.
    """

    by: Identity
    at: datetime
    text: str
    answer: Ending | None = None
    held: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRequest(ABC):
    """A request of one person that others decide, with everything that was said about it.

    Args:
        id: Short id; its first letter says what it is.
        version: Grows with each change; a change names the version that it was decided on.
        requester: Who asked.
        requested_at: When.
        lapses_at: When it lapses if nobody decided.
        verdict: What the approval policy said.
        approvals: Everybody who approved, in order.
        approved_at: When the approval came that satisfied the last quorum.
        denied: Set when it was denied.
        filed_by: Who filed it for the requester, where somebody else did.
        failure: Why it could not be carried out, in one sentence; the bot does not retry it.
        reminded_at: When people were last reminded of it.
        escalated_at: When further groups were asked, because nobody had decided.
        edited_at: When its requester last changed it.
        questions: What approvers wanted to know, with the answers, in order.
        paused: How long it has waited for answers, in all.
        followers: Others who asked for the same while it was open; they hear of it as the requester does.
        owned_by: Who answers for it now, where the requester has handed it over.
        batch: Ids of the requests that were filed with it and share its card, its own included; the first leads. Empty
            for a request with a card of its own.
    """

    id: str
    version: int
    requester: Identity
    requested_at: datetime
    lapses_at: datetime
    verdict: Verdict
    approvals: tuple[Approval, ...] = ()
    approved_at: datetime | None = None
    denied: Ending | None = None
    filed_by: Identity | None = None
    failure: str | None = None
    reminded_at: datetime | None = None
    escalated_at: datetime | None = None
    edited_at: datetime | None = None
    questions: tuple[Question, ...] = ()
    paused: timedelta = timedelta()
    followers: tuple[Identity, ...] = ()
    owned_by: Identity | None = None
    batch: tuple[str, ...] = ()

    @property
    def card_id(self) -> str:
        """The id under which its card is: its own, or that of the first request that was filed with it."""
        return self.batch[0] if self.batch else self.id

    @property
    def owner(self) -> Identity:
        """Who answers for it, and is told how it goes: the requester, or whoever took it over."""
        return self.owned_by or self.requester

    @property
    def open_questions(self) -> tuple[Question, ...]:
        """What was not answered yet."""
        return tuple(question for question in self.questions if question.answer is None)

    @property
    def asked_since(self) -> datetime:
        """From when on approvers have had it as it is now, without the time that it waited for answers."""
        return (self.edited_at or self.requested_at) + self.paused

    @property
    def waits_since(self) -> datetime:
        """When somebody last took a step: asked, edited, approved, inquired or answered."""
        answered = (one.answer.at if one.answer else one.at for one in self.questions)
        steps = (self.edited_at, *(given.at for given in self.approvals), *answered)
        return max((time for time in steps if time is not None), default=self.requested_at)

    @property
    def askers(self) -> tuple[Identity | None, ...]:
        """Those who may not decide it: whoever asked, and whoever filed it for them."""
        return self.requester, self.filed_by

    @abstractmethod
    def is_waiting(self, now: datetime) -> bool:
        """Whether nobody has decided it yet."""

    @property
    @abstractmethod
    def cluster_id(self) -> str:
        """Lower-case ARM id of the managed cluster that it is for."""

    @property
    @abstractmethod
    def cluster_name(self) -> str:
        """The name of that cluster."""

    @property
    @abstractmethod
    def digest(self) -> str:
        """A short digest of exactly what is applied: what a click approves."""

    @property
    @abstractmethod
    def ending(self) -> Ending | None:
        """How a person ended it: denied, or taken back by whoever may."""


One = TypeVar("One", bound=ApprovalRequest)


def add_approval(request: One, approval: Approval) -> One:
    """Add one approval; the request is approved when every quorum of the verdict is satisfied.

    Raises:
        AlreadyDecided: This person approved it before, or their groups are satisfied.
    """
    approvals = with_approval(request.verdict, request.approvals, approval, request.id)
    is_enough = request.verdict.is_satisfied(approvals)
    return replace(request, approvals=approvals, approved_at=approval.at if is_enough else None)


def deny(request: One, ending: Ending) -> One:
    """Refuse it."""
    return replace(request, denied=ending)


def already_decided(request: ApprovalRequest, state: str, why: str = "") -> AlreadyDecided:
    """The refusal of an act that comes too late, with who was faster and when, or why the bot ended it."""
    last = request.approvals[-1] if request.approved_at and request.approvals else None
    given = request.ending or last
    who = f"<@{given.by.user}> at {time_text(given.at)}" if given else ""
    known = why or who
    return AlreadyDecided(f"{request.id} is already {state}{f' ({known})' if known else ''}; nothing was changed.")


def require_same(request: ApprovalRequest, seen: str) -> None:
    """Refuse a click on a card that shows something else than what is stored.

    Raises:
        StaleView: If the digests differ.
    """
    if seen != request.digest:
        raise StaleView(f"{request.id} has changed since this card was posted. Check the new card and decide again.")


def require_not_filer(request: ApprovalRequest, who: Identity) -> None:
    """Refuse a decision by whoever filed the request for somebody else.

    Raises:
        NotPermitted: They filed it.
    """
    if who == request.filed_by:
        raise NotPermitted("You filed this for somebody else; another approver has to decide it.")
