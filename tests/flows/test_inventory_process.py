"""Egress truth in a process of its own: a change by hand is announced once, and whois remembers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.driver import SandboxProcess

OLD, NEW = "20.126.14.246", "20.99.1.1"


@pytest.fixture
def sandbox(tmp_path: Path, sqlite_url: str) -> Iterator[SandboxProcess]:
    """A sandbox at Azure's own pace, so that the refresh comes when the clock is moved and not before."""
    process = SandboxProcess(tmp_path / "data", "--database", sqlite_url, "--speed", "1")
    process.start()
    yield process
    process.stop()


def news(sandbox: SandboxProcess) -> list[str]:
    """The messages about changed outbound IPs that everybody reads."""
    texts = [message["text"] for message in sandbox.messages() if message["ephemeral_for"] is None]
    return [text for text in texts if "Outbound IPs of" in text]


def test_a_change_by_hand_is_announced_once_and_remembered(sandbox: SandboxProcess) -> None:
    """Whoever asks later learns who had the address before."""
    sandbox.settle()
    before = sandbox.get("info")["clock"][:10]  # the day may end before the address changes
    resources = sandbox.get("arm")["resources"]
    id_ = next(key for key, body in resources.items() if body.get("properties", {}).get("ipAddress") == OLD)
    body = resources[id_]
    body["properties"]["ipAddress"] = NEW
    sandbox.put("arm/resource", id=id_, body=body)
    for _ in range(2):
        sandbox.post("clock", advance_s=721)
        sandbox.settle()
    (text,) = news(sandbox)
    assert f"Added: {NEW}. Removed: {OLD}." in text

    sandbox.type("UDEV0001", "show aks-lb")
    answers = [
        sandbox.type("UDEV0001", words)["body"] for words in (f"whois {OLD} at {before}", f"whois {OLD}", "list")
    ]
    sandbox.settle()
    assert "1 cluster left through" in str(answers[0])
    assert "No cluster you can see leaves through" in str(answers[1])
    assert NEW in str(answers[2])
    assert len(news(sandbox)) == 1
