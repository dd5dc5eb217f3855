"""Use cases of allowances: request, decide, narrow, revoke, renew. Each ends in one transaction.

The facts, their audit event, what we owe Slack and the wake-up of the writer are committed together, before Slack gets
its ack. Nothing here speaks to Azure: the reconciler does.
"""

from bot.allowances.asking import Draft, Preview, preview, renew, request, scope_of
from bot.allowances.deciding import Decision, decide, end, require_same_groups
from bot.allowances.looking import deciders, get, requests
from bot.allowances.recording import MAX_REASON, TIMERS, record, require_reason

__all__ = [
    "MAX_REASON",
    "TIMERS",
    "Decision",
    "Draft",
    "Preview",
    "decide",
    "deciders",
    "end",
    "get",
    "preview",
    "record",
    "renew",
    "request",
    "requests",
    "require_reason",
    "require_same_groups",
    "scope_of",
]
