"""The payloads that the bot gets, with every field that the real ones carry.

Sources (read 2026-11): https://docs.slack.dev/interactivity/implementing-slash-commands,
https://docs.slack.dev/reference/interaction-payloads, https://docs.slack.dev/reference/events/app_home_opened.
"""

from typing import Any

from bot.sandbox.slack.directory import ENTERPRISE_ID, Channel, User
from bot.sandbox.slack.installation import APP_ID, BOT_USER_ID, TEAM_DOMAIN, TEAM_ID
from bot.sandbox.slack.messages import Message
from bot.sandbox.slack.views import View

Payload = dict[str, Any]


class Payloads:
    """Builds payloads.

    Args:
        verification_token: The deprecated ``token`` field, which real payloads still carry.
    """

    def __init__(self, verification_token: str) -> None:
        self._token = verification_token

    def command(self, user: User, channel: Channel, command: str, text: str) -> Payload:
        """A slash command, without its trigger and response URL."""
        return {
            "token": self._token,
            "team_id": TEAM_ID,
            "team_domain": TEAM_DOMAIN,
            "channel_id": channel.id,
            "channel_name": channel.name,
            "user_id": user.id,
            "user_name": user.name,
            "command": command,
            "text": text,
            "api_app_id": APP_ID,
            "is_enterprise_install": "false",
        }

    def interaction(self, kind: str, user: User) -> Payload:
        """The part that all interactions have in common."""
        return {
            "type": kind,
            "token": self._token,
            "api_app_id": APP_ID,
            "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
            "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id},
            "enterprise": {"id": ENTERPRISE_ID, "name": "Sandbox"} if user.enterprise_id == ENTERPRISE_ID else None,
            "is_enterprise_install": False,
        }

    def in_message(self, message: Message, channel: Channel) -> Payload:
        """The message in which an interaction happened, as it carries it; ephemerals are not carried."""
        is_ephemeral = message.ephemeral_for is not None
        container = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": is_ephemeral,
        }
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        body = {"container": container, "channel": wire_place(channel), "state": {"values": message.state}}
        return body if is_ephemeral else body | {"message": message.wire()}

    def in_view(self, view: View) -> Payload:
        """The view in which an interaction happened, as it carries it."""
        return {"container": {"type": "view", "view_id": view.id}, "view": view.wire()}

    def event(self, event: Payload, event_id: str, event_time: int) -> Payload:
        """The envelope of an event."""
        authorization = {
            "enterprise_id": None,
            "team_id": TEAM_ID,
            "user_id": BOT_USER_ID,
            "is_bot": True,
            "is_enterprise_install": False,
        }
        return {
            "token": self._token,
            "team_id": TEAM_ID,
            "api_app_id": APP_ID,
            "event": event,
            "type": "event_callback",
            "event_id": event_id,
            "event_time": event_time,
            "authorizations": [authorization],
            "is_ext_shared_channel": False,
            "event_context": f"4-{event_id}",
        }


def wire_place(channel: Channel) -> Payload:
    """A channel as interactions carry it."""
    return {"id": channel.id, "name": channel.name}
