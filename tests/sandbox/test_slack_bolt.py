"""The workspace with the real Bolt application over signed HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.slack_stage import Stage, actions, button, installed, modal, plain, text_input


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A workspace that delivers over HTTP."""
    stage = Stage(installed())
    yield stage
    stage.stop()


def test_a_command_is_acked_and_its_answer_is_seen_by_its_author_only(stage: Stage) -> None:
    """A command's ack without response_type becomes an ephemeral."""
    app = stage.bolt()
    app.command("/egress")(lambda ack, command: ack(f"hello {command['text']}"))
    stage.serve_http(app)

    answer = stage.do("command", user="UDEV0001", channel="CEGRESS01", text="help")

    assert (answer["status"], answer["body"]) == (200, "hello help")
    (message,) = stage.state["messages"]
    assert (message["text"], message["ephemeral_for"], message["channel"]) == ("hello help", "UDEV0001", "CEGRESS01")
    (delivery,) = stage.state["deliveries"]
    assert (delivery["kind"], delivery["user"], delivery["status"], delivery["error"]) == (
        "command",
        "UDEV0001",
        200,
        None,
    )


def test_a_modal_is_opened_filled_in_and_submitted(stage: Stage) -> None:
    """Field errors of the client come first, then those of the bot, then the modal closes."""
    app, seen = stage.bolt(), []

    @app.command("/egress")
    def open_form(ack: Any, body: Any, client: Any) -> None:
        client.views_open(trigger_id=body["trigger_id"], view=modal(text_input("host", min_length=3)))
        ack()

    @app.view("form")
    def submitted(ack: Any, view: Any, body: Any) -> None:
        seen.append(body)
        host = view["state"]["values"]["host"]["value"]["value"]
        ack(response_action="errors", errors={"host": "no"}) if host == "bad" else ack()

    stage.serve_http(app)
    stage.do("command", user="UDEV0001", channel="CEGRESS01", text="request")
    (view,) = stage.state["views"]["UDEV0001"]

    def submit(value: str | None) -> Any:
        return stage.do("submit", user="UDEV0001", view_id=view["id"], values={"host": {"value": value}})

    assert submit(None)["errors"] == {"host": "Please complete this required field."}
    assert submit("ab")["errors"] == {"host": "This field must have at least 3 characters."}
    assert submit("bad")["errors"] == {"host": "no"}
    assert stage.state["views"]["UDEV0001"][0]["errors"] == {"host": "no"}
    assert submit("good")["errors"] == {}
    assert stage.state["views"] == {}
    assert len(seen) == 2


def test_answers_to_a_button_replace_delete_or_add(stage: Stage) -> None:
    """An ephemeral can be replaced and deleted by whoever sees it; else something new is said, to one or to all."""
    app = stage.bolt()
    how: list[dict[str, Any]] = [
        {"replace_original": True},
        {},
        {"response_type": "in_channel"},
        {"delete_original": True},
    ]

    @app.action("go")
    def answer(ack: Any, respond: Any) -> None:
        respond(text="new", blocks=[actions(button("go"))], **how.pop(0))
        ack()

    stage.serve_http(app)
    ts = stage.client.chat_postEphemeral(
        channel="CEGRESS01", user="UDEV0001", text="old", blocks=[actions(button("go"))]
    )["message_ts"]

    def press() -> list[tuple[str, str | None, bool]]:
        stage.do("action", user="UDEV0001", channel="CEGRESS01", message_ts=ts, action_id="go")
        return [(m["text"], m["ephemeral_for"], m["deleted"]) for m in stage.state["messages"]]

    assert press() == [("new", "UDEV0001", False)]
    assert press()[1:] == [("new", "UDEV0001", False)]
    assert press()[2:] == [("new", None, False)]
    assert press()[0] == ("new", "UDEV0001", True)


def test_a_button_updates_its_message_through_the_response_url(stage: Stage) -> None:
    """A press carries value, message, state and a response URL that may replace the message."""
    app, seen = stage.bolt(), []

    @app.action("approve")
    def approve(ack: Any, body: Any, respond: Any) -> None:
        seen.append(body)
        respond(text="done", replace_original=True)
        ack()

    stage.serve_http(app)
    posted = stage.client.chat_postMessage(channel="CEGRESS01", text="?", blocks=[actions(button("approve", "id-1"))])
    stage.do("action", user="UAPP0001", channel="CEGRESS01", message_ts=posted["ts"], action_id="approve")

    (message,) = stage.state["messages"]
    assert (message["text"], message["edits"], message["blocks"]) == ("done", 1, [])
    assert seen[0]["actions"][0]["value"] == "id-1"
    assert plain("approve") == seen[0]["actions"][0]["text"]
