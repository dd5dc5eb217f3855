"""Listeners of ``/egress history``: what came and went among a cluster's outbound IPs."""

from bot import inventory
from bot.errors import InvalidInput
from bot.ports import Context
from handlers.blocks import clusters
from handlers.calls import Call, number_from, plain_words
from handlers.replies import Ephemeral, Reply


def history(ctx: Context, call: Call) -> Reply:
    """The newest page."""
    name = plain_words(call.text).strip()
    if not name or " " in name:
        raise InvalidInput("Give one cluster: `/egress history CLUSTER`.")
    return Ephemeral(clusters.ip_history(inventory.history(ctx, call.caller, name)))


def turn(ctx: Context, call: Call) -> Reply:
    """Another page, in the place of the one before."""
    found = inventory.history(ctx, call.caller, call.value["id"], number_from(call.value, "page", 1))
    return Ephemeral(clusters.ip_history(found), replaces=True)
