"""Plans a proposal again whose cluster is another one than it was made from; the older plan is never applied."""

from collections.abc import Mapping
from dataclasses import replace

from bot.approvals import plan_wait
from bot.domain.approval import VerdictKind
from bot.domain.audit import Action
from bot.domain.egress import ClusterEgress
from bot.domain.outbound_migration import plan_migration, proposal_of
from bot.domain.scale_proposal import Scale
from bot.domain.snat import Goal, OwnIp, OwnIpsGoal, ScalePlan, TypeChange, added_ids, goal_from_text, plan_scale
from bot.errors import RequestRefused
from bot.inventory.partner_news import tell_kept
from bot.ports import Context, NoticeEvent, UnitOfWork
from bot.scaling.audit_events import record
from bot.scaling.measuring import with_use
from bot.scaling.workflow import SCALES


def own_ips(ctx: Context, goal: Goal) -> Mapping[str, OwnIp | None]:
    """The public IPs that a goal adds, as they are now; nothing is asked for any other goal."""
    return ctx.clusters.read_public_ips(added_ids(goal)) if isinstance(goal, OwnIpsGoal) and goal.added else {}


def replanned(ctx: Context, scale: Scale, egress: ClusterEgress) -> Scale:
    """The proposal with the plan and the verdict of now; nobody has approved that one.

    Raises:
        InvalidInput, NotScalable: It cannot be planned any more, for example because it is there already.
        RequestRefused: The approval policy refuses it now.
    """
    again = SCALES.reassess(ctx, replace(scale, plan=with_use(ctx, _plan(ctx, scale, egress), egress)), egress)
    if again.verdict.kind is VerdictKind.REFUSE:
        raise RequestRefused(f"The approval policy refuses this: {again.verdict.reason} (rule {again.verdict.rule}).")
    now = ctx.clock.now()
    return replace(
        again,
        approvals=(),
        approved_at=now if again.verdict.kind is VerdictKind.GRANT else None,
        applying_at=None,
        edited_at=now,
        reminded_at=None,
        escalated_at=None,
        lapses_at=now + ctx.config.durations.lapse_after,
    )


def _plan(ctx: Context, scale: Scale, egress: ClusterEgress) -> ScalePlan:
    change = scale.plan.change
    if isinstance(change, TypeChange):
        return proposal_of(plan_migration(egress, change.after, count=change.count), egress)
    goal, _ = goal_from_text(change.typed, scale.cluster_name)
    return plan_scale(egress, goal, own_ips(ctx, goal))


def file_again(uow: UnitOfWork, old: Scale, new: Scale) -> None:
    """Put the new plan in the place of the old one, and tell whoever decides, and whoever was told of the old one."""
    saved = uow.tx.scales.save(new, is_open=True)
    record(uow, saved, Action.SCALE_REPLAN, reason="The cluster changed in Azure after the plan was made.")
    tell_kept(uow, old)
    plan_wait(uow, saved)
    if saved.approved_at is not None:
        record(uow, saved, Action.SCALE_GRANT, reason=saved.verdict.reason)
        uow.tell(saved, NoticeEvent.GRANTED)
        SCALES.start(uow, saved)
        return
    what = f"{saved.cluster_name} changed in Azure, so this was planned again: {saved.plan.change.text}."
    uow.tell(saved, NoticeEvent.EDITED, also=[given.by for given in old.approvals], what=what)
