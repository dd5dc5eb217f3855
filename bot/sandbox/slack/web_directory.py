"""users.*, usergroups.*, conversations.*, bots.info and team.info.

Source (read 2026-11): https://docs.slack.dev/reference/methods?family=conversations.
"""

from collections.abc import Mapping

from bot.sandbox.slack.directory import CREATED, Channel, wire_channel, wire_group, wire_user
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.installation import APP_ID, BOT_ID, BOT_USER_ID, TEAM_DOMAIN, TEAM_ID
from bot.sandbox.slack.method import Args, Body, Method, is_true, paged
from bot.sandbox.slack.workspace import SlackWorkspace


def _shows_email(workspace: SlackWorkspace) -> bool:
    return "users:read.email" in workspace.installation.scopes


def _user(workspace: SlackWorkspace, args: Args) -> Body:
    return {"user": wire_user(workspace.directory.user(args["user"]), with_email=_shows_email(workspace))}


def _users(workspace: SlackWorkspace, args: Args) -> Body:
    members = [wire_user(user, with_email=_shows_email(workspace)) for user in workspace.directory.users.values()]
    return paged(members, args, "members") | {"cache_ts": int(workspace.clock.now().timestamp())}


def _by_email(workspace: SlackWorkspace, args: Args) -> Body:
    users = [wire_user(user) for user in workspace.directory.users.values() if not user.deleted]
    found = [user for user in users if user["profile"].get("email") == str(args["email"]).lower()]
    if not found:
        raise SlackError("users_not_found")
    return {"user": found[0]}


def _profile(workspace: SlackWorkspace, args: Args) -> Body:
    user = workspace.directory.user(args.get("user") or BOT_USER_ID)
    return {"profile": wire_user(user, with_email=_shows_email(workspace))["profile"]}


def _presence(workspace: SlackWorkspace, args: Args) -> Body:
    user = workspace.directory.user(args.get("user") or BOT_USER_ID)
    return {"presence": "away" if user.deleted else "active"}


def _bot(workspace: SlackWorkspace, args: Args) -> Body:
    if args.get("bot") not in {None, "", BOT_ID}:
        raise SlackError("bot_not_found")
    bot = {"id": BOT_ID, "app_id": APP_ID, "user_id": BOT_USER_ID, "name": workspace.installation.bot_name}
    return {"bot": bot | {"deleted": False, "updated": CREATED, "icons": {}}}


def _team(workspace: SlackWorkspace, args: Args) -> Body:
    if args.get("team") not in {None, "", TEAM_ID}:
        raise SlackError("team_not_found")
    team = {"id": TEAM_ID, "name": "Sandbox", "domain": TEAM_DOMAIN, "email_domain": "", "icon": {}}
    return {"team": team | {"url": f"{workspace.base_url}/"}}


def _groups(workspace: SlackWorkspace, args: Args) -> Body:
    directory, with_users = workspace.directory, is_true(args.get("include_users"))
    groups = directory.user_groups.values()
    return {"usergroups": [wire_group(g, directory.active_members(g), with_users=with_users) for g in groups]}


def _group_users(workspace: SlackWorkspace, args: Args) -> Body:
    directory = workspace.directory
    return {"users": directory.active_members(directory.user_group(args["usergroup"]))}


def _open(workspace: SlackWorkspace, args: Args) -> Body:
    opened = {"no_op": True, "already_open": True}
    if args.get("channel"):
        return {"channel": wire_channel(workspace.directory.channel(args["channel"]))} | opened
    users = [part for part in str(args.get("users") or "").split(",") if part]
    if len(users) != 1:
        raise SlackError("users_list_not_supplied" if not users else "not_enough_users")
    was_open = "D" + users[0][1:] in workspace.directory.channels
    channel = workspace.directory.direct(users[0])
    body = wire_channel(channel) if is_true(args.get("return_im")) else {"id": channel.id}
    return {"channel": body} | (opened if was_open else {})


def _info(workspace: SlackWorkspace, args: Args) -> Body:
    channel = workspace.directory.channel(args["channel"])
    needed = "im:read" if channel.user else "groups:read" if channel.is_private else "channels:read"
    if needed not in workspace.installation.scopes:
        raise SlackError("missing_scope", needed=needed, provided=",".join(sorted(workspace.installation.scopes)))
    if channel.is_private and BOT_USER_ID not in channel.members:
        raise SlackError("channel_not_found")
    return {"channel": wire_channel(channel)}


def _members(workspace: SlackWorkspace, args: Args) -> Body:
    members = [{"id": member} for member in workspace.directory.channel(args["channel"]).members]
    page = paged(members, args, "members")
    return page | {"members": [member["id"] for member in page["members"]]}


def _conversations(workspace: SlackWorkspace, args: Args) -> Body:
    return paged([wire_channel(channel) for channel in _wanted(workspace, args)], args, "channels")


def _mine(workspace: SlackWorkspace, args: Args) -> Body:
    member = args.get("user") or BOT_USER_ID
    mine = [wire_channel(channel) for channel in _wanted(workspace, args) if member in channel.members]
    return paged(mine, args, "channels")


def _join(workspace: SlackWorkspace, args: Args) -> Body:
    channel = workspace.directory.channel(args["channel"])
    if channel.user is not None or channel.is_private:
        raise SlackError("method_not_supported_for_channel_type")
    was_in = BOT_USER_ID in channel.members
    workspace.directory.join(channel.id, BOT_USER_ID)
    body = {"channel": wire_channel(workspace.directory.channel(channel.id))}
    if not was_in:
        return body
    return body | {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}


def _leave(workspace: SlackWorkspace, args: Args) -> Body:
    channel = workspace.directory.channel(args["channel"])
    if channel.user is not None:
        raise SlackError("method_not_supported_for_channel_type")
    was_in = BOT_USER_ID in channel.members
    workspace.directory.leave(channel.id, BOT_USER_ID)
    return {} if was_in else {"ok": False, "not_in_channel": True}


def _wanted(workspace: SlackWorkspace, args: Args) -> list[Channel]:
    types = str(args.get("types") or "public_channel").split(",")
    kinds = {"im": "im" in types, "public": "public_channel" in types}
    everything = workspace.directory.channels.values()
    return [channel for channel in everything if kinds["im" if channel.user else "public"]]


_READ = ("channels:read", "groups:read", "im:read", "mpim:read")
METHODS: Mapping[str, Method] = {
    "users.info": Method(_user, ("users:read",), ("user",)),
    "users.list": Method(_users, ("users:read",)),
    "users.lookupByEmail": Method(_by_email, ("users:read.email",), ("email",)),
    "users.profile.get": Method(_profile, ("users.profile:read",)),
    "users.getPresence": Method(_presence, ("users:read",)),
    "bots.info": Method(_bot, ("users:read",)),
    "team.info": Method(_team, ("team:read",)),
    "users.conversations": Method(_mine, _READ),
    "usergroups.list": Method(_groups, ("usergroups:read",)),
    "usergroups.users.list": Method(_group_users, ("usergroups:read",), ("usergroup",)),
    "conversations.open": Method(_open, ("im:write", "mpim:write", "channels:manage", "groups:write")),
    "conversations.join": Method(_join, ("channels:join",), ("channel",)),
    "conversations.leave": Method(_leave, ("channels:manage", "groups:write"), ("channel",)),
    "conversations.info": Method(_info, _READ, ("channel",)),
    "conversations.members": Method(_members, _READ, ("channel",)),
    "conversations.list": Method(_conversations, _READ),
}
"""Methods about people and places."""
