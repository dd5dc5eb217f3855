"""Use cases of allowances: request, decide, narrow, revoke, renew. Each ends in one transaction.

The facts, their audit event, what we owe Slack and the wake-up of the writer are committed together, before Slack gets
its ack. Nothing here speaks to Azure: the reconciler does.
"""

from bot.allowances.asking import Draft, Preview, owner_words, preview, request, scope_of, time_text
from bot.allowances.deciding import Decision, decide, end, require_same_groups
from bot.allowances.looking import Listing, Request, browse, deciders, get, own, proposals, requests, require_deciders
from bot.allowances.recording import MAX_REASON, TIMERS, brief, record, require_reason
from bot.allowances.recounting import Review, at_click, may_still_ask, recount
from bot.allowances.renewing import newest, renew
from bot.allowances.reviewing import keep, review
from bot.allowances.weighing import verdict_of

__all__ = [
    "MAX_REASON",
    "TIMERS",
    "Decision",
    "Draft",
    "Listing",
    "Preview",
    "Request",
    "Review",
    "at_click",
    "brief",
    "browse",
    "decide",
    "deciders",
    "end",
    "get",
    "keep",
    "may_still_ask",
    "newest",
    "own",
    "owner_words",
    "preview",
    "proposals",
    "record",
    "recount",
    "renew",
    "request",
    "requests",
    "require_deciders",
    "require_reason",
    "require_same_groups",
    "review",
    "scope_of",
    "time_text",
    "verdict_of",
]
