"""The one application that is installed in the workspace."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

TEAM_ID = "TSANDBOX1"
TEAM_DOMAIN = "sandbox"
APP_ID = "ASANDBOX1"
BOT_ID = "BBOT0001"
BOT_USER_ID = "UBOT0001"

DEFAULT_SCOPES = frozenset(
    {
        "channels:history",
        "channels:read",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "im:write",
        "usergroups:read",
        "users:read",
    }
)
"""The bot scopes of the product's manifest."""

DEFAULT_EVENTS = frozenset({"app_home_opened", "message.channels", "message.groups"})
"""The events to which the product's manifest subscribes."""


def _shortcuts() -> Mapping[str, str]:
    return MappingProxyType({"request_fqdn": "shortcut", "request_fqdn_from_message": "message_action"})


def _commands() -> Mapping[str, bool]:
    return MappingProxyType({"/egress": True})


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where HTTP deliveries go; None and missing commands: nowhere.

    Args:
        commands: URL by slash command.
        interactions: Buttons, shortcuts and modals.
        options: Options of external selects; if None, they are asked where interactions go.
        events: The Events API.
    """

    commands: Mapping[str, str] = field(default_factory=dict)
    interactions: str | None = None
    options: str | None = None
    events: str | None = None


@dataclass(frozen=True, slots=True)
class Installation:
    """Secrets and manifest of the installed application.

    Args:
        signing_secret: Signs every HTTP delivery.
        bot_token: The ``xoxb-`` token that the Web API takes.
        app_token: The ``xapp-`` token that opens Socket Mode.
        delivery: ``http`` or ``socket``.
        scopes: Granted bot scopes; a method that needs another answers ``missing_scope``.
        events: Events that are delivered.
        commands: Slash commands of the manifest, and whether users, channels and links in their text arrive escaped.
        shortcuts: Callback id to payload type (``shortcut`` or ``message_action``).
        bot_name: The bot user's name.
        has_home: Whether there is a Home tab.
        addresses: Where HTTP deliveries go; None while only the bot itself can say.
    """

    signing_secret: str
    bot_token: str
    app_token: str
    delivery: str = "http"
    scopes: frozenset[str] = DEFAULT_SCOPES
    events: frozenset[str] = DEFAULT_EVENTS
    commands: Mapping[str, bool] = field(default_factory=_commands)
    shortcuts: Mapping[str, str] = field(default_factory=_shortcuts)
    bot_name: str = "egress"
    has_home: bool = True
    addresses: Addresses | None = None
    verification_token: str = "sandbox-verification-token"
