"""Block Kit: what Slack takes is taken, what it would refuse is refused with a pointer."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.slack.blocks import block_problems, option_list_problems, view_problems
from tests.sandbox.slack_stage import actions, button, modal, plain, text_input

Block = dict[str, Any]


def mrkdwn(text: str) -> Block:
    """A mrkdwn object."""
    return {"type": "mrkdwn", "text": text}


def section(text: str = "x", **more: Any) -> Block:
    """A section block."""
    return {"type": "section", "text": mrkdwn(text)} | more


def option(value: str, text: str = "t") -> Block:
    """An option."""
    return {"text": plain(text), "value": value}


def many(count: int) -> list[Block]:
    """So many options."""
    return [option(str(n)) for n in range(count)]


def select(**more: Any) -> Block:
    """A static select."""
    return {"type": "static_select", "action_id": "s", "options": [option("1")]} | more


def header(text: str) -> Block:
    """A header block."""
    return {"type": "header", "text": plain(text)}


def table(rows: int, columns: int) -> Block:
    """A table block."""
    return {"type": "table", "rows": [[{"type": "raw_text", "text": "c"}] * columns] * rows}


E0 = "/blocks/0/elements/0"
CONFIRM = {"title": plain("x" * 101), "text": plain("x"), "confirm": plain("y"), "deny": plain("n")}
GROUPED = select(options=None, option_groups=[{"label": plain("g"), "options": [option("1")]}])
GOOD_MESSAGES = [
    [],
    [section()],
    [section("x" * 3000)],
    [{"type": "section", "fields": [mrkdwn("x" * 2000)] * 10}],
    [header("x" * 150), {"type": "divider"}],
    [actions(*[button(f"b{n}") for n in range(25)])],
    [actions(select(), {"type": "overflow", "action_id": "o", "options": many(5)})],
    [section(accessory={"type": "image", "image_url": "https://example.com/i.png", "alt_text": "i"})],
    [section(accessory=GROUPED)],
    [section(block_id="a"), section(block_id="b")],
    [actions(button("same"), block_id="a"), actions(button("same"), block_id="b")],
    [{"type": "context", "elements": [mrkdwn("a"), plain("b")]}],
    [{"type": "markdown", "text": "x" * 12000}],
    [table(100, 20)],
    [section()] * 50,
    [text_input("i")],
    [{"type": "card", "title": mrkdwn("t"), "actions": [button("a")]}],
    [{"type": "container", "title": plain("t"), "child_blocks": [section()]}],
]
BAD_MESSAGES: list[tuple[str, Any, str, str]] = [
    ("no list", "x", "/blocks", "array"),
    ("51 blocks", [section()] * 51, "/blocks", "no more than 50"),
    ("unknown type", [{"type": "banner"}], "/blocks/0/type", "unsupported type: banner"),
    ("no type", [{"text": "x"}], "/blocks/0", "type"),
    ("alert in a message", [{"type": "alert", "text": mrkdwn("x")}], "/blocks/0/type", "unsupported type here"),
    ("empty section", [{"type": "section"}], "/blocks/0", "text or fields"),
    ("empty text", [section("")], "/blocks/0/text/text", "more than 0"),
    ("long section", [section("x" * 3001)], "/blocks/0/text/text", "less than 3001"),
    ("unknown key", [section(colour="red")], "/blocks/0/colour", "unknown property"),
    ("text is a string", [{"type": "section", "text": "x"}], "/blocks/0/text", "type"),
    ("11 fields", [{"type": "section", "fields": [mrkdwn("x")] * 11}], "/blocks/0/fields", "no more than 10"),
    ("long field", [{"type": "section", "fields": [mrkdwn("x" * 2001)]}], "/blocks/0/fields/0/text", "less than 2001"),
    ("mrkdwn header", [{"type": "header", "text": mrkdwn("x")}], "/blocks/0/text/type", "plain_text"),
    ("long header", [header("x" * 151)], "/blocks/0/text/text", "less than 151"),
    ("no elements", [actions()], "/blocks/0/elements", "no fewer than 1"),
    ("26 elements", [actions(*[button(f"b{n}") for n in range(26)])], "/blocks/0/elements", "no more than 25"),
    ("11 in context", [{"type": "context", "elements": [mrkdwn("x")] * 11}], "/blocks/0/elements", "no more than 10"),
    ("button in context", [{"type": "context", "elements": [button("b")]}], E0 + "/type", "button"),
    ("mrkdwn button", [actions(button("b") | {"text": mrkdwn("x")})], E0 + "/text/type", "plain_text"),
    ("long button", [actions(button("b") | {"text": plain("x" * 76)})], E0 + "/text/text", "less than 76"),
    ("long value", [actions(button("b", "x" * 2001))], E0 + "/value", "less than 2001"),
    ("blue button", [actions(button("b") | {"style": "blue"})], E0 + "/style", "primary, danger"),
    ("long action_id", [actions(button("x" * 256))], E0 + "/action_id", "less than 256"),
    ("input in actions", [actions(text_input("i")["element"])], E0 + "/type", "plain_text_input"),
    ("button in input", [text_input("i") | {"element": button("b")}], "/blocks/0/element/type", "button"),
    ("no options", [actions(select(options=[]))], E0 + "/options", "no fewer than 1"),
    ("101 options", [actions(select(options=many(101)))], E0 + "/options", "100"),
    ("options and groups", [actions(GROUPED | {"options": [option("1")]})], E0, "one of"),
    ("long option", [actions(select(options=[option("1", "x" * 76)]))], E0 + "/options/0/text/text", "76"),
    ("long option value", [actions(select(options=[option("x" * 151)]))], E0 + "/options/0/value", "151"),
    ("same option twice", [actions(select(options=[option("1"), option("1")]))], "/blocks/0", "unique"),
    ("strange initial option", [actions(select(initial_option=option("2")))], "/blocks/0", "initial option"),
    ("6 in overflow", [actions({"type": "overflow", "options": many(6)})],
     E0 + "/options", "no more than 5"),
    ("11 checkboxes", [actions({"type": "checkboxes", "options": many(11)})],
     E0 + "/options", "no more than 10"),
    ("same block_id", [section(block_id="a"), section(block_id="a")], "/blocks", "block_id a already exists"),
    ("same action_id", [actions(button("a"), button("a"))], "/blocks/0", "action_id a already exists"),
    ("long confirm", [actions(button("b") | {"confirm": CONFIRM})], E0 + "/confirm/title/text", "101"),
    ("101 rows", [table(101, 1)], "/blocks/0/rows", "no more than 100"),
    ("21 columns", [table(1, 21)], "/blocks/0/rows/0", "no more than 20"),
    ("two tables", [table(1, 1), table(1, 1)], "/blocks", "only_one_table"),
    ("too much markdown", [{"type": "markdown", "text": "x" * 6001}] * 2, "/blocks", "together"),
    ("image without alt", [{"type": "image", "image_url": "https://example.com"}], "/blocks/0", "alt_text"),
    ("bad alignment", [table(1, 1) | {"column_settings": [{"align": "up"}]}], "/blocks/0/column_settings/0/align", ""),
]  # fmt: skip
BAD_VIEWS: list[tuple[str, Any, str, str]] = [
    ("no view", None, "/view", "type"),
    ("no title", {"type": "modal", "blocks": []}, "/view", "title"),
    ("long title", modal(title=plain("x" * 25)), "/view/title/text", "25"),
    ("mrkdwn title", modal(title=mrkdwn("x")), "/view/title/type", "plain_text"),
    ("long submit", modal(submit=plain("x" * 25)), "/view/submit/text", "25"),
    ("long metadata", modal(private_metadata="x" * 3001), "/view/private_metadata", "3001"),
    ("long callback_id", modal(callback_id="x" * 256), "/view/callback_id", "256"),
    ("input without submit", modal(text_input("i"), submit=None), "/view", "submit"),
    ("table in a modal", modal(table(1, 1)), "/view/blocks/0/type", "unsupported type here"),
    ("markdown in a modal", modal({"type": "markdown", "text": "x"}), "/view/blocks/0/type", "unsupported"),
    ("101 blocks", modal(*[section()] * 101), "/view/blocks", "100"),
    ("max_length", modal(text_input("i", max_length=3001)), "/view/blocks/0/element/max_length", "3000"),
    ("min over max", modal(text_input("i", min_length=9, max_length=3)), "/view/blocks/0/element", "min_length"),
    ("long label", modal(text_input("i") | {"label": plain("x" * 2001)}), "/view/blocks/0/label/text", "2001"),
    ("mrkdwn label", modal(text_input("i") | {"label": mrkdwn("x")}), "/view/blocks/0/label/type", "plain_text"),
    (
        "long placeholder",
        modal(text_input("i", placeholder=plain("x" * 151))),
        "/view/blocks/0/element/placeholder/text",
        "151",
    ),
    (
        "number without decimals said",
        modal(text_input("i", type="number_input")),
        "/view/blocks/0/element",
        "is_decimal",
    ),
    (
        "home with metadata",
        {"type": "home", "blocks": [], "private_metadata": "x" * 3001},
        "/view/private_metadata",
        "3001",
    ),
    ("unknown view", {"type": "sheet", "blocks": []}, "/view/type", "unsupported"),
]


@pytest.mark.parametrize("blocks", GOOD_MESSAGES)
def test_what_slack_takes_is_taken(blocks: list[Block]) -> None:
    """Limits are inclusive."""
    assert [str(problem) for problem in block_problems(blocks, "message")] == []


@pytest.mark.parametrize(
    ("blocks", "pointer", "words"), [case[1:] for case in BAD_MESSAGES], ids=[c[0] for c in BAD_MESSAGES]
)
def test_what_slack_would_refuse_in_a_message_is_refused(blocks: Any, pointer: str, words: str) -> None:
    """The first problem points at the place and says what is wrong."""
    problem = block_problems(blocks, "message")[0]
    assert problem.pointer == pointer
    assert words in problem.message


@pytest.mark.parametrize(("view", "pointer", "words"), [case[1:] for case in BAD_VIEWS], ids=[c[0] for c in BAD_VIEWS])
def test_what_slack_would_refuse_in_a_view_is_refused(view: Any, pointer: str, words: str) -> None:
    """The first problem points at the place and says what is wrong."""
    problem = view_problems(view)[0]
    assert problem.pointer == pointer
    assert words in problem.message


def test_surfaces_differ() -> None:
    """Alerts belong to modals, tables to messages and Home."""
    alert, rows = {"type": "alert", "text": mrkdwn("x"), "level": "warning"}, table(1, 1)
    assert view_problems(modal(alert)) == []
    assert block_problems([alert], "home")
    assert view_problems({"type": "home", "blocks": [rows]}) == []


def test_option_lists_are_checked() -> None:
    """An answer to an options request has one of two shapes, at most a hundred options, and nothing else."""
    assert option_list_problems({"options": []}) == []
    assert option_list_problems({"option_groups": [{"label": plain("g"), "options": [option("1")]}]}) == []
    assert option_list_problems({"options": many(101)})
    assert option_list_problems({})
    assert option_list_problems(None)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "elements", "element", "options", "block_id"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(json_values, st.sampled_from(["message", "modal", "home"]))
def test_no_payload_breaks_the_check(payload: Any, surface: str) -> None:
    """Whatever comes in, the answer is a list of problems with pointers."""
    for problem in block_problems(payload, surface):
        assert problem.pointer.startswith("/blocks")
