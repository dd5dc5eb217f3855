"""The notices that one refusal blocks: everything for Slack, one method, one channel or webhook, or one notice.

Sources (read 2026-11): the errors of https://docs.slack.dev/reference/methods/chat.postMessage, ``chat.update`` and
``conversations.open``; https://docs.slack.dev/apis/web-api/rate-limits: limits count per method, those of
``chat.postMessage`` per channel.
"""

from bot.errors import SlackRefused
from bot.ports.notices import Notice

EVERYTHING = "*"
"""The lane of all notices: Slack does not answer, or does not accept the token."""

POST, UPDATE, OPEN = "chat.postMessage", "chat.update", "conversations.open"
"""The methods that deliver notices; each is a lane."""

METHODS = (POST, UPDATE, OPEN)
"""All of them."""

TOKEN = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "token_revoked",
        "token_expired",
        "account_inactive",
        "access_denied",
        "ekm_access_denied",
        "org_login_required",
        "two_factor_setup_required",
        "team_access_not_granted",
        "team_not_found",
    }
)
"""Codes about the whole installation: an operator heals it."""

METHOD = frozenset({"missing_scope", "no_permission", "not_allowed_token_type", "accesslimited", "method_deprecated"})
"""Codes about one method: the app is installed again with its scopes."""

CHANNEL = frozenset(
    {
        "not_in_channel",
        "channel_not_found",
        "is_archived",
        "is_inactive",
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
        "restricted_action_non_threadable_channel",
        "restricted_action_thread_locked",
        "messages_tab_disabled",
        "external_channel_migrating",
        "channel_is_limited_access",
    }
)
"""Codes about one channel: somebody invites the bot, or opens the channel again."""

FINAL = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_too_long",
        "msg_blocks_too_long",
        "no_text",
        "invalid_arguments",
        "invalid_arg_name",
        "invalid_json",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "metadata_too_large",
        "markdown_text_conflict",
        "too_many_attachments",
        "user_not_found",
        "users_not_found",
        "user_disabled",
        "user_not_visible",
        "cannot_dm_bot",
        "not_enough_users",
        "unknown_method",
    }
)
"""Codes that nobody can heal: what we say, or whom we say it to, is wrong for good."""


def posting(recipient: str) -> str:
    """The lane of what is posted to one recipient."""
    return f"{POST} {recipient}"


def alone(notice: Notice) -> str:
    """The lane of one notice."""
    return f"notice {notice.id}"


def throttled_lane(method: str, notice: Notice) -> str:
    """The lane that a 429 pauses."""
    return posting(notice.recipient) if method in ("", POST) else method


def refused_lane(error: SlackRefused, notice: Notice) -> str | None:
    """The lane that a refusal pauses until someone acts; None if nobody can.

    A code that is not known holds up its own notice only, so that one message never stops the others.
    """
    code = error.code or ""
    if code in FINAL:
        return None
    if code in TOKEN:
        return EVERYTHING
    if code in METHOD:
        return error.method or EVERYTHING
    return notice.recipient if code in CHANNEL else alone(notice)
