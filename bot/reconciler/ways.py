"""What follows each error that a run may end with: one table."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

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
    StoreBusy,
    Unavailable,
    UnsafePlan,
)
from bot.ports import Pace


@dataclass(frozen=True, slots=True)
class Way:
    """What follows an error.

    Args:
        delay: How long to wait, from the pace, the error and the failures in a row.
        counts: Whether it counts as a failure in a row.
        is_told: Whether people are told, once.
    """

    delay: Callable[[Pace, EgressError, int], timedelta]
    counts: bool = True
    is_told: bool = False


def _asked(pace: Pace, error: EgressError, _failures: int) -> timedelta:
    """As long as the vendor asked for, else as long as an update of somebody else may take."""
    asked = error.retry_after if isinstance(error, Unavailable) else None
    return asked / pace.divisor if asked else pace.busy


def _soon(pace: Pace, error: EgressError, failures: int) -> timedelta:
    """The first time nearly at once; then as any other failure, so that nothing turns in a hot loop."""
    return pace.backoff / 5 if failures <= 1 else _doubling(pace, error, failures - 1)


def _doubling(pace: Pace, _error: EgressError, failures: int) -> timedelta:
    """Twice as long each time, up to the resync period, with a fifth of chance so that replicas spread out."""
    doubled: timedelta = pace.backoff * 2 ** min(failures, 10)
    return min(doubled, pace.resync) * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, guards nothing


WAYS: Mapping[type[EgressError], Way] = {
    # 412, or a row that somebody changed meanwhile: what was seen is not there any more, so it is observed again.
    StaleVersion: Way(_soon),
    # 409 AnotherOperationInProgress, 429 RetryableError: somebody else writes in this policy tree; our turn comes.
    ArmBusy: Way(_asked, counts=False),
    # 429: as long as Retry-After says.
    ArmThrottled: Way(_asked, counts=False),
    SlackThrottled: Way(_asked, counts=False),
    # 5xx, no answer, a time-out: a write did or did not land. The next round observes which, and records it.
    ArmUnreachable: Way(_doubling),
    SlackUnreachable: Way(_doubling),
    # The database is away: the lease ends by itself if it stays away.
    StoreBusy: Way(_soon),
    # A right or a resource is missing: an operator acts; what is wanted stays wanted.
    ArmForbidden: Way(_doubling, is_told=True),
    ArmNotFound: Way(_doubling, is_told=True),
    # 400: no single allowance is to blame (``poison`` has looked), so an operator acts.
    ArmRejected: Way(_doubling, is_told=True),
    # FirewallPolicyUpdateFailed and every other end of an operation as Failed or Canceled: Azure's code goes to the
    # card and the audit log, and the same rules are put again once the firewall is at rest.
    OperationFailed: Way(_doubling, is_told=True),
    # Our own refusal, with numbers.
    UnsafePlan: Way(_doubling, is_told=True),
    SlackRefused: Way(_doubling),
    Defect: Way(_doubling, is_told=True),
    EgressError: Way(_doubling, is_told=True),
}
"""Every error that a run may end with. None of them forces anything: the next round observes and goes on from there."""


def way_of(error: EgressError) -> Way:
    """The way of an error's class, or of the nearest class above it."""
    return next(WAYS[kind] for kind in type(error).__mro__ if kind in WAYS)
