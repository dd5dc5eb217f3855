"""Refuses what Slack would refuse: blocks of messages, views and option lists.

Sources (read 2026-11): https://docs.slack.dev/reference/block-kit/blocks, https://docs.slack.dev/reference/views,
https://docs.slack.dev/reference/methods/blocks.validate.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack.charts import chart_problems
from bot.sandbox.slack.kit import BLOCKS, BLOCKS_MOST, GROUP, OPTION, SURFACES, VIEWS
from bot.sandbox.slack.schema import ByType, Many, Problem, Thing

MARKDOWN_MOST = 12_000
"""Characters of all markdown blocks of one message together."""

TABLES_MOST = 1
"""Tables in one message."""

VIEW_MOST = 250_000
"""Bytes of a view as JSON (``view_too_large`` above)."""

_OPTIONS = Thing(
    optional={"options": Many(OPTION, 100, least=0), "option_groups": Many(GROUP, 100, least=0)},
    together=(("options", "option_groups"),),
)


def block_problems(blocks: Any, surface: str, pointer: str = "/blocks") -> list[Problem]:
    """Find everything that Slack would refuse in ``blocks`` on a surface.

    Args:
        blocks: The list as it came in.
        surface: ``message``, ``modal`` or ``home``.
        pointer: Place of the list in the payload.
    """
    shape = Many(ByType(BLOCKS, SURFACES[surface], f"block for a {surface}"), BLOCKS_MOST[surface], least=0)
    problems = list(shape.problems(blocks, pointer))
    if problems:
        return problems
    return [*_duplicates(blocks, pointer), *_option_problems(blocks, pointer), *_totals(blocks, pointer)]


def view_problems(view: Any, pointer: str = "/view") -> list[Problem]:
    """Find everything that Slack would refuse in a view, its blocks included."""
    problems = list(ByType(VIEWS, place="view").problems(view, pointer))
    if problems:
        return problems
    problems = block_problems(view["blocks"], view["type"], f"{pointer}/blocks")
    needs_submit = view["type"] == "modal" and not view.get("submit")
    if needs_submit and any(block["type"] == "input" for block in view["blocks"]):
        problems.append(Problem(pointer, "missing required field: submit (the modal has input blocks)"))
    if len(json.dumps(view)) > VIEW_MOST:
        problems.append(Problem(pointer, f"must be less than {VIEW_MOST + 1} bytes"))
    return problems


def option_list_problems(answer: Any) -> list[Problem]:
    """Find everything that Slack would refuse in an answer to an options request."""
    return list(_OPTIONS.problems(answer, ""))


def elements_of(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The interactive elements of a block, nested ones included."""
    yield from (item for item in block.get("elements", ()) if isinstance(item, dict) and "type" in item)
    yield from (block[key] for key in ("accessory", "element") if key in block)
    yield from block.get("actions", ())
    for child in block.get("child_blocks", ()):
        yield from elements_of(child)


def _duplicates(blocks: list[dict[str, Any]], pointer: str) -> Iterator[Problem]:
    ids = Counter(block["block_id"] for block in blocks if block.get("block_id"))
    for block_id in (key for key, count in ids.items() if count > 1):
        yield Problem(pointer, f"block_id {block_id} already exists")
    for index, block in enumerate(blocks):
        actions = Counter(item["action_id"] for item in elements_of(block) if item.get("action_id"))
        for action_id in (key for key, count in actions.items() if count > 1):
            yield Problem(f"{pointer}/{index}", f"action_id {action_id} already exists in this block")


def _option_problems(blocks: list[dict[str, Any]], pointer: str) -> Iterator[Problem]:
    for index, block in enumerate(blocks):
        for element in elements_of(block):
            yield from _one_option_problems(element, f"{pointer}/{index}")
        if block["type"] == "input":
            yield from _input_problems(block["element"], f"{pointer}/{index}/element")


def _one_option_problems(element: dict[str, Any], pointer: str) -> Iterator[Problem]:
    options = all_options(element)
    if not options:
        return
    for value, count in Counter(option["value"] for option in options).items():
        if count > 1:
            yield Problem(pointer, f"option values must be unique: {value}")
    first = element.get("initial_option")
    chosen = element.get("initial_options", []) + ([first] if first else [])
    known = [(option["value"], option["text"]["text"]) for option in options]
    for option in chosen:
        if (option["value"], option["text"]["text"]) not in known:
            yield Problem(pointer, "initial option must be one of the options")


def _input_problems(element: dict[str, Any], pointer: str) -> Iterator[Problem]:
    least, most = element.get("min_length"), element.get("max_length")
    if least is not None and most is not None and least > most:
        yield Problem(pointer, "min_length must not be greater than max_length")


def all_options(element: dict[str, Any]) -> list[dict[str, Any]]:
    """The options of an element, those in groups included."""
    grouped = [option for group in element.get("option_groups") or () for option in group["options"]]
    return list(element.get("options") or ()) + grouped


def _totals(blocks: list[dict[str, Any]], pointer: str) -> Iterator[Problem]:
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > MARKDOWN_MOST:
        yield Problem(pointer, f"markdown blocks must be less than {MARKDOWN_MOST + 1} characters together")
    if sum(block["type"] == "table" for block in blocks) > TABLES_MOST:
        yield Problem(pointer, "only_one_table_allowed")
    yield from chart_problems(blocks, pointer)
