"""A proposal to change the number of managed outbound IPs: facts with their times, like an allowance."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.allowance import Ending
from bot.domain.approval import Approval, Verdict, with_approval
from bot.domain.egress import Change
from bot.domain.people import Identity
from bot.domain.snat import ScalePlan
from bot.errors import AlreadyDecided, StaleView


class ScaleStatus(StrEnum):
    """The status that people see."""

    WAITING = "waiting"
    APPROVED = "approved"
    APPLYING = "applying"
    DONE = "done"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Scale:
    """A proposal to scale.

    Args:
        id: Short id, first letter ``s``.
        version: Grows with each change.
        plan: What would happen, and the state it was computed from.
        environment: The cluster's environment.
        reason: Why.
        requester: Who proposed.
        requested_at: When.
        lapses_at: When it lapses undecided.
        verdict: What the approval policy said.
        approvals: Everybody who approved.
        approved_at: When the approval came that satisfied the last quorum.
        denied: Set when denied.
        withdrawn: Set when its proposer took it back.
        applying_at: When Azure accepted the change.
        done_at: When the result was read back.
        ips_after: The outbound IPs that were read back.
        failure: Why it did not happen, in one sentence.
    """

    id: str
    version: int
    plan: ScalePlan
    environment: str
    reason: str
    requester: Identity
    requested_at: datetime
    lapses_at: datetime
    verdict: Verdict
    approvals: tuple[Approval, ...] = ()
    approved_at: datetime | None = None
    denied: Ending | None = None
    applying_at: datetime | None = None
    done_at: datetime | None = None
    ips_after: tuple[str, ...] = ()
    failure: str | None = None
    withdrawn: Ending | None = None

    @property
    def askers(self) -> tuple[Identity, ...]:
        """The people who may not decide it."""
        return (self.requester,)


def scale_key(cluster_id: str) -> str:
    """The work key of a cluster's scaling: one at a time for each cluster."""
    return f"scale:{cluster_id}"


def scale_status(scale: Scale, now: datetime) -> ScaleStatus:
    """Derive the status of a proposal at a time; the first match decides."""
    lines = (
        (scale.denied is not None, ScaleStatus.DENIED),
        (scale.withdrawn is not None, ScaleStatus.WITHDRAWN),
        (scale.failure is not None, ScaleStatus.FAILED),
        (scale.done_at is not None, ScaleStatus.DONE),
        (scale.approved_at is None and now >= scale.lapses_at, ScaleStatus.LAPSED),
        (scale.approved_at is None, ScaleStatus.WAITING),
        (scale.applying_at is None, ScaleStatus.APPROVED),
    )
    return next((state for holds, state in lines if holds), ScaleStatus.APPLYING)


OPEN = frozenset({ScaleStatus.WAITING, ScaleStatus.APPROVED, ScaleStatus.APPLYING})
"""The statuses in which something may still happen."""


def is_scale_open(scale: Scale, now: datetime) -> bool:
    """Whether something may still happen to it."""
    return scale_status(scale, now) in OPEN


def require_undecided(scale: Scale, seen: str, now: datetime) -> None:
    """Refuse a decision on what is decided already, or on a plan that is not the one that was shown.

    Raises:
        AlreadyDecided: It is no longer waiting.
        StaleView: The digests differ.
    """
    require_waiting(scale, now)
    require_same_plan(scale, seen)


def require_waiting(scale: Scale, now: datetime) -> None:
    """Refuse an act on what is decided already.

    Raises:
        AlreadyDecided: It is no longer waiting.
    """
    state = scale_status(scale, now)
    if state is not ScaleStatus.WAITING:
        raise AlreadyDecided(f"{scale.id} is already {state}; nothing was changed.")


def require_same_plan(scale: Scale, seen: str) -> None:
    """Refuse a click on a card that shows another plan than what is stored.

    Raises:
        StaleView: The digests differ.
    """
    if seen != scale.plan.digest:
        raise StaleView(f"The plan of {scale.id} has changed since this card was posted. Check the new card.")


def approve_scale(scale: Scale, approval: Approval) -> Scale:
    """Add one approval; it is approved when every quorum of the verdict is satisfied.

    Raises:
        AlreadyDecided: If this person approved it before, or their groups are satisfied.
    """
    approvals = with_approval(scale.verdict, scale.approvals, approval, scale.id)
    is_enough = scale.verdict.is_satisfied(approvals)
    return replace(scale, approvals=approvals, approved_at=approval.at if is_enough else None)


def explains(scale: Scale, change: Change) -> bool:
    """Whether a proposal was being applied between the two readings that show a change of outbound IPs."""
    if scale.plan.cluster_id != change.ref.id or scale.applying_at is None or scale.applying_at > change.at:
        return False
    if scale.failure is not None:
        return scale.applying_at >= change.seen_before
    return scale.done_at is None or scale.done_at >= change.seen_before
