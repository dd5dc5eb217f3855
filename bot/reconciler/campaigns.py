"""Carries review campaigns on: owners who left, the owners' time, reminders, the card, and who signs it off.

Everything follows from the facts and the time: a run that was missed is made up for by the next one.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.allowances import campaigns
from bot.domain.audit import Action
from bot.domain.campaign import Campaign, ReviewItem, ReviewSheet, with_owners
from bot.ports import Context, ReviewEvent, UnitOfWork
from bot.reconciler.run import Run

LOOK_AGAIN = timedelta(hours=1)
"""How often an open campaign is looked at although no time of its own has come: for owners who left, and for
allowances that ended by themselves."""


def carry_on(run: Run) -> list[datetime]:
    """Do what is due for each open campaign; when to look again."""
    with run.ctx.store.read() as tx:
        sheets = [campaigns.sheet_of(tx, one, run.now) for one in tx.campaigns.find()]
    return [at for sheet in sheets if (at := _carry_on(run, sheet)) is not None]


def _carry_on(run: Run, seen: ReviewSheet) -> datetime | None:
    """One campaign; Slack is asked before the transaction, and not at each run: there may be many owners."""
    looked_at = seen.campaign.looked_at
    is_due = looked_at is None or run.now - looked_at >= LOOK_AGAIN
    owned = [seen.allowances[item.allowance] for item in seen.open_items] if is_due else []
    left = campaigns.who_left(run.ctx, owned)
    with run.write() as uow:
        stored = uow.tx.campaigns.get(seen.campaign.id)
        if not stored.is_open:
            return None
        looked = replace(stored, looked_at=run.now) if is_due else stored
        sheet = _advance(uow, campaigns.sheet_of(uow.tx, looked, uow.now), left)
        if sheet.campaign != stored or sheet.progress != stored.drawn:
            sheet = campaigns.keep(uow, sheet.campaign)
        return _next(run, sheet)


def _advance(uow: UnitOfWork, sheet: ReviewSheet, left: Mapping[str, str | None]) -> ReviewSheet:
    """The campaign after what is due now; not stored yet."""
    marked, fresh = with_owners(sheet, left)
    changed = replace(sheet, campaign=_escalated(uow, sheet, marked, fresh))
    if not changed.open_items and changed.campaign.completed_at is None:
        changed = replace(changed, campaign=_completed(uow, changed.campaign))
    elif _reminds_at(uow.ctx, changed) == sheet.now:
        changed = replace(changed, campaign=_reminded(uow, changed))
    return changed


def _escalated(uow: UnitOfWork, sheet: ReviewSheet, marked: Campaign, fresh: tuple[ReviewItem, ...]) -> Campaign:
    """Hand items to approvers: at once where the owner left, and everything once the owners' time is over."""
    for item in fresh:
        owner = sheet.owner(item).user
        why = f"Its owner cannot answer: {item.owner_left}."
        campaigns.note(uow, marked, Action.REVIEW_ESCALATE, reason=why, allowance=item.allowance, owner=owner)
    if fresh:
        campaigns.tell_thread(uow, marked, ReviewEvent.OWNER_LEFT)
    if uow.now < marked.owners_until or marked.opened_at is not None:
        return marked
    if sheet.open_items:
        campaigns.note(uow, marked, Action.REVIEW_ESCALATE, reason="The owners' time is over; approvers may answer.")
        campaigns.tell_thread(uow, marked, ReviewEvent.ESCALATED)
    return replace(marked, opened_at=uow.now)


def _completed(uow: UnitOfWork, campaign: Campaign) -> Campaign:
    campaigns.tell_thread(uow, campaign, ReviewEvent.COMPLETE)
    campaigns.tell_person(uow, campaign, campaign.started_by, ReviewEvent.COMPLETE)
    return replace(campaign, completed_at=uow.now, reminded_at=uow.now, reminders=0)


def _reminded(uow: UnitOfWork, sheet: ReviewSheet) -> Campaign:
    """Remind whoever it waits for: owners, approvers in the thread, or who signs it off."""
    campaign = sheet.campaign
    if not sheet.open_items:
        campaigns.tell_person(uow, campaign, campaign.started_by, ReviewEvent.COMPLETE)
    owners = {sheet.owner(item) for item in sheet.open_items if not item.owner_left}
    for owner in sorted(owners):
        campaigns.tell_person(uow, campaign, owner, ReviewEvent.REMINDER)
    if sheet.for_approvers:
        campaigns.tell_thread(uow, campaign, ReviewEvent.STILL_OPEN)
    return replace(campaign, reminded_at=uow.now, reminders=campaign.reminders + 1)


def _next(run: Run, sheet: ReviewSheet) -> datetime:
    """When something of this campaign is due by time alone, or may have changed."""
    now = sheet.now
    times = (_reminds_at(run.ctx, sheet), sheet.campaign.owners_until, now + LOOK_AGAIN)
    return min(time for time in times if time is not None and time > now)


def _reminds_at(ctx: Context, sheet: ReviewSheet) -> datetime | None:
    """When people are reminded next: the sheet's own time if that is due; always inside the window of reminders."""
    due = sheet.campaign.reminds_at(ctx.config.reviews.remind_after)
    return ctx.config.reminders.opens(max(due, sheet.now))
