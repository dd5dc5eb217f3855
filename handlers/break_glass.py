"""Reviewing what was opened by break-glass: the form, and its listeners."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from bot import allowances
from bot.allowances import AfterReview
from bot.domain.allowance import Allowance
from bot.domain.break_glass import ReviewOutcome, review_outcomes
from bot.domain.duration import duration_from_text
from bot.errors import AlreadyDecided, InvalidInput
from bot.ports import Context
from handlers.blocks import lists
from handlers.blocks.block_kit import code, input_, message, modal, option, section, text_input
from handlers.blocks.break_glass import OUTCOMES
from handlers.blocks.selects import select
from handlers.calls import Call
from handlers.home import redrawn
from handlers.modals import long_text
from handlers.replies import Ephemeral, OpenModal, Reply, View

_LABELS = {
    ReviewOutcome.CONFIRM: "Confirm: it was right",
    ReviewOutcome.SHORTEN: "Shorten: end it earlier",
    ReviewOutcome.REVOKE: "Revoke: end it now",
}


@dataclass(frozen=True, slots=True)
class BreakGlassForm:
    """The review form: outcome, remaining time and reason."""

    CALLBACK: ClassVar[str] = "review_break_glass"

    outcome: str = ""
    duration: str = ""
    reason: str = ""

    @classmethod
    def parse(cls, form: Mapping[str, str]) -> "BreakGlassForm":
        """Read the fields."""
        return cls(form.get("outcome", ""), form.get("duration", "").strip(), form.get("reason", ""))

    @staticmethod
    def build(allowance: Allowance, about: str, offered: tuple[ReviewOutcome, ...]) -> View:
        """Draw the form.

        Args:
            allowance: What was opened.
            about: What it is, one line.
            offered: The outcomes that are still possible.
        """
        shorter = input_("duration", "Ends in", text_input("", placeholder="30m, 1h"), optional=True)
        blocks = [
            section(f"{about}. Opened without an approval by <@{allowance.requester.user}>."),
            input_("outcome", "Decision", select([option(_LABELS[one], str(one)) for one in offered])),
            *([shorter | {"hint": {"type": "plain_text", "text": "Only to shorten it."}}] if len(offered) > 1 else []),
            input_("reason", "What you found", long_text("")),
        ]
        carried = {"id": allowance.id, "digest": allowance.digest}
        return modal(BreakGlassForm.CALLBACK, "Review break-glass", blocks, submit="Record", **carried)

    def answer(self, subject: str, seen: str) -> AfterReview:
        """The reviewer's answer.

        Raises:
            InvalidInput: With the field that is wrong.
        """
        if self.outcome not in OUTCOMES:
            raise InvalidInput("Choose a decision.", field="outcome")
        outcome = ReviewOutcome(self.outcome)
        if outcome is ReviewOutcome.SHORTEN and not self.duration:
            raise InvalidInput("Say in how much time it ends, such as 30m.", field="duration")
        duration = duration_from_text(self.duration) if outcome is ReviewOutcome.SHORTEN else None
        return AfterReview(subject, outcome, self.reason, duration, seen)


def open_review(ctx: Context, call: Call) -> Reply:
    """Ask what was found."""
    found = allowances.get(ctx, call.caller, call.value["id"])
    if not found.needs_review:
        raise AlreadyDecided(f"{found.id} needs no review.")
    offered = review_outcomes(found, ctx.clock.now())
    return OpenModal(BreakGlassForm.build(found, lists.about(found, ctx.config), offered))


def submit_review(ctx: Context, call: Call) -> tuple[Reply, ...]:
    """Record the review."""
    answer = BreakGlassForm.parse(call.form).answer(call.value["id"], call.value["digest"])
    made = allowances.review_break_glass(ctx, call.caller, answer)
    said = f"Reviewed: {OUTCOMES[answer.outcome]}. {code(made.id)}, {code(made.cluster_name)}."
    return Ephemeral(message(said)), *redrawn(ctx, call)
