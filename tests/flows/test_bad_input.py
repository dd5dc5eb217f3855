"""Input that is wrong, repeated, late or not allowed gets a sentence, changes nothing, and is audited if refused."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.driver import SandboxProcess, wait_for


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory, postgres_url_of_module: str) -> Iterator[SandboxProcess]:
    """One sandbox for all; every test asks for a host of its own."""
    folder = tmp_path_factory.mktemp("bad-input")
    process = SandboxProcess(folder / "data", "--database", postgres_url_of_module, "--speed", "120")
    process.start()
    yield process
    process.stop()


def said_to(sandbox: SandboxProcess, user: str) -> str:
    """Everything that only this person was told in the channel, newest last."""
    return str([m for m in sandbox.messages(user=user) if m["ephemeral_for"] == user])


def refusals(sandbox: SandboxProcess) -> str:
    """The refused acts that the auditor sees."""
    sandbox.type("UAUD0001", "audit action:act:refuse")
    sandbox.settle()
    return str(sandbox.messages(user="UAUD0001")[-1])


def test_who_may_not_gets_nothing_and_is_audited(sandbox: SandboxProcess) -> None:
    """A developer, the requester who approves too, an auditor; by button and by typing."""
    sandbox.request("UAPP0001", "aks-udr", "refused.example.com")
    sandbox.settle()
    card = sandbox.cards()[-1]
    for user in ("UDEV0001", "UAUD0001", "UAPP0001"):
        sandbox.press(user, "approve", card)
    allowance_id = allowance_of(card)
    sandbox.type("UDEV0002", f"approve {allowance_id}")
    sandbox.type("UDEV0002", f"deny {allowance_id} because")
    sandbox.type("UDEV0002", f"revoke {allowance_id}")
    sandbox.settle()
    assert "refused.example.com" not in str(sandbox.our_rules())
    assert "not in that group" in said_to(sandbox, "UDEV0001")
    assert "own request" in said_to(sandbox, "UAPP0001")
    found = refusals(sandbox)
    for user in ("UDEV0001", "UDEV0002", "UAPP0001", "UAUD0001"):
        assert user in found


def test_a_second_click_and_a_second_delivery_change_nothing(sandbox: SandboxProcess) -> None:
    """The loser of a race hears who was faster; a form that arrives twice files once."""
    sandbox.post("slack/fault", delivery="submit", duplicate=True, times=1)
    there = sandbox.cards()
    sandbox.request("UDEV0001", "aks-udr", "twice.example.com")
    sandbox.settle()
    assert len(sandbox.cards()) == len(there) + 1
    card = sandbox.cards()[-1]
    sandbox.post("slack/fault", method="chat.update", times=5, status=503)  # so that the button is still there
    sandbox.press("UAPP0001", "approve", card)
    sandbox.press("UAPP0002", "approve", card)
    sandbox.settle()
    assert "UAPP0001" in said_to(sandbox, "UAPP0002")
    assert list(sandbox.our_rules().values()) == [["twice.example.com"]]
    assert len(sandbox.get("arm")["writers"]) == 1


BAD_HOSTS = [
    "https://example.com/x",
    "www.*.com",
    "*",
    "10.1.2.3",
    "*.com",
    "example.com/path",
    "user@host",
]


def test_bad_forms_stay_open_with_a_sentence_at_the_field(sandbox: SandboxProcess) -> None:
    """Nothing that was typed is lost, nothing is filed."""
    there = len(sandbox.cards())
    sandbox.type("UDEV0001", "request aks-udr")
    wait_for(lambda: sandbox.views("UDEV0001"), "No form was opened", 10)
    for host in BAD_HOSTS:
        assert "destinations" in sandbox.submit("UDEV0001", destinations=host)["errors"], host
    assert "reason" in sandbox.submit("UDEV0001", destinations="example.com", reason=" ")["errors"]
    sandbox.settle()
    assert len(sandbox.cards()) == there
    assert not sandbox.submit("UDEV0001", destinations="form.example.com").get("errors")
    sandbox.settle()
    assert len(sandbox.cards()) == there + 1


def allowance_of(card: Any) -> str:
    """The id on a card."""
    buttons = [e for b in card["blocks"] if b["type"] == "actions" for e in b["elements"]]
    return str(buttons[0]["value"]).split('"id":"')[1].split('"')[0]
