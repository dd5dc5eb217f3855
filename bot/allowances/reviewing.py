"""Looking again at what waits: the approval policy, who may ask and who may decide are read when it matters.

What is approved already stays approved when the configuration changes; its renewal is weighed anew.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.allowances.recording import record
from bot.allowances.weighing import risk_of, verdict_of
from bot.domain.access import environment_of, groups_for_seeing, may_see, require_approver, unread_for_seeing
from bot.domain.allowance import Allowance, Status, is_open, status
from bot.domain.approval import Approval, Verdict, VerdictKind, approval_of
from bot.domain.audit import Action
from bot.domain.egress import ClusterEgress, ClusterRef
from bot.domain.ground import close
from bot.domain.people import Identity
from bot.errors import NotPermitted
from bot.ports import Context, Desk


@dataclass(frozen=True, slots=True)
class Review:
    """What follows for a request that waits, because something that it was filed under has changed.

    Args:
        allowance: As it has to be stored.
        action: What the audit log calls it.
        event: What people hear of it; empty where nothing that they read has changed.
        reason: Why, in one sentence.
    """

    allowance: Allowance
    action: Action
    event: str
    reason: str


def review(
    ctx: Context, allowance: Allowance, egress: ClusterEgress | None, *, is_click: bool = False
) -> Review | None:
    """Weigh a waiting request again; None where nothing has changed. Asks Slack, so it stands in no transaction.

    Args:
        ctx: The context.
        allowance: What waits.
        egress: Its cluster as last read; None where that is not known.
        is_click: Whether somebody decides: only then people are looked up, too.

    Raises:
        Unavailable: Who may still decide could not be asked.
    """
    if status(allowance, ctx.clock.now()) is not Status.WAITING:
        return None
    if is_click and egress is not None and not may_still_ask(ctx, allowance.requester, egress.ref):
        return _closing(ctx, allowance, f"Who asked for it may not ask for {egress.ref.name} any more.")
    fresh = _reassessed(ctx, allowance, egress)
    verdict = verdict_of(ctx, fresh.scope, fresh.ask, fresh.risk)
    weighed = replace(fresh, verdict=verdict)
    if verdict.kind is VerdictKind.REFUSE:
        return _closing(ctx, weighed, f"The approval policy refuses it now: {verdict.reason} (rule {verdict.rule}).")
    if verdict.kind is VerdictKind.ASK:
        return _asked_again(ctx, allowance, weighed) if is_click or weighed != allowance else None
    if is_click:
        return None  # whoever clicks decides; without them the timers grant it
    granted = replace(weighed, approved_at=ctx.clock.now())
    return Review(granted, Action.ALLOWANCE_GRANT, "granted", verdict.reason)


def _closing(ctx: Context, allowance: Allowance, why: str) -> Review:
    return Review(close(allowance, why, ctx.clock.now()), Action.ALLOWANCE_CLOSE, "closed", why)


def _reassessed(ctx: Context, allowance: Allowance, egress: ClusterEgress | None) -> Allowance:
    """With the environment that the cluster has now, which the risk rests on."""
    environment = environment_of(ctx.rulebook, egress.ref) if egress else allowance.scope.environment
    if environment == allowance.scope.environment:
        return allowance
    scope = replace(allowance.scope, environment=environment)
    return replace(allowance, scope=scope, risk=risk_of(ctx, scope, allowance.ask))


def _asked_again(ctx: Context, old: Allowance, fresh: Allowance) -> Review | None:
    approvals = still_counting(ctx, fresh.verdict, fresh.approvals, fresh.requester)
    is_enough = fresh.verdict.is_satisfied(approvals)
    changed = replace(fresh, approvals=approvals, approved_at=ctx.clock.now() if is_enough else None)
    if changed == old:
        return None
    if is_enough:
        why = "The approvals that it has are enough by the approval policy of now."
        return Review(changed, Action.ALLOWANCE_APPROVE, "approved", why)
    why = "The approval policy, or who may approve, has changed since it was asked."
    return Review(changed, Action.ALLOWANCE_CHANGE, "reweighed" if _differs(old, changed) else "", why)


def _differs(old: Allowance, new: Allowance) -> bool:
    """Whether others decide than before; a reworded reason is no news."""
    return old.approvals != new.approvals or asked_people(old.verdict) != asked_people(new.verdict)


def asked_people(verdict: Verdict) -> list[tuple[tuple[str, ...], int]]:
    """How many of which groups must approve, without why."""
    return [(quorum.groups, quorum.needed) for quorum in verdict.asks]


def still_counting(
    ctx: Context, verdict: Verdict, approvals: Iterable[Approval], requester: Identity
) -> tuple[Approval, ...]:
    """The approvals of people who may still give them, for the groups to which they belong now.

    Raises:
        MembershipUnknown: That could not be asked.
    """
    recounted = (_recounted(ctx, verdict, given, requester) for given in approvals)
    return tuple(one for one in recounted if one is not None)


def _recounted(ctx: Context, verdict: Verdict, given: Approval, requester: Identity) -> Approval | None:
    who = ctx.directory.person(given.by, among=verdict.approvers)
    try:
        require_approver(verdict, who, requester)
    except NotPermitted:
        return None
    return approval_of(verdict, who, given.at, given.reason)


def may_still_ask(ctx: Context, requester: Identity, ref: ClusterRef) -> bool:
    """Whether who asked may still see the cluster; also where that could not be asked, because that is no “no”."""
    who = ctx.directory.person(requester, among=groups_for_seeing(ctx.rulebook, ref))
    return may_see(ctx.rulebook, who, ref) or bool(unread_for_seeing(ctx.rulebook, who, ref))


def keep(desk: Desk, found: Review) -> Allowance:
    """Put what follows on record.

    Raises:
        StaleVersion: Somebody changed it meanwhile.
    """
    changed = found.allowance
    also = [one.by for one in desk.tx.allowances.get(changed.id).approvals]
    saved = desk.tx.allowances.save(changed, is_open=is_open(changed, desk.now))
    record(desk, saved, found.action, reason=found.reason)
    if saved.approved_at is not None and saved.closed is None:
        desk.tx.work.wake(saved.scope.target.key, within=desk.ctx.pace.batch_window)
    if found.event:
        desk.tell(saved.id, saved.requester, found.event, also=also, what=found.reason)
    return saved
