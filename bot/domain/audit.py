"""Audit events; ``bot.domain.chain`` makes a change to them visible."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from bot.domain.people import Identity


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
    SCALE_NARROW = "scale:narrow"
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
    SCALE_REPLAN = "scale:replan"
    STEP_UP_ASK = "step-up:ask"
    REVIEW_START = "review:start"
    REVIEW_KEEP = "review:keep"
    REVIEW_REMOVE = "review:remove"
    REVIEW_ESCALATE = "review:escalate"
    REVIEW_SIGN = "review:sign"
    EGRESS_CHANGE = "egress:change"
    PORTS_CHANGE = "ports:change"
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
    WATCH_START = "watch:start"
    WATCH_END = "watch:end"
    ALLOWANCE_BLOCKED = "allowance:blocked"
    PROBE_ASK = "probe:ask"
    PROBE_RESULT = "probe:result"
    PROBE_DISAGREE = "probe:disagree"
    RULES_EXPORT = "rules:export"
    ACT_REFUSE = "act:refuse"
    DATABASE_RESTORE = "database:restore"
    AUDIT_READ = "audit:read"
    AUDIT_SAVE = "audit:save"
    AUDIT_FORGET = "audit:forget"
    AUDIT_EXPORT = "audit:export"
    AUDIT_VERIFY = "audit:verify"
    AUDIT_ARCHIVE = "audit:archive"
    AUDIT_DAMAGE = "audit:damage"
    AUDIT_INTACT = "audit:intact"


class UnknownAction(str):
    """An action that this version does not know: a newer version wrote it, or somebody changed the row."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: who, through what, on what, why.

    Args:
        at: When, aware.
        action: What.
        actor: Who; the bot itself acts as ``people.SYSTEM``.
        via: The channel of the act: ``slack:command``, ``slack:button``, ``slack:modal``, ``browser``, ``cli``,
            ``bot``, ``api:TOKEN``.
        subject: Id of the allowance, scale proposal or target, empty if none.
        cluster: Name of the cluster, empty if none.
        destinations: What it was about, as text.
        reason: The person's reason, or the sentence of a refusal.
        policy_rule: The approval policy rule that decided, empty if none.
        detail: Further facts by name, values as text.
        actor_name: The actor's display name then; empty if it was not known.
        correlation: The id that connects an act with its writes and notices; empty if there is none.
    """

    at: datetime
    action: Action | UnknownAction
    actor: Identity
    via: str
    subject: str = ""
    cluster: str = ""
    destinations: tuple[str, ...] = ()
    reason: str = ""
    policy_rule: str = ""
    detail: tuple[tuple[str, str], ...] = ()
    actor_name: str = ""
    correlation: str = ""


@dataclass(frozen=True, slots=True)
class ChainedEvent:
    """An event in its place, for readers: ``hash`` covers its row, which has its number and the hash before it.

    A row that somebody damaged is read as far as it can be; only a verification says whether it is what was written.
    """

    seq: int
    event: Event
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class FoundEvents:
    """What a search of the log found.

    Args:
        events: Newest first.
        searched_to: The number of the lowest event that was looked at, where there may be more below it: a search
            reads a bounded part of the log. None if there is no more than this page, or the page is full.
        archived_to: The number of the last event that moved to a sealed archive, where the search reached it; else 0.
    """

    events: tuple[ChainedEvent, ...]
    searched_to: int | None = None
    archived_to: int = 0


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
        outcome: One of ``OUTCOMES``.
        risk: A level of risk, as it was assessed.
        text: Words in a reason, a policy rule, a destination or a subject, in any case, and as they follow each other
            there; the last may be the beginning of one.
        after: Only events with a larger sequence number.
        own: Only what this person did and what became of their requests and proposals.
    """

    before: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    cluster: str | None = None
    destination: str | None = None
    subject: str | None = None
    action: str | None = None
    outcome: str | None = None
    risk: str | None = None
    text: str | None = None
    after: int | None = None
    own: Identity | None = None


OUTCOMES: Mapping[str, frozenset[Action]] = MappingProxyType(
    {
        "approved": frozenset({Action.ALLOWANCE_APPROVE, Action.SCALE_APPROVE}),
        "granted": frozenset({Action.ALLOWANCE_GRANT, Action.SCALE_GRANT, Action.ALLOWANCE_BREAK_GLASS}),
        "denied": frozenset({Action.ALLOWANCE_DENY, Action.SCALE_DENY}),
        "refused": frozenset({Action.ACT_REFUSE}),
        "lapsed": frozenset({Action.ALLOWANCE_LAPSE, Action.SCALE_LAPSE}),
        "live": frozenset({Action.ALLOWANCE_LIVE, Action.SCALE_DONE}),
        "failed": frozenset({Action.ALLOWANCE_FAIL, Action.FIREWALL_FAIL, Action.SCALE_FAIL}),
        "revoked": frozenset({Action.ALLOWANCE_REVOKE, Action.SCALE_WITHDRAW}),
        "expired": frozenset({Action.ALLOWANCE_EXPIRE}),
        "gone": frozenset({Action.ALLOWANCE_GONE, Action.ALLOWANCE_EXPIRE, Action.ALLOWANCE_CLOSE}),
    }
)
"""What became of something, by the word that people search for, and the actions that say so."""
