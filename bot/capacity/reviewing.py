"""Re-evaluates waiting proposals with the current approval policy, people and cluster."""

from dataclasses import replace
from datetime import timedelta

from bot.allowances import Review, at_click, may_still_ask, recount
from bot.capacity.recording import record
from bot.domain.access import environment_of
from bot.domain.approval import Question, VerdictKind, evaluate
from bot.domain.audit import Action
from bot.domain.egress import ClusterEgress
from bot.domain.risk import Level, Risk
from bot.domain.scale import Scale, ScaleStatus, is_scale_open, scale_key, scale_status
from bot.errors import RequestRefused, UnknownCluster
from bot.ports import BOT, Context, Desk

NO_RISK = Risk(0, Level.LOW, ())
"""Risk is about destinations; a scale has none."""


ACTS = (Action.SCALE_APPROVE, Action.SCALE_CHANGE)


def review(ctx: Context, scale: Scale, egress: ClusterEgress | None, *, is_click: bool = False) -> Review[Scale] | None:
    """Re-evaluate a waiting proposal by the current approval policy; None if nothing has changed.

    Args:
        ctx: The context.
        scale: What waits.
        egress: Its cluster as last read; None where that is not known.
        is_click: Whether somebody decides: only then people are looked up, too.

    Raises:
        Unavailable: Who may still decide could not be asked.
    """
    if scale_status(scale, ctx.clock.now()) is not ScaleStatus.WAITING:
        return None
    if is_click and egress is not None and not may_still_ask(ctx, scale.requester, egress.ref):
        return _closing(scale, f"The proposer no longer has access to {egress.ref.name}.")
    environment = environment_of(ctx.rulebook, egress.ref) if egress else scale.environment
    verdict = evaluate(ctx.rulebook.policy, Question("scale", scale.plan.cluster_name, environment, NO_RISK))
    weighed = replace(scale, environment=environment, verdict=verdict)
    if verdict.kind is VerdictKind.REFUSE:
        return _closing(weighed, f"The approval policy now refuses it: {verdict.reason} (rule {verdict.rule}).")
    if verdict.kind is VerdictKind.ASK:
        return recount(ctx, scale, weighed, ACTS, is_click=is_click)
    if is_click:
        return None  # the person who clicks decides; otherwise the timers grant it
    return Review(replace(weighed, approved_at=ctx.clock.now()), Action.SCALE_GRANT, "granted", verdict.reason)


def _closing(scale: Scale, why: str) -> Review[Scale]:
    return Review(replace(scale, failure=why), Action.SCALE_FAIL, "failed", why)


def keep(desk: Desk, found: Review[Scale]) -> Scale:
    """Record the outcome.

    Raises:
        StaleVersion: Somebody changed it meanwhile.
    """
    changed = found.changed
    also = [one.by for one in desk.tx.scales.get(changed.id).approvals]
    saved = desk.tx.scales.save(changed, is_open=is_scale_open(changed, desk.now))
    record(desk, saved, found.action, reason=found.reason)
    if saved.approved_at is not None:
        desk.tx.work.wake(scale_key(saved.plan.cluster_id), within=timedelta())
    if found.event:
        desk.tell(saved.id, saved.requester, found.event, also=also, what=found.reason)
    return saved


def look_again(ctx: Context, scale_id: str, *, is_approval: bool) -> None:
    """Re-evaluate at the click, with the current policy, people and cluster. Nothing here waits for Azure."""
    with ctx.store.read() as tx:
        scale = tx.scales.get(scale_id)
        known = tx.snapshots.get(scale.plan.cluster_id)
        were_read = tx.snapshots.reading() is not None
    egress = known[0] if known else None
    found = at_click(lambda: review(ctx, scale, egress, is_click=True), is_approval=is_approval)
    if found is not None:
        with ctx.store.write() as tx:
            saved = keep(Desk(ctx, tx, BOT), found)
        if saved.failure is not None:
            raise RequestRefused(f"{found.reason} {saved.id} was closed; nothing was changed.")
    if is_approval and known is None and were_read and scale_status(scale, ctx.clock.now()) is ScaleStatus.WAITING:
        with ctx.store.write() as tx:
            tx.work.wake(scale_key(scale.plan.cluster_id), within=timedelta())
        raise UnknownCluster(f"{scale.plan.cluster_name} was deleted in Azure. Nothing was approved.")
