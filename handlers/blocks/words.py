"""Texts that people read: help, news by event, and errors."""

import re
from collections.abc import Mapping, Sequence

from bot.domain.people import Unread
from bot.domain.phrases import counted
from bot.errors import Defect, EgressError, InvalidFqdn, Refused, StoreUnavailable, Unavailable
from handlers.blocks.block_kit import actions, button, code, escape, fold, message, section
from handlers.replies import Block, Message

AUDIT_FILTERS = (
    "actor:@name cluster:NAME host:PART id:ID action:allowance outcome:refused risk:high since:7d until:yesterday "
    'text:"WORDS"'
)
"""The filters of `audit`."""


NO_CLUSTER = "You don't have access to any cluster. The bot's operator grants access in the configuration."
"""Why there is nothing to show or to ask for."""

NOTHING_FOUND = "No host found in that message. Enter one below."
"""Shown by the message shortcut when it finds no host."""


UNCHECKED = (
    "The firewall's current rules could not be read, so it is unknown what is already allowed. You can "
    "still submit the request."
)
"""Shown in the form when the firewall's rules cannot be read."""


def rules_exported(cluster: str, count: int) -> str:
    """Describe an export of rules in one sentence."""
    rules = f"{count} rule{'' if count == 1 else 's'}"
    return f"{rules} that the bot maintains in the firewall of {cluster}, as currently decided."


def file_sent() -> Message:
    """Say where the file was sent."""
    return message("The file is in your direct messages with the bot.")


EACH = "`/egress requests ID` shows each of them."
"""Where the rest of an answer about several requests is."""


ARRIVED = "Slack may have shown an error, but this did reach the bot. Its answer counts."
"""Where an ack came too late for Slack; whatever the answer is, and wherever it stands."""


def form_refused(errors: Mapping[str, str]) -> str:
    """Say what is wrong in a form that cannot show it any more.

    Args:
        errors: A sentence for each field, by its label.
    """
    wrong = "\n".join(f"{escape(label)}: {escape(one)}" for label, one in errors.items())
    return f"Your form reached the bot, but nothing was recorded. Correct it, and send it again.\n{wrong}"


def unread_lines(unread: Sequence[Unread], meaning: str) -> list[Block]:
    """Name the groups that could not be read, and why; empty if all could.

    Args:
        unread: The groups.
        meaning: What that means for what is shown, as a sentence.
    """
    if not unread:
        return []
    names = fold([code(one.group) for one in unread], 1500, most=20, joint=", ")
    return [section(f":warning: Could not read {names}. {escape(unread[0].why)} {meaning}")]


def repeatable(sentence: str, action: str, carried: str) -> Message:
    """Why an act was not done now, with a button that does exactly the same again."""
    again = button("Try again", action, carried, style="primary")
    return message(sentence, [section(sentence), *actions(again)])


def error_text(error: BaseException, reference: str) -> str:
    """One answer to everything that goes wrong: what, and what happens next.

    Args:
        error: Any error; only the product's own say something about themselves.
        reference: Where an operator finds it in the log.
    """
    if not isinstance(error, EgressError) or isinstance(error, Defect):
        return (
            f"Something went wrong in the bot, and it was not your fault. Give its operator the reference {reference}."
        )
    sentence = without_calls(error.sentence)
    if isinstance(error, Refused):
        return f"{sentence} The bot's operator must fix this (reference {reference})."
    if isinstance(error, StoreUnavailable):
        return sentence
    if isinstance(error, Unavailable):
        return f"{sentence} {_patience(error)}"
    return _with_suggestion(sentence, error)


def without_calls(sentence: str) -> str:
    """A sentence in which no user group and no channel is called."""
    return sentence.replace("<!", "&lt;!")


def _patience(error: Unavailable) -> str:
    seconds = int(error.retry_after.total_seconds()) if error.retry_after else 0
    return f"Try again in {counted(seconds, 'second')}." if seconds else "Try again in a moment."


def _with_suggestion(sentence: str, error: EgressError) -> str:
    suggestion = error.suggestion if isinstance(error, InvalidFqdn) else None
    return f"{sentence} Did you mean {suggestion}?" if suggestion and suggestion not in sentence else sentence


_MENTION = re.compile(r"<@[A-Z0-9]+>")


def without_markup(sentence: str) -> str:
    """Strip markup for places that show plain text only, such as the errors of a form."""
    bare = _MENTION.sub("somebody", sentence).replace("`", "")
    return bare.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
