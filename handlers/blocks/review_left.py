"""The open allowances whose owners left, as a list to read and to review."""

from bot.allowances.campaigns import Ownerless
from bot.domain.configuration import Configuration
from handlers.blocks.block_kit import actions, button, context, escape, modal, person, section, value
from handlers.blocks.clusters import allowance_line
from handlers.blocks.review_sheet import time_left
from handlers.replies import View

MOST = 90
"""Allowances that are shown, a block each; a view holds a hundred."""

TITLE = "Owners who left"

MORE = ("an auditor or approver can start a review, which lists all of them.", "a review of these lists all of them.")
"""Where the rest is: for whoever may not start a review, and for who may."""


def left_loading() -> View:
    """The modal while Slack is asked about the owners."""
    return modal("review", TITLE, [section("Looking up the owner of every open allowance …")])


def left_view(found: Ownerless, config: Configuration, list_id: str) -> View:
    """The list, with the button that starts a review of it.

    Args:
        found: What was looked up.
        config: Knows what bundles contain.
        list_id: What the button carries; empty where the reader may not start reviews.
    """
    lines = [
        f"{allowance_line(one, found.now, config)}\nOwner {person(one.owner.user)} (:warning: {escape(why)}) · "
        f"{time_left(one, found.now)}"
        for one, why in found.found
    ]
    rest = len(lines) - MOST
    are = "allowance has an owner" if found.unchecked == 1 else "allowances have owners"
    unchecked = f":warning: {found.unchecked} more {are} of whom Slack did not say."
    return modal(
        "review",
        TITLE,
        [
            *(section(line) for line in lines[:MOST]),
            *([context(f"and {rest:,} more: {MORE[bool(list_id)]}")] if rest > 0 else []),
            *([] if lines else [section("No open allowance has an owner who is known to have left.")]),
            *([section(unchecked)] if found.unchecked else []),
            *([context("Approvers can end one with `/egress revoke ID REASON`.")] if lines else []),
            *actions(*([button("Start a review of these", "review_left", value(list=list_id))] if list_id else [])),
        ],
    )
