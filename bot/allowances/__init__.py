"""Use cases of allowances: request, decide, narrow, revoke, renew. Each ends in one transaction.

The facts, their audit event, what we owe Slack and the wake-up of the writer are committed together, before Slack gets
its ack. Nothing here speaks to Azure: the reconciler does.
"""

from bot.allowances.asking import Draft, Preview, owner_words, preview, request, scope_of, time_text
from bot.allowances.deciding import decide, end
from bot.allowances.looking import Listing, Request, browse, get, own, proposals, requests
from bot.allowances.recording import TIMERS, record
from bot.allowances.renewing import newest, renew
from bot.allowances.weighing import verdict_of
from bot.allowances.workflow import ALLOWANCES

__all__ = [
    "ALLOWANCES",
    "TIMERS",
    "Draft",
    "Listing",
    "Preview",
    "Request",
    "browse",
    "decide",
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
    "scope_of",
    "time_text",
    "verdict_of",
]
