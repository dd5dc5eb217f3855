"""Block Kit in tables: which blocks and elements exist, their keys, lengths and counts.

Sources (read 2026-11): https://docs.slack.dev/reference/block-kit/blocks,
https://docs.slack.dev/reference/block-kit/block-elements, https://docs.slack.dev/reference/block-kit/composition-objects,
https://docs.slack.dev/reference/views.
"""

from collections.abc import Mapping

from bot.sandbox.slack.charts import CHART
from bot.sandbox.slack.schema import Anything, ByType, Flag, Many, Number, OneOf, Shape, Text, Thing, Whole

IDENTIFIER = Text(255)
"""``block_id``, ``action_id``, ``callback_id`` and ``external_id``: at most 255 characters."""

URL = Text(3000)


def plain(most: int = 3000) -> Shape:
    """A ``plain_text`` object of at most ``most`` characters."""
    return Thing({"type": OneOf(("plain_text",)), "text": Text(most)}, {"emoji": Flag()})


def text(most: int = 3000) -> Shape:
    """A ``plain_text`` or ``mrkdwn`` object of at most ``most`` characters."""
    markup = Thing({"type": OneOf(("mrkdwn",)), "text": Text(most)}, {"verbatim": Flag()})
    return ByType({"plain_text": plain(most), "mrkdwn": markup}, place="text object")


PLACEHOLDER = plain(150)
CONFIRM = Thing(
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": OneOf(("primary", "danger"))},
)
OPTION = Thing({"text": plain(75), "value": Text(150)}, {"description": plain(75), "url": URL})
RICH_OPTION = Thing({"text": text(75), "value": Text(150)}, {"description": text(75)})
GROUP = Thing({"label": plain(75), "options": Many(OPTION, 100)})
FILTER = Thing(
    optional={
        "include": Many(OneOf(("im", "mpim", "private", "public")), 4),
        "exclude_external_shared_channels": Flag(),
        "exclude_bot_users": Flag(),
    },
    some=(("include", "exclude_external_shared_channels", "exclude_bot_users"),),
)
DISPATCH = Thing(optional={"trigger_actions_on": Many(OneOf(("on_enter_pressed", "on_character_entered")), 2)})
SLACK_FILE = Thing(optional={"id": Text(), "url": Text()}, together=(("id", "url"),))

_INTERACTIVE: dict[str, Shape] = {"action_id": IDENTIFIER, "confirm": CONFIRM}
_FOCUS: dict[str, Shape] = {"focus_on_load": Flag()}
_INPUT: dict[str, Shape] = {"action_id": IDENTIFIER, "placeholder": PLACEHOLDER, **_FOCUS}
_SELECT: dict[str, Shape] = {**_INTERACTIVE, **_FOCUS, "placeholder": PLACEHOLDER}
_MULTI: dict[str, Shape] = {**_SELECT, "max_selected_items": Whole(1)}
_CHOICES: dict[str, Shape] = {"options": Many(OPTION, 100), "option_groups": Many(GROUP, 100)}
_EITHER = (("options", "option_groups"),)


def _element(kind: str, *parts: Mapping[str, Shape], required: Mapping[str, Shape] | None = None) -> Thing:
    optional = {key: shape for part in parts for key, shape in part.items()}
    return Thing({"type": OneOf((kind,)), **(required or {})}, optional)


def _choice(kind: str, *parts: Mapping[str, Shape]) -> Thing:
    optional = {key: shape for part in (*parts, _CHOICES) for key, shape in part.items()}
    return Thing({"type": OneOf((kind,))}, optional, together=_EITHER)


_TYPED: dict[str, Shape] = {**_INPUT, "dispatch_action_config": DISPATCH}
_MENU: dict[str, Shape] = {"conversation": Anything(), "filter": FILTER, "default_to_current_conversation": Flag()}
_RESPONSE: dict[str, Shape] = {"response_url_enabled": Flag()}

