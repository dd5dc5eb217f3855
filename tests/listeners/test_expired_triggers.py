"""Slack opens no form any more: a fresh button opens the same one, with everything that was typed."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot import auditing, checking
from bot.domain.audit import Action, AuditFilter
from bot.errors import InvalidInput, StaleView, UserError
from handlers import TABLE
from handlers.calls import Call, CallKind
from handlers.repeats import REPEAT
from handlers.replies import OpenModal
from tests.blockkit import assert_valid
from tests.build import AUDITOR, DEV, DEV2, World, make_world
from tests.listeners.calling import pressed
from tests.listeners.test_workspace import CHANNEL, Town, settled
from tests.sandbox.slack_stage import until

REPEATED = next(entry for entry in TABLE if entry.name == REPEAT)


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Town]:
    """The bot is reached through signed HTTP."""
    with settled(sqlite_url) as made:
        made.stage.serve_http(made.app.bolt)
        yield made


def offer_to(town: Town, user: str) -> dict[str, Any]:
    """The whisper with the button, once it is there."""

    def found() -> list[dict[str, Any]]:
        whispers = [m for m in town.stage.state["messages"] if m["ephemeral_for"] == user]
        return [m for m in whispers if "three seconds" in m["text"]]

    until(found)
    return found()[-1]


def press_again(town: Town, user: str) -> dict[str, Any]:
    """Press the only button of the offer; the form that it opens."""
    said = offer_to(town, user)
    (row,) = [block for block in said["blocks"] if block["type"] == "actions"]
    (button,) = row["elements"]
    town.stage.do("action", user=user, action_id=button["action_id"], channel=CHANNEL, message_ts=said["ts"])
    return town.view(user)


@pytest.mark.parametrize("code", ["expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id"])
def test_a_typed_request_is_not_lost(town: Town, code: str) -> None:
    """The button opens the form with the hosts; it is sent as ever."""
    town.stage.do("fault", method="views.open", times=1, error=code)
    town.command("UDEV0001", "request aks-udr api.example.com tcp:db.example.org:5432")
    view = press_again(town, "UDEV0001")
    assert "api.example.com" in str(view["state"])
    assert "tcp:db.example.org:5432" in str(view["state"])
    assert len(town.whispers("UDEV0001")) == 1


def test_a_trigger_that_ran_out_is_seen_as_such(town: Town) -> None:
    """Slack's own three seconds, and the long message that a shortcut was used on."""
    text = "retrying\n" * 300 + "curl: (6) Could not resolve host: api.stripe.com"
    posted = town.stage.do("message", user="UDEV0002", channel=CHANNEL, text=text)
    town.stage.do("fault", method="views.open", times=1, delay_s=1)
    where = {"channel": CHANNEL, "message_ts": posted["ts"]}
    town.stage.do("shortcut", user="UDEV0001", callback_id="request_fqdn_from_message", **where)
    town.stage.clock.advance(timedelta(seconds=4))
    assert "api.stripe.com" in str(press_again(town, "UDEV0001")["state"])
    refused = [call["error"] for call in town.stage.state["calls"] if not call["ok"]]
    assert refused == ["expired_trigger_id"]


def test_a_button_is_offered_as_it_was(town: Town) -> None:
    """Deny on a card opens the same form on the second try."""
    subject = town.ask()
    town.stage.do("fault", method="views.open", times=1, error="expired_trigger_id")
    town.press("UAPP0001", "deny")
    view = press_again(town, "UAPP0001")
    assert view["title"]["text"] == f"Deny {subject}"


def test_another_refusal_of_slack_is_said_as_before(town: Town) -> None:
    """Trying again would not help."""
    town.stage.do("fault", method="views.open", times=1, error="view_too_large")
    town.command("UDEV0001", "request aks-udr api.example.com")
    until(lambda: town.whispers("UDEV0001"))
    assert town.whispers("UDEV0001")[0].startswith("The form could not be opened.")


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def kept(world: World, **changes: Any) -> str:
    """A typed command as it is kept."""
    typed = {"user": "UDEV0001", "kind": "command", "name": "request", "text": "aks-udr api.example.com"}
    return checking.keep(world.ctx, json.dumps(typed | changes))


def test_only_who_typed_it_may_do_it_again(world: World) -> None:
    """Any number of times; nobody else, no other text, nothing that reads Azure."""
    draft = kept(world)
    for _ in range(2):
        opened = REPEATED.listener(world.ctx, pressed(DEV, draft=draft))
        assert isinstance(opened, OpenModal)
        assert_valid(opened.view, "modal")
    with pytest.raises(StaleView):
        REPEATED.listener(world.ctx, pressed(DEV2, draft=draft))
    with pytest.raises(InvalidInput, match="too old"):
        REPEATED.listener(world.ctx, pressed(DEV, draft="unknown"))
    for broken in ({"name": "show"}, {"name": "nothing"}, {"kind": "view"}):
        with pytest.raises(StaleView):
            REPEATED.listener(world.ctx, pressed(DEV, draft=kept(world, **broken)))
    with pytest.raises(StaleView):
        REPEATED.listener(world.ctx, Call(DEV))
    for text in ("api.example.com", "[1]", '"x"'):  # what other buttons keep
        with pytest.raises(StaleView):
            REPEATED.listener(world.ctx, pressed(DEV, draft=checking.keep(world.ctx, text)))


def test_what_may_not_be_done_is_refused_and_on_record_then_too(world: World) -> None:
    """As if it were typed now."""
    draft = kept(world, name="revoke", text="a0s560gxpd")
    with pytest.raises(UserError):
        REPEATED.listener(world.ctx, pressed(replace(DEV, via="slack:button"), draft=draft))
    (found,) = auditing.search(world.ctx, AUDITOR, AuditFilter(action=Action.ACT_REFUSE)).events
    assert (found.event.actor, found.event.subject) == (DEV.identity, "a0s560gxpd")
    assert REPEATED.kind is CallKind.ACTION
