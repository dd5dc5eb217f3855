"""Saved searches of the audit log: on the Home tab, as a modal with what one finds, and the form that saves one."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from bot.domain.saved_search import MAX_NAME, SavedSearch, named
from handlers.blocks.audit_log import SAVE
from handlers.blocks.block_kit import (
    actions,
    code,
    context,
    cut,
    escape,
    fold,
    input_,
    modal,
    option,
    section,
    text_input,
)
from handlers.blocks.selects import select
from handlers.replies import Block, Message, View

LONGEST_QUERY = 70
"""Characters of a query in the list; the page of what it finds has all of it."""


def search_list(searches: Sequence[SavedSearch]) -> list[Block]:
    """A person's saved searches in two blocks, to open and to forget; nothing where there are none."""
    if not searches:
        return []
    lines = [f"• {escape(one.name)}: {code(cut(one.query, LONGEST_QUERY))}" for one in searches]
    names = [option(one.name, one.name) for one in searches]
    opened = {**select(names, placeholder="Open…"), "action_id": "search_open"}
    forgotten = {**select(names, placeholder="Forget…"), "action_id": "search_forget"}
    return [section(fold(["*Saved searches of the audit log*", *lines])), *actions(opened, forgotten)]


def search_view(found: Message, name: str) -> View:
    """What a saved search found, as a modal."""
    kept = [block for block in found.blocks if block["type"] != "header"]
    shown = [{**block, "elements": _without_save(block)} if block["type"] == "actions" else block for block in kept]
    return modal(
        "search", "Audit log", [context(f"Saved search *{escape(name)}*"), *filter(_is_filled, shown)], search=name
    )


def _without_save(block: Block) -> list[Block]:
    return [one for one in block["elements"] if one["action_id"] != SAVE]


def _is_filled(block: Block) -> bool:
    return block["type"] != "actions" or bool(block["elements"])


class SaveForm:
    """The form that asks for a name."""

    CALLBACK: ClassVar[str] = SAVE

    @staticmethod
    def parse(form: Mapping[str, str], value: Mapping[str, str]) -> SavedSearch:
        """The search under its name.

        Raises:
            InvalidInput: The name is missing or too long.
            StaleView: The form is of another version.
        """
        return named(form.get("name", ""), value["query"])

    @staticmethod
    def build(query: str) -> View:
        """Draw it.

        Raises:
            InvalidInput: The query is too long to be carried.
        """
        field = input_("name", "Name", text_input(limit=MAX_NAME), hint="A search of the same name is replaced.")
        blocks = [section(f"Save {code(query)} on your Home tab."), field]
        return modal(SaveForm.CALLBACK, "Save search", blocks, submit="Save", query=query)
