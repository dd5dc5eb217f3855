"""Use cases of scaling: propose, decide. The reconciler applies."""

from bot.capacity.proposing import ScalePreview, Wish, decide, get, look, proposals, propose, withdraw
from bot.capacity.recording import record
from bot.capacity.workflow import SCALES

__all__ = [
    "SCALES",
    "ScalePreview",
    "Wish",
    "decide",
    "get",
    "look",
    "proposals",
    "propose",
    "record",
    "withdraw",
]
