"""Records acts on proposals in the audit log."""

from bot.domain.audit import Action, Event
from bot.domain.scale_proposal import Scale
from bot.ports import UnitOfWork


def record(uow: UnitOfWork, scale: Scale, action: Action, *, reason: str | None = None) -> None:
    """Append what happened to a proposal."""
    plan = scale.plan
    before, after = plan.change.ends
    detail = (
        ("digest", plan.digest),
        ("kind", plan.kind),
        ("changes", plan.change.knob),
        ("before", before),
        ("after", after),
        ("ips_before", " ".join(plan.ips_before)),
        ("ips_after", " ".join(scale.ips_after)),
        ("etag", plan.etag or ""),
    )
    event = Event(
        at=uow.now,
        action=action,
        actor=uow.caller.identity,
        via=uow.caller.via,
        subject=scale.id,
        cluster=plan.cluster_name.lower(),
        reason=scale.reason if reason is None else reason,
        policy_rule=scale.verdict.rule,
        detail=tuple(pair for pair in detail if pair[1]),
    )
    uow.audit(event)
