"""Deciding: each decision in one transaction, on exactly what was seen."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from bot.approvals.absences import holder_among
from bot.approvals.reasons import brief, require_reason
from bot.approvals.reminders import plan_wait
from bot.approvals.reviews import review_at_click
from bot.approvals.step_up import confirmable
from bot.approvals.workflow import One, Workflow
from bot.domain.access import require_approver, require_member, require_other
from bot.domain.approval import (
    Ending,
    Verdict,
    add_approval,
    approval_of,
    deny,
    require_confirmed,
    require_not_filer,
    require_same,
)
from bot.domain.bulk import require_routine
from bot.domain.decision import Decision
from bot.domain.ids import canonical_id
from bot.domain.people import Person
from bot.errors import StaleView
from bot.ports import Caller, Context, NoticeEvent, UnitOfWork


@dataclass(frozen=True, slots=True)
class PreparedDecision:
    """An approver's answer to one request, as far as it is checked before the transaction.

    Args:
        decision: The answer.
        who: Who gives it, with the groups among those asked to which they belong now.
        asked: The groups that were looked into.
    """

    decision: Decision
    who: Person
    asked: Collection[str]


def decide(ctx: Context, caller: Caller, decision: Decision, flow: Workflow[One]) -> One:
    """Approve or deny: may they, is it still what they saw, is it still undecided.

    Raises:
        ConfirmationNeeded: It counts once they have signed in; with the link.
        UserError, Conflict, Unavailable: As ``prepare`` and ``apply``; nothing was decided.
    """
    answer = prepare(ctx, caller, decision, flow)
    with confirmable(ctx, caller, decision), ctx.store.write() as tx:
        return apply(UnitOfWork(ctx, tx, caller), answer, flow)


def prepare(ctx: Context, caller: Caller, decision: Decision, flow: Workflow[One]) -> PreparedDecision:
    """Check what Slack and the last readings say of an answer; in no transaction, because Slack is asked.

    Raises:
        NotPermitted: The requester, or somebody from elsewhere.
        MembershipUnknown: Slack could not be asked; nothing was decided.
        InvalidInput: The reason is too long.
        RequestRefused, CannotTakeEffect, UnknownCluster, StaleView: What it rests on is not there any more.
    """
    brief(decision.reason)
    subject = canonical_id(decision.subject)
    require_member(ctx.config, caller.identity)
    with ctx.store.read() as tx:
        filed = flow.rows(tx).get(subject)
    require_other(caller.identity, filed.requester)
    require_not_filer(filed, caller.identity)
    _recheck(ctx, filed, flow, is_approval=decision.is_approved)
    with ctx.store.read() as tx:
        verdict = flow.rows(tx).get(subject).verdict
    return PreparedDecision(replace(decision, subject=subject), holder_among(ctx, caller, verdict), verdict.approvers)


def apply(uow: UnitOfWork, answer: PreparedDecision, flow: Workflow[One]) -> One:
    """Decide in a transaction. Whatever is refused is refused before anything is written.

    Raises:
        NotPermitted: Not an approver of this, or the requester.
        StaleView: The card showed something else, or others are asked now.
        AlreadyDecided: Somebody was faster.
        InvalidInput: A refusal without a reason, an approval of more than was asked, or one of several of what is
            decided by itself.
        ConfirmationNeeded: All of it holds, and the approval policy wants it confirmed.
    """
    decision, one = answer.decision, flow.rows(uow.tx).get(answer.decision.subject)
    _require_decidable(uow, one, decision, flow)
    _require_same_groups(answer.asked, one.verdict)
    require_approver(one.verdict, answer.who, one.requester)
    require_not_filer(one, answer.who.identity)
    flow.require_waiting(one, decision.act, uow.now)
    if decision.is_bulk:
        require_routine(one)
    if decision.seen is not None:
        require_same(one, decision.seen)
    if decision.is_approved:
        return _approve(uow, answer.who, one, decision, flow)
    return _deny(uow, one, decision, flow)


def _recheck(ctx: Context, one: One, flow: Workflow[One], *, is_approval: bool) -> None:
    """The policy, the people and the cluster are those of now. Nothing here waits for Azure.

    Raises:
        RequestRefused: The approval policy refuses it now, or whoever asked may not ask any more; it is closed.
        CannotTakeEffect, UnknownCluster, StaleView: As ``Workflow.require_effect``.
        MembershipUnknown: Whether others' approvals still count could not be asked.
    """
    if not one.is_waiting(ctx.clock.now()):
        return
    with ctx.store.read() as tx:
        known = tx.snapshots.get(one.cluster_id)
        were_read = tx.snapshots.reading() is not None
    egress = known[0] if known else None
    review_at_click(ctx, one, egress, flow, is_approval=is_approval)
    if is_approval and (egress is not None or were_read):
        flow.require_effect(ctx, one, egress)


def _require_decidable(uow: UnitOfWork, one: One, decision: Decision, flow: Workflow[One]) -> None:
    if not one.verdict.asks:  # nobody is asked about what was granted, or closed meanwhile
        flow.require_waiting(one, decision.act, uow.now)


def _require_same_groups(looked_into: Collection[str], verdict: Verdict) -> None:
    """Membership is looked up before the transaction; who is asked may have changed in between.

    Raises:
        StaleView: If a group is asked now that was not looked into.
    """
    if not set(verdict.approvers) <= set(looked_into):
        raise StaleView("The required approvers just changed. Nothing was decided; check the card again.")


def _approve(uow: UnitOfWork, who: Person, one: One, decision: Decision, flow: Workflow[One]) -> One:
    narrowing = flow.narrow(uow, one, decision)
    approval = approval_of(narrowing.request.verdict, who, uow.now, decision.reason, decision.confirmed)
    approved = add_approval(narrowing.request, approval)
    require_confirmed(one, approved.verdict, decision.confirmed)  # last: nobody signs in to learn that it was in vain
    saved = flow.rows(uow.tx).save(approved, is_open=True)
    flow.record(uow, saved, flow.actions.approve, reason=decision.reason)
    plan_wait(uow, saved)
    overruled = [given.by for given in one.approvals] if narrowing.facts else []
    event = NoticeEvent.APPROVED if saved.approved_at else NoticeEvent.SECONDED
    uow.tell(saved, event, also=overruled, **narrowing.facts)
    if saved.approved_at is not None:
        flow.start(uow, saved)
    return saved


def _deny(uow: UnitOfWork, one: One, decision: Decision, flow: Workflow[One]) -> One:
    ending = Ending(uow.caller.identity, uow.now, require_reason(decision.reason, "Say why you deny it"))
    saved = flow.rows(uow.tx).save(deny(one, ending), is_open=False)
    flow.record(uow, saved, flow.actions.deny, reason=ending.reason)
    uow.tell(saved, NoticeEvent.DENIED)
    return saved


def lapse(uow: UnitOfWork, one: One, flow: Workflow[One]) -> None:
    """Put on record that nobody decided in time."""
    saved = flow.rows(uow.tx).save(one, is_open=False)
    flow.record(uow, saved, flow.actions.lapse, reason="Nobody decided in time.")
    uow.tell(saved, NoticeEvent.LAPSED)
