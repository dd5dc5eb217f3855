"""The buttons under a direct message: what its reader can do next."""

from datetime import datetime

from bot.domain.allowance import Allowance
from bot.domain.batch import Batch
from bot.domain.campaign import ReviewSheet
from bot.domain.configuration import Configuration
from bot.domain.firewall_log.watch import Watch
from bot.domain.scale_proposal import Scale
from bot.ports import NoticeEvent, ReviewEvent
from bot.ports.notices import REMINDERS
from handlers.blocks.batch_card import batch_buttons
from handlers.blocks.block_kit import actions
from handlers.blocks.buttons import act_buttons
from handlers.blocks.details import details_button
from handlers.replies import Block


def decision_buttons(subject: Allowance | Scale, config: Configuration, now: datetime) -> list[Block]:
    """Read it in full, approve or deny: the same wherever a decision is offered outside its card."""
    return actions(details_button(subject), *act_buttons(subject, config, now, only=("approve", "deny")))


Told = Allowance | Scale | ReviewSheet | Watch
"""What people are told of."""


def offers(subject: Told, event: str, config: Configuration, now: datetime) -> list[Block]:
    """The buttons for a person who is told of an event; news of a review bring their own."""
    if isinstance(subject, ReviewSheet | Watch):
        return []
    if event == NoticeEvent.EXPIRING:
        return actions(*act_buttons(subject, config, now, only=("renew", "let_expire")))
    if event == NoticeEvent.REVIEW_DUE:
        return actions(details_button(subject), *act_buttons(subject, config, now, only=("review_break_glass",)))
    if event in (NoticeEvent.ASKED, NoticeEvent.UNANSWERED):
        return actions(*act_buttons(subject, config, now, only=("answer_question", "edit")))
    return decision_buttons(subject, config, now) if event in (NoticeEvent.REMINDED, NoticeEvent.ANSWERED) else []


def batch_offers(batch: Batch, event: str, now: datetime) -> list[Block]:
    """The same where the news is about several that were filed together."""
    if event not in (NoticeEvent.REMINDED, NoticeEvent.ANSWERED):
        return []
    return actions(*batch_buttons(batch, now, only=("details", "approve", "deny")))


def is_moot(subject: Told, event: str, reader: str, now: datetime) -> bool:
    """Whether a reminder has been overtaken: it is decided, or its reader has taken the step."""
    if isinstance(subject, Watch):
        return False
    if isinstance(subject, ReviewSheet):
        return event == ReviewEvent.REMINDER and not any(
            subject.owner(one).user == reader for one in subject.open_items
        )
    if event not in REMINDERS:
        return False
    if event == NoticeEvent.REVIEW_DUE:
        return not (isinstance(subject, Allowance) and subject.needs_review)
    has_spoken = any(given.by.user == reader for given in subject.approvals)
    is_answered = event == NoticeEvent.UNANSWERED and not subject.open_questions
    return not subject.is_waiting(now) or has_spoken or is_answered
