"""Use cases of allowances: request, decide, narrow, revoke, renew. Each ends in one transaction.

The facts, their audit event, what we owe Slack and the wake-up of the writer are committed together, before Slack gets
its ack. Nothing here speaks to Azure: the reconciler does.
"""

from bot.allowances.assessment import assess_policy
from bot.allowances.audit_events import record
from bot.allowances.decisions import decide, end
from bot.allowances.filing import Draft, Preview, owner_words, preview, request, scope_of
from bot.allowances.notice_choice import choose_notices, notice_level
from bot.allowances.queries import (
    SEARCHED,
    Request,
    RequestList,
    awaiting,
    browse,
    get,
    own,
    proposals,
    requests,
    search,
)
from bot.allowances.renewals import newest, renew
from bot.allowances.workflow import ALLOWANCES

__all__ = [
    "ALLOWANCES",
    "SEARCHED",
    "Draft",
    "Preview",
    "Request",
    "RequestList",
    "assess_policy",
    "awaiting",
    "browse",
    "choose_notices",
    "decide",
    "end",
    "get",
    "newest",
    "notice_level",
    "own",
    "owner_words",
    "preview",
    "proposals",
    "record",
    "renew",
    "request",
    "requests",
    "scope_of",
    "search",
]
