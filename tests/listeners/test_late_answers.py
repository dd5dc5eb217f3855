"""Answers after the ack: tried again, said in another way, and only about what was done."""

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from bot.errors import Defect, InvalidInput
from bot.measures import ANSWERS_LOST
from handlers.unexpected import unexpected
from tests.listeners.test_workspace import Town, settled
from tests.sandbox.slack_stage import until


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Town]:
    """The bot is reached through signed HTTP."""
    with settled(sqlite_url) as made:
        made.stage.serve_http(made.app.bolt)
        yield made


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 429, "retry_after_s": 1}])
def test_an_answer_is_tried_again(town: Town, fault: dict[str, int]) -> None:
    """One failed response URL loses nothing."""
    town.stage.do("fault", method="response_url", times=1, **fault)
    town.command("UDEV0001", "show aks-udr")
    until(lambda: town.whispers("UDEV0001"))
    assert not [c for c in town.stage.state["calls"] if c["method"] == "chat.postEphemeral"]


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 404, "error": "used_url"}, {"error": "invalid_blocks"}])
def test_an_answer_takes_another_way(town: Town, fault: dict[str, object]) -> None:
    """The response URL does not work at all: the person reads it all the same, where they acted."""
    town.stage.do("fault", method="response_url", times=100, **fault)
    town.command("UDEV0001", "show aks-udr")
    until(lambda: town.whispers("UDEV0001"), 20)
    assert [c for c in town.stage.state["calls"] if c["method"] == "chat.postEphemeral" and c["ok"]]


def test_an_answer_comes_as_a_message_where_the_bot_is_not_in_the_channel(town: Town) -> None:
    """The third way."""
    town.stage.do("fault", method="response_url", times=100, status=404)
    town.stage.do("fault", method="chat.postEphemeral", times=100, error="not_in_channel")
    town.command("UDEV0001", "show aks-udr")
    until(lambda: town.direct("UDEV0001"), 20)


def test_an_answer_that_is_lost_is_counted(town: Town) -> None:
    """No way was left; the log says why, without a trace."""
    before = ANSWERS_LOST._value.get()
    for method in ("response_url", "chat.postEphemeral", "chat.postMessage"):
        town.stage.do("fault", method=method, times=100, error="not_in_channel", status=404)
    with capture_logs() as logs:
        town.command("UDEV0001", "show aks-udr")
        until(lambda: ANSWERS_LOST._value.get() == before + 1, 20)
        until(town.app.is_idle)
    (lost,) = [line for line in logs if line["event"] == "answer_lost"]
    assert (lost["code"], "exc_info" in lost) == ("not_in_channel", False)


def test_a_file_is_announced_once_it_is_there(town: Town) -> None:
    """An upload that failed is said to have failed."""
    town.stage.do("fault", method="files.completeUploadExternal", times=100, error="internal_error")
    town.command("UAUD0001", "audit jsonl")
    until(lambda: town.whispers("UAUD0001"), 20)
    until(town.app.is_idle)
    assert [text.startswith("Not every file could be sent.") for text in town.whispers("UAUD0001")] == [True]
    town.stage.workspace.faults.clear()
    town.command("UAUD0001", "audit jsonl")
    until(lambda: any("is in your direct messages" in text for text in town.whispers("UAUD0001")), 20)
    assert town.stage.state["files"]


def test_operators_and_requesters_hear_what_slack_refuses(town: Town) -> None:
    """At home with what to do, and in the answer to a request that nobody sees."""
    town.stage.do("fault", method="chat.postMessage", times=2, error="is_archived")
    town.ask()
    town.command("UDEV0001", "request aks-udr other.example.com")
    until(lambda: len(town.stage.state["views"].get("UDEV0001", [])))
    until(lambda: town.redraws() >= 2)
    form = {"cluster": "aks-udr", "destinations": "other.example.com", "reason": "billing", "duration": "8h"}
    town.submit("UDEV0001", **form)
    until(
        lambda: any(
            "cannot be posted in the channel right now" in text
            for text in [*town.direct("UDEV0001"), *town.whispers("UDEV0001")]
        )
    )
    town.stage.do("home", user="UOPS0001")
    until(lambda: town.stage.state["home"].get("UOPS0001"))
    assert "is_archived" in str(town.stage.state["home"]["UOPS0001"])
    town.stage.do("home", user="UDEV0001")
    until(lambda: town.stage.state["home"].get("UDEV0001"))
    assert "is_archived" not in str(town.stage.state["home"]["UDEV0001"])


def test_what_nobody_foresaw_is_found_by_its_reference() -> None:
    """It goes on as a defect, which every way to answer knows; what is meant for people is not logged."""
    with capture_logs() as logs, pytest.raises(Defect), unexpected("abcd", entry="show"):
        raise ZeroDivisionError
    assert [(each["event"], each["reference"], each["entry"]) for each in logs] == [("listener_failed", "abcd", "show")]
    with capture_logs() as logs, pytest.raises(InvalidInput), unexpected("abcd"):
        raise InvalidInput("Say why.")
    assert logs == []
