"""People, user groups and conversations of the workspace, and how the Web API shows them."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.installation import APP_ID, BOT_ID, BOT_USER_ID, TEAM_ID
from bot.sandbox.slack.ledger import Ledger

ENTERPRISE_ID = "ESANDBOX1"
"""The organisation of the workspace, once somebody in it has a home in another workspace of that organisation."""

CREATED = 1_790_000_000
"""Epoch second at which the fixed inhabitants came to be."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody that the workspace knows: a member, or a person of another organisation in a shared channel.

    Args:
        team_id: Their home workspace.
        enterprise_id: Their Enterprise Grid organisation; None outside one.
        teams: The workspaces of that organisation that they are in.
        tz: The IANA time zone that they set.
    """

    id: str
    name: str
    real_name: str
    is_bot: bool = False
    deleted: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    team_id: str = TEAM_ID
    enterprise_id: str | None = None
    teams: tuple[str, ...] = ()
    tz: str = "Etc/UTC"

    @property
    def is_foreign(self) -> bool:
        """Whether they belong to another organisation."""
        return self.team_id != TEAM_ID and TEAM_ID not in self.teams and self.enterprise_id != ENTERPRISE_ID


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
    is_private: bool = False


NEVER = "0000000000.000000"
"""The time of the last message that the bot has read: it reads none."""

_PEOPLE = (
    User("UDEV0001", "dana", "Dana Developer"),
    User("UDEV0002", "devi", "Devi Developer"),
    User("UAPP0001", "ada", "Ada Approver"),
    User("UAPP0002", "amir", "Amir Approver"),
    User("UAUD0001", "audrey", "Audrey Auditor"),
    User("UOPS0001", "olu", "Olu Operator"),
)
_EVERYBODY = tuple(person.id for person in _PEOPLE)
BOT = User(BOT_USER_ID, "egress", "Egress", is_bot=True)
"""The bot's own user."""

_USER_GROUPS = (
    UserGroup("SAPPROVE1", "egress-approvers", "Egress approvers", ("UAPP0001", "UAPP0002")),
    UserGroup("SAUDIT001", "egress-auditors", "Egress auditors", ("UAUD0001",)),
)

_CHANNELS = (
    Channel("CEGRESS01", "egress", (*_EVERYBODY, BOT_USER_ID)),
    Channel("CGENERAL1", "general", _EVERYBODY),
)


class Directory:
    """Who and what is in the workspace: the fixed inhabitants, and what was changed or added since.

    Args:
        journal: Keeps what was changed or added.
        bot_name: The name of the bot's user.
    """

    def __init__(self, journal: Ledger, bot_name: str = BOT.name) -> None:
        self._journal = journal
        self.users = {user.id: user for user in (*_PEOPLE, BOT)}
        self.rename_bot(bot_name)
        self.user_groups = {group.id: group for group in _USER_GROUPS}
        for key, body in journal.load("slack.user").items():
            self.users[key] = User(**{**body, "teams": tuple(body["teams"])})
        for key, body in journal.load("slack.usergroup").items():
            self.user_groups[key] = UserGroup(**{**body, "users": tuple(body["users"])})
        self.channels = {channel.id: channel for channel in _CHANNELS}
        for key, body in journal.load("slack.channel").items():
            self.channels[key] = Channel(**{**body, "members": tuple(body["members"])})

    def rename_bot(self, name: str) -> None:
        """Give the bot's user the name that the application's manifest has."""
        self.users[BOT.id] = replace(BOT, name=name, real_name=name.capitalize())

    @property
    def is_in_organisation(self) -> bool:
        """Whether the workspace is part of an Enterprise Grid organisation: somebody of it is known here."""
        return any(user.enterprise_id == ENTERPRISE_ID for user in self.users.values())

    def user(self, user_id: str, error: str = "user_not_found") -> User:
        """The user, or ``error``."""
        found = self.users.get(user_id)
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
        """Return where the bot may post: a conversation it is in, by id or name, or a person's direct message."""
        if channel_id in self.users:
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
            self._journal.put("slack.channel", channel.id, channel)
        return channel

    def join(self, channel_id: str, user_id: str) -> None:
        """Put somebody, such as the bot, into a channel."""
        channel = self.channel(channel_id)
        if user_id not in channel.members:
            self.channels[channel_id] = replace(channel, members=(*channel.members, user_id))
            self._journal.put("slack.channel", channel_id, self.channels[channel_id])

    def leave(self, channel_id: str, user_id: str) -> None:
        """Take somebody, such as the bot, out of a channel."""
        channel = self.channel(channel_id)
        left = replace(channel, members=tuple(member for member in channel.members if member != user_id))
        self.channels[channel_id] = left
        self._journal.put("slack.channel", channel_id, left)

    def user_group(self, group_id: str) -> UserGroup:
        """The user group, or ``no_such_subteam``."""
        found = self.user_groups.get(group_id)
        if found is None:
            raise SlackError("no_such_subteam")
        return found

    def active_members(self, group: UserGroup) -> list[str]:
        """The members that Slack lists: deactivated people are no longer among them."""
        return [user for user in group.users if user in self.users and not self.users[user].deleted]

    def put_user(self, user: User) -> None:
        """Change or add somebody; newcomers are in every channel, as in a shared one."""
        is_new = user.id not in self.users
        self.users[user.id] = user
        self._journal.put("slack.user", user.id, user)
        for channel in [c for c in self.channels.values() if is_new and c.user is None]:
            self.join(channel.id, user.id)

    def put_in_groups(self, user_id: str, group_ids: Collection[str]) -> None:
        """Let somebody be in exactly these user groups; missing groups are created."""
        for group_id in group_ids:
            self.user_groups.setdefault(group_id, UserGroup(group_id, group_id.lower(), group_id, ()))
        for group in list(self.user_groups.values()):
            others = tuple(user for user in group.users if user != user_id)
            users = (*others, user_id) if group.id in group_ids else others
            if group.id in group_ids and user_id in group.users:
                users = group.users
            self.user_groups[group.id] = replace(group, users=users)
            self._journal.put("slack.usergroup", group.id, self.user_groups[group.id])


