"""The text of a message, wherever Slack puts it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.error_parsing import find_destinations
from handlers.calls import CallKind, call_from
from handlers.messages import text_of

ERROR = "curl: (6) Could not resolve host: api.example.com"


def rich(*elements: dict[str, Any], kind: str = "rich_text_section") -> list[dict[str, Any]]:
    """A block of rich text with these pieces."""
    return [{"type": "rich_text", "elements": [{"type": kind, "elements": list(elements)}]}]


PIECE = {"type": "text", "text": ERROR}
LINKED = (
    {"type": "text", "text": "curl: (6) Could not resolve host: "},
    {"type": "link", "url": "http://api.example.com", "text": "api.example.com"},
)
MESSAGES = {
    "text": {"text": ERROR},
    "code in text": {"text": f"```{ERROR}```"},
    "a link in text": {"text": "curl: (6) Could not resolve host: <http://api.example.com|api.example.com>"},
    "rich text": {"text": "", "blocks": rich(PIECE)},
    "a code block": {"text": "", "blocks": rich(PIECE, kind="rich_text_preformatted")},
    "a quote": {"text": "", "blocks": rich(PIECE, kind="rich_text_quote")},
    "a link in rich text": {"text": "", "blocks": rich(*LINKED)},
    "a list": {
        "blocks": [
            {
                "type": "rich_text",
                "elements": [
                    {"type": "rich_text_list", "elements": [{"type": "rich_text_section", "elements": [PIECE]}]}
                ],
            }
        ]
    },
    "a section": {"text": "Alert", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": ERROR}}]},
    "fields": {"blocks": [{"type": "section", "fields": [{"type": "mrkdwn", "text": ERROR}]}]},
    "a context": {"blocks": [{"type": "context", "elements": [{"type": "plain_text", "text": ERROR}]}]},
    "an attachment": {"text": "Alert fired", "attachments": [{"fallback": "x", "text": ERROR}]},
    "an attachment's field": {"attachments": [{"fields": [{"title": "Error", "value": ERROR}]}]},
    "an attachment's blocks": {"attachments": [{"blocks": rich(PIECE)}]},
    "only the fallback": {"attachments": [{"fallback": ERROR}]},
    "a shared message": {"attachments": [{"message_blocks": [{"message": {"blocks": rich(PIECE)}}]}]},
    "a snippet": {"files": [{"mode": "snippet", "preview": ERROR}]},
    "fields of a record": {
        "attachments": [
            {
                "fields": [
                    {"title": "Action", "value": "Deny"},
                    {"title": "Fqdn", "value": "<http://api.example.com|api.example.com>"},
                    {"title": "DestinationPort", "value": "443"},
                ]
            }
        ]
    },
    "a table": {
        "blocks": [
            {
                "type": "table",
                "rows": [
                    [{"type": "raw_text", "text": "Action"}, {"type": "raw_text", "text": "Fqdn"}],
                    [{"type": "raw_text", "text": "Deny"}, {"type": "raw_text", "text": "api.example.com"}],
                ],
            }
        ]
    },
}


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_an_error_is_found_wherever_it_stands(message: dict[str, Any]) -> None:
    """Text, rich text, code, attachments and snippets are read alike."""
    body = {"message": message, "user": {"id": "U1", "team_id": "T1"}}
    found = find_destinations(call_from(CallKind.SHORTCUT, body).text)
    assert [str(destination) for destination in found.destinations] == ["api.example.com"]


def test_each_part_once() -> None:
    """Content that Slack sends as text and as a block is read once."""
    assert text_of({"text": ERROR, "blocks": rich(PIECE)}) == ERROR


_VALUES = st.recursive(
    st.none() | st.text(max_size=8) | st.sampled_from(["rich_text", "section", "table", "link", "rich_text_section"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "elements", "rows", "fields", "blocks", "url"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["text", "blocks", "attachments", "files"]), _VALUES, max_size=4))
def test_any_message_has_a_text(message: dict[str, Any]) -> None:
    """Whatever Slack adds one day, the text of a message is a text."""
    assert isinstance(text_of(message), str)
