"""What an id names: an allowance (``a…``) or a scale proposal (``s…``); people decide on both with the same words."""

import re

from bot import allowances, capacity
from bot.allowances import Decision
from bot.domain.allowance import Allowance
from bot.domain.ids import ALPHABET, RANDOM_DIGITS, TIME_DIGITS, canonical_id
from bot.domain.scale import Scale
from bot.ports import Caller, Context

SCALE = "s"
"""The first letter of a scale proposal's id."""


def decide(ctx: Context, caller: Caller, decision: Decision) -> Allowance | Scale:
    """Decide on what the id names."""
    if _is_scale(decision.subject):
        return capacity.decide(ctx, caller, decision)
    return allowances.decide(ctx, caller, decision)


def look_up(ctx: Context, caller: Caller, subject: str) -> Allowance | Scale:
    """What the id names."""
    return capacity.get(ctx, caller, subject) if _is_scale(subject) else allowances.get(ctx, caller, subject)


def is_id(text: str) -> bool:
    """Whether a text could be an id; a cluster's name could be such a one too."""
    return re.fullmatch(f"[a{SCALE}][{ALPHABET}]{{{TIME_DIGITS + RANDOM_DIGITS}}}", canonical_id(text)) is not None


def _is_scale(subject: str) -> bool:
    return subject.strip("`# ").lower().startswith(SCALE)
