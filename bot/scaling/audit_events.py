"""Records acts on proposals in the audit log."""

from collections.abc import Mapping

from bot.domain.approval import confirmation_facts
from bot.domain.audit import Action, Event
from bot.domain.scale_proposal import Scale, scale_facts
from bot.ports import UnitOfWork


def record(uow: UnitOfWork, scale: Scale, action: Action, *, reason: str | None = None, **facts: str) -> None:
    """Append what happened to a proposal.

    Args:
        uow: The transaction of the act.
        scale: As it is now.
        action: What happened.
        reason: Why; None for the reason of the proposal.
        facts: What is known of the write, such as Azure's ``operation``.
    """
    event = Event(
        at=uow.now,
        action=action,
        actor=uow.caller.identity,
        via=uow.caller.via,
        subject=scale.id,
        cluster=scale.plan.cluster_name.lower(),
        reason=scale.reason if reason is None else reason,
        policy_rule=scale.verdict.rule,
        detail=scale_facts(scale, **facts, **_proof(uow, scale, action)),
    )
    uow.audit(event)


def _proof(uow: UnitOfWork, scale: Scale, action: Action) -> Mapping[str, str]:
    return confirmation_facts(scale.approvals, uow.caller.identity) if action is Action.SCALE_APPROVE else {}
