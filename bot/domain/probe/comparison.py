"""What a probe saw, against what the bot says of the cluster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from bot.domain.egress import is_among
from bot.domain.egress_filter import FilterKind
from bot.domain.firewall import Evaluation, Outcome, headline
from bot.domain.probe.report import ConnectionAttempt, Reach, Report


class Expected(StrEnum):
    """What the bot's own check says: the way is ``OPEN`` or ``SHUT``, or it cannot say."""

    OPEN = "open"
    SHUT = "shut"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Expectation:
    """The bot's own verdict on one destination.

    Args:
        expected: Which.
        why: What it rests on, without a full stop.
    """

    expected: Expected
    why: str


class Agreement(StrEnum):
    """Whether what was seen fits what was expected; ``OPEN`` where it says neither."""

    AGREES = "agrees"
    DISAGREES = "disagrees"
    OPEN = "open"


_OUTCOMES: Mapping[Outcome, Expected] = MappingProxyType(
    {
        Outcome.ALLOWED: Expected.OPEN,
        Outcome.DENIED: Expected.SHUT,
        Outcome.DEFAULT_DENIED: Expected.SHUT,
        Outcome.DEPENDS: Expected.UNKNOWN,
    }
)

_BARRIERS: Mapping[FilterKind, Expected] = MappingProxyType(
    {FilterKind.OPEN: Expected.OPEN, FilterKind.CLOSED: Expected.SHUT}
)

PASSED = frozenset({Reach.REACHED, Reach.UNVERIFIED})
"""Attempts that got through to somebody who speaks the protocol."""
_STOPPED = frozenset({Reach.DENIED, Reach.CUT, Reach.SILENT})
FAILED = _STOPPED | {Reach.REFUSED, Reach.UNRESOLVED}
"""Attempts that were made and did not get through."""


def expectation_of(evaluation: Evaluation) -> Expectation:
    """What the firewall's rules lead one to expect."""
    return Expectation(_OUTCOMES[evaluation.outcome], headline(evaluation))


def unfiltered(barrier: FilterKind, sentence: str) -> Expectation:
    """What is expected where no rules can be evaluated."""
    return Expectation(_BARRIERS.get(barrier, Expected.UNKNOWN), sentence.rstrip("."))


def agreement_of(attempt: ConnectionAttempt, expectation: Expectation, *, is_proxied: bool = False) -> Agreement:
    """Compare one attempt with what was expected.

    A refused connection fits both: the host itself may refuse. Through an HTTP proxy, the firewall's rules for the
    cluster say nothing about the host.
    """
    if is_proxied or expectation.expected is Expected.UNKNOWN:
        return Agreement.OPEN
    if attempt.reach in PASSED:
        return Agreement.AGREES if expectation.expected is Expected.OPEN else Agreement.DISAGREES
    if attempt.reach in _STOPPED:
        return Agreement.AGREES if expectation.expected is Expected.SHUT else Agreement.DISAGREES
    return Agreement.OPEN


def address_agreement(report: Report, known: Sequence[str] | None) -> Agreement:
    """Compare the address that the world sees with the cluster's known outbound IPs.

    Args:
        report: What was seen.
        known: Addresses and prefixes; None where a part of them is not known.
    """
    if not report.address or report.is_proxied or known is None:
        return Agreement.OPEN
    return Agreement.AGREES if is_among(report.address, known) else Agreement.DISAGREES
