"""When an allowance was last used, in words."""

from dataclasses import replace

from bot.domain.allowance import Allowance
from bot.domain.firewall_log.last_use import last_use_phrase, last_use_text
from handlers.blocks.block_kit import escape, when


def used_text(allowance: Allowance) -> str:
    """What the log says, as the end of an allowance's standing; empty where it was never asked."""
    used = allowance.used
    return f" {last_use_text(replace(used, unknown=escape(used.unknown)), allowance.live_at, when)}" if used else ""


def used_phrase(allowance: Allowance) -> str:
    """The same in a few words."""
    return last_use_phrase(allowance.used, allowance.live_at, when)
