"""Resolves an id to an allowance (``a…``) or a scale proposal (``s…``); people decide on both the same way."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot import allowances, approvals, inventory, scaling
from bot.approvals import Decision, Inquiry
from bot.domain.allowance import Act, Allowance
from bot.domain.approval import require_same
from bot.domain.ids import is_campaign_id, is_scale_id
from bot.domain.scale_proposal import Scale
from bot.inventory.partner_news import touched_partners
from bot.ports import Caller, Context
from handlers.blocks.delivery import hidden
from handlers.blocks.details import details_view
from handlers.blocks.lists import Deciders
from handlers.replies import View

Subject = Allowance | Scale
"""What people decide on."""


def decide(ctx: Context, caller: Caller, decision: Decision) -> Allowance | Scale:
    """Decide on what the id names."""
    if is_scale_id(decision.subject):
        return scaling.decide(ctx, caller, decision)
    return allowances.decide(ctx, caller, decision)


def end(ctx: Context, caller: Caller, subject: str, *, reason: str = "") -> Allowance | Scale:
    """Revoke or withdraw what the id names."""
    ended = scaling.withdraw if is_scale_id(subject) else allowances.end
    return ended(ctx, caller, subject, reason=reason)


def ask(ctx: Context, caller: Caller, inquiry: Inquiry) -> Subject:
    """Ask whoever requested what the id names a question."""
    if is_scale_id(inquiry.subject):
        return approvals.ask_question(ctx, caller, inquiry, scaling.SCALES)
    return approvals.ask_question(ctx, caller, inquiry, allowances.ALLOWANCES)


def answer(ctx: Context, caller: Caller, inquiry: Inquiry) -> Subject:
    """Answer the questions about what the id names."""
    if is_scale_id(inquiry.subject):
        return approvals.answer_question(ctx, caller, inquiry, scaling.SCALES)
    return approvals.answer_question(ctx, caller, inquiry, allowances.ALLOWANCES)


def look_up(ctx: Context, caller: Caller, subject: str) -> Allowance | Scale:
    """Resolve the id."""
    return scaling.get(ctx, caller, subject) if is_scale_id(subject) else allowances.get(ctx, caller, subject)


def on_card(ctx: Context, card: str) -> Sequence[Subject]:
    """What a card is about: one request, or all that were filed together; nothing for that of a review campaign."""
    if is_campaign_id(card):
        return ()
    with ctx.store.read() as tx:
        if is_scale_id(card):
            return (tx.scales.get(card),)
        lead = tx.allowances.get(card)
        batch = allowances.batch_of(tx, lead)
    return batch.members if batch else (lead,)


def require_decidable(found: Allowance | Scale, seen: str, act: Act, now: datetime) -> None:
    """A click on a card that is out of date is answered immediately, not after a form was filled in.

    Raises:
        AlreadyDecided: It is not waiting any more.
        StaleView: The card showed something else.
    """
    flow: approvals.Workflow[Any] = scaling.SCALES if isinstance(found, Scale) else allowances.ALLOWANCES
    flow.require_waiting(found, act, now)
    require_same(found, seen)


def details_of(ctx: Context, subject: Subject) -> View:
    """The modal that shows all of it."""
    if isinstance(subject, Allowance):
        return details_view(subject, ctx.config)
    with ctx.store.read() as tx:
        partners = touched_partners(tx, subject)
    return details_view(subject, ctx.config, partners)


def deciders(ctx: Context, *made: Allowance | Scale) -> Deciders:
    """Who hears that one of them waits for a decision."""
    waiting = [one for one in made if one.is_waiting(ctx.clock.now())] or made
    known = [approvals.deciders(ctx, one.verdict, *one.askers) for one in waiting]
    people = None if None in known else tuple(sorted({who for each in known for who in each or ()}))
    return Deciders(people, hidden(inventory.refusals(ctx), ctx.config.channel))
