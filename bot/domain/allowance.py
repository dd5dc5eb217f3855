"""An allowance: facts with their times. Its status is computed, never stored.

Expiry is therefore not an event and cannot be missed: once ``now`` passes ``expires_at`` the allowance is no longer
wanted, and the next round of the reconciler renders the rules without it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from bot.domain.approval import ApprovalRequest, Ending, already_decided
from bot.domain.fqdn import Destination
from bot.domain.observed import LastUse, ProbeNote
from bot.domain.people import Identity
from bot.domain.risk import Risk
from bot.domain.target import Target

EXPIRING_WITHIN = timedelta(hours=24)
"""An allowance is called expiring in its last day, or in the last tenth of a shorter one."""


class Status(StrEnum):
    """The status that people see, in the order of an allowance's life."""

    WAITING = "waiting"
    APPROVED = "approved"
    APPLYING = "applying"
    LIVE = "live"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    REVOKED = "revoked"
    DENIED = "denied"
    LAPSED = "lapsed"
    CLOSED = "closed"
    SUSPENDED = "suspended"
    FAILED = "failed"


class Act(StrEnum):
    """An act on an existing allowance."""

    APPROVE = "approve"
    DENY = "deny"
    REVOKE = "revoke"
    ASK = "ask"
    EDIT = "edit"
    RENEW = "renew"
    REVIEW = "review"
    LET_EXPIRE = "let expire"
    TRANSFER = "transfer"
    ASK_AGAIN = "ask again"


WANTED = frozenset({Status.APPROVED, Status.APPLYING, Status.LIVE, Status.EXPIRING})
"""The statuses in which the rule must be in the firewall."""

UNENDED = WANTED | {Status.WAITING, Status.SUSPENDED, Status.FAILED}
"""The statuses in which something may still come of it."""

MAY_ACT: Mapping[Act, frozenset[Status]] = MappingProxyType(
    {
        Act.APPROVE: frozenset({Status.WAITING}),
        Act.DENY: frozenset({Status.WAITING}),
        Act.ASK: frozenset({Status.WAITING}),
        Act.EDIT: frozenset({Status.WAITING}),
        Act.REVOKE: UNENDED,
        Act.RENEW: frozenset({Status.LIVE, Status.EXPIRING, Status.EXPIRED}),
        Act.LET_EXPIRE: frozenset({Status.LIVE, Status.EXPIRING, Status.SUSPENDED}),
        Act.TRANSFER: UNENDED - {Status.WAITING},
        Act.REVIEW: frozenset(Status) - {Status.WAITING, Status.DENIED, Status.LAPSED},
        Act.ASK_AGAIN: frozenset(
            {Status.DENIED, Status.LAPSED, Status.REVOKED, Status.CLOSED, Status.FAILED, Status.EXPIRED}
        ),
    }
)
"""In which status which act is possible: the whole state machine of what people do."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The scope of an allowance.

    Args:
        cluster_id: Lower-case ARM id of the managed cluster.
        cluster_name: Its name.
        resource_group: Its resource group.
        environment: What the configuration calls its environment, for example ``production``.
        target: The firewall policy or classic firewall that its traffic passes.
        sources: CIDR ranges of the cluster's or the pool's subnets, sorted; never empty, never ``*``.
        pool: A node pool, where the allowance is for one pool only.
        cluster_uid: What tells the cluster from a later one with the same id; None where Azure did not say.
    """

    cluster_id: str
    cluster_name: str
    resource_group: str
    environment: str
    target: Target
    sources: tuple[str, ...]
    pool: str | None = None
    cluster_uid: str | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """The contents of a request: exactly what is approved.

    Args:
        destinations: Sorted, without duplicates, at least one.
        duration: How long from being seen live, or None for no end.
        reason: Why, in the requester's words.
        ticket: A reference in another system, empty if none.
        bundle: The configured bundle that it was asked as, if any.
        renews: The allowance that this one continues, if any.
        is_break_glass: Whether it was to be opened at once, without an approval.
    """

    destinations: tuple[Destination, ...]
    duration: timedelta | None
    reason: str
    ticket: str = ""
    bundle: str | None = None
    renews: str | None = None
    is_break_glass: bool = False


