"""Says to Slack what the product owes it: cards, their threads, direct messages and news of the channel."""

import http.client
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.allowances import batch_of
from bot.allowances.campaigns import sheet_of
from bot.domain.allowance import Allowance
from bot.domain.batch import Batch
from bot.domain.campaign import ReviewSheet
from bot.domain.configuration import Configuration
from bot.domain.estimate import waits_for_writer
from bot.domain.firewall_log.watch import Watch
from bot.domain.ids import is_campaign_id, is_scale_id
from bot.domain.scale_proposal import Scale
from bot.errors import EgressError, SlackRefused, SlackThrottled, SlackUnreachable
from bot.estimates import estimate, gauge
from bot.inventory.partner_news import touched_partners
from bot.measures import SLACK_ERRORS
from bot.ports import Notice, NoticeKind, Store, Transaction
from handlers.blocks.allowance_card import allowance_card, allowance_news
from handlers.blocks.batch_card import batch_card, batch_news
from handlers.blocks.block_kit import context, when
from handlers.blocks.delivery import SENTENCES
from handlers.blocks.estimate import Waiting
from handlers.blocks.news import channel_news
from handlers.blocks.offers import batch_offers, is_moot, offers
from handlers.blocks.probe import probe_result
from handlers.blocks.review_card import review_card, review_news
from handlers.blocks.scale_card import scale_card, scale_news
from handlers.blocks.watch_card import watch_card, watch_news
from handlers.replies import Message

PASSING = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org", "ratelimited"}
)
"""Errors that waiting helps against (https://docs.slack.dev/reference/methods/chat.postMessage, read 2026-11)."""

LOST = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
"""Errors of an update after which the card must be posted again; source as above, ``chat.update``."""

NO_THREAD = frozenset({"thread_not_found", "cannot_reply_to_message", "message_not_found"})
"""Errors of an answer to a card that no longer exists; source as above."""

MOVED = frozenset({"channel_not_found", "is_archived", "is_inactive"})
"""Errors after which a conversation with a person must be reopened; source as above."""

LATE = timedelta(minutes=10)
"""From this age on a message says when what it tells happened."""


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
        translated = _translated(error)
        SLACK_ERRORS.labels(type(translated).__name__).inc()
        raise translated from error
    except (SlackClientError, OSError, http.client.HTTPException) as error:
        SLACK_ERRORS.labels(SlackUnreachable.__name__).inc()
        raise SlackUnreachable(f"Slack is not responding ({type(error).__name__}).") from error


def _translated(error: SlackApiError) -> EgressError:
    status, code = _answer(error)
    if status == http.HTTPStatus.TOO_MANY_REQUESTS or code == "ratelimited":
        return SlackThrottled("Slack asked the bot to wait.", retry_after=_retry_after(error), method=_method(error))
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR or code in PASSING:
        return SlackUnreachable(f"Slack reported an internal error ({code or status}).")
    sentence = SENTENCES.get(code, f"Slack refused the call ({code or status}).")
    return SlackRefused(sentence, code=code, method=_method(error))


def _answer(error: SlackApiError) -> tuple[int, str]:
    response: Any = error.response
    if isinstance(response, dict):
        return int(response.get("status") or 200), str(response.get("error") or "")
    return int(response.status_code), str(response.get("error") or "")


def _method(error: SlackApiError) -> str:
    """The Web API method that was called, by its address."""
    return str(getattr(error.response, "api_url", "")).rstrip("/").rsplit("/", 1)[-1]


def _retry_after(error: SlackApiError) -> timedelta | None:
    headers = getattr(error.response, "headers", None) or {}
    seconds = next((value for name, value in headers.items() if name.lower() == "retry-after"), None)
    return timedelta(seconds=int(seconds)) if seconds and str(seconds).isdecimal() else None


PROBE = "p"
"""The first letter of a probe's id."""

Facts = Allowance | Scale | ReviewSheet | Watch
"""What a notice is about."""


