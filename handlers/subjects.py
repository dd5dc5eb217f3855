"""Resolves an id to an allowance (``a…``) or a scale proposal (``s…``); people decide on both the same way."""

from bot import allowances, capacity, inventory
from bot.allowances import Decision
from bot.domain.allowance import Allowance
from bot.domain.scale import Scale
from bot.ports import Caller, Context
from handlers.blocks.delivery import hidden
from handlers.blocks.lists import Deciders

SCALE = "s"
"""The first letter of a scale proposal's id."""


def decide(ctx: Context, caller: Caller, decision: Decision) -> Allowance | Scale:
    """Decide on what the id names."""
    if _is_scale(decision.subject):
        return capacity.decide(ctx, caller, decision)
    return allowances.decide(ctx, caller, decision)


def end(ctx: Context, caller: Caller, subject: str, *, reason: str = "") -> Allowance | Scale:
    """Revoke or withdraw what the id names."""
    ended = capacity.withdraw if _is_scale(subject) else allowances.end
    return ended(ctx, caller, subject, reason=reason)


def look_up(ctx: Context, caller: Caller, subject: str) -> Allowance | Scale:
    """Resolve the id."""
    return capacity.get(ctx, caller, subject) if _is_scale(subject) else allowances.get(ctx, caller, subject)


def _is_scale(subject: str) -> bool:
    return subject.strip("`# ").lower().startswith(SCALE)


def deciders(ctx: Context, made: Allowance | Scale) -> Deciders:
    """Find the people who are told that a decision is needed."""
    people = allowances.deciders(ctx, made.verdict, *made.askers)
    return Deciders(people, hidden(inventory.refusals(ctx), ctx.rulebook.channel))
