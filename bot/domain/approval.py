"""The approval policy: who must say yes to what.

Refuse wins over ask, ask wins over auto-approve, and what cannot be evaluated asks a human.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

from bot.domain.risk import Risk


class VerdictKind(StrEnum):
    """What the approval policy says, weakest first."""

    GRANT = "grant"
    ASK = "ask"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the approval policy says of one request, and why.

    Args:
        kind: Grant at once, ask people, or refuse.
        reason: A sentence for people.
        rule: The name of the policy rule that decided.
        approvers: Names of the configured groups that may approve, when asking.
        needed: How many different people must approve, 0 when granted.
    """

    kind: VerdictKind
    reason: str
    rule: str
    approvers: tuple[str, ...] = ()
    needed: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """What the policy is asked about.

    Args:
        subject: ``allowance`` or ``scale``.
        cluster: Name of the cluster.
        environment: Its environment.
        risk: The assessed risk; None where assessing failed.
        bundle: The bundle that was asked for, if any.
        duration: How long, None for no end; ignored for a scale.
    """

    subject: str
    cluster: str
    environment: str
    risk: Risk | None
    bundle: str | None = None
    duration: timedelta | None = None


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """One rule of the approval policy; every condition that is set must hold.

    Args:
        name: Shown on cards and in the audit log.
        then: What follows.
        reason: A sentence for people.
        subjects: ``allowance``, ``scale`` or both.
        environments: Environments by name; empty means any.
        clusters: Cluster names, ``*`` and ``?`` allowed; empty means any.
        risks: Risk levels; empty means any.
        bundles: Bundle names; empty means any request, bundle or not.
        longer_than: Holds for durations above this, and for no end.
        approvers: Groups that may approve, when asking.
        needed: How many people, at least 1.
    """

    name: str
    then: VerdictKind
    reason: str
    subjects: frozenset[str] = frozenset({"allowance", "scale"})
    environments: frozenset[str] = frozenset()
    clusters: tuple[str, ...] = ()
    risks: frozenset[str] = frozenset()
    bundles: frozenset[str] = frozenset()
    longer_than: timedelta | None = None
    approvers: tuple[str, ...] = ()
    needed: int = 1


@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """The rules, and who is asked where no rule says anything.

    Args:
        rules: In the order of the file; the order only matters between rules of equal strength.
        default_approvers: Groups that are asked when no rule matches.
    """

    rules: tuple[PolicyRule, ...] = ()
    default_approvers: tuple[str, ...] = field(default=())


STRENGTH = {VerdictKind.REFUSE: 0, VerdictKind.ASK: 1, VerdictKind.GRANT: 2}


def evaluate(policy: ApprovalPolicy, question: Question) -> Verdict:
    """Decide who must say yes.

    Several matching rules that ask are combined: the most people, and the groups of the rule that needs them.
    """
    if question.risk is None:
        return _ask(policy, "Its risk could not be assessed, so people decide.")
    matching = sorted((r for r in policy.rules if _matches(r, question)), key=lambda r: (STRENGTH[r.then], -r.needed))
    if not matching:
        return _ask(policy, "No rule of the approval policy is about this, so people decide.")
    return _verdict(matching[0], policy)


def _verdict(rule: PolicyRule, policy: ApprovalPolicy) -> Verdict:
    if rule.then is not VerdictKind.ASK:
        return Verdict(rule.then, rule.reason, rule.name)
    return Verdict(rule.then, rule.reason, rule.name, rule.approvers or policy.default_approvers, rule.needed)


def _ask(policy: ApprovalPolicy, reason: str) -> Verdict:
    return Verdict(VerdictKind.ASK, reason, "default", policy.default_approvers, 1)


def _matches(rule: PolicyRule, question: Question) -> bool:
    conditions = (
        question.subject in rule.subjects,
        not rule.environments or question.environment in rule.environments,
        not rule.clusters or _fits_any(question.cluster, rule.clusters),
        not rule.risks or (question.risk is not None and question.risk.level in rule.risks),
        not rule.bundles or question.bundle in rule.bundles,
        rule.longer_than is None or question.duration is None or question.duration > rule.longer_than,
    )
    return all(conditions)


def _fits_any(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)