ELEMENTS: Mapping[str, Shape] = {
    "button": _element(
        "button",
        _INTERACTIVE,
        {
            "url": URL,
            "value": Text(2000, least=0),
            "style": OneOf(("primary", "danger")),
            "accessibility_label": Text(75),
        },
        required={"text": plain(75)},
    ),
    "overflow": _element("overflow", _INTERACTIVE, required={"options": Many(OPTION, 5)}),
    "checkboxes": _element(
        "checkboxes",
        _INTERACTIVE,
        _FOCUS,
        {"initial_options": Many(RICH_OPTION, 10)},
        required={"options": Many(RICH_OPTION, 10)},
    ),
    "radio_buttons": _element(
        "radio_buttons",
        _INTERACTIVE,
        _FOCUS,
        {"initial_option": RICH_OPTION},
        required={"options": Many(RICH_OPTION, 10)},
    ),
    "datepicker": _element("datepicker", _SELECT, {"initial_date": Text(10)}),
    "timepicker": _element("timepicker", _SELECT, {"initial_time": Text(5), "timezone": Text()}),
    "datetimepicker": _element("datetimepicker", _INTERACTIVE, _FOCUS, {"initial_date_time": Whole(0)}),
    "plain_text_input": _element(
        "plain_text_input",
        _TYPED,
        {
            "initial_value": Text(3000, least=0),
            "multiline": Flag(),
            "min_length": Whole(0, 3000),
            "max_length": Whole(1, 3000),
        },
    ),
    "email_text_input": _element("email_text_input", _TYPED, {"initial_value": Text(least=0)}),
    "url_text_input": _element("url_text_input", _TYPED, {"initial_value": Text(least=0)}),
    "number_input": _element(
        "number_input",
        _TYPED,
        {"initial_value": Text(), "min_value": Text(), "max_value": Text()},
        required={"is_decimal_allowed": Flag()},
    ),
    "rich_text_input": _element("rich_text_input", _TYPED, {"initial_value": Anything()}),
    "file_input": _element(
        "file_input", {"action_id": IDENTIFIER, "filetypes": Many(Text()), "max_files": Whole(1, 10)}
    ),
    "static_select": _choice("static_select", _SELECT, {"initial_option": OPTION}),
    "multi_static_select": _choice("multi_static_select", _MULTI, {"initial_options": Many(OPTION, 100)}),
    "external_select": _element("external_select", _SELECT, {"initial_option": OPTION, "min_query_length": Whole(0)}),
    "multi_external_select": _element(
        "multi_external_select", _MULTI, {"initial_options": Many(OPTION, 100), "min_query_length": Whole(0)}
    ),
    "users_select": _element("users_select", _SELECT, {"initial_user": Text()}),
    "multi_users_select": _element("multi_users_select", _MULTI, {"initial_users": Many(Text())}),
    "conversations_select": _element(
        "conversations_select", _SELECT, _MENU, _RESPONSE, {"initial_conversation": Text()}
    ),
    "multi_conversations_select": _element(
        "multi_conversations_select", _MULTI, _MENU, {"initial_conversations": Many(Text())}
    ),
    "channels_select": _element("channels_select", _SELECT, _RESPONSE, {"initial_channel": Text()}),
    "multi_channels_select": _element("multi_channels_select", _MULTI, {"initial_channels": Many(Text())}),
    "image": Thing(
        {"type": OneOf(("image",)), "alt_text": Text(2000)},
        {"image_url": URL, "slack_file": SLACK_FILE},
        together=(("image_url", "slack_file"),),
    ),
}
"""Elements by type, with everything that each may carry."""

_PICKERS = {"datepicker", "timepicker", "datetimepicker", "checkboxes", "radio_buttons"}
_SELECTS = {kind for kind in ELEMENTS if kind.endswith("_select")}
_TYPED_KINDS = {"plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input"}
IN_ACTIONS = frozenset({"button", "overflow"} | _PICKERS | _SELECTS)
IN_SECTION = frozenset(IN_ACTIONS | {"image"})
IN_INPUT = frozenset(_TYPED_KINDS | _PICKERS | _SELECTS | {"file_input"})

_CONTEXT = ByType({"image": ELEMENTS["image"], "plain_text": plain(), "mrkdwn": text()}, place="context element")
_CELL = ByType(
    {
        "raw_text": Thing({"type": Anything(), "text": Text()}),
        "raw_number": Thing({"type": Anything(), "value": Number()}, {"text": Text()}),
        "rich_text": Thing({"type": Anything(), "elements": Many(Anything())}, {"block_id": IDENTIFIER}),
    },
    place="table cell",
)
_ALIGN = Thing(optional={"align": OneOf(("left", "center", "right")), "is_wrapped": Flag()})
_BUTTONS = ByType(ELEMENTS, frozenset({"button"}), "card action")


def _block(kind: str, required: Mapping[str, Shape], optional: Mapping[str, Shape] | None = None) -> Thing:
    return Thing({"type": OneOf((kind,)), **required}, {"block_id": IDENTIFIER, **(optional or {})})


