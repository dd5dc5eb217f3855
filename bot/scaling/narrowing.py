"""Approving a smaller step than was proposed, planned from the cluster as it is now."""

from dataclasses import replace

from bot import approvals
from bot.approvals import Decision
from bot.domain.access import require_approver
from bot.domain.approval import VerdictKind, require_same
from bot.domain.ids import canonical_id
from bot.domain.scale_proposal import Scale
from bot.domain.snat import ScalePlan, plan_scale, require_smaller, smaller_goal
from bot.errors import RequestRefused, UnknownCluster
from bot.inventory.find import read_unless_deleted
from bot.ports import Caller, Context, UnitOfWork
from bot.scaling.measuring import with_use
from bot.scaling.workflow import SCALES


def approve_smaller(ctx: Context, caller: Caller, decision: Decision) -> Scale:
    """Approve a proposal with a smaller step; nothing is decided where it is refused.

    Args:
        ctx: The context.
        caller: The approver.
        decision: An approval, with the smaller number as it was typed.

    Raises:
        InvalidInput: Not a smaller step in the same direction, or one that Azure would refuse.
        NotScalable: AKS is changing the cluster right now.
        RequestRefused: The approval policy refuses the smaller step.
        UserError, Conflict, Unavailable: As ``approvals.decide``; so is ``ConfirmationNeeded``.
    """
    with ctx.store.read() as tx:
        scale = tx.scales.get(canonical_id(decision.subject))
    answer = approvals.prepare(ctx, caller, decision, SCALES)
    require_approver(scale.verdict, answer.who, scale.requester)
    SCALES.require_waiting(scale, decision.act, ctx.clock.now())
    require_same(scale, decision.seen or scale.digest)
    plan = _plan(ctx, scale, decision.typed)
    smaller = replace(answer.decision, seen=scale.digest, smaller=plan)
    with approvals.confirmable(ctx, caller, replace(decision, seen=scale.digest)), ctx.store.write() as tx:
        return approvals.apply(UnitOfWork(ctx, tx, caller), replace(answer, decision=smaller), SCALES)


def _plan(ctx: Context, scale: Scale, typed: str) -> ScalePlan:
    goal = smaller_goal(scale.plan.change, typed, scale.cluster_name)
    egress = read_unless_deleted(ctx, scale.cluster_id)
    SCALES.require_effect(ctx, scale, egress)
    if egress is None:
        raise UnknownCluster(f"{scale.cluster_name} was deleted in Azure. Nothing was approved.")
    plan = plan_scale(egress, goal)
    require_smaller(plan.change, scale.plan.change)
    verdict = SCALES.reassess(ctx, replace(scale, plan=plan), egress).verdict
    if verdict.kind is VerdictKind.REFUSE:
        raise RequestRefused(f"The approval policy refuses this: {verdict.reason} (rule {verdict.rule}).")
    return with_use(ctx, plan, egress)
