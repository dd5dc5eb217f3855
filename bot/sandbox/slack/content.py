"""The content of messages: checks text and blocks as the Web API does.

Sources (read 2026-11): https://docs.slack.dev/reference/methods/chat.postMessage,
https://docs.slack.dev/reference/methods/chat.update.
"""

import json
from collections.abc import Mapping
from typing import Any

from bot.sandbox.slack.blocks import block_problems, view_problems
from bot.sandbox.slack.errors import SlackError, refuse_problems
from bot.sandbox.slack.messages import Content

POST_MOST = 40_000
"""Characters of a posted message; what is longer is cut."""

BLOCKS_MOST = 13_200
"""Characters of all blocks of a message as JSON; more are ``msg_blocks_too_long``.

Slack names no number; measured by others: https://github.com/slackapi/bolt-js/issues/2509, read 2026-11.
"""

UPDATE_MOST = 4_000
"""Bytes of an updated message's text; what is longer is refused.

Measured by others: https://gitlab.com/gitlab-org/gitlab/-/merge_requests/258898, read 2026-11.
"""


ATTACHMENTS_MOST = 100
"""Attachments of a message; https://docs.slack.dev/reference/methods/chat.postMessage, read 2026-11."""

NO_PREVIEW = "[no preview available]"
"""The fallback of an attachment that has neither one nor a text."""


def decoded(value: Any, error: str) -> Any:
    """A JSON argument, whether it came as JSON or as a string of it."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise SlackError(error) from None


def content_from_args(args: Mapping[str, Any], *, most: int = POST_MOST, is_cut: bool = True) -> Content:
    """The content of a message.

    Args:
        args: Arguments of the method, or the body of an answer.
        most: Characters of the text; bytes where it is not cut.
        is_cut: Whether longer text is cut; else it is ``msg_too_long``.
    """
    blocks = decoded(args.get("blocks") or [], "invalid_blocks_format")
    refuse_problems("invalid_blocks", block_problems(blocks, "message"))
    if len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))) > BLOCKS_MOST:
        raise SlackError("msg_blocks_too_long")
    attachments = _attachments(decoded(args.get("attachments") or [], "invalid_attachments"))
    text = args.get("text") or ""
    if not isinstance(text, str):
        raise SlackError("invalid_arguments")
    if not text and not blocks and not attachments:
        raise SlackError("no_text")
    if not is_cut and len(text.encode()) > most:
        raise SlackError("msg_too_long")
    metadata = decoded(args.get("metadata"), "invalid_metadata_format")
    return Content(text[:most], blocks, args.get("thread_ts") or None, metadata, attachments=attachments)


def _attachments(given: Any) -> list[dict[str, Any]]:
    """Secondary attachments, with the id and the fallback that Slack adds."""
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise SlackError("invalid_attachments")
    if len(given) > ATTACHMENTS_MOST:
        raise SlackError("too_many_attachments")
    for index, each in enumerate(given):
        pointer = f"/attachments/{index}/blocks"
        refuse_problems("invalid_blocks", block_problems(each.get("blocks") or [], "message", pointer))
    return [
        {"id": number, "fallback": each.get("fallback") or each.get("text") or NO_PREVIEW} | each
        for number, each in enumerate(given, 1)
    ]


def view_from_args(value: Any, kind: str) -> dict[str, Any]:
    """A checked view of one kind.

    Args:
        value: The ``view`` argument.
        kind: ``modal`` or ``home``.
    """
    view = decoded(value, "invalid_arguments")
    problems = view_problems(view)
    if any("bytes" in problem.message for problem in problems):
        raise SlackError("view_too_large")
    in_blocks = problems and all(problem.pointer.startswith("/view/blocks") for problem in problems)
    refuse_problems("invalid_blocks" if in_blocks else "invalid_arguments", problems)
    if view["type"] != kind:
        raise SlackError("invalid_arguments", response_metadata={"messages": [f"[ERROR] the view is no {kind}"]})
    checked: dict[str, Any] = view
    return checked
