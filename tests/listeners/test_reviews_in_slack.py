"""A review campaign over signed HTTP and the real Web API, and owners whose accounts were deactivated."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.audit import Action
from handlers.identity import KEEP
from tests.build import APPROVER, DEV2
from tests.flows.writer_stage import ask, events, opened, stored
from tests.listeners.review_stage import newest, request, sheet_of, states
from tests.listeners.test_membership import age, whisper
from tests.listeners.test_workspace import CHANNEL, Town, settled
from tests.sandbox.slack_stage import until


@pytest.fixture
def town(database_url: str) -> Iterator[Town]:
    """The bot is reached through signed HTTP."""
    with settled(database_url) as made:
        made.stage.serve_http(made.app.bolt)
        yield made


def started(town: Town) -> dict[str, Any]:
    """A review that the auditor started by command; its card."""
    town.command("UAUD0001", "review start")
    town.world.settle()
    return card(town)


def card(town: Town) -> dict[str, Any]:
    """The card of the review, as the channel shows it."""
    (found,) = [one for one in town.cards() if f"({newest(town.world).id})" in one["text"]]
    return found


def press_in_view(town: Town, user: str, action: str) -> None:
    """Press a button of the modal that the person has open, and wait until the modal is another one."""
    view = town.view(user)
    town.stage.do("action", user=user, action_id=action, view_id=view["id"])
    until(lambda: town.view(user)["callback_id"] != view["callback_id"])


def open_from_card(town: Town, user: str) -> dict[str, Any]:
    """The items, opened with the button of the card."""
    town.stage.do("action", user=user, action_id="review_open", channel=CHANNEL, message_ts=card(town)["ts"])
    return town.view(user)


def test_from_the_direct_message_to_the_sign_off(town: Town) -> None:
    """The owner presses in their message and removes; the rule goes; the auditor signs off from the card."""
    made = ask(town.world)
    town.world.settle()
    assert "0 of 1 done" in started(town)["text"]
    (direct,) = [m for m in town.stage.state["messages"] if "started a review" in m["text"] and m["channel"][0] == "D"]
    town.stage.do(
        "action", user="UDEV0001", action_id="review_open", channel=direct["channel"], message_ts=direct["ts"]
    )
    press_in_view(town, "UDEV0001", "review_remove")
    assert not town.submit("UDEV0001", reason="moved away")["errors"]
    assert "Removed" in str(town.view("UDEV0001")["blocks"])
    town.world.settle()
    assert opened(town.world) == {}
    assert "waiting for sign-off" in card(town)["text"]
    town.stage.do("action", user="UAUD0001", action_id="review_sign", channel=CHANNEL, message_ts=card(town)["ts"])
    assert not town.submit("UAUD0001", reason="all reviewed")["errors"]
    town.world.settle()
    assert "Signed off" in card(town)["text"]
    assert any("Signed off by <@UAUD0001>" in text for text in town.thread())
    assert [e.action for e in events(town.world, newest(town.world).id)] == [
        Action.REVIEW_START,
        Action.REVIEW_REMOVE,
        Action.REVIEW_SIGN,
    ]
    assert stored(town.world, made).revoked is not None


def test_an_owner_who_left_is_marked_and_approvers_answer_at_once(town: Town) -> None:
    """Deactivated in Slack: the card and the thread say it; others' items still wait for their owners."""
    left, other = ask(town.world), request(town.world, DEV2, "other.example.com")
    town.world.settle()
    town.stage.do("people", user="UDEV0001", deleted=True)
    age(town, KEEP)
    assert "deactivated in Slack" in str(started(town)["blocks"])
    assert any("owners cannot answer" in text and "1 allowance needs" in text for text in town.thread())
    (event,) = events(town.world, newest(town.world).id, Action.REVIEW_ESCALATE)
    assert dict(event.detail)["allowance"] == left.id
    town.stage.post("fault", method="users.info", times=2, status=503)  # what Slack does not say changes nothing
    town.world.work(timedelta(hours=1.1))
    town.world.settle()
    town.stage.workspace.faults.clear()
    assert "deactivated in Slack" in str(card(town)["blocks"])
    view = open_from_card(town, "UAPP0001")
    assert [str(view["blocks"]).count(f'"of":"{one.id}"') for one in (left, other)] == [2, 0]
    press_in_view(town, "UAPP0001", "review_keep")
    errors = town.submit("UAPP0001", reason="the team took over", until="400d")["errors"]
    assert "never makes it longer" in errors["until"]
    assert not town.submit("UAPP0001", reason="the team took over", until="2h")["errors"]
    assert states(town.world) == {left.id: "kept", other.id: "open"}
    item = sheet_of(town.world).campaign.item(left.id)
    assert item.answer is not None
    assert (item.answer.by, item.answer.until) == (APPROVER.identity, stored(town.world, left).expires_at)


def test_refused_acts_are_on_record(town: Town) -> None:
    """With who tried what; a button of a review that does not exist is no error."""
    ask(town.world)
    town.command("UDEV0002", "review start aks-udr")
    whisper(town, "UDEV0002", "Only auditors and operators")
    started(town)
    campaign = newest(town.world).id
    town.command("UDEV0002", f"review sign {campaign} done")
    whisper(town, "UDEV0002", f"No review {campaign}")
    town.stage.do("action", user="UDEV0002", action_id="review_open", channel=CHANNEL, message_ts=card(town)["ts"])
    until(lambda: sum(f"No review {campaign}" in text for text in town.whispers("UDEV0002")) == 2)
    refused = events(town.world, "", Action.ACT_REFUSE)
    assert [(e.actor.user, e.subject, dict(e.detail)["words"]) for e in refused] == [
        ("UDEV0002", "", "start aks-udr"),
        ("UDEV0002", campaign, f"sign {campaign} done"),
    ]
    assert newest(town.world).signed is None
    town.world.work(timedelta(minutes=1))


def test_allowances_whose_owners_left_are_listed_for_review(town: Town) -> None:
    """Without a campaign, too; what Slack does not say is said, and a review of exactly these is one click away."""
    left, other = ask(town.world), request(town.world, DEV2, "other.example.com")
    town.world.settle()
    town.command("UDEV0002", "review left")
    until(lambda: "Only auditors, operators and approvers" in str(town.view("UDEV0002")["blocks"]))
    town.stage.do("people", user="UDEV0001", deleted=True)
    age(town, KEEP)
    town.command("UAPP0001", "review left")
    until(lambda: "deactivated in Slack" in str(town.view("UAPP0001")["blocks"]))
    assert "review_left" not in str(town.view("UAPP0001")["blocks"])
    town.command("UAUD0001", "review left")
    until(lambda: "review_left" in str(town.view("UAUD0001")["blocks"]))
    view = town.view("UAUD0001")
    assert left.id in str(view["blocks"])
    assert other.id not in str(view["blocks"])
    town.stage.do("action", user="UAUD0001", action_id="review_left", view_id=view["id"])
    until(lambda: "has started: 1 open allowance." in str(town.view("UAUD0001")["blocks"]))
    assert newest(town.world).scope.words == "owner:left"
    assert states(town.world) == {left.id: "open"}
