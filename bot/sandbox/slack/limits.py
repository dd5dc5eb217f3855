"""Rate limits as Slack documents them: per method and workspace by tier, posted messages per channel.

Sources (read 2026-11): https://docs.slack.dev/apis/web-api/rate-limits (tiers; ``chat.postMessage`` “one message per
second per channel”, “short bursts” allowed, several hundred a minute in a workspace) and each method's own page for
its tier. Slack documents no size of a burst: here it is a minute's worth of a tier, and five messages of a channel.

Time is that of the sandbox's clock: what waits for ``Retry-After`` waits by the same clock, so a test that moves it
waits for nothing.
"""

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Limit:
    """A bucket of calls.

    Args:
        per_minute: Calls that come back in a minute.
        burst: Calls that it holds.
    """

    per_minute: float
    burst: int


TIER_1, TIER_2, TIER_3, TIER_4 = Limit(1, 3), Limit(20, 20), Limit(50, 50), Limit(100, 100)
CHANNEL = Limit(60, 5)
"""Messages posted to one channel."""

WORKSPACE = Limit(300, 300)
"""Messages posted in the workspace: “several hundred”."""

SPECIAL = Limit(600, 600)
"""Methods with limits of their own, “hundreds of requests per minute”."""

LIMITS: Mapping[str, Limit] = {
    "apps.connections.open": TIER_1,
    "auth.test": SPECIAL,
    "api.test": TIER_4,
    "blocks.validate": SPECIAL,
    "chat.delete": TIER_3,
    "chat.getPermalink": SPECIAL,
    "chat.postEphemeral": TIER_4,
    "chat.postMessage": WORKSPACE,
    "chat.update": TIER_3,
    "conversations.info": TIER_3,
    "conversations.open": TIER_3,
    "files.completeUploadExternal": TIER_4,
    "files.getUploadURLExternal": TIER_4,
    "bots.info": TIER_3,
    "conversations.history": TIER_3,
    "conversations.replies": TIER_3,
    "reactions.add": TIER_3,
    "team.info": TIER_3,
    "usergroups.list": TIER_2,
    "usergroups.users.list": TIER_2,
    "users.info": TIER_4,
    "users.list": TIER_2,
    "views.open": TIER_4,
    "views.publish": TIER_4,
    "views.push": TIER_4,
    "views.update": TIER_4,
}
"""By method; others are tier 3."""


class Limits:
    """How much of each limit is used up; off until it is switched on.

    Args:
        now: The sandbox's time.

    Attributes:
        is_on: Whether calls are counted.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.is_on = False
        self._now = now
        self._lock = threading.Lock()
        self._left: dict[str, tuple[float, datetime]] = {}

    def switch(self, *, is_on: bool) -> None:
        """Begin or end to count, with all of every limit left."""
        with self._lock:
            self.is_on = is_on
            self._left.clear()

    def retry_after_s(self, method: str, args: Mapping[str, Any]) -> int:
        """Count a call; how many whole seconds it has to wait, 0 if it may be carried out."""
        if not self.is_on:
            return 0
        buckets = {method: LIMITS.get(method, TIER_3)}
        if method == "chat.postMessage":
            buckets[f"{method} {args.get('channel')}"] = CHANNEL
        with self._lock:
            waits = [self._wait_s(key, limit) for key, limit in buckets.items()]
            if max(waits) == 0:
                for key, limit in buckets.items():
                    self._left[key] = (self._filled(key, limit) - 1, self._now())
            return max(waits)

    def _filled(self, key: str, limit: Limit) -> float:
        left, at = self._left.get(key, (float(limit.burst), self._now()))
        return min(limit.burst, left + (self._now() - at).total_seconds() * limit.per_minute / 60)

    def _wait_s(self, key: str, limit: Limit) -> int:
        missing = 1 - self._filled(key, limit)
        return 0 if missing <= 1e-9 else max(1, math.ceil(missing * 60 / limit.per_minute))
