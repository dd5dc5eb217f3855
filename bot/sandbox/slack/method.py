"""The Web API method as a value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.workspace import SlackWorkspace

Args = Mapping[str, Any]
Body = dict[str, Any]

MISSING: Mapping[str, str] = {
    "user": "user_not_found",
    "channel": "channel_not_found",
    "usergroup": "no_such_subteam",
    "name": "invalid_name",
    "file": "file_not_found",
    "email": "users_not_found",
}
"""Error codes for missing arguments that have one of their own."""


@dataclass(frozen=True, slots=True)
class Method:
    """A Web API method.

    Args:
        run: Carries it out under the workspace's lock; raises SlackError. An answer is ``ok`` unless it says otherwise.
        scopes: One of these scopes must be granted; none is needed if empty.
        required: Arguments that must be there.
        token: ``bot``, ``app`` or ``none``.
    """

    run: Callable[[SlackWorkspace, Args], Body]
    scopes: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    token: str = "bot"

    def check(self, args: Args) -> None:
        """Refuse a call without its required arguments."""
        for name in self.required:
            if args.get(name) in (None, ""):
                message = f"[ERROR] missing required field: {name}"
                raise SlackError(MISSING.get(name, "invalid_arguments"), response_metadata={"messages": [message]})


def is_true(value: Any) -> bool:
    """Return whether a flag argument is set, in JSON or in a form."""
    return value in (True, 1, "true", "True", "1")


def paged(items: list[Body], args: Args, key: str) -> Body:
    """One page of a list, by cursor.

    Raises:
        SlackError: ``invalid_cursor`` or ``invalid_limit``.
    """
    cursor = str(args.get("cursor") or "at-0")
    if not cursor.startswith("at-"):
        raise SlackError("invalid_cursor")
    start = _number(cursor.removeprefix("at-"), "invalid_cursor")
    limit = _number(str(args.get("limit") or 0), "invalid_limit") or len(items)
    following = f"at-{start + limit}" if start + limit < len(items) else ""
    return {key: items[start : start + limit], "response_metadata": {"next_cursor": following}}


def _number(text: str, error: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise SlackError(error)
    return int(text)
