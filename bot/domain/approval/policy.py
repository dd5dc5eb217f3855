"""Evaluates the approval policy: what its rules say together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bot.domain.approval.conditions import holds, is_open
from bot.domain.approval.policy_rules import ApprovalPolicy, PolicyQuery, PolicyRule
from bot.domain.approval.verdict import Quorum, Verdict, VerdictKind
from bot.domain.fqdn import Destination

UNASSESSED = "Its risk could not be assessed, so it needs approval."
UNREAD = "The approval policy depends on facts that could not be read, so it needs approval."
TAKES_AWAY = "Addresses, ports or connections are taken away, so a person decides."
NOT_AT_ONCE = "No rule lets you open this by break-glass; request it normally."
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
    if question.is_break_glass:
        return _at_once(policy, question, found)
    asks = [quorum for rule in every if rule.then is VerdictKind.ASK for quorum in policy.quorums(rule)]
    asks += _by_default(policy, question, found)
    if not asks and question.subject != "allowance" and question.is_down:
        asks = [policy.default(TAKES_AWAY)]
    verdict = _stepped_up(_asking(asks), every) if asks else _said(VerdictKind.GRANT, every)
    return replace(verdict, ticket_rule=_joined(", ", sorted(rule.name for rule in every if rule.ticket)))


def _at_once(policy: ApprovalPolicy, question: PolicyQuery, found: _Found) -> Verdict:
    """A break-glass request: a part that no rule could open is refused, and what is in doubt is asked."""
    doubts = {part: [rule for rule in policy.rules if is_open(policy, rule, question, part)] for part in found}
    may_open = (rules or any(rule.opens_at_once for rule in doubts[part]) for part, rules in found.items())
    if not all(may_open):
        return Verdict(VerdictKind.REFUSE, NOT_AT_ONCE, "default")
    rules = dict.fromkeys(rule for each in found.values() for rule in each)
    asks = [quorum for rule in rules if rule.then is VerdictKind.ASK for quorum in policy.quorums(rule)]
    asks += [policy.default(UNASSESSED)] if question.risk is None else []
    asks += [policy.default(UNREAD)] if any(doubts.values()) else []
    if asks:
        return _stepped_up(_asking(asks), rules)
    verdict, reviewers = _said(VerdictKind.GRANT, rules), [quorum for rule in rules for quorum in policy.quorums(rule)]
    groups = tuple(sorted({group for one in reviewers for group in one.groups}))
    people = tuple(sorted({user for one in reviewers for user in one.people}))
    return replace(verdict, reviewers=Quorum(groups, 1, verdict.rule, verdict.reason, people))


def _by_default(policy: ApprovalPolicy, question: PolicyQuery, found: _Found) -> list[Quorum]:
    if question.risk is None:
        return [policy.default(UNASSESSED)]
    if any(is_open(policy, rule, question, part) for rule in policy.rules for part in found):
        return [policy.default(UNREAD)]
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
    """Keep one quorum for each set of approvers: the larger number, the later stage, and the fewest further groups."""
    by_approvers: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Quorum]] = {}
    for quorum in sorted(asks, key=lambda one: (one.groups, one.people, one.rule, one.reason)):
        by_approvers.setdefault((quorum.groups, quorum.people), []).append(quorum)
    merged = tuple(sorted(map(_merged, by_approvers.values()), key=lambda one: one.stage))
    reason, rule = _joined(" ", (each.reason for each in merged)), _joined(", ", (each.rule for each in merged))
    return Verdict(VerdictKind.ASK, reason, rule, merged)


def _stepped_up(verdict: Verdict, rules: Iterable[PolicyRule]) -> Verdict:
    """With the rules that want its approvals confirmed; a rule whose conditions are not known is among them."""
    return replace(verdict, step_up=_joined(", ", sorted(rule.name for rule in rules if rule.step_up)))


def _merged(quorums: Sequence[Quorum]) -> Quorum:
    return replace(
        quorums[0],
        needed=max(quorum.needed for quorum in quorums),
        stage=max(quorum.stage for quorum in quorums),
        more=tuple(sorted(set(quorums[0].more).intersection(*(quorum.more for quorum in quorums)))),
        rule=_joined(", ", (quorum.rule for quorum in quorums)),
        reason=_joined(" ", (quorum.reason for quorum in quorums)),
    )


def _joined(joint: str, texts: Iterable[str]) -> str:
    return joint.join(dict.fromkeys(text for text in texts if text))


def _about(policy: ApprovalPolicy, question: PolicyQuery, part: Destination | None) -> tuple[PolicyRule, ...]:
    return tuple(rule for rule in policy.rules if holds(policy, rule, question, part))
