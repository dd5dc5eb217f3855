"""Recounts the approvals of requests and proposals by the current policy, groups and people."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from bot.domain.access import groups_for_seeing, may_see, require_approver, unread_for_seeing
from bot.domain.allowance import Allowance
from bot.domain.approval import Approval, Verdict, approval_of
from bot.domain.audit import Action
from bot.domain.egress import ClusterRef
from bot.domain.people import Identity
from bot.domain.scale import Scale
from bot.errors import NotPermitted, Unavailable
from bot.ports import Context

One = TypeVar("One", Allowance, Scale)


@dataclass(frozen=True, slots=True)
class Review(Generic[One]):
    """The outcome for a waiting subject after the conditions it was filed under have changed.

    Args:
        changed: As it has to be stored.
        action: What the audit log calls it.
        event: What people hear of it; empty where nothing that they read has changed.
        reason: Why, in one sentence.
    """

    changed: One
    action: Action
    event: str
    reason: str


def recount(ctx: Context, old: One, weighed: One, acts: tuple[Action, Action], *, is_click: bool) -> Review[One] | None:
    """Recount the approvals and whether they are enough; None if nothing has changed.

    Args:
        ctx: The context.
        old: As it is stored.
        weighed: The same with the current verdict, which needs approvals.
        acts: What the audit log calls it if they are enough, and otherwise.
        is_click: Whether somebody decides: then people are looked up although nothing else has changed.

    Raises:
        MembershipUnknown: Who may still approve could not be asked.
    """
    if weighed == old and not is_click:
        return None
    approve, change = acts
    approvals = _still_counting(ctx, weighed.verdict, weighed.approvals, weighed.requester)
    is_enough = weighed.verdict.is_satisfied(approvals)
    changed = replace(weighed, approvals=approvals, approved_at=ctx.clock.now() if is_enough else None)
    if changed == old:
        return None
    if is_enough:
        why = "Its approvals are sufficient under the current approval policy."
        return Review(changed, approve, "approved", why)
    others_decide = old.approvals != approvals or _asked(old.verdict) != _asked(changed.verdict)
    why = "The approval policy or the approvers changed after it was filed."
    return Review(changed, change, "reweighed" if others_decide else "", why)


def at_click(find: Callable[[], Review[One] | None], *, is_approval: bool) -> Review[One] | None:
    """Return what must be recorded before a decision counts; a denial does not depend on other approvals.

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


def _asked(verdict: Verdict) -> list[tuple[tuple[str, ...], int]]:
    """Return the quorums without their reasons: a reworded reason is not a change."""
    return [(quorum.groups, quorum.needed) for quorum in verdict.asks]


def _still_counting(
    ctx: Context, verdict: Verdict, approvals: Iterable[Approval], requester: Identity
) -> tuple[Approval, ...]:
    """The approvals of people who may still give them, for the groups to which they belong now."""
    recounted = (_recounted(ctx, verdict, given, requester) for given in approvals)
    return tuple(one for one in recounted if one is not None)


def _recounted(ctx: Context, verdict: Verdict, given: Approval, requester: Identity) -> Approval | None:
    who = ctx.directory.person(given.by, among=verdict.approvers)
    try:
        require_approver(verdict, who, requester)
    except NotPermitted:
        return None
    return approval_of(verdict, who, given.at, given.reason)


def may_still_ask(ctx: Context, requester: Identity, ref: ClusterRef) -> bool:
    """Whether who asked may still see the cluster; also where that could not be asked, because that is no “no”."""
    who = ctx.directory.person(requester, among=groups_for_seeing(ctx.rulebook, ref))
    return may_see(ctx.rulebook, who, ref) or bool(unread_for_seeing(ctx.rulebook, who, ref))
