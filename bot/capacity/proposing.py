"""Use cases of scaling: propose, decide. The reconciler applies."""

from dataclasses import dataclass, replace
from datetime import timedelta

from bot.allowances import (
    MAX_REASON,
    TIMERS,
    Decision,
    deciders,
    require_reason,
)
from bot.capacity.recording import record
from bot.capacity.reviewing import NO_RISK, look_again
from bot.domain.access import environment_of, require_approver
from bot.domain.allowance import Ending
from bot.domain.approval import Question, Verdict, VerdictKind, evaluate
from bot.domain.audit import Action
from bot.domain.egress import ClusterEgress
from bot.domain.ids import canonical_id
from bot.domain.people import Person
from bot.domain.scale import (
    Scale,
    ScaleStatus,
    approve_scale,
    require_undecided,
    scale_key,
    scale_status,
)
from bot.domain.snat import Capacity, ScalePlan, capacity, plan_scale, possible_counts
from bot.errors import AlreadyRequested, InvalidInput, RequestRefused
from bot.inventory import live, person, visible
from bot.ports import Caller, Context, Desk, Transaction


@dataclass(frozen=True, slots=True)
class ScalePreview:
    """What a scale would start from.

    Args:
        egress: The cluster as it is now.
        capacity: Its SNAT ports.
        counts: The counts that Azure takes.
    """

    egress: ClusterEgress
    capacity: Capacity
    counts: range


@dataclass(frozen=True, slots=True)
class Wish:
    """A number of outbound IPs that somebody wants.

    Args:
        cluster: Name or id.
        count: How many.
        reason: Why; may be empty.
    """

    cluster: str
    count: int
    reason: str = ""


def look(ctx: Context, caller: Caller, cluster: str) -> ScalePreview:
    """Read what a scale would start from; changes nothing.

    Raises:
        NotScalable: With the reason.
    """
    egress, _ = live(ctx, person(ctx, caller), cluster)
    return ScalePreview(egress, capacity(egress), possible_counts(egress))


def propose(ctx: Context, caller: Caller, wish: Wish) -> Scale:
    """Plan from the cluster as it is now, and file exactly this plan to be decided.

    Raises:
        NotScalable: The outbound type has no count that could be changed.
        InvalidInput: A count that is not possible.
        AlreadyRequested: A proposal for the cluster is open.
        RequestRefused: The approval policy refuses it, or nobody could approve it.
    """
    who = person(ctx, caller)
    if len(wish.reason) > MAX_REASON:
        raise InvalidInput(f"The reason has {len(wish.reason)} characters; {MAX_REASON} are enough.", field="reason")
    egress, _ = live(ctx, who, wish.cluster)
    plan = plan_scale(egress, wish.count)
    environment = environment_of(ctx.rulebook, egress.ref)
    verdict = _verdict(ctx, who, plan, environment)
    now, lapse_after = ctx.clock.now(), ctx.rulebook.durations.lapse_after
    with ctx.store.write() as tx:
        tx.one_by_one(f"propose:{plan.cluster_id}")
        _refuse_second(tx, plan)
        scale = Scale(
            id=tx.scales.new_id(now),
            version=1,
            plan=plan,
            environment=environment,
            reason=wish.reason.strip(),
            requester=caller.identity,
            requested_at=now,
            lapses_at=now + lapse_after,
            verdict=verdict,
            approved_at=now if verdict.kind is VerdictKind.GRANT else None,
        )
        return _file(Desk(ctx, tx, caller), scale)


def _verdict(ctx: Context, who: Person, plan: ScalePlan, environment: str) -> Verdict:
    verdict = evaluate(ctx.rulebook.policy, Question("scale", plan.cluster_name, environment, NO_RISK))
    if verdict.kind is VerdictKind.REFUSE:
        raise RequestRefused(f"The approval policy refuses this: {verdict.reason} (rule {verdict.rule}).")
    if verdict.kind is VerdictKind.ASK and len(deciders(ctx, verdict, who.identity)) < verdict.needed:
        raise RequestRefused("Nobody could approve this: the approver groups have too few members. Nothing was filed.")
    return verdict


