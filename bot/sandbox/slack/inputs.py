"""Interactive elements: what a person may put in, how it shows in ``state`` and in an action, and what is refused.

Sources (read 2026-11): https://docs.slack.dev/reference/block-kit/block-elements,
https://docs.slack.dev/reference/interaction-payloads/block_actions-payload.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any
from urllib.parse import urlsplit

from bot.sandbox.slack.blocks import all_options, elements_of
from bot.sandbox.slack.errors import Impossible

REQUIRED = "Please complete this required field."

State = dict[str, dict[str, dict[str, Any]]]
"""``{block_id: {action_id: {"type": …, key: value}}}``, as in ``state.values``."""


@dataclass(frozen=True, slots=True)
class InputKind:
    """How one type of element keeps its value.

    Args:
        key: Key of the value in ``state`` and in actions.
        initial: Key of the value that the bot prefilled.
        many: Whether the value is a list.
        options: Whether values are options rather than plain strings.
    """

    key: str
    initial: str
    many: bool = False
    options: bool = False


KINDS: Mapping[str, InputKind] = {
    "plain_text_input": InputKind("value", "initial_value"),
    "email_text_input": InputKind("value", "initial_value"),
    "url_text_input": InputKind("value", "initial_value"),
    "number_input": InputKind("value", "initial_value"),
    "rich_text_input": InputKind("rich_text_value", "initial_value"),
    "datepicker": InputKind("selected_date", "initial_date"),
    "timepicker": InputKind("selected_time", "initial_time"),
    "datetimepicker": InputKind("selected_date_time", "initial_date_time"),
    "static_select": InputKind("selected_option", "initial_option", options=True),
    "external_select": InputKind("selected_option", "initial_option", options=True),
    "radio_buttons": InputKind("selected_option", "initial_option", options=True),
    "users_select": InputKind("selected_user", "initial_user"),
    "conversations_select": InputKind("selected_conversation", "initial_conversation"),
    "channels_select": InputKind("selected_channel", "initial_channel"),
    "checkboxes": InputKind("selected_options", "initial_options", many=True, options=True),
    "multi_static_select": InputKind("selected_options", "initial_options", many=True, options=True),
    "multi_external_select": InputKind("selected_options", "initial_options", many=True, options=True),
    "multi_users_select": InputKind("selected_users", "initial_users", many=True),
    "multi_conversations_select": InputKind("selected_conversations", "initial_conversations", many=True),
    "multi_channels_select": InputKind("selected_channels", "initial_channels", many=True),
    "file_input": InputKind("files", "", many=True),
}
"""Elements that keep a value; buttons and overflow menus do not."""


def initial_state(blocks: list[dict[str, Any]]) -> State:
    """The state of freshly shown blocks."""
    state: State = {}
    for block in blocks:
        for element in elements_of(block):
            kind = KINDS.get(element["type"])
            if kind is not None:
                empty: Any = [] if kind.many else None
                value = element.get(kind.initial, empty)
                state.setdefault(block["block_id"], {})[element["action_id"]] = {
                    "type": element["type"],
                    kind.key: value,
                }
    return state


def kept_state(blocks: list[dict[str, Any]], before: State) -> State:
    """The state after an update: what was typed stays where block id, action id and type are the same."""
    fresh = initial_state(blocks)
    for block_id, actions in fresh.items():
        for action_id, entry in actions.items():
            old = before.get(block_id, {}).get(action_id)
            if old is not None and old["type"] == entry["type"]:
                actions[action_id] = old
    return fresh


def entry(element: dict[str, Any], given: Any, options: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """The ``state`` of an element once a person has put ``given`` into it.

    Args:
        element: The element as the bot sent it.
        given: A string, an option's value or its text, or a list of them; None or empty clears.
        options: The options to choose from, where the element does not carry them itself.

    Raises:
        Impossible: If a person could not choose or type that.
    """
    kind = KINDS[element["type"]]
    known = all_options(element) if options is None else options
    chosen = _many(element, kind, given, known) if kind.many else _single(element, kind, given, known)
    return {"type": element["type"], kind.key: chosen}


def _many(element: dict[str, Any], kind: InputKind, given: Any, options: list[dict[str, Any]]) -> list[Any]:
    items = [] if given is None else given if isinstance(given, list) else [given]
    most = element.get("max_selected_items")
    if most is not None and len(items) > most:
        raise Impossible(f"{element['action_id']} takes at most {most} selected items, not {len(items)}.")
    return [option_of(options, item, element["action_id"]) if kind.options else str(item) for item in items]


def _single(element: dict[str, Any], kind: InputKind, given: Any, options: list[dict[str, Any]]) -> Any:
    if given in (None, "", []):
        return None
    if kind.options:
        return option_of(options, given, element["action_id"])
    if element["type"] in {"rich_text_input", "datetimepicker"}:
        return given
    if not isinstance(given, str | int | float):
        raise Impossible(f"{element['action_id']} takes one value, not {given!r}.")
    _PARSERS.get(element["type"], str)(str(given))
    return str(given)


def option_of(options: list[dict[str, Any]], given: Any, action_id: str) -> dict[str, Any]:
    """The option with that value, else with that text."""
    wanted = given.get("value") if isinstance(given, dict) else str(given)
    by_value = [option for option in options if option["value"] == wanted]
    for option in by_value or [option for option in options if option["text"]["text"] == wanted]:
        return {name: option[name] for name in ("text", "value", "description") if name in option}
    known = ", ".join(option["value"] for option in options[:10]) or "nothing"
    raise Impossible(f"{action_id} has no option {wanted!r}; it offers {known}.")


def _parse_date(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise Impossible(f"{value!r} is not a date; a date picker gives YYYY-MM-DD.") from None


def _parse_time(value: str) -> str:
    try:
        return time.fromisoformat(value).isoformat("minutes")
    except ValueError:
        raise Impossible(f"{value!r} is not a time; a time picker gives HH:mm.") from None


_PARSERS: Mapping[str, Callable[[str], str]] = {"datepicker": _parse_date, "timepicker": _parse_time}


def field_errors(blocks: list[dict[str, Any]], state: State) -> dict[str, str]:
    """The errors that Slack's own client shows before it lets a person submit, by block id."""
    errors: dict[str, str] = {}
    for block in blocks:
        if block["type"] != "input":
            continue
        element = block["element"]
        held = state[block["block_id"]][element["action_id"]][KINDS[element["type"]].key]
        message = _field_error(element, held, is_optional=block.get("optional", False))
        if message is not None:
            errors[block["block_id"]] = message
    return errors


