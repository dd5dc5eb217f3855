"""What a signed payload must look like before anybody reads it: objects, lists and texts where Bolt and we expect them.

Slack signs what it sends, so a payload of another shape is a change of Slack's, a proxy's mistake, or somebody with the
signing secret. It is refused as a whole: no listener guesses what was meant.

Shapes: https://docs.slack.dev/reference/interaction-payloads, https://docs.slack.dev/apis/events-api, read 2026-11.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
"""The types of content that Slack sends."""

DEEPEST = 64
"""Levels of a payload; Slack's deepest, a modal's state inside its view, have a dozen."""

_FIELD = "view.state.values.*.*"

SHAPES: Mapping[type, tuple[str, ...]] = MappingProxyType(
    {
        dict: (
            *("user", "team", "enterprise", "channel", "container", "message", "view", "event"),
            *("view.state", "view.state.values", "view.state.values.*", _FIELD, "view.blocks.*"),
            *("actions.*", "authorizations.*", "message.blocks.*", "message.attachments.*"),
            *("actions.*.selected_option", f"{_FIELD}.selected_option", f"{_FIELD}.selected_options.*"),
        ),
        list: ("actions", "authorizations", "view.blocks", f"{_FIELD}.selected_options", "message.blocks"),
        str: (
            *("type", "callback_id", "action_id", "block_id", "value", "trigger_id", "response_url", "team_id"),
            *("user.id", "user.team_id", "team.id", "channel.id", "message.text", "event.type", "event.user"),
            *("view.id", "view.hash", "view.type", "view.callback_id", "view.private_metadata", "view.team_id"),
            *("actions.*.type", "actions.*.action_id", "actions.*.block_id", "actions.*.value"),
            *(f"{_FIELD}.value", f"{_FIELD}.selected_user", f"{_FIELD}.type", "actions.*.selected_option.value"),
        ),
    }
)
"""What stands at a path if anything does, or null; ``*`` is every element, and never null."""

NEEDED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "block_actions": ("actions.*.action_id", "actions.*.block_id", "actions.*.type"),
        "view_submission": ("view.type", "view.callback_id"),
        "view_closed": ("view.type", "view.callback_id"),
        "block_suggestion": ("action_id", "block_id"),
        "shortcut": ("callback_id",),
        "message_action": ("callback_id",),
        "event_callback": ("event.type",),
    }
)
"""What must be there, by the type of the payload."""


def has_shape(kind: str, body: str) -> bool:
    """Whether it is a payload that Slack could have sent.

    Args:
        kind: The type of its content.
        body: Its text.
    """
    try:
        if kind == JSON:
            return _fits(json.loads(body))
        fields = parse_qs(body, keep_blank_values=True) if kind == FORM else {}
        return _fits(json.loads(fields["payload"][0])) if "payload" in fields else "command" in fields
    except (ValueError, RecursionError):
        return False


def _fits(payload: Any) -> bool:
    if not isinstance(payload, dict) or not isinstance(payload.get("type"), str) or not _is_shallow(payload):
        return False
    needed = (list(_at(payload, path.split("."))) for path in NEEDED.get(payload["type"], ()))
    return all(found and None not in found for found in needed) and all(
        isinstance(value, kind) or (value is None and not path.endswith("*"))
        for kind, paths in SHAPES.items()
        for path in paths
        for value in _at(payload, path.split("."))
    )


def _at(value: Any, path: list[str]) -> Iterator[Any]:
    """Whatever stands at a path; nothing where it ends early."""
    if not path:
        yield value
    elif path[0] == "*":
        for child in _children(value):
            yield from _at(child, path[1:])
    elif isinstance(value, dict) and path[0] in value:
        yield from _at(value[path[0]], path[1:])


def _is_shallow(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [child for each in level for child in _children(each)]
        if not level:
            return True
    return False


def _children(value: Any) -> Iterable[Any]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
    return ()
