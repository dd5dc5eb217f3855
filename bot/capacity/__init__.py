"""Use cases of scaling: propose, decide. The reconciler applies."""

from bot.capacity.proposing import ScalePreview, Wish, decide, get, look, proposals, propose, withdraw
from bot.capacity.recording import record
from bot.capacity.reviewing import keep, review

__all__ = [
    "ScalePreview",
    "Wish",
    "decide",
    "get",
    "keep",
    "look",
    "proposals",
    "propose",
    "record",
    "review",
    "withdraw",
]
