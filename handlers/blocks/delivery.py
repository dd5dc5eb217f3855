"""What Slack does not take, and what to do about it."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from bot.ports import Pause
from bot.ports.lanes import EVERYTHING, METHODS
from handlers.blocks.kit import code, escape, header, section
from handlers.replies import Block

SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "not_in_channel": "The bot is not in the channel; invite it.",
        "channel_not_found": "The channel does not exist, or the bot may not see it.",
        "is_archived": "The channel is archived.",
        "missing_scope": "The Slack app lacks a scope; install it again from the manifest.",
        "invalid_auth": "Slack does not accept the bot's token.",
        "token_revoked": "The bot's token was revoked; install the app again.",
        "token_expired": "The bot's token has expired; install the app again.",
        "account_inactive": "The bot's account was deactivated, or its app was removed; install the app again.",
        "restricted_action": "A setting of the workspace keeps the bot from posting in the channel; allow it there.",
        "defect": "The bot cannot draw it, because something in the bot is broken; see its log.",
        "plan_upgrade_required": "This Slack plan has no user groups; name the people in the configuration.",
        "no_such_subteam": "The user group does not exist; name another one in the configuration.",
        "not_allowed_token_type": "A token of another kind: the app token begins with xapp-, the bot's with xoxb-.",
        "socket_mode_not_enabled": "The Slack app is not set up for Socket Mode; install it from the manifest.",
        "expired_trigger_id": "Slack waits three seconds for a form, and this took longer; try again.",
    }
)
"""What Slack's own error codes mean for whoever has to act; others are told by their code."""

REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        "channel_not_found": "Invite the bot to it, or correct `slack.channel` in the configuration.",
        "is_archived": "Unarchive it, or name another one as `slack.channel` in the configuration.",
        "invalid_auth": "Give the bot a valid token.",
    }
)
"""What to do, where the sentence above does not say it."""


def refusal_sentence(pause: Pause) -> str:
    """What Slack refuses, why, what to do, and how much waits for it; without markup."""
    why = SENTENCES.get(pause.code, f"Slack refuses it with the error {pause.code}.")
    remedy = REMEDIES.get(pause.code, "").replace("`", "")
    waiting = "1 message waits" if pause.notices == 1 else f"{pause.notices} messages wait"
    return f"{pause.code}: {why} {remedy} {waiting} and will be sent then ({_place(pause.lane)}).".replace("  ", " ")


def refusal_blocks(pauses: Sequence[Pause]) -> list[Block]:
    """The part of an operator's Home tab that says what Slack does not take; nothing if it takes everything."""
    if not pauses:
        return []
    lines = [f":octagonal_sign: {escape(refusal_sentence(pause))}" for pause in pauses[:MOST]]
    lines += [f"and {len(pauses) - MOST} more"] if len(pauses) > MOST else []
    return [header("Slack does not take the bot's messages"), section("\n".join(lines))]


MOST = 8
"""Refusals on a Home tab."""


def hidden(pauses: Sequence[Pause], channel: str) -> str:
    """What somebody has to know whose request cannot be shown in the channel now; empty if it can."""
    by_lane = {pause.lane: pause.code for pause in pauses}
    for lane in (EVERYTHING, *METHODS):
        if lane in by_lane:
            error = code(by_lane[lane])
            return f"Slack does not take the bot's messages now ({error}): nobody is told, so ask somebody to decide."
    if channel in by_lane:
        return (
            f"The request cannot be shown in the channel now ({code(by_lane[channel])}); "
            "whoever can decide gets it as a direct message."
        )
    return ""


def _place(lane: str) -> str:
    return "everything" if lane == EVERYTHING else lane
