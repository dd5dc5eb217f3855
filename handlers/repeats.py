"""Doing again what Slack did not show in time: a fresh button that carries everything that was typed."""

import json
from collections.abc import Sequence
from typing import Any

from bot import checking
from bot.errors import EgressError, StaleView, StoreUnavailable
from bot.ports import Context
from handlers.attempts import attempt_of, record_refusal
from handlers.blocks.block_kit import message, value
from handlers.blocks.words import repeatable
from handlers.calls import Call, CallKind, call_from, identity_of, pressed_value
from handlers.entries import Entry, Listener
from handlers.replies import Message, Reply

REPEAT = "repeat"
"""The action id of the button that does a command or a shortcut once more."""

TOO_LATE = (
    "Slack gives the bot three seconds to open a form, and they were over. If you see no form, try again: nothing that "
    "you typed is lost."
)
"""Also true where the form did open and only Slack's answer was lost."""


def offer(ctx: Context, kind: CallKind, name: str, body: dict[str, Any]) -> Message:
    """Why no form opened, with a button that opens the same one."""
    if kind is CallKind.ACTION:
        return repeatable(TOO_LATE, name, pressed_value(body))
    typed = {"user": identity_of(body).user, "kind": kind, "name": name, "text": call_from(kind, body).text}
    try:
        draft = checking.keep(ctx, json.dumps(typed))
    except StoreUnavailable:
        return message("Slack gives the bot three seconds to open a form, and they were over. Type the command again.")
    return repeatable(TOO_LATE, REPEAT, value(draft=draft))


def repeat_among(entries: Sequence[Entry]) -> Listener:
    """The listener that does one of these again, as the person typed it."""
    by_name = {(str(entry.kind), entry.name): entry for entry in entries if not entry.is_late}

    def repeat(ctx: Context, call: Call) -> Reply | tuple[Reply, ...]:
        typed = _read(checking.kept(ctx, call.value["draft"]))
        entry = by_name.get((typed.get("kind", ""), typed.get("name", "")))
        if entry is None or typed.get("user") != call.caller.identity.user:
            raise StaleView("This is out of date. Open it again.")
        again = Call(call.caller, text=typed.get("text", ""), value={"word": entry.name})
        try:
            return entry.listener(ctx, again)
        except EgressError as error:
            act = entry.tried(error)
            record_refusal(ctx, call.caller, act, error, attempt_of(entry.kind, act, again))
            raise

    return repeat


def _read(draft: str) -> dict[str, str]:
    """What ``offer`` kept; nothing for what other buttons keep."""
    try:
        found = json.loads(draft)
    except ValueError:
        return {}
    return {str(name): str(one) for name, one in found.items()} if isinstance(found, dict) else {}