AVATARS = (24, 32, 48, 72, 192, 512)
"""Edge lengths of avatars, in pixels."""


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
        "status_emoji_display_info": [],
        "status_expiration": 0,
        "huddle_state": "default_unset",
        "huddle_state_expiration_ts": 0,
        "phone": "",
        "skype": "",
        "avatar_hash": "sandbox",
        **{f"image_{size}": f"https://avatars.sandbox.example/{user.id}_{size}.png" for size in AVATARS},
        "team": user.team_id,
    }
    if with_email and not user.is_bot:
        profile["email"] = f"{user.name}@sandbox.example"
    if user.is_bot:
        profile |= {"api_app_id": APP_ID, "bot_id": BOT_ID}
    return _affiliation(user) | {
        "id": user.id,
        "team_id": user.team_id,
        "name": user.name,
        "deleted": user.deleted,
        "color": "3c8c69",
        "real_name": user.real_name,
        "tz": user.tz,
        "tz_label": user.tz,
        "tz_offset": int((datetime.now(ZoneInfo(user.tz)).utcoffset() or timedelta()).total_seconds()),
        "profile": profile,
        "is_admin": user.id == "UOPS0001",
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": user.is_restricted or user.is_ultra_restricted,
        "is_ultra_restricted": user.is_ultra_restricted,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": CREATED,
    }


def _affiliation(user: User) -> dict[str, Any]:
    """The fields that a user object has only in an organisation, or if the user comes from another one.

    Source: https://docs.slack.dev/reference/objects/user-object, read 2026-11.
    """
    organisation = {
        "id": user.id,
        "enterprise_id": user.enterprise_id,
        "enterprise_name": "Sandbox",
        "is_admin": False,
        "is_owner": False,
        "teams": list(user.teams or (user.team_id,)),
    }
    stranger = {"is_stranger": True} if user.is_foreign else {}
    return stranger | ({"enterprise_user": organisation} if user.enterprise_id else {})


def wire_group(group: UserGroup, users: list[str], *, with_users: bool) -> dict[str, Any]:
    """A user group as ``usergroups.list`` returns one, with those of its members that are listed."""
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
        "user_count": len(users),
    }
    return body | {"users": users} if with_users else body


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
        direct = {"user": channel.user, "is_user_deleted": False, "is_open": True, "last_read": NEVER, "priority": 0}
        return body | direct
    return body | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not channel.is_private,
        "is_group": channel.is_private,
        "is_mpim": False,
        "is_private": channel.is_private,
        "is_general": channel.name == "general",
        "is_shared": False,
        "is_member": BOT_USER_ID in channel.members,
        "last_read": NEVER,
        "creator": "UOPS0001",
        "num_members": len(channel.members),
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
    }
