"""Audit events and the chain that makes a change to them visible."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.people import Identity
from bot.errors import ChainBroken

GENESIS = "0" * 64
"""The hash before the first event."""


class Action(StrEnum):
    """The event types, as ``subject:action``."""

    ALLOWANCE_REQUEST = "allowance:request"
    ALLOWANCE_GRANT = "allowance:grant"
    ALLOWANCE_BREAK_GLASS = "allowance:break-glass"
    ALLOWANCE_APPROVE = "allowance:approve"
    ALLOWANCE_NARROW = "allowance:narrow"
    ALLOWANCE_DENY = "allowance:deny"
    ALLOWANCE_REVOKE = "allowance:revoke"
    ALLOWANCE_REVIEW = "allowance:review"
    ALLOWANCE_RENEW = "allowance:renew"
    ALLOWANCE_LET_EXPIRE = "allowance:let-expire"
    ALLOWANCE_TRANSFER = "allowance:transfer"
    ALLOWANCE_FOLLOW = "allowance:follow"
    ALLOWANCE_LIVE = "allowance:live"
    ALLOWANCE_EXPIRE = "allowance:expire"
    ALLOWANCE_QUESTION = "allowance:question"
    ALLOWANCE_ANSWER = "allowance:answer"
    ALLOWANCE_EDIT = "allowance:edit"
    ALLOWANCE_REMIND = "allowance:remind"
    ALLOWANCE_ESCALATE = "allowance:escalate"
    ALLOWANCE_LAPSE = "allowance:lapse"
    ALLOWANCE_GONE = "allowance:gone"
    ALLOWANCE_FAIL = "allowance:fail"
    ALLOWANCE_MOVE = "allowance:move"
    ALLOWANCE_CHANGE = "allowance:change"
    ALLOWANCE_SUSPEND = "allowance:suspend"
    ALLOWANCE_RESUME = "allowance:resume"
    ALLOWANCE_CLOSE = "allowance:close"
    ALLOWANCE_ORPHAN = "allowance:orphan"
    ALLOWANCE_KEEP = "allowance:keep"
    ALLOWANCE_SHORTEN = "allowance:shorten"
    FIREWALL_BEGIN = "firewall:begin"
    FIREWALL_ACCEPT = "firewall:accept"
    FIREWALL_DONE = "firewall:done"
    FIREWALL_FAIL = "firewall:fail"
    FIREWALL_DRIFT = "firewall:drift"
    FIREWALL_DRAFT = "firewall:draft"
    SCALE_PROPOSE = "scale:propose"
    SCALE_GRANT = "scale:grant"
    SCALE_APPROVE = "scale:approve"
    SCALE_DENY = "scale:deny"
    SCALE_WITHDRAW = "scale:withdraw"
    SCALE_QUESTION = "scale:question"
    SCALE_ANSWER = "scale:answer"
    SCALE_REMIND = "scale:remind"
    SCALE_ESCALATE = "scale:escalate"
    SCALE_LAPSE = "scale:lapse"
    SCALE_BEGIN = "scale:begin"
    SCALE_ACCEPT = "scale:accept"
    SCALE_DONE = "scale:done"
    SCALE_FAIL = "scale:fail"
    SCALE_CHANGE = "scale:change"
    REVIEW_START = "review:start"
    REVIEW_KEEP = "review:keep"
    REVIEW_REMOVE = "review:remove"
    REVIEW_ESCALATE = "review:escalate"
    REVIEW_SIGN = "review:sign"
    EGRESS_CHANGE = "egress:change"
    CLUSTER_DELETE = "cluster:delete"
    PARTNER_ADD = "partner:add"
    PARTNER_REMOVE = "partner:remove"
    PARTNER_TELL = "partner:tell"
    TOKENS_CREATE = "token:create"
    TOKENS_REVOKE = "token:revoke"
    API_READ = "api:read"
    API_CHECK = "api:check"
    PERSON_AWAY = "person:away"
    PERSON_BACK = "person:back"
    ACT_REFUSE = "act:refuse"
    AUDIT_READ = "audit:read"
    AUDIT_EXPORT = "audit:export"
    AUDIT_VERIFY = "audit:verify"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: who, through what, on what, why.

    Args:
        at: When, aware.
        action: What.
        actor: Who; the bot itself acts as ``people.SYSTEM``.
        via: The channel of the act: ``slack:command``, ``slack:button``, ``slack:modal``, ``cli``, ``bot``,
            ``api:TOKEN``.
        subject: Id of the allowance, scale proposal or target, empty if none.
        cluster: Name of the cluster, empty if none.
        destinations: What it was about, as text.
        reason: The person's reason, or the sentence of a refusal.
        policy_rule: The approval policy rule that decided, empty if none.
        detail: Further facts by name, values as text.
    """

    at: datetime
    action: Action
    actor: Identity
    via: str
    subject: str = ""
    cluster: str = ""
    destinations: tuple[str, ...] = ()
    reason: str = ""
    policy_rule: str = ""
    detail: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ChainedEvent:
    """An event in its place: ``hash`` covers the event, its number and the hash before it."""

    seq: int
    event: Event
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Selects events, newest first; all conditions that are set must hold.

    Args:
        before: Only events with a smaller sequence number: the key of the next page.
        since: Not older than this.
        until: Older than this.
        actor: Slack user id.
        cluster: Cluster name.
        destination: Part of a destination.
        subject: Allowance or scale id.
        action: An action, or the subject before its colon.
    """

    before: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    cluster: str | None = None
    destination: str | None = None
    subject: str | None = None
    action: str | None = None


def link(event: Event, seq: int, previous: str) -> ChainedEvent:
    """Put an event behind the one whose hash is ``previous``."""
    return ChainedEvent(seq, event, previous, chain_hash(event, seq, previous))


def chain_hash(event: Event, seq: int, previous: str) -> str:
    """SHA-256 over the previous hash, the number and every field of the event, as canonical JSON."""
    content = [
        previous,
        seq,
        event.at.isoformat(timespec="microseconds"),
        event.action,
        event.actor.team,
        event.actor.user,
        event.via,
        event.subject,
        event.cluster,
        list(event.destinations),
        event.reason,
        event.policy_rule,
        [list(pair) for pair in event.detail],
    ]
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def verify(events: Iterable[ChainedEvent], *, after: str = GENESIS, first: int = 1) -> tuple[int, str]:
    """Prove a run of events, oldest first.

    Args:
        events: Without gaps, starting with number ``first``.
        after: The hash before the first of them.
        first: The number that the first must have.

    Returns:
        The next number and the last hash: what the next run continues from.

    Raises:
        ChainBroken: At the first event that was changed, removed or moved.
    """
    expected = first
    for chained in events:
        if chained.seq != expected:
            raise ChainBroken(f"Audit event {expected} is missing: found {chained.seq} in its place.", seq=expected)
        if chained.previous != after or chained.hash != chain_hash(chained.event, chained.seq, after):
            raise ChainBroken(f"Audit event {chained.seq} was altered.", seq=chained.seq)
        expected, after = chained.seq + 1, chained.hash
    return expected, after
