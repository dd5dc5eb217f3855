"""Deciding scale proposals: what ``bot.approvals`` needs to know of them."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.approvals import Actions, Circumstances, Decision, Narrowing, circumstances
from bot.domain.access import environment_of
from bot.domain.allowance import Act
from bot.domain.approval import PolicyQuery, Verdict, evaluate
from bot.domain.audit import Action
from bot.domain.egress import ClusterEgress
from bot.domain.risk import Level, Risk
from bot.domain.scale_proposal import (
    Scale,
    is_scale_open,
    require_waiting,
    scale_key,
)
from bot.domain.snat import ScalePlan, TypeChange, require_smaller
from bot.errors import StaleView, UnknownCluster
from bot.inventory.partner_news import forewarn
from bot.ports import Context, NoticeEvent, Scales, Transaction, UnitOfWork
from bot.scaling.audit_events import record

NO_RISK = Risk(0, Level.LOW, ())
"""Risk is about destinations; a scale has none."""


def verdict_of(ctx: Context, plan: ScalePlan, environment: str, around: Circumstances) -> Verdict:
    """Ask the approval policy about a plan."""
    change = plan.change
    question = PolicyQuery(
        "migrate" if isinstance(change, TypeChange) else "scale",
        plan.cluster_name,
        environment,
        NO_RISK,
        tags=around.tags,
        requester_groups=around.requester_groups,
        at=around.at,
        counts=change.ip_counts,
        change="count" if isinstance(change, TypeChange) else change.knob,
        takes_away=change.direction == "down",
    )
    return evaluate(ctx.config.policy, question)


class ScaleWorkflow:
    """``approvals.Workflow`` for scale proposals."""

    actions = Actions(
        approve=Action.SCALE_APPROVE,
        deny=Action.SCALE_DENY,
        grant=Action.SCALE_GRANT,
        change=Action.SCALE_CHANGE,
        remind=Action.SCALE_REMIND,
        ask=Action.SCALE_QUESTION,
        answer=Action.SCALE_ANSWER,
        escalate=Action.SCALE_ESCALATE,
        lapse=Action.SCALE_LAPSE,
        close=(Action.SCALE_FAIL, NoticeEvent.FAILED),
    )

    def rows(self, tx: Transaction, /) -> Scales:
        """Where they are stored."""
        return tx.scales

    def is_open(self, one: Scale, now: datetime, /) -> bool:
        """Whether something may still happen to it."""
        return is_scale_open(one, now)

    def require_waiting(self, one: Scale, _act: Act, now: datetime, /) -> None:
        """Refuse a decision on what is decided; ``AlreadyDecided``."""
        require_waiting(one, now)

    def require_effect(self, ctx: Context, one: Scale, egress: ClusterEgress | None, /) -> None:
        """Its cluster is there, and as it was last read it is the one that the plan was made from.

        Whether it still is, is compared again before Azure is told.

        Raises:
            UnknownCluster: Its cluster was deleted.
            StaleView: It has changed; the bot looks at it, and plans again.
        """
        if egress is not None and one.plan.fits(egress):
            return
        with ctx.store.write() as tx:
            tx.work.wake(scale_key(one.cluster_id), within=timedelta())
        if egress is None:
            raise UnknownCluster(f"{one.cluster_name} was deleted in Azure. Nothing was approved.")
        raise StaleView(
            f"{one.cluster_name} seems to have changed since the plan was made. Nothing was approved; the bot reads it "
            "again and plans again if it has. Look at the card in a minute."
        )

    def reassess(self, ctx: Context, one: Scale, egress: ClusterEgress | None, /) -> Scale:
        """By the approval policy and the environment of now."""
        environment = environment_of(ctx.config, egress.ref) if egress else one.environment
        around = circumstances(ctx, one.requester, one.requested_at, egress)
        return replace(one, environment=environment, verdict=verdict_of(ctx, one.plan, environment, around))

    def close(self, one: Scale, why: str, _now: datetime, /) -> Scale:
        """The same, ended by the bot."""
        return replace(one, failure=why)

    def narrow(self, uow: UnitOfWork, one: Scale, decision: Decision, /) -> Narrowing[Scale]:
        """A smaller step; approvals of the larger one do not count for it."""
        plan = decision.smaller
        if plan is None:
            return Narrowing(one)
        require_smaller(plan.change, one.plan.change)
        narrowed = replace(one, plan=plan, approvals=())
        record(uow, narrowed, Action.SCALE_NARROW, reason=decision.reason)
        return Narrowing(narrowed, {"proposed": one.plan.change.goal, "why": decision.reason})

    def start(self, uow: UnitOfWork, one: Scale, /) -> None:
        """Wake whoever scales its cluster; who depends on its addresses is told before."""
        uow.tx.work.wake(scale_key(one.plan.cluster_id), within=timedelta())
        forewarn(uow, one)

    def record(self, uow: UnitOfWork, one: Scale, action: Action, /, *, reason: str | None = None) -> None:
        """Append what happened to the audit log."""
        record(uow, one, action, reason=reason)


SCALES = ScaleWorkflow()
