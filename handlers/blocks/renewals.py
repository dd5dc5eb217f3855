"""Offers to ask for more time, where a message is about allowances that are open."""

from collections.abc import Sequence

from bot.domain.phrases import counted
from handlers.blocks.block_kit import button, code, context, section, value
from handlers.replies import Block

RENEWALS_SHOWN = 5


def renewal_offer(allowance_id: str, text: str) -> Block:
    """A sentence about what is open, and a button that asks for more time."""
    return section(text, accessory=button("Renew…", "renew_form", value(id=allowance_id)))


def renewal_offers(ids: Sequence[str]) -> list[Block]:
    """Offer renewals by id only."""
    offered = [renewal_offer(one, f"You can request more time for {code(one)}.") for one in ids[:RENEWALS_SHOWN]]
    return [*offered, *more_renewals(len(ids))]


def more_renewals(count: int) -> list[Block]:
    """Say that there are more allowances than those that are offered."""
    rest = counted(count - RENEWALS_SHOWN, "more allowance")
    where = "`/egress requests CLUSTER` lists all, `/egress renew ID` renews one."
    return [context(f"and {rest}: {where}")] if count > RENEWALS_SHOWN else []
