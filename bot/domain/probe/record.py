"""A probe: a question to the inside of a cluster, with its answer once there is one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.fqdn import Destination
from bot.domain.people import Identity
from bot.domain.probe.comparison import FAILED, PASSED, Agreement, Expectation, address_agreement, agreement_of
from bot.domain.probe.report import Report

WITHIN = timedelta(seconds=60)
"""How long a probe may take once its command was sent: Azure gives the pod 30 seconds to start, the attempts take ten.

Source: https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/connectivity/resolve-az-aks-command-invoke-failures,
read 2026-11.
"""

STARTS_WITHIN = timedelta(minutes=10)
"""How long a probe waits for its turn; after that nobody needs the answer."""

MOST_TRIES = 2
"""How often a command is sent whose acceptance is not known, because the process died meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One question and what became of it; its id begins with ``p``.

    Args:
        id: Short and time-ordered.
        cluster_id: Lower-case ARM id.
        cluster_name: Its name.
        asked_by: Who asked; the bot itself for what it tries after an allowance is live.
        asked_at: When.
        via: Through what it was asked; see ``audit.Event``.
        destinations: What to try; empty where only the outbound address is asked for.
        echo: The URL of the echo service; empty for none.
        allowance: Id of the allowance whose destinations they are; empty for none.
        correlation: Connects it with the act that asked for it.
        tries: How often the command was sent.
        begun_at: When it was last sent.
        result_url: Where Azure keeps its result; empty until it was accepted.
        expectations: The bot's own verdicts, made right before; one for each destination.
        known_ips: The cluster's outbound IPs then; None where a part of them is not known.
        report: What was seen.
        failure: Why nothing was seen, in one sentence; empty otherwise.
        is_shaken: The verdict or the firewall changed while it ran, so that a difference proves nothing.
        ended_at: When it ended.
        version: Grows with each change.
    """

    id: str
    cluster_id: str
    cluster_name: str
    asked_by: Identity
    asked_at: datetime
    via: str
    destinations: tuple[Destination, ...] = ()
    echo: str = ""
    allowance: str = ""
    correlation: str = ""
    tries: int = 0
    begun_at: datetime | None = None
    result_url: str = ""
    expectations: tuple[Expectation, ...] = ()
    known_ips: tuple[str, ...] | None = None
    report: Report | None = None
    failure: str = ""
    is_shaken: bool = False
    ended_at: datetime | None = None
    version: int = 1

    @property
    def is_open(self) -> bool:
        """Whether its answer is still to come."""
        return self.ended_at is None

    @property
    def agreements(self) -> tuple[Agreement, ...]:
        """How each attempt compares with what was expected; empty where nothing was seen."""
        if self.report is None:
            return ()
        pairs = zip(self.report.attempts, self.expectations, strict=False)
        found = tuple(agreement_of(*pair, is_proxied=self.report.is_proxied) for pair in pairs)
        shaken = {Agreement.DISAGREES: Agreement.OPEN} if self.is_shaken else {}
        return tuple(shaken.get(one, one) for one in found)

    @property
    def of_address(self) -> Agreement:
        """How the outbound address compares with those that are known."""
        return Agreement.OPEN if self.report is None else address_agreement(self.report, self.known_ips)

    @property
    def disagrees(self) -> bool:
        """Whether something was seen that the bot did not expect."""
        return Agreement.DISAGREES in (*self.agreements, self.of_address)

    @property
    def is_reached(self) -> bool:
        """Whether every destination was reached."""
        return self.report is not None and all(one.reach in PASSED for one in self.report.attempts)

    @property
    def is_unreached(self) -> bool:
        """Whether a destination was tried and not reached; one that could not be tried is neither."""
        return self.report is not None and any(one.reach in FAILED for one in self.report.attempts)

    def begin(self, now: datetime, expectations: Sequence[Expectation], known: Sequence[str] | None) -> "Probe":
        """The command is about to be sent."""
        known_ips = None if known is None else tuple(known)
        return replace(self, tries=self.tries + 1, begun_at=now, expectations=tuple(expectations), known_ips=known_ips)

    def retract(self) -> "Probe":
        """The command was not taken: Azure said so."""
        return replace(self, tries=self.tries - 1, begun_at=None)

    def accept(self, url: str) -> "Probe":
        """Azure runs the command and keeps its result there."""
        return replace(self, result_url=url)

    def answer(self, report: Report, now: datetime, *, is_shaken: bool = False) -> "Probe":
        """The command ran."""
        return replace(self, report=report, ended_at=now, is_shaken=is_shaken)

    def fail(self, why: str, now: datetime) -> "Probe":
        """Nothing was seen, and nothing more is tried."""
        return replace(self, failure=why, ended_at=now)
