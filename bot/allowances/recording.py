"""Records acts on allowances in the audit log, and validates their reasons."""

from bot.domain.allowance import (
    Allowance,
    digest,
)
from bot.domain.audit import Action, Event
from bot.domain.duration import duration_text
from bot.errors import InvalidInput
from bot.ports import Desk

TIMERS = "timers"
"""The work key of what happens because time passes."""


MAX_REASON = 1000
"""Characters of a reason."""


def record(desk: Desk, allowance: Allowance, action: Action, *, reason: str | None = None) -> None:
    """Append what happened to an allowance, with every fact that an auditor asks for."""
    ask, scope = allowance.ask, allowance.scope
    beyond = desk.ctx.rulebook.beyond(ask.bundle, ask.destinations) if ask.bundle else ()
    detail = {
        "digest": digest(scope, ask),
        "duration": duration_text(ask.duration),
        "environment": scope.environment,
        "risk": f"{allowance.risk.level} {allowance.risk.score}",
        "sources": " ".join(scope.sources),
        "target": scope.target.id,
        "ticket": ask.ticket,
        "bundle": ask.bundle or "",
        "beyond_bundle": " ".join(str(one) for one in beyond),
        "renews": ask.renews or "",
        "requester": allowance.requester.user if allowance.filed_by else "",
        "expires_at": allowance.expires_at.isoformat() if allowance.expires_at else "",
    }
    event = Event(
        at=desk.now,
        action=action,
        actor=desk.caller.identity,
        via=desk.caller.via,
        subject=allowance.id,
        cluster=scope.cluster_name.lower(),
        destinations=tuple(str(destination) for destination in allowance.destinations),
        reason=ask.reason if reason is None else reason,
        policy_rule=allowance.verdict.rule,
        detail=tuple((name, value) for name, value in detail.items() if value),
    )
    desk.audit(event)


def require_reason(text: str, wanted: str) -> str:
    """A reason, without blanks around it.

    Raises:
        InvalidInput: It is empty, or longer than ``MAX_REASON``.
    """
    if not text.strip():
        raise InvalidInput(f"{wanted}. A reason is required, and auditors can read it.", field="reason")
    return brief(text)


def brief(text: str) -> str:
    """Return an optional reason, stripped.

    Raises:
        InvalidInput: If it is longer than ``MAX_REASON``.
    """
    if len(text) > MAX_REASON:
        raise InvalidInput(f"The reason has {len(text)} characters; the limit is {MAX_REASON}.", field="reason")
    return text.strip()
