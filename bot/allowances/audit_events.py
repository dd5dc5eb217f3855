"""The audit event of an act on an allowance."""

from bot.domain.allowance import (
    Allowance,
)
from bot.domain.audit import Action, Event
from bot.domain.duration import duration_text
from bot.ports import UnitOfWork


def record(
    uow: UnitOfWork, allowance: Allowance, action: Action, *, reason: str | None = None, before: str = ""
) -> None:
    """Append what happened to an allowance, with every fact that an auditor asks for.

    Args:
        uow: The transaction of the act.
        allowance: As it is now.
        action: What happened.
        reason: Why; None for the reason of the request.
        before: The digest of what was asked before, where that was changed.
    """
    ask, scope = allowance.ask, allowance.scope
    beyond = uow.ctx.config.beyond(ask.bundle, ask.destinations) if ask.bundle else ()
    detail = {
        "digest": allowance.digest,
        "digest_before": before,
        "duration": duration_text(ask.duration),
        "environment": scope.environment,
        "risk": f"{allowance.risk.level} {allowance.risk.score}",
        "sources": " ".join(scope.sources),
        "target": scope.target.id,
        "ticket": ask.ticket,
        "bundle": ask.bundle or "",
        "beyond_bundle": " ".join(str(one) for one in beyond),
        "renews": ask.renews or "",
        "break_glass": "yes" if allowance.review_by else "",
        "review": allowance.reviewed.outcome if allowance.reviewed else "",
        "review_by": allowance.review_by.isoformat() if allowance.review_by else "",
        "requester": allowance.requester.user if allowance.filed_by or allowance.owned_by else "",
        "owner": allowance.owner.user if allowance.owned_by else "",
        "expires_at": allowance.expires_at.isoformat() if allowance.expires_at else "",
    }
    event = Event(
        at=uow.now,
        action=action,
        actor=uow.caller.identity,
        via=uow.caller.via,
        subject=allowance.id,
        cluster=scope.cluster_name.lower(),
        destinations=tuple(str(destination) for destination in allowance.destinations),
        reason=ask.reason if reason is None else reason,
        policy_rule=allowance.verdict.rule,
        detail=tuple((name, value) for name, value in detail.items() if value),
    )
    uow.audit(event)
