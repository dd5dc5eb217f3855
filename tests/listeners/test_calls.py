"""Slack's payloads as values: who acted, what was typed, and nothing taken from where people can write."""

from typing import Any

import pytest

from bot.domain.people import Identity
from handlers.blocks.words import AUDIT_FILTERS
from handlers.calls import CallKind, call_from, identity_of, origin_from, plain_words
from handlers.queries import FIELDS


@pytest.mark.parametrize(
    ("body", "team", "user"),
    [
        ({"team_id": "T1", "user_id": "U1"}, "T1", "U1"),
        ({"team": {"id": "T1"}, "user": {"id": "U1"}}, "T1", "U1"),
        ({"team": {"id": "T1"}, "user": {"id": "U1", "team_id": "T2"}}, "T2", "U1"),
        ({"team": None, "user": {"id": "U1"}}, "", "U1"),
        ({"team_id": "T1", "event": {"user": "U1"}}, "T1", "U1"),
        ({}, "", ""),
    ],
)
def test_who_acted(body: dict[str, Any], team: str, user: str) -> None:
    """Team and user as signed; somebody of another organisation in a shared channel is of their own team."""
    assert identity_of(body) == Identity(team, user)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("a &lt;b&gt; &amp; c", "a <b> & c"),
        ("<https://x.example.com|x.example.com> y", "x.example.com y"),
        ("<@U123|dana> said", "dana said"),
        ("<#C123|general>", "general"),
        ("plain", "plain"),
    ],
)
def test_markup_of_slack_becomes_words(typed: str, meant: str) -> None:
    """Slack escapes a command's text; reasons and hosts are kept as they were typed."""
    assert plain_words(typed) == meant


@pytest.mark.parametrize("value", [None, "", "x", "[1]", "{", '{"id": 1}'])
def test_a_button_carries_an_object_or_nothing(value: str | None) -> None:
    """The content of a text field is never taken for ids."""
    body = {"team": {"id": "T1"}, "user": {"id": "U1"}, "actions": [{"action_id": "approve", "value": value}]}
    assert dict(call_from(CallKind.ACTION, body).value) == ({"id": "1"} if value == '{"id": 1}' else {})


def test_a_modal_remembers_where_it_was_opened() -> None:
    """Its answer goes to that conversation; its fields and ids come back by name."""
    view = {
        "type": "modal",
        "id": "V1",
        "hash": "h",
        "private_metadata": '{"channel":"C1","id":"a1"}',
        "blocks": [{"type": "section", "block_id": "x"}, {"type": "input", "block_id": "reason"}],
        "state": {"values": {"reason": {"reason": {"type": "plain_text_input", "value": "because"}}}},
    }
    body = {"team": {"id": "T1"}, "user": {"id": "U1"}, "view": view}
    call, origin = call_from(CallKind.VIEW, body), origin_from(body)
    assert (call.form, call.value["id"], call.caller.via) == ({"reason": "because"}, "a1", "slack:modal")
    assert (origin.channel, origin.view_id, origin.inputs) == ("C1", "V1", ("reason",))


def test_every_filter_is_explained() -> None:
    """`audit` accepts the filters of its hint; ``before`` is for the button alone, ``user`` the older name."""
    assert {word.partition(":")[0] for word in AUDIT_FILTERS.split()} == set(FIELDS) - {"before", "user"}
