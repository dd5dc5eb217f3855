"""One validator for every Block Kit payload: Slack's own SDK, the limits of a second library, and what both miss.

``assert_valid`` takes what a person would see on one surface. The SDK's ``to_dict`` checks most lengths;
``slackblocks`` knows the limits, and which block fits which surface; the walker below finds empty texts, duplicate
ids, wrong initial options and unknown keys. Limits: https://docs.slack.dev/reference/block-kit, read 2026-11.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View
from slackblocks import _limits, _surfaces

from bot.sandbox.slack.blocks import block_problems
from handlers.replies import Message

Surface = Literal["message", "modal", "home"]

CHART = "data_visualization"
"""A block that the SDK does not know yet; its inside is held against Slack's rules by the simulator's check."""

KEYS: Mapping[str, frozenset[str]] = {
    "header": frozenset({"type", "block_id", "text"}),
    "section": frozenset({"type", "block_id", "text", "fields", "accessory"}),
    "context": frozenset({"type", "block_id", "elements"}),
    "divider": frozenset({"type", "block_id"}),
    "actions": frozenset({"type", "block_id", "elements"}),
    "input": frozenset({"type", "block_id", "label", "element", "hint", "optional", "dispatch_action"}),
    CHART: frozenset({"type", "block_id", "title", "chart"}),
    "button": frozenset({"type", "text", "action_id", "value", "style", "confirm", "url"}),
    "static_select": frozenset({"type", "action_id", "options", "initial_option", "placeholder"}),
    "external_select": frozenset({"type", "action_id", "initial_option", "placeholder", "min_query_length"}),
    "multi_static_select": frozenset(
        {"type", "action_id", "options", "initial_options", "placeholder", "max_selected_items"}
    ),
    "multi_external_select": frozenset(
        {"type", "action_id", "initial_options", "placeholder", "max_selected_items", "min_query_length"}
    ),
    "users_select": frozenset({"type", "action_id", "initial_user", "placeholder"}),
    "checkboxes": frozenset({"type", "action_id", "options", "initial_options"}),
    "plain_text_input": frozenset({"type", "action_id", "multiline", "max_length", "initial_value", "placeholder"}),
    "plain_text": frozenset({"type", "text", "emoji"}),
    "mrkdwn": frozenset({"type", "text", "verbatim"}),
}
"""Every type that we use, with the keys that Slack knows of it."""


def assert_valid(payload: Message | dict[str, Any], surface: Surface) -> None:
    """Fail if Slack would refuse the payload, or show something else than we mean."""
    problems = list(problems_of(payload, surface))
    assert not problems, f"{problems}\n{json.dumps(_blocks(payload), indent=1, ensure_ascii=False)[:4000]}"


def problems_of(payload: Message | dict[str, Any], surface: Surface) -> Iterator[str]:
    """Everything that is wrong, one sentence each."""
    blocks = _blocks(payload)
    yield from _by_sdk(payload, blocks)
    most = _limits.MESSAGE_BLOCKS_MAX_ITEMS if surface == "message" else _limits.VIEW_BLOCKS_MAX_ITEMS
    if not 1 <= len(blocks) <= most:
        yield f"{len(blocks)} blocks"
    if isinstance(payload, Message):
        size = len(payload.text.encode())
        yield from [] if 1 <= size <= 4000 else [f"a text of {size} bytes"]
    else:
        yield from _view(payload, blocks)
    allowed = _surfaces._BLOCK_TYPES_BY_SURFACE[surface]
    for block in blocks:
        if block["type"] not in allowed:
            yield f"{block['type']} is not for a {surface}"
        yield from _duplicates([each["action_id"] for each in _walk(block) if "action_id" in each], "action_id")
        if block["type"] == CHART:
            yield from map(str, block_problems([block], surface))
            continue
        for each in _walk(block):
            yield from _thing(each)
    yield from _duplicates([block["block_id"] for block in blocks if "block_id" in block], "block_id")


def _blocks(payload: Message | dict[str, Any]) -> list[dict[str, Any]]:
    return list(payload.blocks) if isinstance(payload, Message) else payload["blocks"]


def _by_sdk(payload: Message | dict[str, Any], blocks: list[dict[str, Any]]) -> Iterator[str]:
    try:
        for parsed in Block.parse_all([block for block in blocks if block["type"] != CHART]):
            parsed.to_dict()
        if not isinstance(payload, Message):
            View(**payload).to_dict()
    except (SlackObjectFormationError, TypeError) as error:
        yield f"slack_sdk: {error}"


def _view(view: dict[str, Any], blocks: list[dict[str, Any]]) -> Iterator[str]:
    if any(block["type"] == "input" for block in blocks) and view["type"] == "modal" and "submit" not in view:
        yield "inputs without a submit button"
    for name in ("title", "submit", "close"):
        if name in view and len(view[name]["text"]) > _limits.VIEW_TITLE_MAX_LENGTH:
            yield f"{name} too long"
    if len(view.get("private_metadata", "")) > _limits.VIEW_PRIVATE_METADATA_MAX_LENGTH:
        yield "private_metadata too long"


def _walk(thing: Any) -> Iterator[dict[str, Any]]:
    if isinstance(thing, list):
        for each in thing:
            yield from _walk(each)
    elif isinstance(thing, dict):
        yield thing
        for each in thing.values():
            yield from _walk(each)


def _duplicates(names: list[str], what: str) -> Iterator[str]:
    yield from (f"{what} {name} twice" for name, count in Counter(names).items() if count > 1)


def _thing(thing: dict[str, Any]) -> Iterator[str]:
    kind = thing.get("type")
    if kind is not None and (kind not in KEYS or set(thing) - KEYS[kind]):
        yield f"{kind} with {sorted(set(thing) - KEYS.get(kind, frozenset()))}"
    if kind in ("plain_text", "mrkdwn") and not thing["text"].strip():
        yield "an empty text"
    check = CHECKS.get(str(kind))
    yield from check(thing) if check else ()


def _too_long(thing: dict[str, Any], limit: int, what: str) -> Iterator[str]:
    if len(thing["text"]["text"]) > limit:
        yield f"{what} of {len(thing['text']['text'])}"


def _section(section: dict[str, Any]) -> Iterator[str]:
    if "text" in section:
        yield from _too_long(section, _limits.SECTION_TEXT_MAX_LENGTH, "section")
    fields = section.get("fields", [])
    if not fields and "text" not in section:
        yield "an empty section"
    if len(fields) > _limits.SECTION_FIELDS_MAX_ITEMS:
        yield f"{len(fields)} fields"
    yield from ("field too long" for field in fields if len(field["text"]) > _limits.SECTION_FIELDS_ITEM_MAX_LENGTH)


def _header(header: dict[str, Any]) -> Iterator[str]:
    yield from _too_long(header, _limits.HEADER_TEXT_MAX_LENGTH, "header")
    yield from [] if header["text"]["type"] == "plain_text" else ["a header in mrkdwn"]


def _context(context: dict[str, Any]) -> Iterator[str]:
    if not 1 <= len(context["elements"]) <= _limits.CONTEXT_ELEMENTS_MAX_ITEMS:
        yield f"{len(context['elements'])} context elements"
    yield from ("context too long" for each in context["elements"] if len(each["text"]) > 3000)


def _actions(actions: dict[str, Any]) -> Iterator[str]:
    if not 1 <= len(actions["elements"]) <= _limits.ACTIONS_ELEMENTS_MAX_ITEMS:
        yield f"{len(actions['elements'])} actions"


def _button(button: dict[str, Any]) -> Iterator[str]:
    yield from _too_long(button, _limits.BUTTON_TEXT_MAX_LENGTH, "button")
    if len(button["value"]) > _limits.BUTTON_VALUE_MAX_LENGTH:
        yield "button value too long"
    if confirm := button.get("confirm"):
        limits = (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30))
        yield from (f"confirm {name} too long" for name, limit in limits if len(confirm[name]["text"]) > limit)


def _select(select: dict[str, Any]) -> Iterator[str]:
    options = select["options"]
    if not 1 <= len(options) <= _limits.SELECT_OPTIONS_MAX_ITEMS:
        yield f"{len(options)} options"
    if "initial_option" in select and select["initial_option"] not in options:
        yield "an initial option that is not offered"
    yield from _duplicates([option["value"] for option in options], "option")
    yield from option_problems(options)


def _multi(select: dict[str, Any]) -> Iterator[str]:
    chosen, options = select.get("initial_options", []), select.get("options")
    if "initial_options" in select and not 1 <= len(chosen) <= select["max_selected_items"]:
        yield f"{len(chosen)} initial options of at most {select['max_selected_items']}"
    if options is not None:
        yield from _select({"options": options})
        yield from ("an initial option that is not offered" for one in chosen if one not in options)
    yield from option_problems(chosen)


def option_problems(options: list[dict[str, Any]]) -> Iterator[str]:
    """The errors in the options of a select."""
    for option in options:
        yield from _too_long(option, _limits.OPTION_TEXT_MAX_LENGTH, "option")
        if not 1 <= len(option["value"]) <= _limits.OPTION_VALUE_MAX_LENGTH:
            yield "option value too long"


def _checkboxes(boxes: dict[str, Any]) -> Iterator[str]:
    if not 1 <= len(boxes["options"]) <= 10:
        yield f"{len(boxes['options'])} checkboxes"
    yield from _duplicates([option["value"] for option in boxes["options"]], "checkbox")
    yield from option_problems(boxes["options"])


def _external(select: dict[str, Any]) -> Iterator[str]:
    yield from option_problems([select["initial_option"]] if "initial_option" in select else [])


def _text_input(field: dict[str, Any]) -> Iterator[str]:
    if len(field.get("initial_value", "")) > field["max_length"]:
        yield "an initial value longer than the field takes"
    if field["max_length"] > _limits.PLAIN_TEXT_INPUT_MAX_LENGTH_MAX:
        yield "a field that takes too much"


CHECKS: Mapping[str, Callable[[dict[str, Any]], Iterator[str]]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "button": _button,
    "static_select": _select,
    "external_select": _external,
    "multi_static_select": _multi,
    "multi_external_select": _multi,
    "checkboxes": _checkboxes,
    "plain_text_input": _text_input,
}
