"""chat.* and blocks.validate.

Source (read 2026-11): https://docs.slack.dev/reference/methods?family=chat.
"""

from collections.abc import Mapping

from bot.sandbox.slack.blocks import block_problems, view_problems
from bot.sandbox.slack.content import POST_MOST, UPDATE_MOST, content_from_args, decoded
from bot.sandbox.slack.errors import SlackError, refuse_problems
from bot.sandbox.slack.method import Args, Body, Method
from bot.sandbox.slack.pictures import checked
from bot.sandbox.slack.workspace import SlackWorkspace


def _post(workspace: SlackWorkspace, args: Args) -> Body:
    channel = workspace.directory.target(args["channel"])
    content = checked(workspace, content_from_args(args))
    if content.thread_ts is not None:
        _check_thread(workspace, channel.id, content.thread_ts)
    message = workspace.messages.post(channel.id, content)
    body = {"channel": channel.id, "ts": message.ts, "message": message.wire()}
    return body | (_CUT if len(str(args.get("text") or "")) > POST_MOST else {})


_CUT = {"warning": "message_truncated", "response_metadata": {"warnings": ["message_truncated"]}}
"""What is said of a text of more than ``POST_MOST`` characters."""


def _check_thread(workspace: SlackWorkspace, channel: str, ts: str) -> None:
    try:
        workspace.messages.get(channel, ts)
    except SlackError:
        raise SlackError("thread_not_found") from None


def _post_ephemeral(workspace: SlackWorkspace, args: Args) -> Body:
    channel = workspace.directory.target(args["channel"])
    user = workspace.directory.user(args["user"])
    if user.id not in channel.members:
        raise SlackError("user_not_in_channel")
    message = workspace.messages.post(
        channel.id, checked(workspace, content_from_args(args, is_cut=False)), only_for=user.id
    )
    return {"message_ts": message.ts}


def _update(workspace: SlackWorkspace, args: Args) -> Body:
    channel = workspace.directory.channel(args["channel"])
    message = workspace.messages.own(channel.id, args["ts"], "cant_update_message")
    keeps_blocks = args.get("blocks") is None and not args.get("text") and bool(args.get("metadata"))
    if keeps_blocks:
        args = {**args, "text": message.text}
    content = checked(workspace, content_from_args(args, most=UPDATE_MOST, is_cut=False))
    message = workspace.messages.edit(message, content, keep_blocks=keeps_blocks)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": message.wire()}


def _delete(workspace: SlackWorkspace, args: Args) -> Body:
    channel = workspace.directory.channel(args["channel"])
    message = workspace.messages.own(channel.id, args["ts"], "cant_delete_message")
    workspace.messages.delete(message)
    return {"channel": channel.id, "ts": message.ts}


def _permalink(workspace: SlackWorkspace, args: Args) -> Body:
    channel = workspace.directory.channel(args["channel"])
    message = workspace.messages.get(channel.id, args["message_ts"])
    anchor = "p" + message.ts.replace(".", "")
    return {"channel": channel.id, "permalink": f"{workspace.base_url}/archives/{channel.id}/{anchor}"}


def _validate(_workspace: SlackWorkspace, args: Args) -> Body:
    given = [key for key in ("blocks", "message", "view") if args.get(key)]
    if len(given) != 1:
        raise SlackError("invalid_arguments")
    value = decoded(args[given[0]], "invalid_arguments")
    if given[0] == "view":
        refuse_problems("invalid_view", view_problems(value, ""))
    elif given[0] == "message":
        refuse_problems("invalid_message", block_problems(value.get("blocks", []), "message"))
    else:
        refuse_problems("invalid_blocks", block_problems(value, "message", ""))
    return {}


_WRITE = ("chat:write",)
METHODS: Mapping[str, Method] = {
    "chat.postMessage": Method(_post, _WRITE, ("channel",)),
    "chat.postEphemeral": Method(_post_ephemeral, _WRITE, ("channel", "user")),
    "chat.update": Method(_update, _WRITE, ("channel", "ts")),
    "chat.delete": Method(_delete, _WRITE, ("channel", "ts")),
    "chat.getPermalink": Method(_permalink, required=("channel", "message_ts")),
    "blocks.validate": Method(_validate),
}
"""Methods about messages."""
