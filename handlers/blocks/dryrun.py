"""What people read while the bot decides and writes nothing to Azure."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.domain.allowance import Allowance
from bot.domain.configuration import DryRun
from bot.domain.scale_proposal import Scale
from handlers.blocks.block_kit import context
from handlers.replies import Block

PLAN = "`python -m bot plan` shows what it would change."

WAITS = f"Dry run: approved; the bot does not write to this firewall. {PLAN}"
"""Where an approved allowance stands."""

SCALE_WAITS = f"Dry run: approved; the bot does not change this cluster. {PLAN}"
"""Where an approved scale proposal stands."""

STAYS = "Dry run: the bot does not write to this firewall, so its rule stays there for now."
"""What becomes of the rule of an allowance that has ended."""

ENDS = "Dry run: the bot does not write to this firewall, so a rule that is there stays until the bot writes again."
"""What ending an allowance does."""

_NOT_WRITTEN = f"Dry run: the bot does not write to this firewall. {PLAN}"

_NEWS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "a": MappingProxyType(
            {
                "granted": f"Auto-approved by policy. {_NOT_WRITTEN}",
                "approved": f"Approved by {{approver}}. {_NOT_WRITTEN}",
                "missing": f"Its rule has vanished from the firewall. {_NOT_WRITTEN}",
                "moved": f"{{what}} {_NOT_WRITTEN}",
                "ranges": f"{{what}} {_NOT_WRITTEN}",
                "resumed": f"Its cluster leaves through the firewall again. {_NOT_WRITTEN}",
            }
        ),
        "s": MappingProxyType(
            {
                "granted": f"Auto-approved by policy. {SCALE_WAITS}",
                "approved": f"Approved by {{approver}}. {SCALE_WAITS}",
            }
        ),
    }
)
"""What is said of an event in place of the usual words, by the first letter of the subject's id."""


def is_dry(dry_run: DryRun, subject: Allowance | Scale) -> bool:
    """Whether the bot does not carry out what this is about."""
    if isinstance(subject, Scale):
        return dry_run.is_everywhere
    return dry_run.covers(subject.scope.target)


def dry_news(dry_run: DryRun, subject: Allowance | Scale, event: str) -> str | None:
    """The words of an event in a dry run, to be filled in as the usual ones; None where those hold."""
    return _NEWS[subject.id[0]].get(event) if is_dry(dry_run, subject) else None


def dry_line(dry_run: DryRun) -> list[Block]:
    """The line of the Home tab that says where nothing is written; nothing where everything is."""
    return [context(f":test_tube: {dry_run.words} What is approved waits.")] if dry_run.words else []
