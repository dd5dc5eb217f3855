"""Tells webhooks what the product owes them: decisions, and what became of them, signed.

The signature is like Stripe's and Slack's (https://docs.stripe.com/webhooks#verify-manually, read 2026-11): HMAC-SHA256
over the time, a dot and the body, so that an old event cannot be played again.
"""

import hashlib
import hmac
import http.client
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from bot.domain.configuration import Configuration
from bot.domain.ids import is_scale_id
from bot.domain.integration import HOOK, Webhook
from bot.domain.scale_proposal import Scale, scale_status
from bot.errors import HookRefused, HookUnreachable, UnknownWebhook
from bot.http_client import HttpAnswer, send
from bot.ports import ChannelEvent, Notice, NoticeKind, Notifier, Store
from handlers.api.rendering import request_facts
from handlers.api.shapes import RequestFacts

TIMEOUT_S = 5.0
"""Seconds that a receiver has to answer: it should take an event and work on it afterwards."""

_FACTS = TypeAdapter(RequestFacts)


class Messenger:
    """``ports.Notifier``: people are told through Slack, other systems through their webhook.

    Args:
        slack: Tells people.
        hooks: Tells other systems.
    """

    def __init__(self, slack: Notifier, hooks: Notifier) -> None:
        self._slack = slack
        self._hooks = hooks

    def deliver(self, notice: Notice, now: datetime) -> None:
        """Say it; see the two."""
        (self._hooks if notice.kind is NoticeKind.WEBHOOK else self._slack).deliver(notice, now)


class WebhookNotifier:
    """``ports.Notifier`` over HTTP: the event comes from the notice, the facts are those of the moment.

    Args:
        store: Facts.
        config: Addresses.
        keys: Reads what each webhook's events are signed with, by its name.
    """

    def __init__(self, store: Store, config: Configuration, keys: Mapping[str, Callable[[], bytes]]) -> None:
        self._store = store
        self._config = config
        self._keys = keys

    def deliver(self, notice: Notice, now: datetime) -> None:
        """Post it.

        Raises:
            HookUnreachable: No answer, or one that asks to try again later.
            HookRefused: The receiver does not take it.
            UnknownWebhook: It is no longer configured.
        """
        hook = self._config.webhooks.get(notice.recipient.removeprefix(HOOK))
        if hook is None:
            raise UnknownWebhook(f"The webhook {notice.recipient.removeprefix(HOOK)} is no longer configured.")
        body = self._body(notice, now)
        _require_taken(hook, _posted(hook, body, self._headers(hook, notice, body, now)))

    def _body(self, notice: Notice, now: datetime) -> bytes:
        content = {
            "id": f"n{notice.id}",
            "event": notice.body.get("event", ""),
            "occurred_at": (now - notice.age).isoformat(),
            **self._facts(notice, now),
        }
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()

    def _facts(self, notice: Notice, now: datetime) -> dict[str, Any]:
        if notice.body.get("event") == ChannelEvent.EGRESS_CHANGE:
            return {"change": change_facts(notice)}
        if notice.body.get("event") == ChannelEvent.AUDIT_CHECKPOINT:
            return {"checkpoint": json.loads(notice.body["text"])}
        if notice.body.get("event") in (ChannelEvent.AUDIT_DAMAGED, ChannelEvent.AUDIT_INTACT):
            return {"audit": {"message": notice.body["text"]}}
        subject = notice.subject
        with self._store.read() as tx:
            if is_scale_id(subject):
                return {"scale": scale_facts(tx.scales.get(subject), now)}
            return {"request": _FACTS.dump_python(request_facts(tx.allowances.get(subject), now), mode="json")}

    def _headers(self, hook: Webhook, notice: Notice, body: bytes, now: datetime) -> dict[str, str]:
        return {
            "Content-Type": "application/json",
            "User-Agent": "aks-egress-bot",
            "Egress-Event": notice.body.get("event", ""),
            "Egress-Delivery": f"n{notice.id}",
            "Egress-Signature": signature(self._keys[hook.name](), body, int(now.timestamp())),
        }


def _posted(hook: Webhook, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
    try:
        return send("POST", hook.url, headers, body, timeout_s=TIMEOUT_S)
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise HookUnreachable(f"Webhook {hook.name} is not responding ({why}).") from error


def _require_taken(hook: Webhook, answer: HttpAnswer) -> None:
    """A redirect is no answer, either: a signed event goes to the configured address and nowhere else."""
    if answer.is_taken:
        return
    if answer.asks_to_wait:
        wait_s = answer.retry_after_s
        wait = timedelta(seconds=wait_s) if wait_s else None
        raise HookUnreachable(f"Webhook {hook.name} answered {answer.status}.", retry_after=wait)
    code = f"HTTP {answer.status}"
    raise HookRefused(f"Webhook {hook.name} does not take events: it answered {answer.status}.", code=code)


def signature(key: bytes, body: bytes, at: int) -> str:
    """The value of ``Egress-Signature``: ``t=SECONDS,v1=HEX``."""
    made = hmac.new(key, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={made}"


def change_facts(notice: Notice) -> dict[str, Any]:
    """A change of a cluster's outbound IPs."""
    body = notice.body
    before, after = body["before"].split(), body["after"].split()
    return {
        "kind": body["kind"],
        "cluster": body["cluster"],
        "cluster_id": notice.subject,
        "added": [ip for ip in after if ip not in before],
        "removed": [ip for ip in before if ip not in after],
        "outbound_ips": after,
        "seen_before": body["seen_before"],
        "at": body["at"],
        "scale": body["scale"] or None,
    }


def scale_facts(scale: Scale, now: datetime) -> dict[str, Any]:
    """A scale proposal and what became of it."""
    return {
        "id": scale.id,
        "status": str(scale_status(scale, now)),
        "cluster": scale.cluster_name,
        "cluster_id": scale.cluster_id,
        "requester": scale.requester.user,
        "requested_at": scale.requested_at.isoformat(),
    }
