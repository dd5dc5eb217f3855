"""Finds mistakes in the approval policy by itself: names of nothing, and rules that can never hold or never decide."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import combinations, permutations

from bot.domain.approval import ApprovalPolicy, PolicyRule, VerdictKind

_ALLOWANCE, _SCALE = "allowance", "scale"
_STRENGTH = {VerdictKind.GRANT: "grants", VerdictKind.ASK: "asks", VerdictKind.REFUSE: "refuses"}
"""What each kind of rule does, weakest first."""
_STRENGTH_OVER = {VerdictKind.ASK: "asks about", VerdictKind.REFUSE: "refuses"}
"""The same with what it does that to."""


def place(rule: PolicyRule) -> str:
    """Where a rule is in the file."""
    return f"approval.rules ({rule.name})"


def groups_of(rule: PolicyRule) -> tuple[str, ...]:
    """Every group that a rule names."""
    stages = (group for stage in rule.stages for group in (*stage.approvers, *stage.escalate_to))
    return (*rule.approvers, *rule.escalate_to, *rule.requesters, *stages)


def says_who(rule: PolicyRule) -> bool:
    """Whether a rule names approvers, or how many."""
    return bool(rule.approvers or rule.people or rule.stages or rule.escalate_to) or rule.needed > 1


def problems_of_policy(policy: ApprovalPolicy) -> list[str]:
    """Everything that is wrong with the rules, one sentence each."""
    checks = (_windows, _stages, _never, _contradictions, _shadowed)
    return [sentence for check in checks for sentence in check(policy)]


def _windows(policy: ApprovalPolicy) -> Iterator[str]:
    known = ", ".join(sorted(policy.windows)) or "none"
    for rule in policy.rules:
        unknown = {*rule.during, *rule.outside} - policy.windows.keys()
        if unknown:
            yield f"{place(rule)} names unknown windows: {', '.join(sorted(unknown))}. Configured: {known}."


def _stages(policy: ApprovalPolicy) -> Iterator[str]:
    for rule in policy.rules:
        if rule.stages and says_who(replace(rule, stages=())):
            yield (
                f"{place(rule)} has both stages and approvers, people, needed or escalate_to: write those into the "
                "stages."
            )
        if rule.in_order and len(rule.stages) < 2:
            yield f"{place(rule)}: in_order needs two stages or more."


def _never(policy: ApprovalPolicy) -> Iterator[str]:
    for rule in policy.rules:
        about_scales = _set(changes=rule.changes, direction=rule.direction, larger_than=rule.larger_than is not None)
        about_hosts = _set(bundles=rule.bundles, protocols=rule.protocols, wildcard=rule.wildcard is not None)
        if about_scales and about_hosts:
            yield f"{place(rule)} can never hold: {about_scales[0]} is about scales, {about_hosts[0]} is not."
        elif about_scales and _SCALE not in rule.subjects:
            yield f"{place(rule)} can never hold: {about_scales[0]} is about scales, which are not among its subjects."
        elif rule.ticket and (rule.then is VerdictKind.REFUSE or _ALLOWANCE not in rule.subjects):
            yield f"{place(rule)}: ticket has no effect, because only requests that are not refused name tickets."
        elif about_hosts and about_hosts != ["bundles"] and _ALLOWANCE not in rule.subjects:
            yield f"{place(rule)} can never hold: a scale has no destinations, so {about_hosts[-1]} never holds."


def _set(**conditions: object) -> list[str]:
    return [name for name, value in conditions.items() if value]


def _contradictions(policy: ApprovalPolicy) -> Iterator[str]:
    for one, other in combinations(policy.rules, 2):
        if one.then is not other.then and _covers(one, other) and _covers(other, one):
            yield (
                f"{place(one)} and {place(other)} hold for the same requests, but {one.name} {_STRENGTH[one.then]} and "
                f"{other.name} {_STRENGTH[other.then]}: remove one of them."
            )


def _shadowed(policy: ApprovalPolicy) -> Iterator[str]:
    strength = list(_STRENGTH)
    for strong, weak in permutations(policy.rules, 2):
        is_stronger = strength.index(strong.then) > strength.index(weak.then)
        is_stronger &= strong.then is VerdictKind.REFUSE or not weak.ticket
        if is_stronger and _covers(strong, weak) and not _covers(weak, strong):
            acts = _STRENGTH_OVER[strong.then]
            yield f"{place(weak)} has no effect: {strong.name} {acts} everything that it is about."


def _covers(wide: PolicyRule, narrow: PolicyRule) -> bool:
    """Whether one rule holds wherever another one does."""
    return all(
        (
            wide.subjects >= narrow.subjects,
            _is_any_or_more(wide.environments, narrow.environments),
            "*" in wide.clusters or _is_any_or_more(wide.clusters, narrow.clusters),
            set(wide.tags) <= set(narrow.tags),
            _is_any_or_more(wide.risks, narrow.risks),
            _is_any_or_more(wide.risk_reasons, narrow.risk_reasons),
            _is_any_or_more(wide.bundles, narrow.bundles),
            _is_any_or_more(wide.protocols, narrow.protocols),
            wide.wildcard in (None, narrow.wildcard),
            wide.break_glass is narrow.break_glass or _doors(wide) >= _doors(narrow),
            wide.longer_than is None or (narrow.longer_than is not None and narrow.longer_than >= wide.longer_than),
            _is_any_or_more(wide.requesters, narrow.requesters),
            _is_any_or_more(wide.during, narrow.during),
            set(wide.outside) <= set(narrow.outside),
            wide.changed >= narrow.changed,
            wide.direction in (None, narrow.direction),
            wide.larger_than is None or (narrow.larger_than is not None and narrow.larger_than >= wide.larger_than),
        )
    )


def _doors(rule: PolicyRule) -> frozenset[bool]:
    """Whether it is about break-glass requests, about others, or both: only rules that refuse are about both."""
    if rule.break_glass is None and rule.then is VerdictKind.REFUSE:
        return frozenset({True, False})
    return frozenset({bool(rule.break_glass)})


def _is_any_or_more(wide: Iterable[object], narrow: Iterable[object]) -> bool:
    """An empty condition means any."""
    mine, theirs = frozenset(wide), frozenset(narrow)
    return not mine or (bool(theirs) and theirs <= mine)
