"""The rules of the approval policy, and what they say together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field

from bot.domain.approval.verdict import Quorum, Verdict, VerdictKind
from bot.domain.fields import Lower, NotWritten, ReadAs, Span, Text, Unit
from bot.domain.fqdn import Destination, is_within
from bot.domain.risk import Level, Risk


@dataclass(frozen=True, slots=True)
class PolicyQuery:
    """The input to the policy.

    Args:
        subject: ``allowance`` or ``scale``.
        cluster: Name of the cluster.
        environment: Its environment.
        risk: The assessed risk; None where assessing failed.
        destinations: What would be opened; none for a scale.
        duration: How long, None for no end; ignored for a scale.
    """

    subject: str
    cluster: str
    environment: str
    risk: Risk | None
    destinations: tuple[Destination, ...] = ()
    duration: timedelta | None = None


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """One rule of the approval policy; every condition that is set must hold.

    Args:
        name: Shown on cards and in the audit log; each rule has its own.
        then: What follows. Refuse wins over ask, ask wins over grant, and every rule that asks counts.
        reason: A sentence for people.
        subjects: What it is about.
        environments: Environments by name, in any case; empty means any.
        clusters: Cluster names, ``*`` and ``?`` allowed; empty means any.
        risks: Risk levels; empty means any.
        bundles: Bundle names: holds for what these bundles contain now, named or not; empty means any destination.
        longer_than: Holds for durations above this, and for no end; without it, for any.
        approvers: Groups that may approve, when asking; ``default_approvers`` if empty.
        needed: How many different people must approve.
    """

    name: Text
    then: VerdictKind
    reason: Text
    subjects: Annotated[
        frozenset[str], ReadAs(Annotated[frozenset[Literal["allowance", "scale"]], Field(min_length=1)], frozenset)
    ] = frozenset({"allowance", "scale"})
    environments: frozenset[Lower] = frozenset()
    clusters: tuple[str, ...] = ()
    risks: Annotated[frozenset[str], ReadAs(frozenset[Level], frozenset)] = frozenset()
    bundles: frozenset[str] = frozenset()
    longer_than: Annotated[timedelta | None, ReadAs(Span, lambda span: span)] = None
    approvers: tuple[str, ...] = ()
    needed: Annotated[int, Field(ge=1, le=10), Unit("people")] = 1


@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """Who must say yes to what: the rules, and who is asked where no rule says anything.

    Args:
        rules: In the order of the file, which means nothing.
        default_approvers: Groups that are asked when no rule matches.
        bundles: What each configured bundle contains.
    """

    rules: tuple[PolicyRule, ...] = ()
    default_approvers: tuple[str, ...] = field(default=())
    bundles: Annotated[Mapping[str, frozenset[Destination]], NotWritten()] = field(
        default_factory=lambda: MappingProxyType({})
    )

    def quorum(self, rule: PolicyRule) -> Quorum:
        """Whom a rule asks: its own groups, or the default ones."""
        groups = tuple(sorted(set(rule.approvers or self.default_approvers)))
        return Quorum(groups, rule.needed, rule.name, rule.reason)

    def default(self, reason: str) -> Quorum:
        """The quorum that applies where no rule matches."""
        return Quorum(tuple(sorted(set(self.default_approvers))), reason=reason)


UNASSESSED = "Its risk could not be assessed, so it needs approval."
_Found = Mapping[Destination | None, tuple[PolicyRule, ...]]
"""The rules that cover each destination; the key None is for a request without any."""


def evaluate(policy: ApprovalPolicy, question: PolicyQuery) -> Verdict:
    """Decide who must say yes.

    Each destination is judged by the rules that are about it: one that is refused refuses the request, and only where
    each one is granted is the request. Everyone who must approve any of them must approve.
    """
    found: _Found = {part: _about(policy, question, part) for part in question.destinations or (None,)}
    every = dict.fromkeys(rule for rules in found.values() for rule in rules)
    refusing = [rule for rule in every if rule.then is VerdictKind.REFUSE]
    if refusing:
        return _said(VerdictKind.REFUSE, refusing)
    asks = [policy.quorum(rule) for rule in every if rule.then is VerdictKind.ASK]
    asks += _by_default(policy, question, found)
    return _asking(asks) if asks else _said(VerdictKind.GRANT, every)


def _by_default(policy: ApprovalPolicy, question: PolicyQuery, found: _Found) -> list[Quorum]:
    if question.risk is None:
        return [policy.default(UNASSESSED)]
    unsaid = [part for part, rules in found.items() if not rules]
    if not unsaid:
        return []
    if len(unsaid) == len(found):
        return [policy.default("No approval policy rule covers this, so it needs approval.")]
    more = f" and {len(unsaid) - 1} more" if unsaid[1:] else ""
    return [policy.default(f"No approval policy rule covers {unsaid[0]}{more}, so it needs approval.")]


def _said(kind: VerdictKind, rules: Iterable[PolicyRule]) -> Verdict:
    ordered = sorted(rules, key=lambda rule: (rule.name, rule.reason))
    return Verdict(kind, _joined(" ", (rule.reason for rule in ordered)), _joined(", ", (r.name for r in ordered)))


def _asking(asks: Iterable[Quorum]) -> Verdict:
    """Keep one quorum for each set of groups: the larger number of approvers includes the smaller."""
    by_groups: dict[tuple[str, ...], list[Quorum]] = {}
    for quorum in sorted(asks, key=lambda one: (one.groups, one.rule, one.reason)):
        by_groups.setdefault(quorum.groups, []).append(quorum)
    merged = tuple(_merged(groups, quorums) for groups, quorums in by_groups.items())
    reason, rule = _joined(" ", (each.reason for each in merged)), _joined(", ", (each.rule for each in merged))
    return Verdict(VerdictKind.ASK, reason, rule, merged)


def _merged(groups: tuple[str, ...], quorums: Sequence[Quorum]) -> Quorum:
    needed = max(quorum.needed for quorum in quorums)
    return Quorum(groups, needed, _joined(", ", (q.rule for q in quorums)), _joined(" ", (q.reason for q in quorums)))


def _joined(joint: str, texts: Iterable[str]) -> str:
    return joint.join(dict.fromkeys(text for text in texts if text))


def _about(policy: ApprovalPolicy, question: PolicyQuery, part: Destination | None) -> tuple[PolicyRule, ...]:
    return tuple(rule for rule in policy.rules if _matches(policy, rule, question, part))


def _matches(policy: ApprovalPolicy, rule: PolicyRule, question: PolicyQuery, part: Destination | None) -> bool:
    conditions = (
        question.subject in rule.subjects,
        not rule.environments or question.environment in rule.environments,
        not rule.clusters or _fits_any(question.cluster, rule.clusters),
        not rule.risks or _is_of_risk(rule, question.risk),
        not rule.bundles or _is_of_bundles(policy, rule, part),
        rule.longer_than is None or question.duration is None or question.duration > rule.longer_than,
    )
    return all(conditions)


def _is_of_risk(rule: PolicyRule, risk: Risk | None) -> bool:
    """Without a known risk, ask everyone whom any risk would ask; never grant or refuse by it."""
    return rule.then is VerdictKind.ASK if risk is None else risk.level in rule.risks


def _is_of_bundles(policy: ApprovalPolicy, rule: PolicyRule, part: Destination | None) -> bool:
    """Whether the destination is in one of the rule's bundles; a wildcard over one of their names is refused as it."""
    if part is None:
        return False
    own = [each for name in rule.bundles for each in policy.bundles.get(name, frozenset())]
    is_wider = rule.then is VerdictKind.REFUSE and any(is_within(each, part) for each in own)
    return is_wider or any(is_within(part, each) for each in own)


def _fits_any(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)