def _file(desk: Desk, scale: Scale) -> Scale:
    desk.tx.scales.add(scale)
    record(desk, scale, Action.SCALE_PROPOSE)
    if scale.approved_at is not None:
        desk.tx.work.wake(scale_key(scale.plan.cluster_id), within=timedelta())
    desk.tx.work.schedule(TIMERS, within=scale.lapses_at - scale.requested_at)
    desk.tell(scale.id, scale.requester, "granted" if scale.approved_at else "requested")
    return scale


def decide(ctx: Context, caller: Caller, decision: Decision) -> Scale:
    """Approve or deny a proposal.

    Raises:
        NotPermitted: Not an approver of this, or the proposer.
        StaleView: The card showed another plan.
        AlreadyDecided: Somebody was faster.
        InvalidInput: A refusal without a reason.
        RequestRefused: What it rests on is not there any more; it is closed.
        UnknownCluster: Its cluster was deleted.
    """
    who = person(ctx, caller, is_fresh=True)
    look_again(ctx, canonical_id(decision.subject), is_approval=decision.is_approved)
    with ctx.store.write() as tx:
        scale = tx.scales.get(canonical_id(decision.subject))
        require_approver(scale.verdict, who, scale.requester)
        require_undecided(scale, decision.seen or scale.plan.digest, ctx.clock.now())
        return (_approve if decision.is_approved else _deny)(Desk(ctx, tx, caller), scale, decision)


def _approve(desk: Desk, scale: Scale, decision: Decision) -> Scale:
    saved = desk.tx.scales.save(approve_scale(scale, desk.caller.identity, desk.now), is_open=True)
    record(desk, saved, Action.SCALE_APPROVE, reason=decision.reason)
    if saved.approved_at is not None:
        desk.tx.work.wake(scale_key(saved.plan.cluster_id), within=timedelta())
    desk.tell(saved.id, saved.requester, "approved" if saved.approved_at else "seconded")
    return saved


def _deny(desk: Desk, scale: Scale, decision: Decision) -> Scale:
    ending = Ending(desk.caller.identity, desk.now, require_reason(decision.reason, "Say why you deny it"))
    saved = desk.tx.scales.save(replace(scale, denied=ending), is_open=False)
    record(desk, saved, Action.SCALE_DENY, reason=ending.reason)
    desk.tell(saved.id, saved.requester, "denied")
    return saved


def _refuse_second(tx: Transaction, plan: ScalePlan) -> None:
    for other in tx.scales.find(plan.cluster_id):
        raise AlreadyRequested(f"{other.id} for {plan.cluster_name} is still open; decide it first.")


def get(ctx: Context, caller: Caller, scale_id: str) -> Scale:
    """One proposal by what a person typed.

    Raises:
        UnknownScale: If there is none.
        NotPermitted: For people of other workspaces.
    """
    person(ctx, caller)
    with ctx.store.read() as tx:
        return tx.scales.get(canonical_id(scale_id))


def proposals(ctx: Context, caller: Caller, which: str) -> list[Scale]:
    """``mine``, ``pending``, or those of a cluster; newest first, only of clusters that the caller may see."""
    who = person(ctx, caller)
    seen = {egress.ref.id for egress in visible(ctx, who)}
    with ctx.store.read() as tx:
        found = tx.scales.find(only_open=which == "pending")
    now, cluster = ctx.clock.now(), which.lower()
    fits = {
        "mine": [scale for scale in found if scale.requester == who.identity],
        "pending": [scale for scale in found if scale_status(scale, now) is ScaleStatus.WAITING],
    }
    named = [scale for scale in found if cluster in (scale.plan.cluster_id, scale.plan.cluster_name.lower())]
    return [scale for scale in fits.get(which, named) if scale.plan.cluster_id in seen]
