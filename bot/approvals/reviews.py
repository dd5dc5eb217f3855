"""Looking again at what waits: by the approval policy, the groups and the people of now.

What is approved already stays approved when the configuration changes; its renewal is assessed again.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Generic

from bot.approvals.workflow import One, Workflow
from bot.domain.access import groups_for_seeing, may_see, require_approver, unread_for_seeing
from bot.domain.approval import (
    Approval,
    Quorum,
    Verdict,
    VerdictKind,
    approval_of,
    escalate,
    still_confirmed,
)
from bot.domain.audit import Action
from bot.domain.duration import duration_text
from bot.domain.egress import ClusterEgress, ClusterRef
from bot.domain.people import Identity
from bot.errors import NotPermitted, RequestRefused, Unavailable
from bot.ports import BOT, Context, NoticeEvent, UnitOfWork


@dataclass(frozen=True, slots=True)
class Review(Generic[One]):
    """The outcome of a review: something that a waiting request was filed under has changed.

    Args:
        changed: As it has to be stored.
        action: What the audit log calls it.
        event: What people hear of it; None where nothing that they read has changed.
        reason: Why, in one sentence.
    """

    changed: One
    action: Action
    event: NoticeEvent | None
    reason: str


def review(
    ctx: Context, one: One, egress: ClusterEgress | None, flow: Workflow[One], *, is_click: bool = False
) -> Review[One] | None:
    """Assess a waiting request again; None where nothing has changed. Asks Slack, so it runs in no transaction.

    Args:
        ctx: The context.
        one: What waits.
        egress: Its cluster as last read; None where that is not known.
        flow: What kind of request it is.
        is_click: Whether somebody decides: only then people are looked up, too.

    Raises:
        Unavailable: Who may still decide could not be asked.
    """
    if not one.is_waiting(ctx.clock.now()):
        return None
    if is_click and egress is not None and not may_still_ask(ctx, one.requester, egress.ref):
        return _closing(ctx, one, f"The requester no longer has access to {egress.ref.name}.", flow)
    fresh = escalate(flow.reassess(ctx, one, egress), ctx.config.reminders, ctx.clock.now())
    verdict = fresh.verdict
    if verdict.kind is VerdictKind.REFUSE:
        why = f"The approval policy now refuses it: {verdict.reason} (rule {verdict.rule})."
        return _closing(ctx, fresh, why, flow)
    if verdict.kind is VerdictKind.ASK:
        return _recount(ctx, one, fresh, flow, is_click=is_click)
    if is_click:
        return None  # the person who clicks decides; otherwise the timers grant it
    event = NoticeEvent.BROKE_GLASS if verdict.reviewers else NoticeEvent.GRANTED
    return Review(replace(fresh, approved_at=ctx.clock.now()), flow.actions.grant, event, verdict.reason)


def _closing(ctx: Context, one: One, why: str, flow: Workflow[One]) -> Review[One]:
    action, event = flow.actions.close
    return Review(flow.close(one, why, ctx.clock.now()), action, event, why)


def keep(uow: UnitOfWork, found: Review[One], flow: Workflow[One]) -> One:
    """Record the outcome.

    Raises:
        StaleVersion: Somebody changed it meanwhile.
    """
    rows, is_open = flow.rows(uow.tx), flow.is_open(found.changed, uow.now)
    also = [given.by for given in rows.get(found.changed.id).approvals]
    saved = rows.save(found.changed, is_open=is_open)
    flow.record(uow, saved, found.action, reason=found.reason)
    if saved.approved_at is not None and is_open:
        flow.start(uow, saved)
    if found.event:
        uow.tell(saved, found.event, also=also, what=found.reason)
    return saved


def review_at_click(
    ctx: Context, one: One, egress: ClusterEgress | None, flow: Workflow[One], *, is_approval: bool
) -> None:
    """Put on record what has to be there before somebody's answer counts.

    Raises:
        RequestRefused: It was closed by that.
        Unavailable: Who may still approve could not be asked, and somebody says yes.
    """
    found = at_click(lambda: review(ctx, one, egress, flow, is_click=True), is_approval=is_approval)
    if found is None:
        return
    with ctx.store.write() as tx:
        saved = keep(UnitOfWork(ctx, tx, BOT), found, flow)
    if found.action is flow.actions.close[0]:
        raise RequestRefused(f"{found.reason} {saved.id} was closed; nothing was changed.")


def at_click(find: Callable[[], Review[One] | None], *, is_approval: bool) -> Review[One] | None:
    """The review that must be on record before somebody's answer counts; a denial needs nobody else's approval.

    Raises:
        Unavailable: Who may still approve could not be asked, and somebody says yes.
    """
    try:
        found = find()
    except Unavailable:
        if is_approval:
            raise
        return None
    is_approved = found is not None and found.changed.approved_at is not None
    return found if is_approval or not is_approved else None  # a denial never becomes an approval


def _recount(ctx: Context, old: One, fresh: One, flow: Workflow[One], *, is_click: bool) -> Review[One] | None:
    """Which approvals still count, and whether they are enough; None where nothing has changed.

    Raises:
        MembershipUnknown: Who may still approve could not be asked.
    """
    if fresh == old and not is_click:
        return None
    approvals = _still_counting(ctx, fresh.verdict, fresh.approvals, fresh.requester)
    is_enough = fresh.verdict.is_satisfied(approvals)
    changed = replace(fresh, approvals=approvals, approved_at=ctx.clock.now() if is_enough else None)
    if changed == old:
        return None
    if is_enough:
        why = "Its approvals are sufficient under the current approval policy."
        return Review(changed, flow.actions.approve, NoticeEvent.APPROVED, why)
    if changed.escalated_at != old.escalated_at:
        waited = duration_text(ctx.config.reminders.escalate_after)
        return Review(changed, flow.actions.escalate, NoticeEvent.ESCALATED, f"Nobody decided within {waited}.")
    others_decide = old.approvals != approvals or _asked(old.verdict) != _asked(changed.verdict)
    why = "The approval policy or the approvers changed after it was filed."
    return Review(changed, flow.actions.change, NoticeEvent.REWEIGHED if others_decide else None, why)


def _asked(verdict: Verdict) -> list[Quorum]:
    """How many of which groups must approve, without why: a reworded reason is not news."""
    return [replace(quorum, rule="", reason="") for quorum in verdict.asks]


def _still_counting(
    ctx: Context, verdict: Verdict, approvals: Iterable[Approval], requester: Identity
) -> tuple[Approval, ...]:
    """The approvals of people who may still give them, for the groups to which they belong now."""
    recounted = (_recounted(ctx, verdict, given, requester) for given in approvals)
    return tuple(one for one in recounted if one is not None)


def _recounted(ctx: Context, verdict: Verdict, given: Approval, requester: Identity) -> Approval | None:
    if not still_confirmed(verdict, given):
        return None
    who = replace(ctx.directory.person(given.by, among=verdict.approvers), stands_for=frozenset(given.stands_for))
    try:
        require_approver(verdict, who, requester)
    except NotPermitted:
        return None
    return approval_of(verdict, who, given.at, given.reason, given.confirmed)


def may_still_ask(ctx: Context, requester: Identity, ref: ClusterRef) -> bool:
    """Whether who asked may still see the cluster; also where that could not be asked, because that is no “no”."""
    who = ctx.directory.person(requester, among=groups_for_seeing(ctx.config, ref))
    return may_see(ctx.config, who, ref) or bool(unread_for_seeing(ctx.config, who, ref))
