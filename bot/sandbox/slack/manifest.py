"""An application's manifest: checked as Slack checks it, and what it means for the installation.

Sources (read 2026-11): https://docs.slack.dev/reference/app-manifest,
https://docs.slack.dev/reference/methods/apps.manifest.validate.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from bot.sandbox.slack.errors import refuse_problems
from bot.sandbox.slack.installation import APP_ID, BOT_ID, BOT_USER_ID, TEAM_ID, Addresses, Installation
from bot.sandbox.slack.schema import Anything, Flag, Many, OneOf, Problem, Shape, Text, Thing

_ANY = Anything()
_TEXTS = Many(Text(), most=255, least=0)
_URL = Text(most=3_000)
_COMMAND: Shape = Thing(
    {"command": Text(most=32, least=2), "description": Text(most=2_000)},
    {"url": _URL, "usage_hint": Text(most=1_000, least=0), "should_escape": Flag()},
)
_SHORTCUT: Shape = Thing(
    {
        "name": Text(most=24),
        "type": OneOf(("global", "message")),
        "callback_id": Text(most=255),
        "description": Text(most=150),
    }
)
_FEATURES: Shape = Thing(
    {},
    {
        "app_home": Thing(
            {},
            {
                "home_tab_enabled": Flag(),
                "messages_tab_enabled": Flag(),
                "messages_tab_read_only_enabled": Flag(),
            },
        ),
        "bot_user": Thing({"display_name": Text(most=80)}, {"always_online": Flag()}),
        "shortcuts": Many(_SHORTCUT, most=10, least=0),
        "slash_commands": Many(_COMMAND, most=50, least=0),
        "unfurl_domains": _TEXTS,
        "agent_view": _ANY,
        "assistant_view": _ANY,
        "workflow_steps": _ANY,
    },
)
_SETTINGS: Shape = Thing(
    {},
    {
        "event_subscriptions": Thing(
            {}, {"request_url": _URL, "bot_events": _TEXTS, "user_events": _TEXTS, "metadata_subscriptions": _ANY}
        ),
        "interactivity": Thing({"is_enabled": Flag()}, {"request_url": _URL, "message_menu_options_url": _URL}),
        "allowed_ip_address_ranges": _TEXTS,
        "org_deploy_enabled": Flag(),
        "socket_mode_enabled": Flag(),
        "token_rotation_enabled": Flag(),
        "is_mcp_enabled": Flag(),
        "function_runtime": Text(),
        "incoming_webhooks": _ANY,
    },
)
_MANIFEST: Shape = Thing(
    {
        "display_information": Thing(
            {"name": Text(most=35)},
            {
                "description": Text(most=140),
                "long_description": Text(most=4_000, least=175),
                "background_color": Text(most=7),
            },
        )
    },
    {
        "_metadata": _ANY,
        "features": _FEATURES,
        "oauth_config": Thing(
            {},
            {
                "scopes": Thing({}, {"bot": _TEXTS, "user": _TEXTS, "bot_optional": _TEXTS, "user_optional": _TEXTS}),
                "redirect_urls": _TEXTS,
                "token_management_enabled": Flag(),
                "pkce_enabled": Flag(),
            },
        ),
        "settings": _SETTINGS,
        "functions": _ANY,
        "app_directory": _ANY,
    },
)

NEEDED: Mapping[str, str] = {
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
}
"""The scope that an event needs.

Source (read 2026-11): https://docs.slack.dev/reference/events, on each event's page.
"""


def installed(manifest: Any, request_url: str | None, secrets: Installation) -> Installation:
    """The installation that a manifest describes.

    Args:
        manifest: As JSON.
        request_url: Where everything goes for which the manifest names no address.
        secrets: The installation whose tokens and signing secret it gets.

    Raises:
        SlackError: ``invalid_manifest``, with the pointers of all problems.
    """
    refuse_problems("invalid_manifest", _MANIFEST.problems(manifest, ""))
    features, settings = manifest.get("features") or {}, manifest.get("settings") or {}
    commands = features.get("slash_commands") or []
    events = (settings.get("event_subscriptions") or {}).get("bot_events") or []
    made = replace(
        secrets,
        delivery="socket" if settings.get("socket_mode_enabled") else "http",
        scopes=frozenset(((manifest.get("oauth_config") or {}).get("scopes") or {}).get("bot") or ()),
        events=frozenset(events),
        commands={each["command"]: bool(each.get("should_escape")) for each in commands},
        shortcuts={each["callback_id"]: KINDS[each["type"]] for each in features.get("shortcuts") or ()},
        bot_name=(features.get("bot_user") or {}).get("display_name") or manifest["display_information"]["name"],
        has_home=bool((features.get("app_home") or {}).get("home_tab_enabled")),
        addresses=_addresses(commands, settings, request_url),
    )
    refuse_problems("invalid_manifest", [*_scope_problems(made), *_address_problems(made, settings)])
    return made


KINDS: Mapping[str, str] = {"global": "shortcut", "message": "message_action"}
"""Payload type by the manifest's type of a shortcut."""


def _addresses(commands: list[dict[str, Any]], settings: dict[str, Any], request_url: str | None) -> Addresses:
    interactivity = settings.get("interactivity") or {}
    urls = {each["command"]: each.get("url") or request_url for each in commands}
    return Addresses(
        commands={command: url for command, url in urls.items() if url},
        interactions=interactivity.get("request_url") or request_url,
        options=interactivity.get("message_menu_options_url"),
        events=(settings.get("event_subscriptions") or {}).get("request_url") or request_url,
    )


def _scope_problems(made: Installation) -> Iterator[Problem]:
    if made.commands and "commands" not in made.scopes:
        yield Problem("/oauth_config/scopes/bot", "slash commands need the scope commands")
    for event in sorted(made.events):
        if event in NEEDED and NEEDED[event] not in made.scopes:
            yield Problem("/settings/event_subscriptions/bot_events", f"{event} needs the scope {NEEDED[event]}")


def _address_problems(made: Installation, settings: dict[str, Any]) -> Iterator[Problem]:
    """With Socket Mode nothing needs an address."""
    where = made.addresses or Addresses()
    if made.delivery == "socket":
        return
    for index, command in enumerate(made.commands):
        if command not in where.commands:
            yield Problem(f"/features/slash_commands/{index}/url", "must be provided unless Socket Mode is enabled")
    if (settings.get("interactivity") or {}).get("is_enabled") and where.interactions is None:
        yield Problem("/settings/interactivity/request_url", "must be provided unless Socket Mode is enabled")
    if made.events and where.events is None:
        yield Problem("/settings/event_subscriptions/request_url", "must be provided unless Socket Mode is enabled")


def shown(made: Installation) -> dict[str, Any]:
    """What whoever registered the application needs to know: its tokens and what it was granted."""
    return {
        "app_id": APP_ID,
        "team_id": TEAM_ID,
        "bot_id": BOT_ID,
        "bot_user_id": BOT_USER_ID,
        "bot_token": made.bot_token,
        "app_token": made.app_token,
        "signing_secret": made.signing_secret,
        "verification_token": made.verification_token,
        "delivery": made.delivery,
        "scopes": sorted(made.scopes),
        "events": sorted(made.events),
        "commands": list(made.commands),
        "shortcuts": list(made.shortcuts),
    }
