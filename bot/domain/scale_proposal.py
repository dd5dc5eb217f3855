"""A proposal to change a cluster's outbound settings: facts with their times, like an allowance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.approval import ApprovalRequest, Ending, already_decided
from bot.domain.egress import ClusterEgress, IpChange, IpChangeKind
from bot.domain.snat import ScalePlan
from bot.domain.work import WorkKind


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale(ApprovalRequest):
    """A proposal to scale; its id begins with ``s``.

    Args:
        plan: What would happen, and the state it was computed from.
        environment: The cluster's environment.
        reason: Why.
        withdrawn: Set when its proposer took it back.
        applying_at: When Azure accepted the change.
        done_at: When the result was read back.
        ips_after: The outbound IPs that were read back.
    """

    plan: ScalePlan
    environment: str
    reason: str
    applying_at: datetime | None = None
    done_at: datetime | None = None
    ips_after: tuple[str, ...] = ()
    withdrawn: Ending | None = None

    def is_waiting(self, now: datetime) -> bool:
        """Whether nobody has decided it yet."""
        return scale_status(self, now) is ScaleStatus.WAITING

    @property
    def cluster_id(self) -> str:
        """Lower-case ARM id of the managed cluster that it is for."""
        return self.plan.cluster_id

    @property
    def cluster_name(self) -> str:
        """The name of that cluster."""
        return self.plan.cluster_name

    @property
    def digest(self) -> str:
        """A short digest of the plan and of the state that it was made from."""
        return self.plan.digest

    @property
    def ending(self) -> Ending | None:
        """How a person ended it: denied or withdrawn."""
        return self.denied or self.withdrawn


def scale_key(cluster_id: str) -> str:
    """The work key of a cluster's scaling: one at a time for each cluster."""
    return f"{WorkKind.SCALE}:{cluster_id}"


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


ASKABLE_AGAIN = frozenset({ScaleStatus.DENIED, ScaleStatus.LAPSED, ScaleStatus.FAILED, ScaleStatus.WITHDRAWN})
"""The statuses in which nothing came of it, and the same may be proposed again."""


def is_scale_open(scale: Scale, now: datetime) -> bool:
    """Whether something may still happen to it."""
    return scale_status(scale, now) in OPEN


def require_waiting(scale: Scale, now: datetime) -> None:
    """Refuse an act on what is decided already.

    Raises:
        AlreadyDecided: It is no longer waiting.
    """
    state = scale_status(scale, now)
    if state is not ScaleStatus.WAITING:
        raise already_decided(scale, state)


def cause_of(change: IpChange, scales: Sequence[Scale]) -> Scale | None:
    """The proposal through which outbound IPs changed; None where nobody did it through the bot.

    Args:
        change: What changed.
        scales: The cluster's proposals, newest first.
    """
    return next((scale for scale in scales if _explains(scale, change)), None)


def _explains(scale: Scale, change: IpChange) -> bool:
    """Whether it was being applied between the two readings, and the plan said that these addresses may go."""
    if scale.plan.cluster_id != change.ref.id or scale.applying_at is None or scale.applying_at > change.at:
        return False
    if change.kind is not IpChangeKind.CHANGED or not scale.plan.changes_ips:
        return False
    if not set(change.lost) <= set(scale.plan.at_risk):
        return False
    if scale.failure is not None:
        return scale.applying_at >= change.seen_before
    return scale.done_at is None or scale.done_at >= change.seen_before


def scale_facts(scale: Scale, **facts: str) -> tuple[tuple[str, str], ...]:
    """The facts of a proposal for an audit event, and what else is known; only those that are."""
    plan = scale.plan
    before, after = plan.change.ends
    detail = {
        "digest": plan.digest,
        "kind": plan.kind,
        "changes": plan.change.knob,
        "change": plan.change.text,
        "before": before,
        "after": after,
        "ips_before": " ".join(plan.ips_before),
        "ips_after": " ".join(scale.ips_after),
        "etag": plan.etag or "",
        "environment": scale.environment,
        "requester": scale.requester.user,
        **facts,
    }
    return tuple((name, text) for name, text in detail.items() if text)


class Step(StrEnum):
    """Decide the next step for an approved proposal.

    ``WAIT``: Azure is changing the cluster. ``BEGIN``: it is sent. ``JUDGE``: Azure was told; what is there decides.
    ``FAIL``: the cluster is another one than the plan was made from.
    """

    WAIT = "wait"
    BEGIN = "begin"
    JUDGE = "judge"
    FAIL = "fail"


def next_scale(found: Sequence[Scale], now: datetime) -> Scale | None:
    """The oldest proposal that was approved: the others wait, and are compared with what it leaves behind.

    Args:
        found: All of one cluster, newest first.
        now: The time.
    """
    ready = [s for s in found if scale_status(s, now) in (ScaleStatus.APPROVED, ScaleStatus.APPLYING)]
    return ready[-1] if ready else None


def next_step(scale: Scale, egress: ClusterEgress) -> Step:
    """Where the cluster stands decides, not what was meant: also after a replica died between any two steps."""
    plan = scale.plan
    is_set = plan.change.is_set(egress)
    if egress.is_converging:
        return Step.WAIT
    if plan.is_base(egress) and (not is_set or scale.applying_at is None):
        return Step.BEGIN
    return Step.JUDGE if is_set else Step.FAIL


def changed_since(scale: Scale) -> str:
    """Why a proposal cannot be carried out on a cluster that is another one than it was made from."""
    return f"{scale.plan.cluster_name} has changed in Azure since the plan was made. Propose it again."
