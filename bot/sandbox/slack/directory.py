"""People, user groups and conversations of the workspace, and how the Web API shows them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.installation import APP_ID, BOT_ID, BOT_USER_ID, TEAM_ID
from bot.sandbox.slack.ledger import Ledger

CREATED = 1_790_000_000
"""Epoch second at which the fixed inhabitants came to be."""


@dataclass(frozen=True, slots=True)
class User:
    """A member of the workspace."""

    id: str
    name: str
    real_name: str
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class UserGroup:
    """A user group and its members' ids."""

    id: str
    handle: str
    name: str
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Channel:
    """A conversation; ``user`` is set for direct messages with the bot."""

    id: str
    name: str
    members: tuple[str, ...]
    user: str | None = None


_PEOPLE = (
    User("UDEV0001", "dana", "Dana Developer"),
    User("UDEV0002", "devi", "Devi Developer"),
    User("UAPP0001", "ada", "Ada Approver"),
    User("UAPP0002", "amir", "Amir Approver"),
    User("UAUD0001", "audrey", "Audrey Auditor"),
    User("UOPS0001", "olu", "Olu Operator"),
)
_EVERYBODY = tuple(person.id for person in _PEOPLE)
USERS: Mapping[str, User] = {u.id: u for u in (*_PEOPLE, User(BOT_USER_ID, "egress", "Egress", is_bot=True))}
"""The fixed users, the bot's own among them."""

USER_GROUPS: Mapping[str, UserGroup] = {
    "SAPPROVE1": UserGroup("SAPPROVE1", "egress-approvers", "Egress approvers", ("UAPP0001", "UAPP0002")),
    "SAUDIT001": UserGroup("SAUDIT001", "egress-auditors", "Egress auditors", ("UAUD0001",)),
}
"""The fixed user groups."""

_CHANNELS = (
    Channel("CEGRESS01", "egress", (*_EVERYBODY, BOT_USER_ID)),
    Channel("CGENERAL1", "general", _EVERYBODY),
)


class Directory:
    """Who and what is in the workspace; only direct messages are ever added.

    Args:
        journal: Keeps the direct messages.
    """

    def __init__(self, journal: Ledger) -> None:
        self._journal = journal
        self.channels = {channel.id: channel for channel in _CHANNELS}
        for key, body in journal.load("slack.channel").items():
            self.channels[key] = Channel(**{**body, "members": tuple(body["members"])})

    def user(self, user_id: str, error: str = "user_not_found") -> User:
        """The user, or ``error``."""
        found = USERS.get(user_id)
        if found is None:
            raise SlackError(error)
        return found

    def channel(self, channel_id: str) -> Channel:
        """The conversation, or ``channel_not_found``."""
        found = self.channels.get(channel_id)
        if found is None:
            raise SlackError("channel_not_found")
        return found

    def target(self, channel_id: str) -> Channel:
        """Where the bot may post: a conversation it is in, by id or name, or a person's direct message."""
        if channel_id in USERS:
            return self.direct(channel_id)
        named = [channel for channel in self.channels.values() if f"#{channel.name}" == f"#{channel_id.lstrip('#')}"]
        found = named[0] if named else self.channel(channel_id)
        if BOT_USER_ID not in found.members:
            raise SlackError("not_in_channel")
        return found

    def direct(self, user_id: str) -> Channel:
        """The direct message between the bot and a person, opened if need be."""
        person = self.user(user_id)
        if person.is_bot:
            raise SlackError("cannot_dm_bot")
        channel = Channel("D" + user_id[1:], "directmessage", (user_id, BOT_USER_ID), user=user_id)
        if channel.id not in self.channels:
            self.channels[channel.id] = channel
            self._journal.put("slack.channel", channel.id, asdict(channel))
        return channel

    def join(self, channel_id: str, user_id: str) -> None:
        """Put somebody, such as the bot, into a channel."""
        channel = self.channel(channel_id)
        if user_id not in channel.members:
            self.channels[channel_id] = replace(channel, members=(*channel.members, user_id))
            self._journal.put("slack.channel", channel_id, asdict(self.channels[channel_id]))

    def user_group(self, group_id: str) -> UserGroup:
        """The user group, or ``no_such_subteam``."""
        found = USER_GROUPS.get(group_id)
        if found is None:
            raise SlackError("no_such_subteam")
        return found


def wire_user(user: User, *, with_email: bool = True) -> dict[str, Any]:
    """A user as ``users.info`` returns one."""
    profile: dict[str, Any] = {
        "real_name": user.real_name,
        "real_name_normalized": user.real_name,
        "display_name": user.name,
        "display_name_normalized": user.name,
        "title": "",
        "status_text": "",
        "status_emoji": "",
        "avatar_hash": "sandbox",
        "team": TEAM_ID,
    }
    if with_email and not user.is_bot:
        profile["email"] = f"{user.name}@sandbox.example"
    if user.is_bot:
        profile |= {"api_app_id": APP_ID, "bot_id": BOT_ID}
    return {
        "id": user.id,
        "team_id": TEAM_ID,
        "name": user.name,
        "deleted": False,
        "color": "3c8c69",
        "real_name": user.real_name,
        "tz": "Etc/UTC",
        "tz_label": "Coordinated Universal Time",
        "tz_offset": 0,
        "profile": profile,
        "is_admin": user.id == "UOPS0001",
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": CREATED,
    }


def wire_group(group: UserGroup, *, with_users: bool) -> dict[str, Any]:
    """A user group as ``usergroups.list`` returns one."""
    body: dict[str, Any] = {
        "id": group.id,
        "team_id": TEAM_ID,
        "is_usergroup": True,
        "is_subteam": True,
        "name": group.name,
        "description": "",
        "handle": group.handle,
        "is_external": False,
        "date_create": CREATED,
        "date_update": CREATED,
        "date_delete": 0,
        "auto_type": None,
        "created_by": "UOPS0001",
        "updated_by": "UOPS0001",
        "deleted_by": None,
        "prefs": {"channels": [], "groups": []},
        "user_count": len(group.users),
    }
    return body | {"users": list(group.users)} if with_users else body


def wire_channel(channel: Channel) -> dict[str, Any]:
    """A conversation as ``conversations.info`` returns one."""
    is_direct = channel.user is not None
    body: dict[str, Any] = {
        "id": channel.id,
        "created": CREATED,
        "is_archived": False,
        "is_im": is_direct,
        "is_org_shared": False,
        "context_team_id": TEAM_ID,
    }
    if is_direct:
        return body | {"user": channel.user, "is_user_deleted": False, "priority": 0}
    return body | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": True,
        "is_group": False,
        "is_mpim": False,
        "is_private": False,
        "is_general": channel.name == "general",
        "is_shared": False,
        "is_member": BOT_USER_ID in channel.members,
        "creator": "UOPS0001",
        "num_members": len(channel.members),
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
    }
