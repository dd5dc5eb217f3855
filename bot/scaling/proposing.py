"""Use cases of scaling: propose, decide. The reconciler applies."""

from dataclasses import dataclass, replace

from bot import approvals
from bot.allowances import proposals
from bot.approvals import Decision, brief, circumstances, plan_wait, require_deciders
from bot.approvals.reading import require_reading
from bot.domain.access import environment_of
from bot.domain.approval import Ending, Verdict, VerdictKind
from bot.domain.audit import Action
from bot.domain.egress import ClusterEgress
from bot.domain.ids import canonical_id
from bot.domain.measured import measured_sentence
from bot.domain.partner import Partner
from bot.domain.people import Person
from bot.domain.scale_proposal import Scale, require_waiting
from bot.domain.snat import (
    Capacity,
    Goal,
    ScalePlan,
    capacity,
    plan_scale,
    possible_goals,
)
from bot.errors import AlreadyRequested, NotPermitted, RequestRefused, UnknownScale
from bot.inventory import live, measure, person
from bot.ports import Caller, Context, NoticeEvent, Transaction, UnitOfWork
from bot.scaling.audit_events import record
from bot.scaling.measuring import with_use
from bot.scaling.replanning import own_ips
from bot.scaling.workflow import SCALES, verdict_of

__all__ = ["ScalePreview", "Wish", "decide", "get", "preview_scale", "proposals", "propose", "withdraw"]


@dataclass(frozen=True, slots=True)
class ScalePreview:
    """The state that a scale would start from.

    Args:
        egress: The cluster as it is now.
        capacity: Its SNAT ports.
        goals: What can be typed, and what it does.
        partners: Who depends on its outbound IPs.
        measured: How its ports were used in the last day, as a sentence; empty where nobody measured.
    """

    egress: ClusterEgress
    capacity: Capacity
    goals: tuple[tuple[str, str], ...]
    partners: tuple[Partner, ...] = ()
    measured: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants of a cluster's outbound settings.

    Args:
        cluster: Name or id.
        goal: What, for example a number of outbound IPs.
        reason: Why; may be empty.
    """

    cluster: str
    goal: Goal
    reason: str = ""


def preview_scale(ctx: Context, caller: Caller, cluster: str) -> ScalePreview:
    """Read what a scale would start from; changes nothing.

    Raises:
        NotScalable: With the reason.
    """
    egress, _ = live(ctx, person(ctx, caller), cluster)
    goals, measured = possible_goals(egress), measured_sentence(egress, measure(ctx, egress))
    with ctx.store.read() as tx:
        return ScalePreview(egress, capacity(egress), goals, tuple(tx.partners.of([egress.ref.id])), measured)


def propose(ctx: Context, caller: Caller, wish: Wish) -> Scale:
    """Plan from the cluster as it is now, and file exactly this plan to be decided.

    Raises:
        NotScalable: AKS cannot change this setting of the cluster.
        InvalidInput: A goal that Azure would refuse, a reason that is too long.
        AlreadyRequested: A proposal for the cluster is open.
        RequestRefused: The approval policy refuses it, or nobody could approve it.
    """
    egress, _ = live(ctx, person(ctx, caller), wish.cluster)
    return file_plan(ctx, caller, plan_scale(egress, wish.goal, own_ips(ctx, wish.goal)), egress, wish.reason)


def file_plan(ctx: Context, caller: Caller, plan: ScalePlan, egress: ClusterEgress, reason: str) -> Scale:
    """File a plan that was made from the cluster as it is now, to be decided.

    Raises:
        InvalidInput: A reason that is too long.
        AlreadyRequested: A proposal for the cluster is open.
        RequestRefused: The approval policy refuses it, or nobody could approve it.
    """
    who, reason = person(ctx, caller), brief(reason)
    plan = with_use(ctx, plan, egress)
    verdict = _verdict(ctx, who, plan, egress)
    now, lapse_after = ctx.clock.now(), ctx.config.durations.lapse_after
    with ctx.store.write() as tx:
        _refuse_second(tx, plan)
        scale = Scale(
            id=tx.scales.new_id(now),
            version=1,
            plan=plan,
            environment=environment_of(ctx.config, egress.ref),
            reason=reason,
            requester=caller.identity,
            requested_at=now,
            lapses_at=now + lapse_after,
            verdict=verdict,
            approved_at=now if verdict.kind is VerdictKind.GRANT else None,
        )
        return _file(UnitOfWork(ctx, tx, caller), scale)


def _verdict(ctx: Context, who: Person, plan: ScalePlan, egress: ClusterEgress) -> Verdict:
    around = circumstances(ctx, who.identity, ctx.clock.now(), egress)
    verdict = verdict_of(ctx, plan, environment_of(ctx.config, egress.ref), around)
    if verdict.kind is VerdictKind.REFUSE:
        raise RequestRefused(f"The approval policy refuses this: {verdict.reason} (rule {verdict.rule}).")
    require_deciders(ctx, verdict, who.identity)
    return verdict


def _file(uow: UnitOfWork, scale: Scale) -> Scale:
    uow.tx.scales.add(scale)
    record(uow, scale, Action.SCALE_PROPOSE)
    if scale.approved_at is not None:
        record(uow, scale, Action.SCALE_GRANT, reason=scale.verdict.reason)
    plan_wait(uow, scale)
    uow.tell(scale, NoticeEvent.GRANTED if scale.approved_at else NoticeEvent.REQUESTED)
    if scale.approved_at is not None:
        SCALES.start(uow, scale)
    return scale


def decide(ctx: Context, caller: Caller, decision: Decision) -> Scale:
    """Approve or deny a proposal; raises as ``approvals.decide``."""
    return approvals.decide(ctx, caller, decision, SCALES)


def withdraw(ctx: Context, caller: Caller, scale_id: str, *, reason: str = "") -> Scale:
    """Take a proposal back before it is decided: only its proposer does; approvers deny it.

    Raises:
        NotPermitted: Somebody else.
        AlreadyDecided: It is no longer waiting.
    """
    who = person(ctx, caller)
    with ctx.store.write() as tx:
        scale = tx.scales.get(canonical_id(scale_id))
        if who.identity != scale.requester:
            raise NotPermitted(f"Only the person who proposed {scale.id} can withdraw it; an approver can deny it.")
        require_waiting(scale, ctx.clock.now())
        ending = Ending(caller.identity, ctx.clock.now(), brief(reason))
        saved = tx.scales.save(replace(scale, withdrawn=ending), is_open=False)
        uow = UnitOfWork(ctx, tx, caller)
        record(uow, saved, Action.SCALE_WITHDRAW, reason=ending.reason)
        uow.tell(saved, NoticeEvent.WITHDRAWN)
    return saved


def _refuse_second(tx: Transaction, plan: ScalePlan) -> None:
    for other in tx.scales.find(plan.cluster_id):
        raise AlreadyRequested(f"{other.id} for {plan.cluster_name} is still open; decide it first.")


def get(ctx: Context, caller: Caller, scale_id: str) -> Scale:
    """One proposal by what a person typed: for a cluster that they may see, their own, or one that they decide.

    Raises:
        UnknownScale: It does not exist, or they may not see it.
        NotPermitted: For people of other workspaces.
        MembershipUnknown: There is one, and whether the person may see its cluster could not be checked.
    """
    who = person(ctx, caller)
    with ctx.store.read() as tx:
        found = tx.scales.get(canonical_id(scale_id))
    unseen = UnknownScale(f"No proposal {found.id} that you can see. `/egress requests` lists them.")
    require_reading(ctx, who, found, unseen)
    return found
