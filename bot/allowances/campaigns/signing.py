"""Signing off a review campaign."""

from dataclasses import replace

from bot.allowances.campaigns.recording import keep, note, sheet_of, tell_thread
from bot.allowances.campaigns.rights import reviewer
from bot.approvals import require_reason
from bot.domain.audit import Action
from bot.domain.campaign import ItemState, ReviewSheet, SignOff, already_signed
from bot.domain.ids import canonical_id
from bot.errors import InvalidInput
from bot.ports import Caller, Context, ReviewEvent, UnitOfWork

MOST_NAMED = 5
"""Ids that a sentence names."""


def sign(ctx: Context, caller: Caller, campaign_id: str, reason: str, *, with_open: bool = False) -> ReviewSheet:
    """End a campaign with a conclusion, once everything is answered.

    Args:
        ctx: The context.
        caller: An auditor or operator.
        campaign_id: As it was typed.
        reason: The conclusion; required.
        with_open: Whether it may be signed although something is unanswered, which is then put on record.

    Raises:
        UnknownReview: It does not exist.
        NotPermitted: Neither auditor nor operator.
        MembershipUnknown: Slack could not be asked.
        AlreadyDecided: Somebody was faster.
        InvalidInput: No reason, or something is unanswered.
    """
    why = require_reason(reason, "Say what the review found")
    reviewer(ctx, caller)
    with ctx.store.write() as tx:
        sheet = sheet_of(tx, tx.campaigns.get(canonical_id(campaign_id)), ctx.clock.now())
        if sheet.campaign.signed is not None:
            raise already_signed(sheet.campaign, sheet.campaign.signed)
        unanswered = tuple(one.allowance for one in sheet.open_items)
        if unanswered and not with_open:
            raise InvalidInput(unanswered_words(unanswered))
        return _sign(UnitOfWork(ctx, tx, caller), sheet, why, unanswered)


def unanswered_words(unanswered: tuple[str, ...]) -> str:
    """Say what is missing, as a sentence."""
    named = ", ".join(unanswered[:MOST_NAMED])
    rest = f" and {len(unanswered) - MOST_NAMED} more" if len(unanswered) > MOST_NAMED else ""
    are = "is" if len(unanswered) == 1 else "are"
    return f"{named}{rest} {are} unanswered. Get the answers first, or sign it off from the review, which lists them."


def _sign(uow: UnitOfWork, sheet: ReviewSheet, why: str, unanswered: tuple[str, ...]) -> ReviewSheet:
    signed = SignOff(uow.caller.identity, uow.now, why, unanswered)
    saved = keep(uow, replace(sheet.campaign, signed=signed))
    counts = {str(state): str(len(sheet.items(state))) for state in ItemState}
    note(uow, saved.campaign, Action.REVIEW_SIGN, reason=why, unanswered=" ".join(unanswered), **counts)
    tell_thread(uow, saved.campaign, ReviewEvent.SIGNED)
    return saved
