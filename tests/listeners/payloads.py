"""Payloads of every kind, as Slack sends them; what people put into them may be anything.

Shapes: https://docs.slack.dev/reference/interaction-payloads, read 2026-11.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.ports import Caller
from handlers import COMMAND
from handlers.calls import CallKind
from handlers.entries import Entry

Json = dict[str, Any]
CHANNEL = "CEGRESS01"
STAMP = "1790000000.000100"


@dataclass(frozen=True)
class Act:
    """What somebody does at one entry.

    Args:
        value: What the button or the modal carries, as the text that Slack hands back; None for nothing at all.
        form: What is in the modal's fields; a value that is no text stands for itself.
        text: What was typed after the subcommand, into a select, or in a message.
    """

    value: str | None = None
    form: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""


def payload(entry: Entry, who: Caller, act: Act, trigger: str) -> Json:
    """The body of a request from Slack."""
    team, user = who.identity.team, who.identity.user
    body: Json = {"team": {"id": team}, "user": {"id": user, "team_id": team}, "trigger_id": trigger}
    match entry.kind:
        case CallKind.COMMAND:
            typed = {"command": COMMAND, "text": f"{entry.name} {act.text}", "channel_id": CHANNEL}
            return {"team_id": team, "user_id": user, "trigger_id": trigger, **typed}
        case CallKind.ACTION:
            pressed: Json = {"action_id": entry.name, "block_id": "b", "type": "button"}
            pressed |= {} if act.value is None else {"value": act.value}
            pressed |= {"selected_option": {"value": act.form["chosen"]}} if "chosen" in act.form else {}
            return {**body, "type": "block_actions", "channel": {"id": CHANNEL}, "actions": [pressed]}
        case CallKind.VIEW:
            return {**body, "type": "view_submission", "view": _view(entry, act)}
        case CallKind.OPTIONS:
            return {**body, "type": "block_suggestion", "action_id": entry.name, "value": act.text}
        case CallKind.SHORTCUT:
            return {**body, "type": "message_action", "callback_id": entry.name, "message": {"text": act.text}}
    said = {"type": entry.name, "user": user, "team": team, "text": act.text, "channel": CHANNEL, "ts": f"{STAMP}1"}
    return {"team_id": team, "event": {**said, "thread_ts": act.value or STAMP}}


def _view(entry: Entry, act: Act) -> Json:
    inputs = [{"type": "input", "block_id": name} for name in act.form]
    state = {name: {name: _element(one)} for name, one in act.form.items()}
    view = {"id": "V1", "type": "modal", "callback_id": entry.name, "blocks": inputs, "state": {"values": state}}
    return view if act.value is None else {**view, "private_metadata": act.value}


def _element(given: Any) -> Json:
    if isinstance(given, str) or given is None:
        return {"type": "plain_text_input", "value": given}
    element: Json = given
    return element
