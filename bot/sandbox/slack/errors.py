"""Two kinds of refusal: the vendor's error codes for the bot, plain sentences for whoever drives the workspace."""

from collections.abc import Iterable
from typing import Any

from bot.sandbox.slack.schema import Problem


class SlackError(Exception):
    """An answer ``{"ok": false, "error": code}`` of the Web API.

    Args:
        code: Slack's error code.
        fields: Further keys of the answer.
    """

    def __init__(self, code: str, **fields: Any) -> None:
        super().__init__(code)
        self.code = code
        self.fields = fields

    def __str__(self) -> str:
        messages = self.fields.get("response_metadata", {}).get("messages", [])
        return ": ".join([self.code, *messages[:1]])


class Impossible(Exception):
    """Something that a person cannot do in a real client; the message is a whole sentence."""


def refuse_problems(code: str, problems: Iterable[Problem]) -> None:
    """Raise ``code`` with the pointers of all problems, if there are any."""
    messages = [str(problem) for problem in problems]
    if messages:
        raise SlackError(code, errors=messages, response_metadata={"messages": messages})
