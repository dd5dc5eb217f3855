"""Answering for one allowance of a campaign: keep it, perhaps for a shorter time, or remove it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.allowances.audit_events import record
from bot.allowances.campaigns.owners import why_left
from bot.allowances.campaigns.recording import keep, note, sheet_of
from bot.allowances.decisions import end_within
from bot.approvals import require_reason
from bot.domain.access import require_answerer, require_member
from bot.domain.allowance import Allowance
from bot.domain.audit import Action
from bot.domain.campaign import AnswerKind, ReviewAnswer, ReviewItem, ReviewSheet, with_answer
from bot.domain.dates import end_from_text, time_text
from bot.domain.ids import canonical_id
from bot.domain.people import Role
from bot.domain.shortening import shorten
from bot.domain.work import WorkKind
from bot.errors import NotPermitted
from bot.inventory import holder_of
from bot.ports import Caller, Context, NoticeEvent, UnitOfWork


@dataclass(frozen=True, slots=True)
class Wanted:
    """An answer as somebody gives it.

    Args:
        campaign: Its id.
        allowance: The id of the allowance.
        kind: Keep or remove.
        reason: Why; required.
        until: An earlier end as it was typed, ``30d`` or ``2026-12-31``; empty to keep it to its end.
    """

    campaign: str
    allowance: str
    kind: AnswerKind
    reason: str
    until: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """What an answer did.

    Args:
        sheet: The campaign afterwards.
        item: The item with its answer.
    """

    sheet: ReviewSheet
    item: ReviewItem


def answer(ctx: Context, caller: Caller, wanted: Wanted) -> Response:
    """Keep or remove one allowance; its owner may from the start, approvers once the owners' time is over.

    Raises:
        UnknownReview, UnknownAllowance: There is no such campaign, or the allowance is not part of it.
        NotPermitted: Neither its owner nor an approver, or an approver too early.
        MembershipUnknown: Slack could not be asked; nothing was changed.
        AlreadyDecided: Somebody answered, it ended meanwhile, or the campaign was signed off.
        InvalidInput: No reason, or an end that is not earlier.
    """
    reason = require_reason(wanted.reason, f"Say why you {wanted.kind} it")
    until = _until(ctx, caller, wanted.until) if wanted.kind is AnswerKind.KEEP else None
    campaign, allowance = canonical_id(wanted.campaign), canonical_id(wanted.allowance)
    _require_answering(ctx, caller, campaign, allowance, wanted.kind)
    with ctx.store.write() as tx:
        uow, sheet = UnitOfWork(ctx, tx, caller), sheet_of(tx, tx.campaigns.get(campaign), ctx.clock.now())
        sheet.require_open(sheet.campaign.item(allowance))
        given = ReviewAnswer(wanted.kind, caller.identity, uow.now, reason, until)
        if given.kind is AnswerKind.REMOVE:
            end_within(uow, sheet.allowances[allowance], reason)
        else:
            given = replace(given, until=_keep(uow, sheet.allowances[allowance], given))
        return _record(uow, sheet, allowance, given)


def _record(uow: UnitOfWork, sheet: ReviewSheet, allowance: str, given: ReviewAnswer) -> Response:
    action = Action.REVIEW_KEEP if given.kind is AnswerKind.KEEP else Action.REVIEW_REMOVE
    until = given.until.isoformat() if given.until else ""
    owner = sheet.allowances[allowance].owner.user
    note(uow, sheet.campaign, action, reason=given.reason, allowance=allowance, owner=owner, until=until)
    saved = keep(uow, with_answer(sheet.campaign, allowance, given))
    if not saved.open_items:
        uow.tx.work.wake(WorkKind.TIMERS, within=timedelta())  # which tells whoever signs it off
    return Response(saved, saved.campaign.item(allowance))


def _keep(uow: UnitOfWork, allowance: Allowance, given: ReviewAnswer) -> datetime | None:
    """Shorten it where an earlier end was given; the end that it has then, or None where nothing was changed."""
    kept = shorten(allowance, given.until, uow.now) if given.until else allowance
    if kept == allowance:
        record(uow, allowance, Action.ALLOWANCE_KEEP, reason=given.reason)
        return None
    saved = uow.tx.allowances.save(kept, is_open=True)
    record(uow, saved, Action.ALLOWANCE_SHORTEN, reason=given.reason)
    uow.tell(saved, NoticeEvent.SHORTENED, by=given.by.user, what=given.reason)
    uow.tx.work.wake(saved.scope.target.key, within=uow.ctx.pace.batch_window)  # it ends earlier than was planned
    uow.tx.work.wake(WorkKind.TIMERS, within=timedelta())  # and so do its warnings
    return given.until


def _require_answering(ctx: Context, caller: Caller, campaign_id: str, allowance_id: str, kind: AnswerKind) -> None:
    """Look up who answers; what is decided already is said before anybody is asked."""
    require_member(ctx.config, caller.identity)
    with ctx.store.read() as tx:
        sheet = sheet_of(tx, tx.campaigns.get(campaign_id), ctx.clock.now())
    item = sheet.campaign.item(allowance_id)
    found = sheet.allowances[item.allowance]
    if caller.identity == found.owner:
        _require_access(ctx, found, kind)
        return
    require_answerer(holder_of(ctx, caller, Role.APPROVER))
    sheet.require_open(item)
    if not sheet.is_for_approvers(item) and not why_left(ctx, found):
        raise NotPermitted(
            f"Only <@{found.owner.user}>, its owner, answers for {found.id} until "
            f"{time_text(sheet.campaign.owners_until)}; from then on approvers can. To end it now: "
            f"`/egress revoke {found.id}`."
        )


def _until(ctx: Context, caller: Caller, text: str) -> datetime | None:
    return end_from_text(text, ctx.clock.now(), ctx.directory.zone(caller.identity)) if text.strip() else None


def _require_access(ctx: Context, allowance: Allowance, kind: AnswerKind) -> None:
    """An owner who may not ask for it any more may only remove it."""
    if kind is AnswerKind.KEEP and why_left(ctx, allowance):
        raise NotPermitted(
            f"You no longer have access to {allowance.cluster_name}, so an approver must decide whether {allowance.id} "
            "is kept. You can remove it."
        )
