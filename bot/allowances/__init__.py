"""Use cases of allowances: request, decide, narrow, revoke, renew. Each ends in one transaction.

The facts, their audit event, what we owe Slack and the wake-up of the writer are committed together, before Slack gets
its ack. Nothing here speaks to Azure: the reconciler does.
"""

from bot.allowances.asking import Draft, Preview, owner_words, preview, request, scope_of, time_text
from bot.allowances.deciding import Decision, decide, end, require_same_groups
from bot.allowances.looking import Listing, Request, browse, deciders, get, own, proposals, requests, require_deciders
from bot.allowances.recording import MAX_REASON, TIMERS, brief, record, require_reason
from bot.allowances.renewing import newest, renew

__all__ = [
    "MAX_REASON",
    "TIMERS",
    "Decision",
    "Draft",
    "Listing",
    "Preview",
    "Request",
    "brief",
    "browse",
    "decide",
    "deciders",
    "end",
    "get",
    "newest",
    "own",
    "owner_words",
    "preview",
    "proposals",
    "record",
    "renew",
    "request",
    "requests",
    "require_deciders",
    "require_reason",
    "require_same_groups",
    "scope_of",
    "time_text",
]
