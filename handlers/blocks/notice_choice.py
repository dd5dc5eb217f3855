"""The choice of how much one is told."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.ports.notice_levels import NoticeLevel
from handlers.blocks.block_kit import actions, context, message, option, section
from handlers.blocks.selects import select
from handlers.replies import Block, Message

CHOOSE = "notices"
"""The action id of the select."""

NAMES: Mapping[NoticeLevel, str] = MappingProxyType(
    {
        NoticeLevel.ALL: "Notices: all",
        NoticeLevel.DECISIONS: "Notices: decisions and outcomes only",
        NoticeLevel.MINE: "Notices: only about my own requests",
    }
)

MEANINGS: Mapping[NoticeLevel, str] = MappingProxyType(
    {
        NoticeLevel.ALL: "You get a direct message about each step of your requests and of those that you follow.",
        NoticeLevel.DECISIONS: (
            "You get direct messages about decisions and outcomes. Steps in between are left out: one approval of "
            "several, other approvers, repairs of a rule, a move to another firewall, the last trace of an ended rule."
        ),
        NoticeLevel.MINE: (
            "You get direct messages about your own requests. Requests that you follow, because you asked for the same "
            "while they were open, are left out."
        ),
    }
)

ALWAYS = "Whatever you choose, you hear what you have to act on and how your own requests end. Cards do not change."


def level_select(level: NoticeLevel) -> list[Block]:
    """The select, with what is chosen now."""
    chosen = select([option(text, one) for one, text in NAMES.items()], level)
    return actions({**chosen, "action_id": CHOOSE})


def told(level: NoticeLevel) -> Message:
    """What is chosen, what that leaves out, and the select."""
    return message(MEANINGS[level], [section(MEANINGS[level]), context(ALWAYS), *level_select(level)])
