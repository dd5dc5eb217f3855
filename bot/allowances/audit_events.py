"""The audit event of an act on an allowance."""

from bot.domain.allowance import Allowance
from bot.domain.approval import Verdict, confirmation_facts, quorums_text, rule_text
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
        "batch": allowance.card_id if allowance.batch else "",
        "break_glass": "yes" if allowance.review_by else "",
        "review": allowance.reviewed.outcome if allowance.reviewed else "",
        "review_by": allowance.review_by.isoformat() if allowance.review_by else "",
        "requester": allowance.requester.user if allowance.filed_by or allowance.owned_by else "",
        "owner": allowance.owner.user if allowance.owned_by else "",
        "expires_at": allowance.expires_at.isoformat() if allowance.expires_at else "",
        "still_asked": _still_asked(allowance) if action is Action.ALLOWANCE_APPROVE else "",
        **(confirmation_facts(allowance.approvals, uow.caller.identity) if action is Action.ALLOWANCE_APPROVE else {}),
        **(_judged(uow, allowance.verdict) if action in _JUDGED else {}),
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


def _still_asked(allowance: Allowance) -> str:
    """Who has to approve as well; empty once nobody has to."""
    return "" if allowance.approved_at else quorums_text(allowance.verdict.missing(allowance.approvals))


_JUDGED = frozenset(
    {
        Action.ALLOWANCE_REQUEST,
        Action.ALLOWANCE_RENEW,
        Action.ALLOWANCE_GRANT,
        Action.ALLOWANCE_BREAK_GLASS,
        Action.ALLOWANCE_EDIT,
    }
)
"""What the approval policy is asked about."""


def _judged(uow: UnitOfWork, verdict: Verdict) -> dict[str, str]:
    """What the approval policy said, and the text of its rules now: both are other ones some day."""
    names = verdict.rule.split(", ")
    policy = uow.ctx.config.policy
    texts = [rule_text(rule) for rule in policy.rules if rule.name in names]
    if "default" in names:
        texts.append(f"name=default; then=ask; approvers={','.join(policy.default_approvers)}")
    asked = quorums_text(verdict.asks)
    return {"verdict": verdict.kind, "verdict_reason": verdict.reason, "asked": asked, "rule_text": " | ".join(texts)}
