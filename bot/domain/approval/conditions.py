"""The conditions of the approval policy's rules."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from fnmatch import fnmatchcase

from bot.domain.approval.policy_rules import ApprovalPolicy, PolicyQuery, PolicyRule
from bot.domain.approval.verdict import VerdictKind
from bot.domain.fqdn import Destination, is_within
from bot.domain.risk import Risk


def holds(policy: ApprovalPolicy, rule: PolicyRule, question: PolicyQuery, part: Destination | None) -> bool:
    """Where a fact is not known, ask everyone whom any value would ask; never grant or refuse by it."""
    found = [is_met for _, is_met in conditions(policy, rule, question, part)]
    return False not in found and (None not in found or rule.then is VerdictKind.ASK)


def is_open(policy: ApprovalPolicy, rule: PolicyRule, question: PolicyQuery, part: Destination | None) -> bool:
    """Whether a rule would decide by a fact that is not known."""
    found = [is_met for _, is_met in conditions(policy, rule, question, part)]
    return False not in found and None in found and rule.then is not VerdictKind.ASK


def conditions(
    policy: ApprovalPolicy, rule: PolicyRule, question: PolicyQuery, part: Destination | None
) -> Iterator[tuple[str, bool | None]]:
    """Each condition that a rule sets, by its key in the file, and whether it is met; None where that is not known."""
    yield "subjects", question.subject in rule.subjects
    if rule.environments:
        yield "environments", question.environment in rule.environments
    if rule.clusters:
        yield "clusters", _fits_any(question.cluster, rule.clusters)
    if rule.tags:
        yield "tags", None if question.tags is None else all(_has_tag(question.tags, tag) for tag in rule.tags)
    yield from _risk_conditions(rule, question.risk)
    yield from _destination_conditions(policy, rule, question, part)
    if rule.longer_than is not None:
        yield "longer_than", question.duration is None or question.duration > rule.longer_than
    if question.is_break_glass and rule.then is not VerdictKind.REFUSE:
        yield "break_glass", rule.break_glass is True
    elif rule.break_glass is not None:
        yield "break_glass", question.is_break_glass is rule.break_glass
    if rule.requesters:
        groups = question.requester_groups
        yield "requesters", None if groups is None else not groups.isdisjoint(rule.requesters)
    yield from _time_conditions(policy, rule, question.at)
    yield from _scale_conditions(rule, question)


def _risk_conditions(rule: PolicyRule, risk: Risk | None) -> Iterator[tuple[str, bool | None]]:
    if rule.risks:
        yield "risks", None if risk is None else risk.level in rule.risks
    if rule.risk_reasons:
        yield "risk_reasons", None if risk is None else any(one.code in rule.risk_reasons for one in risk.reasons)


def _destination_conditions(
    policy: ApprovalPolicy, rule: PolicyRule, question: PolicyQuery, part: Destination | None
) -> Iterator[tuple[str, bool | None]]:
    if rule.bundles:
        yield "bundles", _is_of_bundles(policy, rule, question, part)
    if rule.protocols:
        yield "protocols", part is not None and part.protocol in rule.protocols
    if rule.wildcard is not None:
        yield "wildcard", part is not None and part.is_wildcard is rule.wildcard


def _time_conditions(
    policy: ApprovalPolicy, rule: PolicyRule, at: datetime | None
) -> Iterator[tuple[str, bool | None]]:
    if rule.during:
        yield "during", None if at is None else _is_within_any(policy, rule.during, at)
    if rule.outside:
        yield "outside", None if at is None else not _is_within_any(policy, rule.outside, at)


def _scale_conditions(rule: PolicyRule, question: PolicyQuery) -> Iterator[tuple[str, bool | None]]:
    """A direction or size is about scales alone."""
    is_scale = question.subject == "scale"
    if rule.changes or (is_scale and question.change not in rule.changed):
        yield "changes", is_scale and question.change in rule.changed
    if rule.direction is None and rule.larger_than is None:
        return
    if not is_scale:
        yield "direction" if rule.direction else "larger_than", False
        return
    change = None if question.counts is None else question.counts[1] - question.counts[0]
    if rule.direction is not None:
        yield "direction", None if question.is_down is None else question.is_down == (rule.direction == "down")
    if rule.larger_than is not None:
        yield "larger_than", None if change is None else abs(change) > rule.larger_than


def _is_within_any(policy: ApprovalPolicy, names: Iterable[str], at: datetime) -> bool:
    return any(policy.windows[name].contains(at) for name in names if name in policy.windows)


def _has_tag(tags: Iterable[tuple[str, str]], wanted: str) -> bool:
    key, _, pattern = wanted.lower().partition("=")
    return any(name.lower() == key and fnmatchcase(value.lower(), pattern) for name, value in tags)


def _is_of_bundles(policy: ApprovalPolicy, rule: PolicyRule, question: PolicyQuery, part: Destination | None) -> bool:
    """Whether the destination is in one of the rule's bundles; a wildcard over one of their names is refused as it.

    With which values a bundle has a name is only limited where that grants: nobody escapes a question or a refusal by
    not naming the bundle.
    """
    if part is None:
        return False
    contents = (*(policy.bundles.get(name, ()) for name in rule.bundles), *map(question.filled.get, rule.bundles))
    own = [each for found in contents for each in found or ()]
    if any(is_within(part, each) for each in own):
        return True
    open_ = [policy.templates[name] for name in rule.bundles if name in policy.templates]
    if rule.then is not VerdictKind.GRANT and any(one.could_contain(part) for one in open_):
        return True
    is_wider = any(is_within(each, part) for each in own) or any(one.could_lie_in(part) for one in open_)
    return rule.then is VerdictKind.REFUSE and is_wider


def _fits_any(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)
