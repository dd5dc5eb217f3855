"""The words about what was opened by break-glass."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.domain.allowance import Allowance
from bot.domain.break_glass import ReviewOutcome
from bot.domain.configuration import Configuration
from handlers.blocks.block_kit import context, person, small_plain, when
from handlers.blocks.deciders import asked
from handlers.replies import Block

ALARM = ":rotating_light:"

OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        ReviewOutcome.CONFIRM: "confirmed",
        ReviewOutcome.SHORTEN: "shortened",
        ReviewOutcome.REVOKE: "revoked",
    }
)
"""The outcomes of a review, as the end of a sentence."""


def break_glass_blocks(allowance: Allowance, config: Configuration) -> list[Block]:
    """Say who must review it and by when, or who did; nothing about what was approved normally."""
    if allowance.review_by is None:
        return []
    opened = f"{ALARM} *Break-glass:* opened without an approval."
    if allowance.reviewed is None:
        reviewers = asked(allowance.verdict.review, (), config)
        return [context(f"{opened} {reviewers} must review it by {when(allowance.review_by)}.")]
    ending, outcome = allowance.reviewed.ending, OUTCOMES[allowance.reviewed.outcome]
    said = f"{opened} Reviewed by {person(ending.by.user)} {when(ending.at)}: {outcome}."
    return [context(said), small_plain(f"Review: {ending.reason}")]


def break_glass_facts(allowance: Allowance, config: Configuration) -> dict[str, str]:
    """The facts that the words of the news may name."""
    ending = allowance.reviewed.ending if allowance.reviewed else None
    return {
        "reviewers": asked(allowance.verdict.review, (), config, is_open=False),
        "review_by": when(allowance.review_by) if allowance.review_by else "",
        "reviewer": person(ending.by.user) if ending else "",
        "outcome": OUTCOMES[allowance.reviewed.outcome] if allowance.reviewed else "",
    }
