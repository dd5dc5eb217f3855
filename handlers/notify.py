"""Says to Slack what the product owes it: cards, their threads, direct messages and news of the channel."""

import http.client
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.domain.allowance import Allowance
from bot.domain.scale import Scale
from bot.domain.settings import Rulebook
from bot.errors import EgressError, SlackRefused, SlackThrottled, SlackUnreachable
from bot.outlook import gauge, outlook
from bot.ports import Notice, NoticeKind, Store
from handlers.blocks.ahead import Ahead
from handlers.blocks.card import allowance_card, allowance_news
from handlers.blocks.scale import scale_card, scale_news
from handlers.blocks.words import channel_news
from handlers.replies import Message

PASSING = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org", "ratelimited"}
)
"""Errors that waiting helps against (https://docs.slack.dev/reference/methods/chat.postMessage, read 2026-11)."""

LOST = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
"""Errors of an update after which the card has to be posted anew; source as above, ``chat.update``."""

SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "not_in_channel": "The bot is not in the channel; invite it.",
        "channel_not_found": "The channel does not exist, or the bot may not see it.",
        "is_archived": "The channel is archived.",
        "missing_scope": "The Slack app lacks a scope; install it again from the manifest.",
        "invalid_auth": "Slack does not accept the bot's token.",
        "token_revoked": "The bot's token was revoked; install the app again.",
        "plan_upgrade_required": "This Slack plan has no user groups; name the people in the configuration.",
        "no_such_subteam": "The user group does not exist; name another one in the configuration.",
        "not_allowed_token_type": "A token of another kind: the app token begins with xapp-, the bot's with xoxb-.",
        "socket_mode_not_enabled": "The Slack app is not set up for Socket Mode; install it from the manifest.",
        "expired_trigger_id": "Slack waits three seconds for a form, and this took longer; try again.",
    }
)
"""What Slack's own error codes mean for whoever has to act; others are told by their code."""


@contextmanager
def slack_errors() -> Iterator[None]:
    """Translate the SDK's errors into the product's.

    Raises:
        SlackThrottled: Slack answered 429; with its Retry-After.
        SlackUnreachable: No answer, or an answer 5xx.
        SlackRefused: Slack understood the call and will not do it.
    """
    try:
        yield
    except SlackApiError as error:
        raise _translated(error) from error
    except (SlackClientError, OSError, http.client.HTTPException) as error:
        raise SlackUnreachable(f"Slack does not answer ({type(error).__name__}).") from error


def _translated(error: SlackApiError) -> EgressError:
    status, code = _answer(error)
    if status == http.HTTPStatus.TOO_MANY_REQUESTS or code == "ratelimited":
        return SlackThrottled("Slack asks us to wait.", retry_after=_retry_after(error))
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR or code in PASSING:
        return SlackUnreachable(f"Slack has a problem of its own ({code or status}).")
    return SlackRefused(SENTENCES.get(code, f"Slack refused ({code or status})."), code=code)


def _answer(error: SlackApiError) -> tuple[int, str]:
    response: Any = error.response
    if isinstance(response, dict):
        return int(response.get("status") or 200), str(response.get("error") or "")
    return int(response.status_code), str(response.get("error") or "")


def _retry_after(error: SlackApiError) -> timedelta | None:
    headers = getattr(error.response, "headers", None) or {}
    seconds = next((value for name, value in headers.items() if name.lower() == "retry-after"), None)
    return timedelta(seconds=int(seconds)) if seconds and str(seconds).isdecimal() else None


class SlackNotifier:
    """``ports.Notifier``: what is said is rendered from the facts as they are when it is sent.

    Args:
        client: Speaks to Slack's Web API with the bot's token, without waiting inside.
        store: Facts, and where each card is.
        rulebook: Names user groups.
    """

    def __init__(self, client: WebClient, store: Store, rulebook: Rulebook) -> None:
        self._client = client
        self._store = store
        self._rulebook = rulebook

    def deliver(self, notice: Notice, now: datetime) -> None:
        """Say it.

        Raises:
            SlackThrottled, SlackUnreachable, SlackRefused: It was not said.
        """
        ways: Mapping[NoticeKind, Callable[[Notice, datetime], object]] = {
            NoticeKind.CARD: self._draw,
            NoticeKind.THREAD: self._add,
            NoticeKind.DIRECT: self._tell,
            NoticeKind.CHANNEL: self._announce,
        }
        with slack_errors():
            ways[notice.kind](notice, now)

    def _draw(self, notice: Notice, now: datetime) -> str:
        """Draw the card, or draw it again where it is; gives its timestamp."""
        facts = self._facts(notice)
        with self._store.read() as tx:
            ts = tx.outbox.card(notice.subject, notice.recipient)
        drawn = _arguments(self._card(facts, now))
        if ts is not None and self._is_updated(notice.recipient, ts, drawn):
            return ts
        posted = str(self._client.chat_postMessage(channel=notice.recipient, **drawn)["ts"])
        with self._store.write() as tx:
            tx.outbox.put_card(notice.subject, notice.recipient, posted)
        return posted

    def _card(self, facts: Allowance | Scale, now: datetime) -> Message:
        if isinstance(facts, Scale):
            return scale_card(facts, self._rulebook, now)
        ahead = Ahead(
            outlook(self._store, facts, now),
            gauge(self._store, self._rulebook.limits, facts.scope, facts.destinations),
        )
        return allowance_card(facts, self._rulebook, now, ahead)

    def _is_updated(self, channel: str, ts: str, drawn: dict[str, Any]) -> bool:
        try:
            self._client.chat_update(channel=channel, ts=ts, **drawn)
        except SlackApiError as error:
            if _answer(error)[1] in LOST:
                return False
            raise
        return True

    def _add(self, notice: Notice, now: datetime) -> None:
        with self._store.read() as tx:
            ts = tx.outbox.card(notice.subject, notice.recipient)
        said = _arguments(self._news(notice))
        self._client.chat_postMessage(channel=notice.recipient, thread_ts=ts or self._draw(notice, now), **said)

    def _tell(self, notice: Notice, _now: datetime) -> None:
        said = _arguments(self._news(notice))
        opened = self._client.conversations_open(users=notice.recipient)
        self._client.chat_postMessage(channel=opened["channel"]["id"], **said)

    def _announce(self, notice: Notice, _now: datetime) -> None:
        said = _arguments(channel_news(notice.subject, notice.body))
        self._client.chat_postMessage(channel=notice.recipient, **said)

    def _news(self, notice: Notice) -> Message:
        facts = self._facts(notice)
        if isinstance(facts, Scale):
            return scale_news(facts, notice.body)
        return allowance_news(facts, notice.body, self._rulebook)

    def _facts(self, notice: Notice) -> Allowance | Scale:
        with self._store.read() as tx:
            rows = tx.scales if notice.subject.startswith("s") else tx.allowances
            return rows.get(notice.subject)


def _arguments(said: Message) -> dict[str, Any]:
    return {"text": said.text, "blocks": list(said.blocks), "unfurl_links": False, "unfurl_media": False}
