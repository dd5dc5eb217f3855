"""Choices in forms: none leaves anything out. What is too long for a list is searched while one types.

Limits: https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element and
https://docs.slack.dev/reference/interaction-payloads/block_suggestion-payload, read 2026-11.
"""

from collections.abc import Sequence
from typing import Any

from handlers.blocks.block_kit import OPTION_TEXT, OPTIONS, PLACEHOLDER, cut, plain
from handlers.replies import Block

TYPE = "Type part of its name"


def select(options: Sequence[Block], chosen: str = "", *, placeholder: str = "") -> Block:
    """A choice of one; of more than 100, what is typed goes to the entry of kind ``OPTIONS`` with the field's name."""
    initial = next((one for one in options if one["value"] == chosen), None)
    return _menu("", options, placeholder) | ({"initial_option": initial} if initial else {})


def multi_select(options: Sequence[Block], chosen: Sequence[Block], *, most: int, placeholder: str) -> Block:
    """A choice of several; what is chosen is among the options.

    Args:
        options: Everything that can be chosen.
        chosen: What is chosen at first.
        most: How many can be.
        placeholder: What stands there without a choice.
    """
    made = _menu("multi_", options, placeholder) | {"max_selected_items": most}
    return made | ({"initial_options": list(chosen)} if chosen else {})


def _menu(kind: str, options: Sequence[Block], placeholder: str) -> Block:
    if len(options) > OPTIONS:
        made: Block = {"type": f"{kind}external_select", "min_query_length": 0}
        return made | {"placeholder": plain(placeholder or TYPE, PLACEHOLDER)}
    made = {"type": f"{kind}static_select", "options": list(options)}
    return made | ({"placeholder": plain(placeholder, PLACEHOLDER)} if placeholder else {})


def suggested(options: Sequence[Block]) -> dict[str, Any]:
    """What a select gets that asks while one types: the first 100, and of how many."""
    if len(options) <= OPTIONS:
        return {"options": list(options)}
    label = cut(f"{OPTIONS} of {len(options):,}: type more of the name", OPTION_TEXT)
    return {"option_groups": [{"label": plain(label, OPTION_TEXT), "options": list(options[:OPTIONS])}]}


def fitting(options: Sequence[Block], typed: str) -> list[Block]:
    """Those whose text has what was typed; those that begin with it come first."""
    wanted = typed.strip().lower()
    found = [one for one in options if wanted in one["text"]["text"].lower()]
    return sorted(found, key=lambda one: not one["text"]["text"].lower().startswith(wanted))


def checkboxes(options: Sequence[Block], chosen: str = "") -> Block:
    """Several choices at once, at most ten; the one that is chosen is ticked."""
    initial = [one for one in options if one["value"] == chosen]
    return {"type": "checkboxes", "options": list(options)} | ({"initial_options": initial} if initial else {})


def people_select(chosen: str = "", *, placeholder: str = "") -> Block:
    """A choice among the people of the workspace; Slack refuses one that it does not know, so only ours begin it."""
    made: Block = {"type": "users_select"}
    made |= {"placeholder": plain(placeholder, PLACEHOLDER)} if placeholder else {}
    return made | ({"initial_user": chosen} if chosen else {})
