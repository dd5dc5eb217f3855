"""The words for a dry run, in which the bot decides and writes nothing to Azure."""

from bot.domain.allowance import Allowance
from bot.domain.dry_run import DryRun
from bot.domain.scale_proposal import Scale
from handlers.blocks.block_kit import context
from handlers.replies import Block

PLAN = "`python -m bot plan` shows what it would change."

WAITS = f"Dry run: approved; the bot does not write to this firewall. {PLAN}"
"""The status line of an approved allowance in a dry run."""

SCALE_WAITS = f"Dry run: approved; the bot does not change this cluster. {PLAN}"
"""The status line of an approved scale proposal in a dry run."""

STAYS = "Dry run: the bot does not write to this firewall, so its rule stays there for now."
"""The rule of an allowance that has ended."""

ENDS = "Dry run: the bot does not write to this firewall, so a rule that is there stays until the bot writes again."
"""The effect of ending an allowance."""

NOT_WRITTEN = f"Dry run: the bot does not write to this firewall. {PLAN}"
"""A change of the rules."""


def is_dry(dry_run: DryRun, subject: Allowance | Scale) -> bool:
    """Whether the bot does not carry out what this is about."""
    if isinstance(subject, Scale):
        return dry_run.is_everywhere
    return dry_run.covers(subject.scope.target)


def dry_line(dry_run: DryRun) -> list[Block]:
    """The line of the Home tab that says where nothing is written; nothing where everything is."""
    return [context(f":test_tube: {dry_run.words} What is approved waits.")] if dry_run.words else []
