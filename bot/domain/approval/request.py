"""Something that waits for a decision: what allowances and scale proposals have in common."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from bot.domain.approval.verdict import Approval, Verdict, with_approval
from bot.domain.people import Identity
from bot.errors import NotPermitted


@dataclass(frozen=True, slots=True)
class Ending:
    """How something was ended or refused by somebody: who, when, why."""

    by: Identity
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRequest:
    """What a person asked for and others decide, with everything that was said about it.

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
        filed_by: Who filed it for the requester, where somebody else did: an approver who renews it.
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

    @property
    def askers(self) -> tuple[Identity | None, ...]:
        """Those who may not decide it: whoever asked, and whoever filed it for them."""
        return self.requester, self.filed_by


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


def require_not_filer(request: ApprovalRequest, who: Identity) -> None:
    """Refuse a decision by whoever filed the request for somebody else.

    Raises:
        NotPermitted: They filed it.
    """
    if who == request.filed_by:
        raise NotPermitted("You filed this renewal; somebody else of the approvers has to decide it.")
