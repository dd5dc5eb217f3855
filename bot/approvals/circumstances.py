"""Who asks, when, and about which cluster, as far as the approval policy looks at it."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.egress import ClusterEgress
from bot.domain.people import Identity
from bot.ports import Context


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Facts around a request. None means unknown.

    Args:
        at: When it was asked: a request that waits is assessed by this time, whatever the time is now.
        tags: The tags of its cluster.
        requester_groups: The configured groups of its requester that a policy rule is about.
    """

    at: datetime
    tags: tuple[tuple[str, str], ...] | None
    requester_groups: frozenset[str] | None


def circumstances(ctx: Context, requester: Identity, at: datetime, egress: ClusterEgress | None) -> Circumstances:
    """Look them up; Slack is asked only if a policy rule is about requesters.

    Args:
        ctx: The context.
        requester: Who asks.
        at: When.
        egress: The cluster as last read; None where that is not known.
    """
    return Circumstances(at, egress.ref.tags if egress else None, _groups(ctx, requester))


def _groups(ctx: Context, requester: Identity) -> frozenset[str] | None:
    asked = ctx.config.policy.requesters
    if not asked:
        return frozenset()
    who = ctx.directory.person(requester, among=sorted(asked))
    return None if who.unread_among(asked) else who.groups
