"""The bot's answers without the Web API: the body of an ack, and posts to a response URL.

Sources (read 2026-11): https://docs.slack.dev/interactivity/handling-user-interaction,
https://docs.slack.dev/surfaces/modals.
"""

from collections.abc import Mapping
from typing import Any

from bot.sandbox.slack.content import content_from_args, view_from_args
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.messages import Message
from bot.sandbox.slack.pictures import checked
from bot.sandbox.slack.tickets import ResponseUrl
from bot.sandbox.slack.views import View
from bot.sandbox.slack.workspace import SlackWorkspace

ANSWER_KEYS = frozenset(
    {"text", "blocks", "attachments", "response_type", "replace_original", "delete_original", "thread_ts",
     "metadata", "unfurl_links", "unfurl_media", "mrkdwn"}
)  # fmt: skip


def say_answer(workspace: SlackWorkspace, user: str, channel: str, body: Any) -> Message | None:
    """Turn the ack of a slash command into what the person sees: nothing, an ephemeral or a message.

    Raises:
        SlackError: If Slack would show ``invalid_command_response`` instead.
    """
    if body in (None, "", {}):
        return None
    answer = {"text": body} if isinstance(body, str) else body
    if not isinstance(answer, dict) or not answer.keys() & {"text", "blocks"}:
        raise SlackError("invalid_command_response")
    return _say(workspace, ResponseUrl(user, channel, None, None, ""), answer)


def use_response_url(workspace: SlackWorkspace, key: str, body: Any) -> None:
    """Carry out a post to a response URL."""
    ticket = workspace.tickets.check_response_url(key)
    if not isinstance(body, dict):
        raise SlackError("invalid_payload")
    original = _original(workspace, ticket)
    if original is not None and body.get("delete_original"):
        workspace.messages.delete(original)
    elif original is not None and body.get("replace_original"):
        workspace.messages.edit(original, checked(workspace, content_from_args(body)))
    else:
        _say(workspace, ticket, body)
    workspace.tickets.count_use(key)


def _original(workspace: SlackWorkspace, ticket: ResponseUrl) -> Message | None:
    return None if ticket.message_ts is None else workspace.messages.get(ticket.channel, ticket.message_ts)


def _say(workspace: SlackWorkspace, ticket: ResponseUrl, body: Mapping[str, Any]) -> Message:
    is_public = body.get("response_type") == "in_channel"
    unknown = sorted(set(body) - ANSWER_KEYS)
    if unknown:
        raise SlackError("invalid_payload", response_metadata={"messages": [f"[ERROR] unknown: {', '.join(unknown)}"]})
    content = checked(workspace, content_from_args(body))
    return workspace.messages.post(ticket.channel, content, only_for=None if is_public else ticket.user)


def follow_submission(workspace: SlackWorkspace, view: View, body: Any) -> dict[str, str]:
    """Do with a submitted modal what the bot's ack says.

    Returns:
        Field errors by block id; empty if the modal went on.

    Raises:
        SlackError: If the person would see "We had some trouble connecting" instead.
    """
    action = body.get("response_action") if isinstance(body, dict) else None
    if body in (None, "", {}):
        workspace.views.pop(view)
    elif action == "clear":
        workspace.views.clear(view.user)
    elif action == "update":
        workspace.views.update(view, view_from_args(body.get("view"), "modal"))
    elif action == "push":
        workspace.views.push(view.user, view_from_args(body.get("view"), "modal"))
    elif action == "errors":
        return _checked_errors(view, body.get("errors"))
    else:
        raise SlackError("invalid_response_action")
    return {}


def _checked_errors(view: View, errors: Any) -> dict[str, str]:
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not all(isinstance(text, str) for text in errors.values()):
        raise SlackError("invalid_errors")
    strangers = sorted(set(errors) - inputs)
    if strangers:
        raise SlackError("invalid_errors", response_metadata={"messages": [f"no input block: {', '.join(strangers)}"]})
    return errors