@dataclass(frozen=True, slots=True)
class BreakGlassReview:
    """The review of access that was opened without an approval.

    Args:
        outcome: A value of ``break_glass.ReviewOutcome``.
        ending: Who reviewed it, when, and why so.
    """

    outcome: str
    ending: Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance(ApprovalRequest):
    """Permission for a cluster to reach destinations until a time; its id begins with ``a``.

    Args:
        scope: Where.
        ask: What.
        risk: What the risk assessment said.
        revoked: Set when it was revoked or withdrawn.
        applying_at: When the first write to Azure that carries it began.
        live_at: When its rules were first read back from Azure.
        missing_since: Since when its rules are gone from Azure although they should be there.
        expires_at: ``live_at`` plus the duration, set when it is first seen live; earlier where a review shortened it.
        gone_at: When its rules were seen absent after it ended.
        warned_at: When its requester was last told that it ends soon.
        shown_ending_at: When its card was drawn because it began to end without a warning at that moment.
        closed: Set when the bot ended it, because what it rests on is gone.
        suspended: Why it opens nothing for now, in one sentence: its cluster leaves through no managed firewall.
        leaving: Targets that it was written to before and where its rules were not yet seen absent.
        review_by: Until when it has to be reviewed; only where it was opened by break-glass.
        reviewed: How that ended.
        let_expire: Set when its owner chose to let it end; nobody is warned any more.
        token: Name of the requester's API token through which it was filed; empty where a person filed it.
        left_out: Clusters that were named in the same request and were not filed, each with the reason. The channel
            reads it, so nothing is here that not everybody may know. Only at the first of what was filed.
        probed: What the last probe from inside its cluster saw.
        blocked_at: When its owner was told that something else still denies what it opens.
        used: When it was last used, as far as its firewalls' logs say.
    """

    scope: Scope
    ask: Ask
    risk: Risk
    revoked: Ending | None = None
    applying_at: datetime | None = None
    live_at: datetime | None = None
    missing_since: datetime | None = None
    expires_at: datetime | None = None
    gone_at: datetime | None = None
    warned_at: datetime | None = None
    shown_ending_at: datetime | None = None
    closed: Ending | None = None
    suspended: str | None = None
    leaving: tuple[Target, ...] = ()
    review_by: datetime | None = None
    reviewed: BreakGlassReview | None = None
    let_expire: Ending | None = None
    token: str = ""
    left_out: tuple[tuple[str, str], ...] = ()
    probed: ProbeNote | None = None
    blocked_at: datetime | None = None
    used: LastUse | None = None

    @property
    def needs_review(self) -> bool:
        """Whether it was opened by break-glass and nobody has reviewed that yet."""
        return self.review_by is not None and self.reviewed is None

    @property
    def destinations(self) -> tuple[Destination, ...]:
        """The destinations that the rule is rendered from."""
        return self.ask.destinations

    def is_waiting(self, now: datetime) -> bool:
        """Whether nobody has decided it yet."""
        return status(self, now) is Status.WAITING

    @property
    def cluster_id(self) -> str:
        """Lower-case ARM id of the managed cluster that it is for."""
        return self.scope.cluster_id

    @property
    def cluster_name(self) -> str:
        """The name of that cluster."""
        return self.scope.cluster_name

    @property
    def digest(self) -> str:
        """A short digest of exactly the fields that the rule is rendered from."""
        return digest(self.scope, self.ask)

    @property
    def ending(self) -> Ending | None:
        """How a person ended it: denied, withdrawn or revoked."""
        return self.denied or self.revoked


def status(allowance: Allowance, now: datetime) -> Status:
    """Derive the status of an allowance at a time; the first match decides.

    A round asks it of every open allowance, so that each line is only looked at where none before it matched.
    """
    if allowance.denied is not None:
        return Status.DENIED
    if allowance.revoked is not None:
        return Status.REVOKED
    if allowance.closed is not None:
        return Status.CLOSED
    if allowance.approved_at is None:
        return Status.LAPSED if now >= allowance.lapses_at else Status.WAITING
    return _obstacle(allowance, now) or _progress(allowance, now)


def _obstacle(allowance: Allowance, now: datetime) -> Status | None:
    """Why an approved allowance opens nothing, if it does not."""
    if allowance.expires_at is not None and now >= allowance.expires_at:
        return Status.EXPIRED
    if allowance.failure is not None:
        return Status.FAILED
    return Status.SUSPENDED if allowance.suspended is not None else None


def _progress(allowance: Allowance, now: datetime) -> Status:
    """How far one that is to be open has come."""
    if allowance.applying_at is None:
        return Status.APPROVED
    if allowance.live_at is None or allowance.missing_since is not None:
        return Status.APPLYING
    return Status.EXPIRING if _is_near_end(allowance, now) else Status.LIVE


def _is_near_end(allowance: Allowance, now: datetime) -> bool:
    warning = warns_at(allowance)
    return warning is not None and now >= warning


def warns_at(allowance: Allowance) -> datetime | None:
    """From when on it is called expiring; None before it is live and where it has no end."""
    if allowance.expires_at is None or allowance.live_at is None:
        return None
    return allowance.expires_at - min(EXPIRING_WITHIN, (allowance.expires_at - allowance.live_at) / 10)


def is_wanted(allowance: Allowance, now: datetime) -> bool:
    """Whether its rules must be in the firewall now: its status is in ``WANTED``; how far it has come is not asked."""
    return not (allowance.ending or allowance.closed or allowance.approved_at is None or _obstacle(allowance, now))


def is_open(allowance: Allowance, now: datetime) -> bool:
    """Whether something may still happen to it: somebody is asked, it is wanted, or its rules are not yet seen gone."""
    if status(allowance, now) in UNENDED or allowance.leaving or allowance.needs_review:
        return True
    return allowance.applying_at is not None and allowance.gone_at is None


def next_change(allowance: Allowance, now: datetime) -> datetime | None:
    """The next time at which time alone changes this allowance's status, if any."""
    change = allowance.lapses_at if allowance.approved_at is None else allowance.expires_at
    return change if change is not None and change > now else None


def digest(scope: Scope, ask: Ask) -> str:
    """A short digest of exactly the fields that the rule is rendered from: what a click approves."""
    content = [
        scope.cluster_id,
        scope.pool,
        list(scope.sources),
        scope.target.key,
        [str(destination) for destination in ask.destinations],
        ask.duration.total_seconds() if ask.duration else None,
    ]
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()[:16]


def require(allowance: Allowance, act: Act, now: datetime) -> None:
    """Refuse an act that the allowance's status does not permit.

    Raises:
        AlreadyDecided: With who did what and when, as far as known.
    """
    state = status(allowance, now)
    if state not in MAY_ACT[act]:
        raise already_decided(allowance, state, allowance.closed.reason if allowance.closed else "")


def revoke(allowance: Allowance, ending: Ending) -> Allowance:
    """End it now, whether waiting, on its way or live."""
    require(allowance, Act.REVOKE, ending.at)
    return replace(allowance, revoked=ending)


def follow(allowance: Allowance, who: Identity) -> Allowance:
    """Add a person to notify; no change if they are already notified."""
    if who == allowance.requester or who in allowance.followers:
        return allowance
    return replace(allowance, followers=(*allowance.followers, who))
