"""Use cases of approving: decide, review, lapse. Written once for allowances and scale proposals."""

from bot.approvals.absences import absences_of, come_back, holder_among, leave, standing_in
from bot.approvals.circumstances import Circumstances, circumstances
from bot.approvals.deciders import deciders, require_deciders
from bot.approvals.decisions import PreparedDecision, apply, decide, lapse, prepare
from bot.approvals.questions import Inquiry, answer_question, ask_question
from bot.approvals.reasons import MAX_REASON, brief, require_reason
from bot.approvals.reminders import Reminder, due_reminder, plan_wait, remind, to_remind
from bot.approvals.reviews import Review, keep, review
from bot.approvals.step_up import NOTHING, confirm, confirmable, confirming, find_challenge, give_up, read_back, take
from bot.approvals.workflow import Actions, Narrowing, Workflow
from bot.domain.decision import Decision

__all__ = [
    "MAX_REASON",
    "NOTHING",
    "Actions",
    "Circumstances",
    "Decision",
    "Inquiry",
    "Narrowing",
    "PreparedDecision",
    "Reminder",
    "Review",
    "Workflow",
    "absences_of",
    "answer_question",
    "apply",
    "ask_question",
    "brief",
    "circumstances",
    "come_back",
    "confirm",
    "confirmable",
    "confirming",
    "decide",
    "deciders",
    "due_reminder",
    "find_challenge",
    "give_up",
    "holder_among",
    "keep",
    "lapse",
    "leave",
    "plan_wait",
    "prepare",
    "read_back",
    "remind",
    "require_deciders",
    "require_reason",
    "review",
    "standing_in",
    "take",
    "to_remind",
]
