"""What every act on a review campaign records: the facts, the audit event, the card."""

from dataclasses import replace
from datetime import datetime

from bot.domain.audit import Action, Event
from bot.domain.campaign import Campaign, ReviewSheet
from bot.domain.people import Identity
from bot.ports import AllowanceFilter, Notice, NoticeKind, ReviewEvent, Transaction, UnitOfWork


def sheet_of(tx: Transaction, campaign: Campaign, now: datetime) -> ReviewSheet:
    """The campaign beside its allowances as they are now."""
    ids = tuple(one.allowance for one in campaign.items)
    found = tx.allowances.find(AllowanceFilter(ids=ids))
    return ReviewSheet(campaign, {one.id: one for one in found}, now)


def keep(uow: UnitOfWork, campaign: Campaign) -> ReviewSheet:
    """Store a changed campaign, and owe its card where that shows something else now.

    Raises:
        StaleVersion: Somebody changed it meanwhile.
    """
    sheet = sheet_of(uow.tx, campaign, uow.now)
    if sheet.progress != campaign.drawn:
        uow.tx.outbox.add(Notice(NoticeKind.CARD, campaign.id, uow.ctx.config.channel))
    return replace(sheet, campaign=uow.tx.campaigns.save(replace(campaign, drawn=sheet.progress)))


def note(uow: UnitOfWork, campaign: Campaign, action: Action, *, reason: str = "", **detail: str) -> None:
    """Append what happened to a campaign to the audit log."""
    facts = {"scope": campaign.scope.words, **detail}
    event = Event(
        at=uow.now,
        action=action,
        actor=uow.caller.identity,
        via=uow.caller.via,
        subject=campaign.id,
        reason=reason,
        detail=tuple((name, text) for name, text in facts.items() if text),
    )
    uow.audit(event)


def tell_person(uow: UnitOfWork, campaign: Campaign, who: Identity, event: ReviewEvent) -> None:
    """Owe one person the news."""
    uow.tx.outbox.add(Notice(NoticeKind.DIRECT, campaign.id, who.user, {"event": event}))


def tell_thread(uow: UnitOfWork, campaign: Campaign, event: ReviewEvent) -> None:
    """Owe the thread under the card the news."""
    uow.tx.outbox.add(Notice(NoticeKind.THREAD, campaign.id, uow.ctx.config.channel, {"event": event}))
