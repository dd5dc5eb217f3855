"""Values of the product as the API gives them."""

from collections.abc import Iterable
from datetime import datetime

from bot.checking import Check, CheckResult
from bot.domain.access import environment_of
from bot.domain.allowance import Allowance, Status, status
from bot.domain.configuration import Configuration
from bot.domain.duration import duration_code
from bot.domain.egress import ClusterEgress
from bot.domain.egress_filter import FilterKind
from bot.domain.firewall import Outcome, summary
from bot.domain.firewall_log.last_use import last_use_text
from handlers.api.shapes import (
    CheckedDestination,
    CheckFacts,
    ClusterLine,
    Ended,
    GivenApproval,
    LeftOutPlace,
    RequestFacts,
    RiskFacts,
)

PENDING = frozenset({Status.WAITING, Status.APPROVED, Status.APPLYING, Status.SUSPENDED})
"""The statuses in which it is not open, and may become so."""

OPEN = frozenset({Status.LIVE, Status.EXPIRING})
"""The statuses in which it is open."""

ALLOWED = {Outcome.ALLOWED: True, Outcome.DENIED: False, Outcome.DEFAULT_DENIED: False}


def request_facts(
    allowance: Allowance, now: datetime, left_out: Iterable[tuple[str, str]] | None = None
) -> RequestFacts:
    """A request and what became of it, at a time.

    Args:
        allowance: The request.
        now: The time.
        left_out: The places for which nothing was filed, with the reasons; those that its card shows by default.
    """
    scope, ask, verdict, state = allowance.scope, allowance.ask, allowance.verdict, status(allowance, now)
    return RequestFacts(
        id=allowance.id,
        phase="pending" if state in PENDING else "open" if state in OPEN else "ended",
        status=str(state),
        cluster=scope.cluster_name,
        cluster_id=scope.cluster_id,
        environment=scope.environment,
        pool=scope.pool,
        destinations=tuple(str(one) for one in ask.destinations),
        bundle=ask.bundle,
        duration=duration_code(ask.duration),
        reason=ask.reason,
        ticket=ask.ticket,
        requester=allowance.requester.user,
        token=allowance.token,
        requested_at=allowance.requested_at,
        decide_by=allowance.lapses_at,
        approved_at=allowance.approved_at,
        live_at=allowance.live_at,
        expires_at=allowance.expires_at,
        last_use=last_use_text(allowance.used, allowance.live_at),
        ended=_ended(allowance),
        failure=allowance.failure or "",
        policy_rule=verdict.rule,
        policy_reason=verdict.reason,
        waits_for=tuple(one.words for one in verdict.missing(allowance.approvals)) if state is Status.WAITING else (),
        approvals=tuple(GivenApproval(by=one.by.user, at=one.at, reason=one.reason) for one in allowance.approvals),
        risk=RiskFacts(
            level=str(allowance.risk.level),
            score=allowance.risk.score,
            reasons=tuple(one.sentence for one in allowance.risk.reasons),
        ),
        together=allowance.batch,
        left_out=tuple(LeftOutPlace(place=place, why=why) for place, why in left_out or allowance.left_out),
    )


def _ended(allowance: Allowance) -> Ended | None:
    if allowance.denied:
        return Ended(how="denied", by=allowance.denied.by.user, at=allowance.denied.at, reason=allowance.denied.reason)
    if allowance.revoked:
        ending = allowance.revoked
        return Ended(how="revoked", by=ending.by.user, at=ending.at, reason=ending.reason)
    closed = allowance.closed
    return Ended(how="closed", by=closed.by.user, at=closed.at, reason=closed.reason) if closed else None


def check_facts(found: Check, now: datetime) -> CheckFacts:
    """The answer to a check."""
    destinations = tuple(_checked(one, now) for one in found.findings)
    by_filter = {FilterKind.OPEN: True, FilterKind.CLOSED: False}.get(found.way.barrier)
    return CheckFacts(
        cluster=found.egress.ref.name,
        cluster_id=found.egress.ref.id,
        filter=str(found.way.barrier),
        sentence=found.way.sentence,
        allowed=_all(one.allowed for one in destinations) if destinations else by_filter,
        destinations=destinations,
        read_at=found.read_at,
    )


def _all(answers: Iterable[bool | None]) -> bool | None:
    given = set(answers)
    if False in given:
        return False
    return None if None in given else True


def _checked(finding: CheckResult, now: datetime) -> CheckedDestination:
    evaluation = finding.evaluation
    return CheckedDestination(
        destination=str(finding.destination),
        outcome=str(evaluation.outcome),
        allowed=ALLOWED.get(evaluation.outcome),
        rule=evaluation.deciding.where if evaluation.deciding else None,
        why=summary(evaluation),
        depends_on=evaluation.depends_on,
        allowance=finding.allowance.id if finding.allowance else None,
        can_be_requested=finding.can_be_asked_for(now),
    )


def cluster_line(egress: ClusterEgress, config: Configuration) -> ClusterLine:
    """A cluster in a list."""
    ref = egress.ref
    return ClusterLine(
        id=ref.id,
        name=ref.name,
        resource_group=ref.resource_group,
        subscription=ref.subscription,
        location=ref.location,
        environment=environment_of(config, ref),
        state=egress.state,
        outbound_type=egress.declared,
        effective=tuple(str(kind) for kind in egress.effective),
        outbound_ips=tuple(ip.address for ip in egress.ips),
        warnings=tuple(one.code for one in egress.warnings),
    )
