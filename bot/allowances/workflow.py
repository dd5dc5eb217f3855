"""Deciding allowances: what ``bot.approvals`` needs to know of them."""

from dataclasses import replace
from datetime import datetime

from bot.allowances.assessment import assess_policy, assess_risk
from bot.allowances.audit_events import record
from bot.allowances.scope_check import require_same_scope
from bot.approvals import Actions, Decision, Narrowing, circumstances
from bot.domain.access import environment_of
from bot.domain.allowance import Act, Allowance, is_open, require
from bot.domain.audit import Action
from bot.domain.egress import ClusterEgress, dns_caveat
from bot.domain.narrowing import cut_out, narrow
from bot.domain.scope_drift import close
from bot.ports import Allowances, Context, NoticeEvent, Transaction, UnitOfWork


class AllowanceWorkflow:
    """``approvals.Workflow`` for allowances."""

    actions = Actions(
        approve=Action.ALLOWANCE_APPROVE,
        deny=Action.ALLOWANCE_DENY,
        grant=Action.ALLOWANCE_GRANT,
        change=Action.ALLOWANCE_CHANGE,
        remind=Action.ALLOWANCE_REMIND,
        ask=Action.ALLOWANCE_QUESTION,
        answer=Action.ALLOWANCE_ANSWER,
        escalate=Action.ALLOWANCE_ESCALATE,
        lapse=Action.ALLOWANCE_LAPSE,
        close=(Action.ALLOWANCE_CLOSE, NoticeEvent.CLOSED),
    )

    def rows(self, tx: Transaction, /) -> Allowances:
        """Where they are stored."""
        return tx.allowances

    def is_open(self, one: Allowance, now: datetime, /) -> bool:
        """Whether something may still happen to it."""
        return is_open(one, now)

    def require_waiting(self, one: Allowance, act: Act, now: datetime, /) -> None:
        """Refuse a decision on what is decided; ``AlreadyDecided`` says by whom."""
        require(one, act, now)

    def require_effect(self, ctx: Context, one: Allowance, egress: ClusterEgress | None, /) -> None:
        """Where it would apply is what was asked; raises as ``require_same_scope``."""
        require_same_scope(ctx, one, egress)

    def reassess(self, ctx: Context, one: Allowance, egress: ClusterEgress | None, /) -> Allowance:
        """With the environment that its cluster has now, which risk and policy rest on."""
        if egress is not None and environment_of(ctx.config, egress.ref) != one.scope.environment:
            scope = replace(one.scope, environment=environment_of(ctx.config, egress.ref))
            one = replace(one, scope=scope, risk=assess_risk(ctx, scope, one.ask, dns_caveat(egress, scope.pool)))
        around = circumstances(ctx, one.requester, one.requested_at, egress)
        verdict = assess_policy(ctx, one.scope, one.ask, one.risk, around)
        review_by = ctx.clock.now() + ctx.config.break_glass.review_within if verdict.reviewers else None
        return replace(one, verdict=verdict, review_by=review_by)

    def close(self, one: Allowance, why: str, now: datetime, /) -> Allowance:
        """The same, ended by the bot."""
        return close(one, why, now)

    def narrow(self, uow: UnitOfWork, one: Allowance, decision: Decision, /) -> Narrowing[Allowance]:
        """Less than was asked; approvals of the wider request do not count for the narrower one."""
        if decision.destinations is None:
            return Narrowing(one)
        narrowed = narrow(one, decision.destinations, decision.duration)
        if narrowed.ask == one.ask:
            return Narrowing(one)
        kept = uow.tx.snapshots.get(narrowed.scope.cluster_id)
        dns = dns_caveat(kept[0], narrowed.scope.pool) if kept else ""
        narrowed = replace(narrowed, approvals=(), risk=assess_risk(uow.ctx, narrowed.scope, narrowed.ask, dns))
        record(uow, narrowed, Action.ALLOWANCE_NARROW, reason=decision.reason)
        return Narrowing(narrowed, {**cut_out(one.ask, narrowed.ask), "why": decision.reason})

    def start(self, uow: UnitOfWork, one: Allowance, /) -> None:
        """Wake the writer of its firewall."""
        uow.tx.work.wake(one.scope.target.key, within=uow.ctx.pace.batch_window)

    def record(self, uow: UnitOfWork, one: Allowance, action: Action, /, *, reason: str | None = None) -> None:
        """Append what happened to the audit log."""
        record(uow, one, action, reason=reason)


ALLOWANCES = AllowanceWorkflow()
