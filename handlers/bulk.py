"""Deciding several requests in one form; each is checked, decided and recorded by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from bot import allowances
from bot.approvals import MAX_REASON, Decision
from bot.domain.allowance import Allowance
from bot.domain.bulk import why_alone
from bot.domain.configuration import Configuration
from bot.domain.duration import duration_text
from bot.domain.scale_proposal import Scale
from bot.errors import InvalidInput, StaleView
from bot.ports import Context
from handlers.blocks import lists
from handlers.blocks.block_kit import (
    code,
    context,
    divider,
    escape,
    fold,
    input_,
    modal,
    option,
    person,
    said,
    section,
    sentence,
    text_input,
)
from handlers.blocks.deciders import needs, ticket_blocks
from handlers.blocks.details import RISK_ROOM, destinations, is_whole, risk_lines
from handlers.blocks.selects import checkboxes, select
from handlers.calls import Call
from handlers.home import refreshed
from handlers.home_search import HomeState
from handlers.replies import Block, Message, OpenModal, Reply, UpdateModal, View
from handlers.several import MOST, one_by_one
from handlers.subjects import decide, look_up

CHOICE = "choose-"
"""What the block id of a request's checkbox begins with; its id follows."""

DECISIONS = {"approve": "Approve the chosen ones", "deny": "Deny the chosen ones"}


@dataclass(frozen=True, slots=True)
class BulkForm:
    """The form in which several requests are chosen and decided.

    Args:
        chosen: The digest that was shown, by id.
        decision: ``approve`` or ``deny``.
        reason: One for all of them.
    """

    CALLBACK: ClassVar[str] = "decide_several"

    chosen: Mapping[str, str]
    decision: str = ""
    reason: str = ""

    @classmethod
    def parse(cls, form: Mapping[str, str]) -> "BulkForm":
        """Read the fields.

        Raises:
            StaleView: A choice is not one that we wrote.
        """
        pairs = [value.split(" ") for name, value in form.items() if name.startswith(CHOICE) and value]
        if any(len(pair) != 2 for pair in pairs) or len(pairs) > MOST:
            raise StaleView("This form is out of date. Open it again.")
        return cls({pair[0]: pair[1] for pair in pairs}, form.get("decision", ""), form.get("reason", ""))

    def require_complete(self) -> None:
        """Refuse a form that leaves open what is to be done.

        Raises:
            InvalidInput: With the field.
        """
        if self.decision not in DECISIONS:
            raise InvalidInput("Choose what to do.", field="decision")
        if not self.chosen:
            raise InvalidInput("Choose at least one request above.", field="decision")
        if self.decision == "deny" and not self.reason.strip():
            raise InvalidInput("Say why you deny them.", field="reason")

    @staticmethod
    def build(routine: Sequence[Allowance], alone: Sequence[str], config: Configuration) -> View:
        """Draw it.

        Args:
            routine: What can be chosen, at most ``MOST``.
            alone: Why others are not among them, one line each.
            config: Names people, groups and bundles.
        """
        offered = [option(text, name) for name, text in DECISIONS.items()]
        why = text_input(multiline=True, limit=MAX_REASON)
        blocks = [
            context("Nothing is chosen yet. Each request is checked and recorded by itself."),
            *(block for one in routine for block in _choice(one, config)),
            *([context(f"Not here: {fold(alone, 2900, joint='; ')}. Decide these on their cards.")] if alone else []),
            input_("decision", "What to do", select(offered, placeholder="Approve or deny")),
            input_("reason", "Why", why, optional=True, hint="For each of them. Required to deny."),
        ]
        return modal(BulkForm.CALLBACK, "Decide several", blocks, submit="Decide")


def _choice(one: Allowance, config: Configuration) -> list[Block]:
    """Everything that is decided on, and its checkbox."""
    scope, ask = one.scope, one.ask
    pool = f", node pool {code(scope.pool)}" if scope.pool else ""
    lasts = duration_text(ask.duration) if ask.duration else "no end"
    title = f"{code(one.id)} {code(scope.cluster_name)} ({escape(scope.environment)}){pool}, {lasts}"
    return [
        divider(),
        section(f"{title}, asked by {person(one.requester.user)}. {sentence(needs(one.verdict, one.approvals))}"),
        *destinations(one, config),
        said(ask.reason),
        *ticket_blocks(ask.ticket, config),
        section(fold(risk_lines(one.risk), RISK_ROOM)),
        input_(
            f"{CHOICE}{one.id}",
            f"{one.id}: {scope.cluster_name}",
            checkboxes([option("Include this request", f"{one.id} {one.digest}")]),
            optional=True,
        ),
    ]


def opened(ctx: Context, call: Call) -> Reply:
    """Show what waits for the person and can be decided with others.

    Raises:
        InvalidInput: There is nothing of that kind.
    """
    waiting = allowances.awaiting(ctx, call.caller)
    alone = {one.id: why for one in waiting if (why := _why_alone(one, ctx.config))}
    routine = [one for one in waiting if isinstance(one, Allowance) and one.id not in alone]
    if not routine:
        raise InvalidInput("Nothing waits for you that can be decided together. Decide each request by itself.")
    left = [f"{code(subject)} ({escape(why)})" for subject, why in alone.items()]
    left += [f"{len(routine) - MOST} more, for the next time"] if len(routine) > MOST else []
    return OpenModal(BulkForm.build(routine[:MOST], left, ctx.config))


def submitted(ctx: Context, call: Call) -> tuple[Reply, ...]:
    """Decide each chosen request on exactly what the form showed; the answer takes the form's place."""
    form = BulkForm.parse(call.form)
    form.require_complete()

    def act(subject: str) -> Message:
        found = look_up(ctx, call.caller, subject)
        why = _why_alone(found, ctx.config)
        if why:
            raise InvalidInput(f"{found.id} must be decided by itself: {why}. Open its card to decide.")
        is_approved, seen = form.decision == "approve", form.chosen[subject]
        decision = Decision(found.id, is_approved, seen=seen, reason=form.reason, is_bulk=True)
        return lists.decided(decide(ctx, call.caller, decision), ctx.clock.now(), ctx.config.dry_run)

    outcomes = one_by_one(ctx, call.caller, form.decision, tuple(form.chosen), act)
    done = sum(one.is_done for one in outcomes)
    view = modal("closed", f"{done} of {len(outcomes)} decided", [section(one.text) for one in outcomes])
    return UpdateModal(view), refreshed(ctx, call.caller, HomeState())


def _why_alone(one: Allowance | Scale, config: Configuration) -> str:
    """Why it is not decided with others, as a clause; empty where it may be."""
    if one.batch:
        return f"all of {one.card_id} is decided on its card"
    why = why_alone(one)
    if not why and isinstance(one, Allowance) and not is_whole(one, config):
        return "it is too long for a card"
    return why
