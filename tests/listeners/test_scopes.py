"""The manifest's scopes against the calls that the simulated workspace saw while the product worked."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.sandbox.slack.web_api import METHODS
from handlers.app import web_client
from handlers.slack_checks import EVENT_SCOPES, SCOPES, slack_checks
from tests.listeners.test_workspace import Town, settled
from tests.rules.tree import ROOT
from tests.sandbox.slack_stage import until


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Town]:
    """The bot is reached through signed HTTP."""
    with settled(sqlite_url) as made:
        made.stage.serve_http(made.app.bolt)
        yield made


def flows(town: Town) -> None:
    """Ask, decide, tell, export, draw, show at home, answer where there is no channel; and the doctor's looks."""
    town.ask()
    town.press("UAPP0001", "approve")
    until(lambda: any("Approved" in text for text in town.whispers("UAPP0001")))
    town.world.settle()
    town.command("UAUD0001", "audit csv")
    until(lambda: town.stage.state["files"])
    town.stage.do("pictures", charts=False, files_ready_after_s=0)
    town.command("UDEV0001", "capacity")
    until(lambda: "files.info" in {call["method"] for call in town.stage.state["calls"]})
    town.stage.do("home", user="UDEV0001")
    until(lambda: town.stage.state["home"].get("UDEV0001"))
    for is_private in (False, True):
        channels = town.stage.workspace.directory.channels
        channels["CEGRESS01"] = replace(channels["CEGRESS01"], is_private=is_private)
        for _, look in slack_checks(web_client(town.settings), town.ctx.config):
            look()


def test_scopes_and_calls_fit(town: Town) -> None:
    """No scope without a call that needs it, and no call without a scope; ``commands`` is for what people type."""
    asked = set(json.loads(ROOT.joinpath("manifest.json").read_text(encoding="utf-8"))["oauth_config"]["scopes"]["bot"])
    flows(town)
    calls = town.stage.state["calls"]
    assert [call for call in calls if call["error"] == "missing_scope"] == []
    seen = {call["method"] for call in calls}
    for method in seen:
        needed = set(METHODS[method].scopes)
        assert not needed or needed & asked, method
    used = {scope for scope in asked for method in seen if scope in METHODS[method].scopes}
    assert used | {"commands"} | EVENT_SCOPES == asked
    named = {scope for scope, methods in SCOPES.items() if seen & set(methods)}
    assert named | {"commands"} | EVENT_SCOPES == asked
