"""Listeners of ``/egress capacity``: which cluster runs out of SNAT ports first, and what to do about it."""

from bot import inventory
from bot.ports import Context
from handlers.blocks import clusters, words
from handlers.calls import Call, number_from, plain_words
from handlers.replies import Ephemeral, File, Reply


def capacity(ctx: Context, call: Call) -> Reply | tuple[Reply, ...]:
    """The first page, or all of it as a file."""
    typed = plain_words(call.text).split()
    sought = " ".join(word for word in typed if word.lower() != "csv")
    found = inventory.capacity_overview(ctx, call.caller, sought)
    if len(typed) == len(sought.split()):
        return Ephemeral(clusters.capacity_page(found, sought, 1))
    name = clusters.capacity_file_name(ctx.clock.now())
    file = File(name, inventory.capacity_csv(found), clusters.capacity_exported(found))
    return file, Ephemeral(words.file_sent(), follows=True)


def turn(ctx: Context, call: Call) -> Reply:
    """Another page, in the place of the one before."""
    sought = call.value.get("words", "")
    found = inventory.capacity_overview(ctx, call.caller, sought)
    return Ephemeral(clusters.capacity_page(found, sought, number_from(call.value, "page", 1)), replaces=True)
