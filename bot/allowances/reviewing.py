"""Looking again at what waits: the approval policy, who may ask and who may decide are read when it matters.

What is approved already stays approved when the configuration changes; its renewal is evaluated again.
"""

from dataclasses import replace

from bot.allowances.recording import record
from bot.allowances.recounting import Review, may_still_ask, recount
from bot.allowances.weighing import risk_of, verdict_of
from bot.domain.access import environment_of
from bot.domain.allowance import Allowance, Status, is_open, status
from bot.domain.approval import VerdictKind
from bot.domain.audit import Action
from bot.domain.egress import ClusterEgress, dns_caveat
from bot.domain.ground import close
from bot.ports import Context, Desk

ACTS = (Action.ALLOWANCE_APPROVE, Action.ALLOWANCE_CHANGE)


def review(
    ctx: Context, allowance: Allowance, egress: ClusterEgress | None, *, is_click: bool = False
) -> Review[Allowance] | None:
    """Re-evaluate a waiting request; None if nothing has changed. Calls Slack, so it runs outside transactions.

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
        return _closing(ctx, allowance, f"The requester no longer has access to {egress.ref.name}.")
    fresh = _reassessed(ctx, allowance, egress)
    verdict = verdict_of(ctx, fresh.scope, fresh.ask, fresh.risk)
    weighed = replace(fresh, verdict=verdict)
    if verdict.kind is VerdictKind.REFUSE:
        return _closing(ctx, weighed, f"The approval policy now refuses it: {verdict.reason} (rule {verdict.rule}).")
    if verdict.kind is VerdictKind.ASK:
        return recount(ctx, allowance, weighed, ACTS, is_click=is_click)
    if is_click:
        return None  # the person who clicks decides; otherwise the timers grant it
    granted = replace(weighed, approved_at=ctx.clock.now())
    return Review(granted, Action.ALLOWANCE_GRANT, "granted", verdict.reason)


def _closing(ctx: Context, allowance: Allowance, why: str) -> Review[Allowance]:
    return Review(close(allowance, why, ctx.clock.now()), Action.ALLOWANCE_CLOSE, "closed", why)


def _reassessed(ctx: Context, allowance: Allowance, egress: ClusterEgress | None) -> Allowance:
    """With the environment that the cluster has now, which the risk rests on."""
    if egress is None or environment_of(ctx.rulebook, egress.ref) == allowance.scope.environment:
        return allowance
    scope = replace(allowance.scope, environment=environment_of(ctx.rulebook, egress.ref))
    return replace(allowance, scope=scope, risk=risk_of(ctx, scope, allowance.ask, dns_caveat(egress, scope.pool)))


def keep(desk: Desk, found: Review[Allowance]) -> Allowance:
    """Record the outcome.

    Raises:
        StaleVersion: Somebody changed it meanwhile.
    """
    changed = found.changed
    also = [one.by for one in desk.tx.allowances.get(changed.id).approvals]
    saved = desk.tx.allowances.save(changed, is_open=is_open(changed, desk.now))
    record(desk, saved, found.action, reason=found.reason)
    if saved.approved_at is not None and saved.closed is None:
        desk.tx.work.wake(saved.scope.target.key, within=desk.ctx.pace.batch_window)
    if found.event:
        desk.tell(saved.id, saved.requester, found.event, also=also, what=found.reason)
    return saved