def _field_error(element: dict[str, Any], held: Any, *, is_optional: bool) -> str | None:
    if held in (None, "", []):
        return None if is_optional else REQUIRED
    check = _CHECKS.get(element["type"])
    return check(element, held) if check else None


def _text_error(element: dict[str, Any], held: str) -> str | None:
    least, most = element.get("min_length", 0), element.get("max_length", 3000)
    if len(held) < least:
        return f"This field must have at least {least} characters."
    if len(held) > most:
        return f"This field must have at most {most} characters."
    return None


def _number_error(element: dict[str, Any], held: str) -> str | None:
    pattern = r"-?\d+(\.\d+)?" if element["is_decimal_allowed"] else r"-?\d+"
    if re.fullmatch(pattern, held) is None:
        return "Please enter a number." if element["is_decimal_allowed"] else "Please enter a whole number."
    least, most = element.get("min_value"), element.get("max_value")
    if least is not None and float(held) < float(least):
        return f"Please enter a number of at least {least}."
    if most is not None and float(held) > float(most):
        return f"Please enter a number of at most {most}."
    return None


def _email_error(_element: dict[str, Any], held: str) -> str | None:
    return None if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", held) else "Please enter a valid email address."


def _url_error(_element: dict[str, Any], held: str) -> str | None:
    parts = urlsplit(held)
    return None if parts.scheme and parts.netloc else "Please enter a valid URL."


_CHECKS: Mapping[str, Callable[[dict[str, Any], str], str | None]] = {
    "plain_text_input": _text_error,
    "number_input": _number_error,
    "email_text_input": _email_error,
    "url_text_input": _url_error,
}
