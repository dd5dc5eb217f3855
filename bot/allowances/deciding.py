"""Deciding and ending: each act in one transaction, on exactly what was seen."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.allowances.ending import require_ending
from bot.allowances.recording import brief, record, require_reason
from bot.allowances.standing import look_again
from bot.allowances.weighing import risk_of
from bot.domain.access import require_approver, require_member, require_other
from bot.domain.allowance import (
    Act,
    Allowance,
    Ending,
    approve,
    deny,
    is_open,
    require,
    require_not_filer,
    require_same,
    revoke,
)
from bot.domain.approval import Verdict, approval_of
from bot.domain.audit import Action
from bot.domain.egress import dns_caveat
from bot.domain.fqdn import Destination
from bot.domain.ids import canonical_id
from bot.domain.narrowing import cut_out, narrow
from bot.domain.people import Person
from bot.errors import StaleView
from bot.inventory import member_of
from bot.ports import Caller, Context, Desk


@dataclass(frozen=True, slots=True)
class Decision:
    """An approver's answer to a request or a proposal.

    Args:
        subject: Id of the allowance or the scale proposal.
        is_approved: Yes or no.
        seen: The digest on the card that was clicked; None where the id was typed.
        reason: Why; a refusal needs one.
        destinations: Fewer or narrower ones, when approving less than was asked.
        duration: A shorter time, when approving less; only read together with ``destinations``.
    """

    subject: str
    is_approved: bool
    seen: str | None = None
    reason: str = ""
    destinations: tuple[Destination, ...] | None = None
    duration: timedelta | None = None


def decide(ctx: Context, caller: Caller, decision: Decision) -> Allowance:
    """Approve or deny: may they, is it still what they saw, is it still undecided.

    Raises:
        NotPermitted: Not an approver of this, or the requester.
        MembershipUnknown: Slack could not be asked; nothing was decided.
        StaleView: The card showed something else.
        AlreadyDecided: Somebody was faster.
        InvalidInput: A refusal without a reason, one that is too long, or an approval of more than was asked.
        RequestRefused, CannotTakeEffect, UnknownCluster: What it rests on no longer exists; see ``look_again``.
    """
    brief(decision.reason)
    subject = canonical_id(decision.subject)
    require_member(ctx.rulebook, caller.identity)
    with ctx.store.read() as tx:
        filed = tx.allowances.get(subject)
    require_other(caller.identity, filed.requester)
    require_not_filer(filed, caller.identity)
    look_again(ctx, subject, is_approval=decision.is_approved)
    with ctx.store.read() as tx:
        asked = tx.allowances.get(subject).verdict.approvers
    who = member_of(ctx, caller, asked)
    with ctx.store.write() as tx:
        allowance = tx.allowances.get(subject)
        act = Act.APPROVE if decision.is_approved else Act.DENY
        if not allowance.verdict.asks:  # granted or closed in the meantime: no approvers
            require(allowance, act, ctx.clock.now())
        require_same_groups(asked, allowance.verdict)
        require_approver(allowance.verdict, who, allowance.requester)
        require_not_filer(allowance, who.identity)
        require(allowance, act, ctx.clock.now())
        if decision.seen is not None:
            require_same(allowance, decision.seen)
        desk = Desk(ctx, tx, caller)
        return _approve(desk, who, allowance, decision) if decision.is_approved else _deny(desk, allowance, decision)


def require_same_groups(looked_into: Collection[str], verdict: Verdict) -> None:
    """Check that the groups that must approve did not change since membership was looked up.

    Raises:
        StaleView: A group that must now approve was not looked up.
    """
    if not set(verdict.approvers) <= set(looked_into):
        raise StaleView("The required approvers just changed. Nothing was decided; check the card again.")


def _approve(desk: Desk, who: Person, allowance: Allowance, decision: Decision) -> Allowance:
    narrowed = _narrowed(desk, allowance, decision)
    approval = approval_of(narrowed.verdict, who, desk.now, decision.reason)
    saved = desk.tx.allowances.save(approve(narrowed, approval), is_open=True)
    record(desk, saved, Action.ALLOWANCE_APPROVE, reason=decision.reason)
    if saved.approved_at is not None:
        desk.tx.work.wake(saved.scope.target.key, within=desk.ctx.pace.batch_window)
    less = cut_out(allowance.ask, saved.ask)
    facts = {**less, "why": decision.reason} if less else {}
    overruled = [one.by for one in allowance.approvals] if less else []
    desk.tell(saved.id, saved.requester, "approved" if saved.approved_at else "seconded", also=overruled, **facts)
    return saved


def _narrowed(desk: Desk, allowance: Allowance, decision: Decision) -> Allowance:
    """Less than was asked; approvals of the wider request do not count for the narrower one."""
    if decision.destinations is None:
        return allowance
    narrowed = narrow(allowance, decision.destinations, decision.duration)
    if narrowed.ask == allowance.ask:
        return allowance
    kept = desk.tx.snapshots.get(narrowed.scope.cluster_id)
    dns = dns_caveat(kept[0], narrowed.scope.pool) if kept else ""
    risk = risk_of(desk.ctx, narrowed.scope, narrowed.ask, dns)
    narrowed = replace(narrowed, approvals=(), risk=risk)
    record(desk, narrowed, Action.ALLOWANCE_NARROW, reason=decision.reason)
    return narrowed


def _deny(desk: Desk, allowance: Allowance, decision: Decision) -> Allowance:
    ending = Ending(desk.caller.identity, desk.now, require_reason(decision.reason, "Say why you are denying it"))
    saved = desk.tx.allowances.save(deny(allowance, ending), is_open=False)
    record(desk, saved, Action.ALLOWANCE_DENY, reason=ending.reason)
    desk.tell(saved.id, saved.requester, "denied")
    return saved


def end(ctx: Context, caller: Caller, allowance_id: str, *, reason: str = "") -> Allowance:
    """Revoke or withdraw: the requester and every approver may, at any time.

    Raises:
        NotPermitted: Somebody else.
        MembershipUnknown: Slack could not be asked; nothing was changed.
        AlreadyDecided: It has ended already.
        InvalidInput: The reason is too long.
    """
    why = brief(reason)
    require_ending(ctx, caller, allowance_id)
    with ctx.store.write() as tx:
        allowance = tx.allowances.get(canonical_id(allowance_id))
        ended = revoke(allowance, Ending(caller.identity, ctx.clock.now(), why))
        saved = tx.allowances.save(ended, is_open=is_open(ended, ctx.clock.now()))
        desk = Desk(ctx, tx, caller)
        record(desk, saved, Action.ALLOWANCE_REVOKE, reason=why)
        if saved.applying_at is not None:
            tx.work.wake(saved.scope.target.key, within=ctx.pace.batch_window)
        desk.tell(saved.id, saved.requester, "revoked")
    return saved
