"""Three seconds, no retry for people, three for events; and what a person sees when it goes wrong."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from bot.sandbox.clock import ManualClock
from tests.sandbox.slack_stage import Stage, installed, modal, plain, text_input, until

COMMAND = {"user": "UDEV0001", "channel": "CEGRESS01", "text": "x"}


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A workspace with a stopped clock."""
    stage = Stage(installed(), clock=ManualClock())
    yield stage
    stage.stop()


def test_a_late_ack_is_no_ack(stage: Stage) -> None:
    """The person sees operation_timeout, and what the bot says later is lost."""
    app, may_go_on = stage.bolt(), threading.Event()

    @app.command("/egress")
    def slow(ack: Any) -> None:
        may_go_on.wait(20)
        ack("too late")

    stage.serve_http(app)
    stage.workspace.courier.deadline_s = 0.3
    answer = stage.do("command", **COMMAND)
    may_go_on.set()
    assert (answer["status"], answer["error"]) == (0, "operation_timeout")
    assert stage.state["deliveries"][0]["error"] == "operation_timeout"
    assert stage.state["messages"] == []


def test_nobody_there_and_an_error_are_dispatch_failed(stage: Stage) -> None:
    """No bot at all, then a bot that answers 500."""
    assert stage.do("command", **COMMAND)["error"] == "dispatch_failed"
    app = stage.bolt()

    @app.command("/egress")
    def broken() -> None:
        raise RuntimeError("broken")

    stage.serve_http(app)
    answer = stage.do("command", **COMMAND)
    assert (answer["status"], answer["error"]) == (500, "dispatch_failed")


def test_a_wrong_signature_is_refused_by_bolt(stage: Stage) -> None:
    """The signature is real: with another secret Bolt answers 401."""
    app = stage.bolt()
    stage.serve_http(app)
    stage.workspace.http._secret = "another"
    assert stage.do("command", **COMMAND)["status"] == 401


def test_dropped_acks_duplicates_and_refused_deliveries(stage: Stage) -> None:
    """The bot gets it though the ack is lost; the bot gets it twice; the bot never gets it."""
    app, got = stage.bolt(), []

    @app.command("/egress")
    def count(ack: Any, body: Any) -> None:
        got.append(body["trigger_id"])
        ack()

    stage.serve_http(app)
    stage.do("fault", delivery="command", drop_ack=True, times=1)
    assert stage.do("command", **COMMAND)["error"] == "operation_timeout"
    assert len(got) == 1
    stage.do("fault", duplicate=True, times=1)
    stage.do("command", **COMMAND)
    until(lambda: len(got) == 3)
    assert got[1] == got[2]
    stage.do("fault", delivery="command", status=502, times=1)
    assert stage.do("command", **COMMAND)["status"] == 502
    assert len(got) == 3


def test_events_are_tried_three_more_times(stage: Stage) -> None:
    """At once, after a minute, after five more; each says which retry it is."""
    app, got = stage.bolt(), []

    @app.event("app_home_opened")
    def broken(request: Any) -> None:
        got.append([request.headers.get(f"x-slack-retry-{name}", [None])[0] for name in ("num", "reason")])

    stage.serve_http(app)
    stage.do("fault", delivery="event", drop_ack=True, times=9)
    stage.do("home", user="UDEV0001")
    until(lambda: len(got) == 2)
    stage.clock.advance(timedelta(minutes=1))
    until(lambda: len(got) == 3)
    stage.clock.advance(timedelta(minutes=5))
    until(lambda: len(got) == 4)
    assert got == [[None, None], *[[str(n), "http_timeout"] for n in (1, 2, 3)]]


def test_acks_that_slack_would_not_understand(stage: Stage) -> None:
    """Bad blocks in a command's ack; errors for blocks that are not inputs of the modal."""
    app = stage.bolt()
    app.command("/egress")(lambda ack: ack(text="x", blocks=[{"type": "section"}]))
    app.view("form")(lambda ack: ack(response_action="errors", errors={"nope": "x"}))
    stage.serve_http(app)
    assert stage.do("command", **COMMAND)["error"].startswith("invalid_blocks: [ERROR] missing required field")
    view_id = stage.client.views_open(
        trigger_id=stage.workspace.tickets.issue_trigger("UDEV0001"), view=modal(text_input("a"))
    )["view"]["id"]
    answer = stage.do("submit", user="UDEV0001", view_id=view_id, values={"a": {"value": "x"}})
    assert answer["error"] == "invalid_errors: no input block: nope"
    assert stage.state["views"]["UDEV0001"][0]["id"] == view_id


@pytest.mark.parametrize(
    ("answer", "titles"),
    [
        ({}, ["below"]),
        ({"response_action": "clear"}, []),
        ({"response_action": "update", "view": modal(title=plain("new"))}, ["below", "new"]),
        ({"response_action": "push", "view": modal(title=plain("new"))}, ["below", "T", "new"]),
        ({"response_action": "errors", "errors": {"a": "no"}}, ["below", "T"]),
    ],
)
def test_what_an_ack_does_to_the_stack(stage: Stage, answer: dict[str, Any], titles: list[str]) -> None:
    """Close, clear, update, push, errors."""
    app = stage.bolt()

    app.view("form")(lambda ack: ack(**answer))
    stage.serve_http(app)
    issue = stage.workspace.tickets.issue_trigger
    stage.client.views_open(trigger_id=issue("UDEV0001"), view=modal(title=plain("below")))
    view = stage.client.views_push(trigger_id=issue("UDEV0001"), view=modal(text_input("a")))["view"]
    done = stage.do("submit", user="UDEV0001", view_id=view["id"], values={"a": {"value": "x"}})
    shown = stage.state["views"].get("UDEV0001", [])
    assert [item["title"]["text"] for item in shown] == titles
    assert done["views"] == [item["id"] for item in shown]
    assert done["errors"] == answer.get("errors", {})
