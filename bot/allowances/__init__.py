"""Use cases of allowances: request, decide, narrow, revoke, renew. Each ends in one transaction.

The facts, their audit event, what we owe Slack and the wake-up of the writer are committed together, before Slack gets
its ack. Nothing here speaks to Azure: the reconciler does.
"""

from bot.allowances.assessment import assess_policy
from bot.allowances.audit_events import record
from bot.allowances.batches import DoneTogether, batch_of, batches_of, decide_together, end_together, get_batch
from bot.allowances.break_glass import AfterReview, due_review, review_break_glass
from bot.allowances.decisions import decide, end
from bot.allowances.edits import Edit, edit
from bot.allowances.filing import request
from bot.allowances.filing_several import Filed, request_several
from bot.allowances.notice_choice import choose_notices, notice_level
from bot.allowances.owners import owner_of, require_permitted
from bot.allowances.ownership import let_expire, transfer
from bot.allowances.previews import Draft, Preview, owner_words, preview, scope_of
from bot.allowances.queries import (
    FoundRequests,
    Request,
    RequestList,
    awaiting,
    browse,
    get,
    own,
    proposals,
    requests,
    search,
    unreviewed,
)
from bot.allowances.renewals import newest, renew
from bot.allowances.workflow import ALLOWANCES

__all__ = [
    "ALLOWANCES",
    "AfterReview",
    "DoneTogether",
    "Draft",
    "Edit",
    "Filed",
    "FoundRequests",
    "Preview",
    "Request",
    "RequestList",
    "assess_policy",
    "awaiting",
    "batch_of",
    "batches_of",
    "browse",
    "choose_notices",
    "decide",
    "decide_together",
    "due_review",
    "edit",
    "end",
    "end_together",
    "get",
    "get_batch",
    "let_expire",
    "newest",
    "notice_level",
    "own",
    "owner_of",
    "owner_words",
    "preview",
    "proposals",
    "record",
    "renew",
    "request",
    "request_several",
    "requests",
    "require_permitted",
    "review_break_glass",
    "scope_of",
    "search",
    "transfer",
    "unreviewed",
]
