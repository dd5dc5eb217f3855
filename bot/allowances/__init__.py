"""Use cases of allowances: request, decide, narrow, revoke, renew. Each ends in one transaction.

The facts, their audit event, what we owe Slack and the wake-up of the writer are committed together, before Slack gets
its ack. Nothing here speaks to Azure: the reconciler does.
"""

from bot.allowances.asking import Draft, Preview, preview, renew, request, scope_of
from bot.allowances.deciding import Decision, decide, end
from bot.allowances.looking import deciders, get, requests
from bot.allowances.recording import MAX_REASON, TIMERS, record, require_reason
from bot.allowances.reviewing import Review, keep, may_still_ask, review, still_counting
from bot.allowances.weighing import verdict_of

__all__ = [
    "MAX_REASON",
    "TIMERS",
    "Decision",
    "Draft",
    "Preview",
    "Review",
    "decide",
    "deciders",
    "end",
    "get",
    "keep",
    "may_still_ask",
    "preview",
    "record",
    "renew",
    "request",
    "requests",
    "require_reason",
    "review",
    "scope_of",
    "still_counting",
    "verdict_of",
]
