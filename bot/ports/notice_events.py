"""The events that people hear of. Notices store the values; ``handlers.blocks.news`` has the words for each."""

from enum import StrEnum


class NoticeEvent(StrEnum):
    """An event in the life of an allowance or a scale proposal."""

    REQUESTED = "requested"
    RENEWED = "renewed"
    FILED = "filed"
    GRANTED = "granted"
    BROKE_GLASS = "broke-glass"
    REVIEW_DUE = "review-due"
    REVIEWED = "reviewed"
    SECONDED = "seconded"
    APPROVED = "approved"
    UNCONFIRMED = "unconfirmed"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    ASKED = "asked"
    ANSWERED = "answered"
    EDITED = "edited"
    REMINDED = "reminded"
    ESCALATED = "escalated"
    UNANSWERED = "unanswered"
    LAPSED = "lapsed"
    CHANGED = "changed"
    REWEIGHED = "reweighed"
    CLOSED = "closed"
    APPLYING = "applying"
    PARTNERS = "partners"
    LIVE = "live"
    REACHED = "reached"
    UNREACHED = "unreached"
    DONE = "done"
    FAILED = "failed"
    MISSING = "missing"
    BLOCKED = "blocked"
    UNRESOLVED = "unresolved"
    LEFT_OUT = "left-out"
    HELD = "held"
    MOVED = "moved"
    RANGES = "ranges"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    EXPIRING = "expiring"
    LET_EXPIRE = "let-expire"
    TRANSFERRED = "transferred"
    SHORTENED = "shortened"
    EXPIRED = "expired"
    REVOKED = "revoked"
    ORPHANED = "orphaned"
    GONE = "gone"


class ReviewEvent(StrEnum):
    """An event in the life of a review campaign."""

    STARTED = "review-started"
    REMINDER = "review-reminder"
    ESCALATED = "review-escalated"
    OWNER_LEFT = "review-owner-left"
    STILL_OPEN = "review-still-open"
    COMPLETE = "review-complete"
    SIGNED = "review-signed"


class WatchEvent(StrEnum):
    """An event in the life of a watch of a firewall's log."""

    SEEN = "watch-seen"
    ENDED = "watch-ended"


class ProbeEvent(StrEnum):
    """An event in the life of a probe."""

    ENDED = "probe-ended"


class ChannelEvent(StrEnum):
    """An event of a firewall, a cluster or the bot itself that the channel hears of."""

    DRIFT = "drift"
    UNKNOWN = "unknown"
    FOREIGN = "foreign"
    HEALED = "healed"
    DRAFT = "draft"
    DRAFT_GONE = "draft-gone"
    MOVED = "moved"
    CLUSTER_GONE = "cluster-gone"
    STUCK = "stuck"
    SLOW = "slow"
    STUCK_SCALE = "stuck-scale"
    UNREAD = "unread"
    BROKEN = "broken"
    EGRESS_CHANGE = "egress-change"
    PORTS_HIGH = "ports-high"
    PORTS_EXHAUSTED = "ports-exhausted"
    PORTS_CALM = "ports-calm"
    IPS_PLANNED = "ips-planned"
    IPS_KEPT = "ips-kept"
    AUDIT_DAMAGED = "audit-damaged"
    AUDIT_INTACT = "audit-intact"
    AUDIT_CHECKPOINT = "audit-checkpoint"
    UNTOLD = "untold"
    PROBE_DISAGREES = "probe-disagrees"
