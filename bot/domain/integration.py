"""How other systems take part: the API for pipelines, and webhooks."""

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field

from bot.domain.fields import NotWritten, ReadAs, Span, Text, Unit

WebhookEvent = Literal[
    "requested",
    "granted",
    "broke-glass",
    "reviewed",
    "edited",
    "seconded",
    "approved",
    "denied",
    "withdrawn",
    "lapsed",
    "closed",
    "live",
    "done",
    "failed",
    "suspended",
    "resumed",
    "expiring",
    "let-expire",
    "shortened",
    "transferred",
    "orphaned",
    "expired",
    "revoked",
    "gone",
    "egress-change",
]
"""The events that can be sent: values of ``bot.ports.NoticeEvent`` in the life of a request, and one of
``bot.ports.ChannelEvent``: outbound IPs changed."""

LIFE: frozenset[WebhookEvent] = frozenset(
    {
        "granted",
        "broke-glass",
        "approved",
        "denied",
        "withdrawn",
        "lapsed",
        "closed",
        "live",
        "done",
        "failed",
        "expired",
        "revoked",
        "orphaned",
    }
)
"""Decisions, and what became of them."""

HOOK = "hook:"
"""How the recipient of a notice begins that goes to a webhook."""


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _receiver(text: str) -> str:
    parts = urlsplit(text)
    host = parts.hostname or ""
    is_private_enough = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))
    if not host or not is_private_enough or parts.username or parts.fragment or not text.isascii() or " " in text:
        raise ValueError
    return text


@dataclass(frozen=True, slots=True)
class Api:
    """The HTTP API for pipelines under `/api/v1`, served beside the health routes.

    Args:
        enabled: Whether it is served; tokens are made with `python -m bot token create`.
        calls_per_minute: How many calls each token has, over all replicas; a minute's worth may come at once.
        longest_token: The longest time for which a token can be made.
    """

    enabled: bool = False
    calls_per_minute: Annotated[int, Field(ge=1, le=6_000), Unit("calls")] = 60
    longest_token: Span = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Webhook:
    """A receiver that is told about decisions and about allowances going live and ending.

    Args:
        name: What the log and the outbox call it.
        url: Where events are posted; plain http only to the same machine.
        secret_file: A file that holds the signing secret; without it, EGRESS_WEBHOOK_SECRET counts.
        events: What is sent.
    """

    name: Annotated[str, NotWritten()]
    url: Annotated[str, ReadAs(str, _receiver, "an address such as https://host/path")]
    secret_file: Text | None = None
    events: Annotated[frozenset[WebhookEvent], Field(min_length=1)] = LIFE

    @property
    def recipient(self) -> str:
        """Its address in the outbox."""
        return f"{HOOK}{self.name}"
