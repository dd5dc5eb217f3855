"""``manifest.json`` is one that Slack accepts, and asks for no more than the bot uses.

Lengths and shapes: https://docs.slack.dev/reference/app-manifest (read 2026-11).
"""

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bot.sandbox.slack.installation import DEFAULT_EVENTS, DEFAULT_SCOPES
from handlers.slack_checks import SCOPES
from tests.rules.tree import ROOT, python_files


def text(longest: int, *, shortest: int = 1) -> dict[str, Any]:
    """A JSON Schema for a text of so many characters."""
    return {"type": "string", "minLength": shortest, "maxLength": longest}


def exactly(properties: dict[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """A JSON Schema for an object with these properties and no others."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


BOOLEAN = {"type": "boolean"}
SHORTCUT = exactly(
    {
        "name": text(24),
        "type": {"enum": ["global", "message"]},
        "callback_id": text(255),
        "description": text(150),
    }
)
SLASH_COMMAND = exactly(
    {
        "command": {"type": "string", "pattern": "^/[a-z0-9_-]+$", "maxLength": 32},
        "description": text(2000),
        "usage_hint": text(1000),
        "should_escape": {"const": True},
    }
)
SCHEMA = exactly(
    {
        "_metadata": exactly({"major_version": {"const": 1}, "minor_version": {"type": "integer"}}),
        "display_information": exactly(
            {
                "name": text(35),
                "description": text(140),
                "long_description": text(4000, shortest=175),
                "background_color": {"type": "string", "pattern": "^#[0-9a-f]{6}$"},
            }
        ),
        "features": exactly(
            {
                "app_home": exactly(
                    {
                        "home_tab_enabled": {"const": True},
                        "messages_tab_enabled": BOOLEAN,
                        "messages_tab_read_only_enabled": BOOLEAN,
                    }
                ),
                "bot_user": exactly({"display_name": text(80), "always_online": BOOLEAN}),
                "shortcuts": {"type": "array", "items": SHORTCUT, "maxItems": 10},
                "slash_commands": {"type": "array", "items": SLASH_COMMAND, "maxItems": 50},
            }
        ),
        "oauth_config": exactly(
            {"scopes": exactly({"bot": {"type": "array", "items": {"type": "string"}, "uniqueItems": True}})}
        ),
        "settings": exactly(
            {
                "event_subscriptions": exactly(
                    {"bot_events": {"type": "array", "items": {"enum": sorted(DEFAULT_EVENTS)}}}
                ),
                "interactivity": exactly({"is_enabled": {"const": True}}),
                "org_deploy_enabled": BOOLEAN,
                "socket_mode_enabled": {"const": True},
                "token_rotation_enabled": {"const": False},
            }
        ),
    }
)


@pytest.fixture
def manifest() -> dict[str, Any]:
    """The manifest as Slack reads it."""
    loaded: dict[str, Any] = json.loads(ROOT.joinpath("manifest.json").read_text(encoding="utf-8"))
    return loaded


def problems(manifest: dict[str, Any]) -> list[str]:
    """The errors that Slack would report, each with its place."""
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(SCHEMA).iter_errors(manifest)]


def test_slack_accepts_it(manifest: dict[str, Any]) -> None:
    """Lengths, shapes and no unknown keys."""
    assert problems(manifest) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("display_information", "name"), "x" * 36),
        (("display_information", "long_description"), "too short"),
        (("features", "shortcuts", 0, "name"), "x" * 25),
        (("features", "slash_commands", 0, "command"), "egress"),
        (("settings", "unknown"), True),
    ],
)
def test_the_schema_would_notice(manifest: dict[str, Any], path: tuple[str | int, ...], value: object) -> None:
    """The schema refuses what Slack refuses."""
    inner: Any = manifest
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    assert len(problems(manifest)) == 1


def test_it_asks_for_what_the_bot_uses(manifest: dict[str, Any]) -> None:
    """A scope that nobody can explain is a scope too many; ``tests/listeners/test_scopes.py`` sees the calls."""
    assert manifest["oauth_config"]["scopes"]["bot"] == sorted(SCOPES)


def test_the_simulated_workspace_grants_what_the_manifest_asks_for(manifest: dict[str, Any]) -> None:
    """One more, and a missing scope would not be noticed before production."""
    assert sorted(DEFAULT_SCOPES) == manifest["oauth_config"]["scopes"]["bot"]


def test_the_simulated_workspace_delivers_what_the_manifest_asks_for(manifest: dict[str, Any]) -> None:
    """One more, and an answer in a thread would only arrive in the sandbox."""
    assert sorted(DEFAULT_EVENTS) == manifest["settings"]["event_subscriptions"]["bot_events"]


def test_the_command_is_egress(manifest: dict[str, Any]) -> None:
    """One command; mentions arrive as ids, because names are not identities."""
    (command,) = manifest["features"]["slash_commands"]
    assert command["command"] == "/egress"
    assert command["should_escape"] is True


def test_every_shortcut_has_its_listener(manifest: dict[str, Any]) -> None:
    """A shortcut without a listener would answer nobody."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in python_files("handlers"))
    for shortcut in manifest["features"]["shortcuts"]:
        assert re.search(rf"[\"']{shortcut['callback_id']}[\"']", source), shortcut["name"]
