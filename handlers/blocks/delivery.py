"""Explains which messages Slack refuses and how to fix that."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from bot.domain.integration import HOOK
from bot.ports import Pause
from bot.ports.lanes import EVERYTHING, METHODS
from handlers.blocks.block_kit import code, escape, fold, header, section
from handlers.replies import Block

SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "not_in_channel": "The bot is not in the channel. Invite it.",
        "channel_not_found": "The channel does not exist, or the bot cannot see it.",
        "is_archived": "The channel is archived.",
        "missing_scope": "The Slack app lacks a scope. Reinstall it from the manifest.",
        "invalid_auth": "Slack rejected the bot's token.",
        "token_revoked": "The bot's token was revoked. Reinstall the app.",
        "token_expired": "The bot's token has expired. Reinstall the app.",
        "account_inactive": "The bot's account was deactivated, or its app was removed. Reinstall the app.",
        "restricted_action": "A workspace setting prevents the bot from posting in the channel. Allow it there.",
        "defect": "The bot could not build the message because of an internal error. See its log.",
        "plan_upgrade_required": "This Slack plan has no user groups. List the people in the configuration.",
        "no_such_subteam": "The user group does not exist. Name another one in the configuration.",
        "not_allowed_token_type": "Wrong kind of token: the app token starts with xapp-, the bot token with xoxb-.",
        "socket_mode_not_enabled": "The Slack app is not set up for Socket Mode. Install it from the manifest.",
        "expired_trigger_id": "Slack allows three seconds to open a form, and this took longer. Try again.",
    }
)
"""Explanations of Slack's error codes for operators; other codes are shown as they are."""

REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        "channel_not_found": "Invite the bot to it, or correct `slack.channel` in the configuration.",
        "is_archived": "Unarchive it, or name another one as `slack.channel` in the configuration.",
        "invalid_auth": "Give the bot a valid token.",
    }
)
"""The remedies for codes whose sentence above has none."""


def refusal_sentence(pause: Pause) -> str:
    """Say what is refused, why, what to do, and how many messages are waiting; without markup."""
    if pause.lane.startswith(HOOK):
        return _refused_by_hook(pause)
    why = SENTENCES.get(pause.code, f"Slack refused it with error {pause.code}.")
    remedy = REMEDIES.get(pause.code, "").replace("`", "")
    waiting = "1 message is waiting" if pause.notices == 1 else f"{pause.notices} messages are waiting"
    return f"{pause.code}: {why} {remedy} {waiting} and will be sent then ({_place(pause.lane)}).".replace("  ", " ")


def _refused_by_hook(pause: Pause) -> str:
    name = pause.lane.removeprefix(HOOK)
    events = "1 event is waiting" if pause.notices == 1 else f"{pause.notices} events are waiting"
    return (
        f"Webhook {name} answers {pause.code}: correct webhooks.{name} in the configuration, or its receiver. {events} "
        "and will be sent then."
    )


def refusal_blocks(pauses: Sequence[Pause]) -> list[Block]:
    """The part of an operator's Home tab that says what is not taken; nothing if everything is."""
    if not pauses:
        return []
    lines = [f":octagonal_sign: {escape(refusal_sentence(pause))}" for pause in pauses]
    is_slack = any(not pause.lane.startswith(HOOK) for pause in pauses)
    title = "Slack is not accepting the bot's messages" if is_slack else "A webhook does not take the bot's events"
    return [header(title), section(fold(lines, most=MOST, rest="shown once these are fixed"))]


MOST = 8
"""Refusals on a Home tab."""


def hidden(pauses: Sequence[Pause], channel: str) -> str:
    """Tell the requester that the request cannot be posted in the channel right now; empty if it can."""
    by_lane = {pause.lane: pause.code for pause in pauses}
    for lane in (EVERYTHING, *METHODS):
        if lane in by_lane:
            error = code(by_lane[lane])
            return (
                f"Slack is not accepting the bot's messages ({error}). Nobody has been notified, so ask an approver "
                "to decide."
            )
    if channel in by_lane:
        return (
            f"The request cannot be posted in the channel right now ({code(by_lane[channel])}). Approvers get "
            "it as a direct message instead."
        )
    return ""


def _place(lane: str) -> str:
    return "everything" if lane == EVERYTHING else lane