class SlackNotifier:
    """``ports.Notifier``: what is said is rendered from the facts as they are when it is sent.

    Whether Slack took a message whose answer was lost cannot be known: ``chat.postMessage`` has no key that makes it
    happen once (``client_msg_id`` is only for people's clients), and finding it again by its metadata needs a scope to
    read the channel. So what was not answered is said again. Source:
    https://docs.slack.dev/reference/methods/chat.postMessage, read 2026-11.

    Args:
        client: Speaks to Slack's Web API with the bot's token, without waiting inside.
        store: Facts, and where each card is.
        config: Names user groups.
    """

    def __init__(self, client: WebClient, store: Store, config: Configuration) -> None:
        self._client = client
        self._store = store
        self._config = config

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
        with self._store.read() as tx:
            facts, ts = _on_card(tx, notice, now), tx.outbox.card(notice.subject, notice.recipient)
        drawn = _arguments(self._card(facts, now))
        if ts is not None:
            if self._is_updated(notice.recipient, ts, drawn):
                return ts
            with self._store.write() as tx:  # record it first: an error of the next call is about posting
                tx.outbox.put_card(notice.subject, notice.recipient, None)
        posted = self._post(notice.recipient, drawn)
        with self._store.write() as tx:
            tx.outbox.put_card(notice.subject, notice.recipient, posted)
        return posted

    def _card(self, facts: Facts | Batch, now: datetime) -> Message:
        if isinstance(facts, ReviewSheet):
            return review_card(facts)
        if isinstance(facts, Watch):
            return watch_card(facts, self._config)
        if isinstance(facts, Scale):
            with self._store.read() as tx:
                return scale_card(facts, self._config, now, touched_partners(tx, facts))
        if isinstance(facts, Batch):
            return batch_card(facts, self._config, now, {one.id: self._ahead(one, now) for one in facts.members})
        return allowance_card(facts, self._config, now, self._ahead(facts, now))

    def _ahead(self, one: Allowance, now: datetime) -> Waiting:
        """What is said of an allowance that waits, and only of one."""
        if one.is_waiting(now):
            return Waiting(gauge=gauge(self._store, self._config.firewall, one.scope, one.destinations))
        return Waiting(estimate(self._store, one, now) if waits_for_writer(one, now) else None)

    def _is_updated(self, recipient: str, ts: str, drawn: dict[str, Any]) -> bool:
        try:
            self._client.chat_update(channel=self._channel(recipient), ts=ts, **drawn)
        except SlackApiError as error:
            if _answer(error)[1] in LOST or (_is_person(recipient) and _answer(error)[1] in MOVED):
                return False
            raise
        return True

    def _add(self, notice: Notice, now: datetime) -> None:
        with self._store.read() as tx:
            about, ts = _about(tx, notice, now), tx.outbox.card(notice.subject, notice.recipient)
        if not about:
            return
        said = self._said(notice, about, now)
        try:
            self._post(notice.recipient, said, thread_ts=ts or self._draw(notice, now))
        except SlackApiError as error:
            if ts is None or _answer(error)[1] not in NO_THREAD:
                raise
            self._post(notice.recipient, said, thread_ts=self._draw(notice, now))

    def _tell(self, notice: Notice, now: datetime) -> None:
        if notice.subject.startswith(PROBE):
            with self._store.read() as tx:
                found = tx.probes.get(notice.subject)
            self._post(notice.recipient, _arguments(_dated(probe_result(found), notice.age, now)))
            return
        with self._store.read() as tx:
            about = _about(tx, notice, now)
            card = _on_card(tx, notice, now) if about else None
        if not about:
            return
        said, event = self._said(notice, about, now), notice.body.get("event", "")
        if isinstance(card, Batch) and len(about) > 1:
            buttons = batch_offers(card, event, now)
        else:
            buttons = offers(about[0], event, self._config, now)
        self._post(notice.recipient, said | {"blocks": [*said["blocks"], *buttons]})

    def _announce(self, notice: Notice, now: datetime) -> None:
        said = _dated(channel_news(notice.subject, notice.body), notice.age, now)
        self._post(notice.recipient, _arguments(said))

    def _post(self, recipient: str, said: dict[str, Any], **more: Any) -> str:
        """Post, and reopen the conversation if Slack does not know the remembered one."""
        channel = self._channel(recipient)
        try:
            posted = self._client.chat_postMessage(channel=channel, **said, **more)
        except SlackApiError as error:
            if not _is_person(recipient) or _answer(error)[1] not in MOVED:
                raise
            with self._store.write() as tx:
                tx.outbox.put_conversation(recipient, None)
            posted = self._client.chat_postMessage(channel=self._channel(recipient), **said, **more)
        return str(posted["ts"])

    def _channel(self, recipient: str) -> str:
        """Resolve a recipient: a channel itself, or the conversation with a person, opened once."""
        if not _is_person(recipient):
            return recipient
        with self._store.read() as tx:
            known = tx.outbox.conversation(recipient)
        if known is not None:
            return known
        opened = str(self._client.conversations_open(users=recipient)["channel"]["id"])
        with self._store.write() as tx:
            tx.outbox.put_conversation(recipient, opened)
        return opened

    def _said(self, notice: Notice, about: Sequence[Facts], now: datetime) -> dict[str, Any]:
        return _arguments(_dated(self._news(notice, about), notice.age, now))

    def _news(self, notice: Notice, about: Sequence[Facts]) -> Message:
        several = [one for one in about if isinstance(one, Allowance)]
        if len(several) > 1:
            return batch_news(several, notice.body, self._config)
        facts = about[0]
        if isinstance(facts, Watch):
            return watch_news(facts, notice.body)
        if isinstance(facts, ReviewSheet):
            return review_news(facts, notice.body, notice.recipient, self._config)
        if isinstance(facts, Scale):
            return scale_news(facts, notice.body, self._config)
        return allowance_news(facts, notice.body, self._config)


def _about(tx: Transaction, notice: Notice, now: datetime) -> tuple[Facts, ...]:
    """What the news is about, without what has been overtaken."""
    event, reader = notice.body.get("event", ""), notice.recipient
    found = [_facts(tx, one, now) for one in notice.about]
    return tuple(one for one in found if not is_moot(one, event, reader, now))


def _on_card(tx: Transaction, notice: Notice, now: datetime) -> Facts | Batch:
    facts = _facts(tx, notice.subject, now)
    return (batch_of(tx, facts) or facts) if isinstance(facts, Allowance) else facts


def _facts(tx: Transaction, subject: str, now: datetime) -> Facts:
    if subject.startswith("w"):
        return tx.watches.get(subject)
    if is_campaign_id(subject):
        return sheet_of(tx, tx.campaigns.get(subject), now)
    rows = tx.scales if is_scale_id(subject) else tx.allowances
    return rows.get(subject)


def _is_person(recipient: str) -> bool:
    """Whether it is a user id (https://docs.slack.dev/reference/objects/user-object, read 2026-11)."""
    return recipient.startswith(("U", "W"))


def _dated(said: Message, age: timedelta, now: datetime) -> Message:
    """Add to a late message when it happened: the facts may have changed since."""
    if age < LATE:
        return said
    return replace(
        said,
        blocks=(*said.blocks, context(f"This happened {when(now - age)}; Slack did not accept the message earlier.")),
    )


def _arguments(said: Message) -> dict[str, Any]:
    return {"text": said.text, "blocks": list(said.blocks), "unfurl_links": False, "unfurl_media": False}
