"""How other systems take part: the API for pipelines, the list of egress IPs, and webhooks."""

from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
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
    "audit-checkpoint",
    "audit-damaged",
    "audit-intact",
]
"""The events that can be sent: values of ``bot.ports.NoticeEvent`` in the life of a request, and some of
``bot.ports.ChannelEvent``: outbound IPs changed, and what proves the audit log or disproves it."""

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


def secure_address(text: str) -> str:
    """An address over HTTPS, or over plain HTTP to the same machine.

    Raises:
        ValueError: It is none.
    """
    parts = urlsplit(text)
    host = parts.hostname or ""
    is_private_enough = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))
    is_plain = text.isascii() and " " not in text and not parts.username and not parts.fragment and parts.port != 0
    if not host or not is_private_enough or not is_plain:
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
class EgressIps:
    """The list of egress IPs at `/egress-ips.json` and `/egress-ips.txt`, which partners and pipelines poll.

    Args:
        enabled: Whether it is served, beside the health routes.
        access: `token`: for API tokens that may read, and the clusters that their owners see; `open`: for everyone who
            reaches the address.
        clusters: The names or ARM ids of the clusters on it, `*` and `?` allowed.
        stale_after: From which age on addresses that were not read again are called stale.
        history: How long addresses that are no longer in use stay on it.
    """

    enabled: bool = False
    access: Annotated[str, ReadAs(Literal["token", "open"], str)] = "token"
    clusters: Annotated[tuple[Text, ...], Field(min_length=1)] = ("*",)
    stale_after: Span = timedelta(hours=1)
    history: Span = timedelta(days=90)

    @property
    def is_open(self) -> bool:
        """Whether it is for everyone."""
        return self.access == "open"

    def lists(self, name: str, cluster_id: str) -> bool:
        """Whether a cluster is on it."""
        texts = (name.lower(), cluster_id.lower())
        return any(fnmatchcase(text, pattern.lower()) for pattern in self.clusters for text in texts)


@dataclass(frozen=True, slots=True)
class Webhook:
    """A receiver that is told about decisions and about allowances going live and ending.

    Args:
        name: What the log and the outbox call it.
        url: Where events are posted; plain http only to the same machine.
        secret_file: A file that holds the signing secret, read again once it changes; without it, EGRESS_WEBHOOK_SECRET
            counts.
        events: What is sent.
    """

    name: Annotated[str, NotWritten()]
    url: Annotated[str, ReadAs(str, secure_address, "an address such as https://host/path")]
    secret_file: Text | None = None
    events: Annotated[frozenset[WebhookEvent], Field(min_length=1)] = LIFE

    @property
    def recipient(self) -> str:
        """Its address in the outbox."""
        return f"{HOOK}{self.name}"
