"""A question, its answer in the thread, and an edit, through Slack's own payloads in a process of its own."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.driver import SandboxProcess


@pytest.fixture(scope="module", params=["--http", "--socket"])
def sandbox(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """A sandbox for each way in which Slack reaches the bot; every test asks for a host of its own."""
    process = SandboxProcess(tmp_path_factory.mktemp("questions") / "data", request.param, "--speed", "1200")
    process.start()
    yield process
    process.stop()


def text_of(card: dict[str, Any]) -> str:
    """Everything that a card says."""
    return f"{card['text']} {card['blocks']}"


def submit(sandbox: SandboxProcess, user: str, **fields: str) -> Any:
    """Fill in the form that is open and submit it."""
    values = {name: {name: text} for name, text in fields.items()}
    return sandbox.post("slack/submit", user=user, view_id=sandbox.views(user)[-1]["id"], values=values)


def test_a_question_is_answered_in_the_thread(sandbox: SandboxProcess) -> None:
    """What others write there, and what is written elsewhere, is only talk."""
    sandbox.request("UDEV0001", "aks-udr", "asked.example.com")
    sandbox.settle()
    card = sandbox.cards()[-1]
    sandbox.press("UAPP0001", "ask_question", card)
    sandbox.settle()
    assert submit(sandbox, "UAPP0001", reason="For which service?")["status"] == 200
    sandbox.settle()
    card = sandbox.reread(card)
    assert "For which service?" in text_of(card)
    assert "answer_question" in text_of(card)
    say = {"channel": card["channel"], "thread_ts": card["ts"]}
    sandbox.post("slack/message", user="UDEV0002", text="I know!", **say)
    sandbox.post("slack/message", user="UDEV0001", text="not here", channel=card["channel"])
    sandbox.settle()
    assert "answer_question" in text_of(sandbox.reread(card))
    assert sandbox.post("slack/message", user="UDEV0001", text="For *billing* & co.", **say)["status"] == 200
    sandbox.settle()
    card = sandbox.reread(card)
    assert "For *billing* & co." in text_of(card)
    assert "answer_question" not in text_of(card)
    told = [m for m in sandbox.get("slack")["messages"] if m["channel"].startswith("D") and "answered" in m["text"]]
    assert len(told) == 1


def test_a_request_is_edited_in_its_form(sandbox: SandboxProcess) -> None:
    """The form is filled, stays a change when it is drawn again, and the card shows what is asked now."""
    sandbox.request("UDEV0001", "aks-udr", "before.example.com")
    sandbox.settle()
    card = sandbox.cards()[-1]
    sandbox.press("UDEV0002", "edit", card)
    sandbox.settle()
    assert sandbox.views("UDEV0002") == []
    sandbox.press("UDEV0001", "edit", card)
    sandbox.settle()
    (view,) = sandbox.views("UDEV0001")
    assert view["title"]["text"].startswith("Change a")
    sandbox.post("slack/action", user="UDEV0001", action_id="preview", view_id=view["id"])
    sandbox.settle()
    assert submit(sandbox, "UDEV0001", destinations="after.example.org")["errors"] == {}
    sandbox.settle()
    card = sandbox.reread(card)
    assert "after.example.org" in text_of(card)
    assert "before.example.com" not in text_of(card)
