"""The events that people hear of. Notices store the values; ``handlers.blocks.news`` has the words for each."""

from enum import StrEnum


class NoticeEvent(StrEnum):
    """An event in the life of an allowance or a scale proposal."""

    REQUESTED = "requested"
    RENEWED = "renewed"
    GRANTED = "granted"
    SECONDED = "seconded"
    APPROVED = "approved"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    REMINDED = "reminded"
    ESCALATED = "escalated"
    UNANSWERED = "unanswered"
    LAPSED = "lapsed"
    CHANGED = "changed"
    REWEIGHED = "reweighed"
    CLOSED = "closed"
    APPLYING = "applying"
    LIVE = "live"
    DONE = "done"
    FAILED = "failed"
    MISSING = "missing"
    UNRESOLVED = "unresolved"
    LEFT_OUT = "left-out"
    HELD = "held"
    MOVED = "moved"
    RANGES = "ranges"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    EXPIRING = "expiring"
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
