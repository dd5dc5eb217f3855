"""The main job end to end, in a process of its own, driven through the sandbox's control routes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.driver import SandboxProcess, wait_for

AWAY = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")


@pytest.fixture(scope="module", params=["--http", "--socket"])
def sandbox(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """A sandbox on each database, each with another delivery; a proxy that is away is no matter to it."""
    options: tuple[str, ...] = (request.param, "--speed", "1200")
    if request.param == "--socket":
        options += ("--database", request.getfixturevalue("postgres_url_of_module"))
    process = SandboxProcess(tmp_path_factory.mktemp("main-job") / "data", *options, environment=AWAY)
    process.start()
    yield process
    process.stop()


def buttons(message: dict[str, Any]) -> list[str]:
    """The action ids of a message's buttons."""
    return [e["action_id"] for b in message["blocks"] if b["type"] == "actions" for e in b["elements"]]


def test_a_developer_asks_an_approver_clicks_the_rule_comes_and_goes(sandbox: SandboxProcess) -> None:
    """The product in one test."""
    assert sandbox.type("UDEV0001", "show aks-udr")["status"] == 200
    sandbox.settle()
    assert "20." in str(sandbox.messages(user="UDEV0001"))
    assert not sandbox.request("UDEV0001", "aks-udr", "example.com").get("errors")
    sandbox.settle()
    (card,) = sandbox.cards()
    assert "waiting" in str(card).lower()
    assert sandbox.our_rules() == {}
    sandbox.press("UDEV0002", "approve", card)
    sandbox.settle()
    assert sandbox.our_rules() == {}, "a developer approved"
    sandbox.press("UAPP0001", "approve", card)
    sandbox.settle()
    assert list(sandbox.our_rules().values()) == [["example.com"]]
    (card,) = sandbox.cards()
    assert "live" in str(card).lower()
    assert "approve" not in buttons(card)
    assert any(m["channel"].startswith("D") for m in sandbox.get("slack")["messages"]), "the requester was not told"
    sandbox.post("clock", advance_s=8 * 3600 + 60)
    sandbox.settle()
    assert sandbox.our_rules() == {}
    assert "expired" in str(sandbox.cards()[0]).lower()
    writers = sandbox.get("arm")["writers"]
    assert len(writers) == 2


def test_scaling_is_proposed_approved_applied_and_reported(sandbox: SandboxProcess) -> None:
    """From one managed outbound IP to three."""
    sandbox.type("UDEV0001", "scale aks-lb 3")
    sandbox.settle()
    card = next(m for m in sandbox.cards() if "approve" in buttons(m))
    sandbox.press("UAPP0001", "approve", card)
    sandbox.settle()
    clusters = {k: b for k, b in sandbox.get("arm")["resources"].items() if k.endswith("/managedclusters/aks-lb")}
    profile = next(iter(clusters.values()))["properties"]["networkProfile"]["loadBalancerProfile"]
    assert profile["managedOutboundIPs"]["count"] == 3
    assert len(profile["effectiveOutboundIPs"]) == 3
    assert "done" in str(sandbox.reread(card)).lower()


def test_kill_9_between_approve_and_live_ends_with_the_rule_live_once(tmp_path: Path, database_url: str) -> None:
    """Another start goes on where the killed one stopped."""
    process = SandboxProcess(tmp_path / "data", "--database", database_url, "--speed", "60")
    process.start()
    process.request("UDEV0001", "aks-udr", "example.com")
    process.settle()
    process.press("UAPP0001", "approve", process.cards()[0])
    wait_for(lambda: process.get("arm")["operations"], "No write began", 20)
    process.kill()
    process.start()
    process.post("clock", advance_s=60)  # the lease of whoever was killed runs out
    process.settle()
    assert list(process.our_rules().values()) == [["example.com"]]
    assert "live" in str(process.cards()[0]).lower()
    assert len(process.cards()) == 1
    assert len(process.get("arm")["writers"]) == 1
    process.stop()
