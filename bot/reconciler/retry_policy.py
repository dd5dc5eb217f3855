"""The reaction to each error that a run may end with: one table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from zlib import crc32

from bot.errors import (
    ArmBusy,
    ArmForbidden,
    ArmNotFound,
    ArmRejected,
    ArmThrottled,
    ArmUnreachable,
    Defect,
    EgressError,
    OperationFailed,
    SlackRefused,
    SlackThrottled,
    SlackUnreachable,
    StaleVersion,
    StoreUnavailable,
    Unavailable,
    UnreadableState,
    UnsafePlan,
)
from bot.ports import Pace


@dataclass(frozen=True, slots=True)
class Failure:
    """One run that failed.

    Args:
        key: Of the work.
        error: What it failed with.
        count: How many runs in a row have failed, this one included where it counts.
        pace: How long the product waits.
    """

    key: str
    error: EgressError
    count: int
    pace: Pace


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The reaction to an error.

    Args:
        delay: How long to wait.
        counts: Whether it counts as a failure in a row.
        told_after: Consecutive failures after which people are told, once; None for never.
    """

    delay: Callable[[Failure], timedelta]
    counts: bool = True
    told_after: int | None = None


def _asked(failure: Failure) -> timedelta:
    """The delay the vendor asked for, otherwise the time that another party's update may take."""
    asked = failure.error.retry_after if isinstance(failure.error, Unavailable) else None
    return asked / failure.pace.divisor if asked else failure.pace.busy


def _soon(failure: Failure) -> timedelta:
    """The first retry is almost immediate; then as any other failure, so that nothing turns in a hot loop."""
    return failure.pace.backoff / 5 if failure.count <= 1 else _doubling(replace(failure, count=failure.count - 1))


def _doubling(failure: Failure) -> timedelta:
    """Twice as long each time, up to the resync period; a fifth more or less, so that targets spread out.

    How much is computed from what failed, not drawn: a history that is played again takes the same course.
    """
    doubled: timedelta = failure.pace.backoff * 2 ** min(failure.count, 10)
    spread = 0.8 + crc32(f"{failure.key} {failure.count}".encode()) % 401 / 1000
    return min(doubled, failure.pace.resync) * spread


RETRY_POLICIES: Mapping[type[EgressError], RetryPolicy] = {
    # 412, or a row changed by someone else: the observed state is out of date, so observe again.
    StaleVersion: RetryPolicy(_soon),
    # 409 AnotherOperationInProgress, 429 RetryableError: someone else is writing in this policy tree; wait our turn.
    ArmBusy: RetryPolicy(_asked, counts=False),
    # 429: wait for Retry-After.
    ArmThrottled: RetryPolicy(_asked, counts=False),
    SlackThrottled: RetryPolicy(_asked, counts=False),
    # 5xx, no answer, a time-out: a write did or did not land. The next round observes which, and records it. That is
    # nobody's business for the first minute or two; then those who wait read why.
    ArmUnreachable: RetryPolicy(_doubling, told_after=4),
    SlackUnreachable: RetryPolicy(_doubling),
    # The database is away: the lease ends by itself if it stays away.
    StoreUnavailable: RetryPolicy(_soon),
    # A permission or a resource is missing: an operator must act; the wanted state stays.
    ArmForbidden: RetryPolicy(_doubling, told_after=1),
    ArmNotFound: RetryPolicy(_doubling, told_after=1),
    # 400: no single allowance is to blame (``bisect`` has checked), so an operator must act.
    ArmRejected: RetryPolicy(_doubling, told_after=1),
    # FirewallPolicyUpdateFailed and every other end of an operation as Failed or Canceled: Azure's code goes to the
    # card and the audit log, and the same rules are written again once the firewall is idle.
    OperationFailed: RetryPolicy(_doubling, told_after=1),
    # Refused by the bot's own safety check, with numbers.
    UnsafePlan: RetryPolicy(_doubling, told_after=1),
    SlackRefused: RetryPolicy(_doubling),
    Defect: RetryPolicy(_doubling, told_after=1),
    # A newer version wrote it, which is nobody's business while it is rolled out; or the row was damaged. It stays.
    UnreadableState: RetryPolicy(_doubling, told_after=4),
    EgressError: RetryPolicy(_doubling, told_after=1),
}
"""Every error that a run may end with. None forces anything: the next round observes and continues from there."""


def policy_of(error: EgressError) -> RetryPolicy:
    """The way of an error's class, or of the nearest class above it."""
    return next(RETRY_POLICIES[kind] for kind in type(error).__mro__ if kind in RETRY_POLICIES)
