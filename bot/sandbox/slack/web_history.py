"""What was said: conversations.history and .replies, reactions.

Sources (read 2026-11): https://docs.slack.dev/reference/methods/conversations.history,
https://docs.slack.dev/reference/methods/conversations.replies, https://docs.slack.dev/reference/methods?family=reactions.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.sandbox.slack.directory import Channel
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.installation import BOT_USER_ID
from bot.sandbox.slack.messages import Message
from bot.sandbox.slack.method import Args, Body, Method, is_true, paged
from bot.sandbox.slack.workspace import SlackWorkspace

PAGE = 100
"""Messages of a page, where the caller does not say."""


def _history(workspace: SlackWorkspace, args: Args) -> Body:
    channel = _readable(workspace, args)
    heads = [m for m in reversed(_visible(workspace, channel)) if m.thread_ts in {None, m.ts} and _is_within(m, args)]
    page = _page(workspace, heads, args)
    return page | {"pin_count": 0, "channel_actions_ts": None, "channel_actions_count": 0}


def _replies(workspace: SlackWorkspace, args: Args) -> Body:
    channel = _readable(workspace, args)
    thread = [m for m in _visible(workspace, channel) if args["ts"] in {m.ts, m.thread_ts}]
    if not thread:
        raise SlackError("thread_not_found")
    root = thread[0].thread_ts or thread[0].ts
    whole = [m for m in _visible(workspace, channel) if root in {m.ts, m.thread_ts}]
    return _page(workspace, [m for m in whole if m.ts == root or _is_within(m, args)], args)


def _page(workspace: SlackWorkspace, messages: list[Message], args: Args) -> Body:
    shown = [_with_thread(workspace, message) for message in messages]
    page = paged(shown, {"limit": PAGE, **{key: value for key, value in args.items() if value}}, "messages")
    return page | {"has_more": bool(page["response_metadata"]["next_cursor"])}


def _readable(workspace: SlackWorkspace, args: Args) -> Channel:
    channel = workspace.directory.channel(args["channel"])
    needed = "im:history" if channel.user else "groups:history" if channel.is_private else "channels:history"
    granted = workspace.installation.scopes
    if needed not in granted:
        raise SlackError("missing_scope", needed=needed, provided=",".join(sorted(granted)))
    if BOT_USER_ID not in channel.members:
        raise SlackError("channel_not_found" if channel.is_private else "not_in_channel")
    return channel


def _visible(workspace: SlackWorkspace, channel: Channel) -> list[Message]:
    return [m for m in workspace.messages if m.channel == channel.id and not m.deleted and m.ephemeral_for is None]


def _is_within(message: Message, args: Args) -> bool:
    oldest, latest = (float(args.get(name) or bound) for name, bound in (("oldest", 0), ("latest", "inf")))
    at = float(message.ts)
    return oldest <= at <= latest if is_true(args.get("inclusive")) else oldest < at < latest


def _with_thread(workspace: SlackWorkspace, message: Message) -> dict[str, Any]:
    replies = [m for m in workspace.messages if m.thread_ts == message.ts != m.ts and not m.deleted]
    replies = [m for m in replies if m.channel == message.channel and m.ephemeral_for is None]
    if not replies:
        return message.wire()
    users = list(dict.fromkeys(reply.user for reply in replies))
    return message.wire() | {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users_count": len(users),
        "latest_reply": replies[-1].ts,
        "reply_users": users,
        "is_locked": False,
        "subscribed": BOT_USER_ID in {message.user, *users},
    }


def _react(workspace: SlackWorkspace, args: Args) -> Body:
    message = _reacted_to(workspace, args)
    if args["name"] in message.reactions:
        raise SlackError("already_reacted")
    workspace.messages.keep(replace(message, reactions=(*message.reactions, args["name"])))
    return {}


def _unreact(workspace: SlackWorkspace, args: Args) -> Body:
    message = _reacted_to(workspace, args)
    if args["name"] not in message.reactions:
        raise SlackError("no_reaction")
    workspace.messages.keep(replace(message, reactions=tuple(r for r in message.reactions if r != args["name"])))
    return {}


def _reactions(workspace: SlackWorkspace, args: Args) -> Body:
    message = _reacted_to(workspace, args)
    return {"type": "message", "channel": message.channel, "message": message.wire()}


def _reacted_to(workspace: SlackWorkspace, args: Args) -> Message:
    return workspace.messages.get(workspace.directory.channel(args["channel"]).id, args["timestamp"])


_READ = ("channels:history", "groups:history", "im:history", "mpim:history")
METHODS: Mapping[str, Method] = {
    "conversations.history": Method(_history, _READ, ("channel",)),
    "conversations.replies": Method(_replies, _READ, ("channel", "ts")),
    "reactions.add": Method(_react, ("reactions:write",), ("channel", "timestamp", "name")),
    "reactions.remove": Method(_unreact, ("reactions:write",), ("channel", "timestamp", "name")),
    "reactions.get": Method(_reactions, ("reactions:read",), ("channel", "timestamp")),
}
"""Methods about what was said."""
