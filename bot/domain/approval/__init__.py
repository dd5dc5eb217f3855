"""The approval policy: who must say yes to what.

Refuse wins over ask, ask wins over grant, and what cannot be evaluated asks a human. Every rule that asks counts: a
request is approved when all of their quorums are. The order of the rules means nothing.

A request is judged by what it opens: each destination on its own, then the strictest answer for the whole.
"""

from bot.domain.approval.confirmation import confirmation_facts, require_confirmed, still_confirmed
from bot.domain.approval.policy import evaluate
from bot.domain.approval.policy_rules import ApprovalPolicy, PolicyQuery, PolicyRule
from bot.domain.approval.questions import inquire, respond, restart
from bot.domain.approval.reminders import Reminders, escalate, next_reminder, next_wait
from bot.domain.approval.request import (
    ApprovalRequest,
    Ending,
    Question,
    add_approval,
    already_decided,
    deny,
    require_not_filer,
    require_same,
)
from bot.domain.approval.rule_text import rule_text
from bot.domain.approval.verdict import (
    Approval,
    Confirmation,
    Quorum,
    Verdict,
    VerdictKind,
    approval_of,
    quorums_text,
)
from bot.domain.approval.windows import TimeWindow

__all__ = [
    "Approval",
    "ApprovalPolicy",
    "ApprovalRequest",
    "Confirmation",
    "Ending",
    "PolicyQuery",
    "PolicyRule",
    "Question",
    "Quorum",
    "Reminders",
    "TimeWindow",
    "Verdict",
    "VerdictKind",
    "add_approval",
    "already_decided",
    "approval_of",
    "confirmation_facts",
    "deny",
    "escalate",
    "evaluate",
    "inquire",
    "next_reminder",
    "next_wait",
    "quorums_text",
    "require_confirmed",
    "require_not_filer",
    "require_same",
    "respond",
    "restart",
    "rule_text",
    "still_confirmed",
]