_BLOCKS: dict[str, Shape] = {
    "section": Thing(
        {"type": OneOf(("section",))},
        {
            "block_id": IDENTIFIER,
            "text": text(3000),
            "fields": Many(text(2000), 10),
            "accessory": ByType(ELEMENTS, IN_SECTION, "section accessory"),
            "expand": Flag(),
        },
        some=(("text", "fields"),),
    ),
    "header": _block("header", {"text": plain(150)}),
    "divider": _block("divider", {}),
    "context": _block("context", {"elements": Many(_CONTEXT, 10)}),
    "actions": _block("actions", {"elements": Many(ByType(ELEMENTS, IN_ACTIONS, "actions element"), 25)}),
    "input": _block(
        "input",
        {"label": plain(2000), "element": ByType(ELEMENTS, IN_INPUT, "input element")},
        {"hint": plain(2000), "optional": Flag(), "dispatch_action": Flag()},
    ),
    "image": Thing(
        {"type": OneOf(("image",)), "alt_text": Text(2000)},
        {"block_id": IDENTIFIER, "title": plain(2000), "image_url": URL, "slack_file": SLACK_FILE},
        together=(("image_url", "slack_file"),),
    ),
    "markdown": _block("markdown", {"text": Text(12000)}),
    "rich_text": _block("rich_text", {"elements": Many(Anything())}),
    "alert": _block("alert", {"text": text(200)}, {"level": OneOf(("default", "info", "warning", "error", "success"))}),
    "table": _block("table", {"rows": Many(Many(_CELL, 20), 100)}, {"column_settings": Many(_ALIGN, 20)}),
    "data_table": _block(
        "data_table",
        {"rows": Many(Many(_CELL, 20), 101, least=2)},
        {"caption": Text(), "page_size": Whole(1, 100), "row_header_column_index": Whole(0)},
    ),
    "card": _block(
        "card",
        {},
        {
            "title": text(150),
            "subtitle": text(150),
            "body": text(200),
            "subtext": text(200),
            "icon": ELEMENTS["image"],
            "hero_image": ELEMENTS["image"],
            "slack_icon": Anything(),
            "actions": Many(_BUTTONS, 3),
        },
    ),
    "video": _block(
        "video",
        {"alt_text": Text(2000), "title": plain(200), "thumbnail_url": URL, "video_url": URL},
        {
            "author_name": Text(50),
            "description": plain(200),
            "provider_icon_url": Text(2000),
            "provider_name": Text(50),
            "title_url": Text(2000),
        },
    ),
    "file": _block("file", {"external_id": Text(), "source": OneOf(("remote",))}),
    "context_actions": _block("context_actions", {"elements": Many(Anything(), 5)}),
    "plan": _block("plan", {"title": Text()}, {"tasks": Many(Anything(), 50)}),
    "task_card": _block(
        "task_card",
        {"task_id": Text(), "title": Text()},
        {
            "details": Anything(),
            "output": Anything(),
            "sources": Many(Anything()),
            "status": OneOf(("in_progress", "complete", "error")),
        },
    ),
    "data_visualization": _block("data_visualization", {"title": Text(50), "chart": CHART}),
}
_BLOCKS["carousel"] = _block("carousel", {"elements": Many(ByType({"card": _BLOCKS["card"]}), 10)})
_BLOCKS["container"] = _block(
    "container",
    {"child_blocks": Many(ByType(_BLOCKS), 10)},
    {"title": plain(150), "subtitle": text(150), "icon": Anything(), "width": Text(), "is_collapsible": Flag()},
)

BLOCKS: Mapping[str, Shape] = _BLOCKS
"""Blocks by type, with everything that each may carry."""

_EVERYWHERE = {"actions", "card", "context", "divider", "header", "image", "input", "rich_text", "section", "video"}
_WIDE = {"carousel", "container", "data_table", "data_visualization", "table"}
SURFACES: Mapping[str, frozenset[str]] = {
    "message": frozenset(_EVERYWHERE | _WIDE | {"markdown", "plan", "task_card", "context_actions", "file"}),
    "modal": frozenset(_EVERYWHERE | {"alert"}),
    "home": frozenset(_EVERYWHERE | _WIDE),
}
"""Block types that each surface takes: alerts in modals only, tables and markdown never in modals."""

BLOCKS_MOST: Mapping[str, int] = {"message": 50, "modal": 100, "home": 100}
"""How many blocks each surface takes."""

_VIEW: dict[str, Shape] = {
    "blocks": Anything(),
    "private_metadata": Text(3000, least=0),
    "callback_id": Text(255, least=0),
    "external_id": Text(255, least=0),
}
VIEWS: Mapping[str, Shape] = {
    "modal": Thing(
        {"type": OneOf(("modal",)), "title": plain(24), "blocks": Anything()},
        {
            **_VIEW,
            "submit": plain(24),
            "close": plain(24),
            "clear_on_close": Flag(),
            "notify_on_close": Flag(),
            "submit_disabled": Flag(),
        },
    ),
    "home": Thing(
        {"type": OneOf(("home",)), "blocks": Anything()},
        {**_VIEW, "title": plain(24), "submit": plain(24), "close": plain(24)},
    ),
}
"""Views by type, without their blocks."""
