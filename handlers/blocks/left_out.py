"""What of one request for several clusters was not filed."""

from bot.domain.allowance import Allowance
from handlers.blocks.block_kit import SECTION_TEXT, code, context, escape, fold
from handlers.blocks.words import without_markup
from handlers.replies import Block


def left_out_blocks(lead: Allowance) -> list[Block]:
    """The clusters that were named with it and not filed, each with the reason; empty where there are none.

    Whoever a reason names is not called by it: the channel reads it.
    """
    lines = [
        f":no_entry_sign: {code(place)} was not filed: {escape(without_markup(why))}" for place, why in lead.left_out
    ]
    return [context(fold(lines, SECTION_TEXT))] if lines else []
