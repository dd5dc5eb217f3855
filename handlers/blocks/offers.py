"""The buttons under a direct message: what its reader can do next."""

from datetime import datetime

from bot.domain.allowance import Allowance
from bot.domain.scale_proposal import Scale
from bot.ports import NoticeEvent
from bot.ports.notices import REMINDERS
from handlers.blocks.approval_card import approve_button, deny_button
from handlers.blocks.block_kit import actions
from handlers.blocks.details import caution, details_button
from handlers.replies import Block


def decision_buttons(subject: Allowance | Scale) -> list[Block]:
    """Read it in full, approve or deny: the same wherever a decision is offered outside its card."""
    return actions(details_button(subject), approve_button(subject, caution(subject)), deny_button(subject))


def offers(subject: Allowance | Scale, event: str) -> list[Block]:
    """The buttons for a person who is told of an event."""
    return decision_buttons(subject) if event == NoticeEvent.REMINDED else []


def is_moot(subject: Allowance | Scale, event: str, reader: str, now: datetime) -> bool:
    """Whether a reminder has been overtaken: it is decided, or its reader has taken the step."""
    if event not in REMINDERS:
        return False
    has_spoken = any(given.by.user == reader for given in subject.approvals)
    is_answered = event == NoticeEvent.UNANSWERED and not subject.open_questions
    return not subject.is_waiting(now) or has_spoken or is_answered
