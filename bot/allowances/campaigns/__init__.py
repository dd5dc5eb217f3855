"""Use cases of review campaigns: start, answer, sign off, look. The timers remind and escalate."""

from bot.allowances.campaigns.answering import Wanted, answer
from bot.allowances.campaigns.lookups import CampaignList, Glance, browse, look, mine, seen_by
from bot.allowances.campaigns.owners import Ownerless, keep_list, ownerless, who_left
from bot.allowances.campaigns.recording import keep, note, sheet_of, tell_person, tell_thread
from bot.allowances.campaigns.signing import sign
from bot.allowances.campaigns.starting import start, start_ownerless

__all__ = [
    "CampaignList",
    "Glance",
    "Ownerless",
    "Wanted",
    "answer",
    "browse",
    "keep",
    "keep_list",
    "look",
    "mine",
    "note",
    "ownerless",
    "seen_by",
    "sheet_of",
    "sign",
    "start",
    "start_ownerless",
    "tell_person",
    "tell_thread",
    "who_left",
]
