"""users.*, usergroups.* and conversations.*.

Source (read 2026-11): https://docs.slack.dev/reference/methods?family=conversations.
"""

from collections.abc import Mapping

from bot.sandbox.slack.directory import Channel, wire_channel, wire_group, wire_user
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.installation import BOT_USER_ID
from bot.sandbox.slack.method import Args, Body, Method, is_true, paged
from bot.sandbox.slack.workspace import SlackWorkspace


def _shows_email(workspace: SlackWorkspace) -> bool:
    return "users:read.email" in workspace.installation.scopes


def _user(workspace: SlackWorkspace, args: Args) -> Body:
    return {"user": wire_user(workspace.directory.user(args["user"]), with_email=_shows_email(workspace))}


def _users(workspace: SlackWorkspace, args: Args) -> Body:
    members = [wire_user(user, with_email=_shows_email(workspace)) for user in workspace.directory.users.values()]
    return paged(members, args, "members") | {"cache_ts": int(workspace.clock.now().timestamp())}


def _groups(workspace: SlackWorkspace, args: Args) -> Body:
    directory, with_users = workspace.directory, is_true(args.get("include_users"))
    groups = directory.user_groups.values()
    return {"usergroups": [wire_group(g, directory.active_members(g), with_users=with_users) for g in groups]}


def _group_users(workspace: SlackWorkspace, args: Args) -> Body:
    directory = workspace.directory
    return {"users": directory.active_members(directory.user_group(args["usergroup"]))}


def _open(workspace: SlackWorkspace, args: Args) -> Body:
    if args.get("channel"):
        return {"channel": wire_channel(workspace.directory.channel(args["channel"]))}
    users = [part for part in str(args.get("users") or "").split(",") if part]
    if len(users) != 1:
        raise SlackError("users_list_not_supplied" if not users else "not_enough_users")
    was_open = "D" + users[0][1:] in workspace.directory.channels
    channel = workspace.directory.direct(users[0])
    body = wire_channel(channel) if is_true(args.get("return_im")) else {"id": channel.id}
    return {"channel": body} | ({"no_op": True, "already_open": True} if was_open else {})


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


def _wanted(workspace: SlackWorkspace, args: Args) -> list[Channel]:
    types = str(args.get("types") or "public_channel").split(",")
    kinds = {"im": "im" in types, "public": "public_channel" in types}
    everything = workspace.directory.channels.values()
    return [channel for channel in everything if kinds["im" if channel.user else "public"]]


_READ = ("channels:read", "groups:read", "im:read", "mpim:read")
METHODS: Mapping[str, Method] = {
    "users.info": Method(_user, ("users:read",), ("user",)),
    "users.list": Method(_users, ("users:read",)),
    "users.conversations": Method(_mine, _READ),
    "usergroups.list": Method(_groups, ("usergroups:read",)),
    "usergroups.users.list": Method(_group_users, ("usergroups:read",), ("usergroup",)),
    "conversations.open": Method(_open, ("im:write", "mpim:write", "channels:manage", "groups:write")),
    "conversations.info": Method(_info, _READ, ("channel",)),
    "conversations.members": Method(_members, _READ, ("channel",)),
    "conversations.list": Method(_conversations, _READ),
}
"""Methods about people and places."""
