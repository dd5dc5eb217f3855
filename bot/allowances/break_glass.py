"""Reviewing what was opened by break-glass: by somebody else than whoever opened it, and once."""

from dataclasses import dataclass
from datetime import timedelta

from bot.allowances.audit_events import record
from bot.approvals import Reminder, holder_among, require_reason, to_remind
from bot.domain.access import require_approver, require_other
from bot.domain.allowance import Act, Allowance, is_open, require
from bot.domain.approval import Ending, require_same
from bot.domain.audit import Action
from bot.domain.break_glass import ReviewOutcome, next_nag, reviewed
from bot.domain.ids import canonical_id
from bot.ports import Caller, Context, NoticeEvent, UnitOfWork


@dataclass(frozen=True, slots=True)
class AfterReview:
    """A reviewer's answer.

    Args:
        subject: Id of the allowance.
        outcome: Confirm, shorten or revoke.
        reason: Why; always needed.
        duration: How long it stays open from now on, where it is shortened.
        seen: The digest on the card that was clicked.
    """

    subject: str
    outcome: ReviewOutcome
    reason: str
    duration: timedelta | None = None
    seen: str | None = None


def review_break_glass(ctx: Context, caller: Caller, answer: AfterReview) -> Allowance:
    """Record the review of what was opened by break-glass, and carry out what follows.

    Raises:
        NotPermitted: Whoever opened it, or somebody whom the policy does not ask.
        MembershipUnknown: Slack could not be asked; nothing was changed.
        AlreadyDecided: It was reviewed, was no break-glass, or has ended and can only be confirmed.
        StaleView: The card showed something else.
        InvalidInput: No reason, or a time that is not shorter.
    """
    why = require_reason(answer.reason, "Say what you found")
    with ctx.store.read() as tx:
        known = tx.allowances.get(canonical_id(answer.subject))
    who = holder_among(ctx, caller, known.verdict.review)
    with ctx.store.write() as tx:
        uow, one = UnitOfWork(ctx, tx, caller), tx.allowances.get(known.id)
        require(one, Act.REVIEW, uow.now)
        require_approver(one.verdict.review, who, one.requester)
        require_other(who.identity, one.owner, one.filed_by)
        if answer.seen is not None:
            require_same(one, answer.seen)
        ended = reviewed(one, answer.outcome, Ending(caller.identity, uow.now, why), answer.duration)
        saved = tx.allowances.save(ended, is_open=is_open(ended, uow.now))
        record(uow, saved, Action.ALLOWANCE_REVIEW, reason=why)
        if answer.outcome is not ReviewOutcome.CONFIRM:
            tx.work.wake(saved.scope.target.key, within=ctx.pace.batch_window)
        uow.tell(saved, NoticeEvent.REVIEWED)
    return saved


def due_review(ctx: Context, one: Allowance) -> Reminder[Allowance] | None:
    """The reminder of a review that is due, if any. Asks Slack, so it runs in no transaction."""
    at = next_nag(one, ctx.config.reminders, ctx.config.break_glass, ctx.clock.now())
    if at is None or at > ctx.clock.now():
        return None
    return Reminder(one, NoticeEvent.REVIEW_DUE, to_remind(ctx, one.verdict.review, *one.askers, one.owner))
