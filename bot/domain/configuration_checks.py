"""Finds configuration mistakes: unknown names, and rules that can never match or be satisfied.

Each problem is one sentence that names the place in the file.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from bot.domain.access import EVERYONE
from bot.domain.approval import PolicyRule, Quorum, VerdictKind
from bot.domain.bundles import problems_of_bundle
from bot.domain.configuration import ClusterScope, Configuration
from bot.domain.duration import duration_text
from bot.domain.people import Role
from bot.domain.policy_checks import groups_of, place, problems_of_policy, says_who
from bot.domain.risk import Level
from bot.domain.step_up import EMAIL

_NAME = re.compile(r"(?![-_])[A-Za-z0-9_\-*?!\[\]]+(?<![-_])")
"""Valid cluster names: 1 to 63 letters, digits, underscores and hyphens; not at its ends.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules, read 2026-11.
"""
_LONGEST_NAME = 63


def problems_of(book: Configuration) -> list[str]:
    """Everything that is wrong as far as the file alone tells; empty where it fits together."""
    checks = (
        _groups,
        _roles,
        _askers,
        _rule_names,
        _bundles,
        _parameters,
        _environments,
        _patterns,
        _scopes,
        _durations,
        _levels,
        _scales,
        _unasked,
        _break_glass,
        _reminders,
        _reserved,
        _probe,
        _step_up,
    )
    return [sentence for check in checks for sentence in check(book)] + _few(book) + problems_of_policy(book.policy)


def _few(book: Configuration) -> list[str]:
    """Quorums that the people in the file could not satisfy; how big a user group is, Slack knows and doctor asks."""
    found = ((where, quorum, _listed(book, quorum)) for where, quorum in _quorums(book) if _asks_somebody(quorum))
    return [
        f"{where} needs {quorum.words}, but {_people(size)}."
        for where, quorum, size in found
        if size is not None and size < quorum.needed
    ]


def _people(count: int) -> str:
    return {0: "nobody is a member", 1: "only 1 person is a member"}.get(count, f"only {count} people are members")


def _asks_somebody(quorum: Quorum) -> bool:
    return bool(quorum.groups or quorum.people)


def _listed(book: Configuration, quorum: Quorum) -> int | None:
    """Count the people whom a quorum asks; None if a Slack user group holds some of them."""
    named = [book.groups[group] for group in quorum.groups if group in book.groups]
    if len(named) < len(quorum.groups) or any(group.usergroup for group in named):
        return None
    return len(frozenset(quorum.people).union(*(group.users for group in named)))


def _asking(book: Configuration) -> list[PolicyRule]:
    return [rule for rule in book.policy.rules if rule.then is VerdictKind.ASK or rule.opens_at_once]


def _quorums(book: Configuration) -> Iterator[tuple[str, Quorum]]:
    yield from ((place(rule), quorum) for rule in _asking(book) for quorum in book.policy.quorums(rule))
    yield "approval.default_approvers", book.policy.default("")


def _groups(book: Configuration) -> Iterator[str]:
    named = [("approval.default_approvers", group) for group in book.policy.default_approvers]
    named += [("approval.on_behalf", group) for group in book.policy.on_behalf]
    named += [("probe.groups", group) for group in book.probe.groups]
    named += [("approval.escalate_to", group) for group in book.policy.escalate_to]
    named += [(place(rule), group) for rule in book.policy.rules for group in groups_of(rule)]
    named += [("clusters.developers", group) for scope in book.scopes for group in scope.developers]
    known = ", ".join(sorted(book.groups)) or "none"
    for where, group in dict.fromkeys(named):
        if group not in book.groups and (where, group) != ("clusters.developers", EVERYONE):
            yield f"{where} names the group {group}, which is not configured. Configured: {known}."


def _roles(book: Configuration) -> Iterator[str]:
    asked = dict.fromkeys((group, where) for where, one in _quorums(book) for group in one.escalated.groups)
    places: dict[str, str] = {}
    for group, where in asked:
        places.setdefault(group, where)
    for group, where in places.items():
        if group in book.groups and Role.APPROVER not in book.groups[group].roles:
            yield (
                f'{where} asks the group {group}, which does not have the approver role: add roles = ["approver"] '
                f"to groups.{group}, or ask another group."
            )


def _askers(book: Configuration) -> Iterator[str]:
    for where, quorum in _quorums(book):
        if not _asks_somebody(quorum) and quorum.rule != "default":
            yield f"{where} asks nobody: name approvers in it, or approval.default_approvers."


def _rule_names(book: Configuration) -> Iterator[str]:
    counts = Counter(rule.name for rule in book.policy.rules)
    for name, count in counts.items():
        if count > 1:
            yield f"approval.rules ({name}) appears {count} times; give each rule a unique name."


def _bundles(book: Configuration) -> Iterator[str]:
    for rule in book.policy.rules:
        unknown = rule.bundles - book.bundles.keys()
        if unknown:
            known = ", ".join(sorted(book.bundles)) or "none"
            yield f"{place(rule)} names unknown bundles: {_listing(unknown)}. Configured: {known}."


def _parameters(book: Configuration) -> Iterator[str]:
    for bundle in book.bundles.values():
        yield from problems_of_bundle(bundle)


def _environments(book: Configuration) -> Iterator[str]:
    """Check environments, unless a tag sets them: a tag can have any value."""
    words = {scope.environment.lower() for scope in book.scopes}
    if not words or any(word.startswith("tag:") for word in words):
        return
    for rule in book.policy.rules:
        if unknown := rule.environments - words:
            yield (
                f"{place(rule)} names environments that no cluster has: {_listing(unknown)}. Known environments: "
                f"{_listing(words)}."
            )


def _patterns(book: Configuration) -> Iterator[str]:
    for rule in book.policy.rules:
        for pattern in rule.clusters:
            if not _may_fit_name(pattern):
                yield f"{place(rule)}: no cluster name can match “{pattern}”; * and ? are allowed."
            elif _is_nobodys(pattern, book.scopes):
                yield f"{place(rule)} names the cluster {pattern}, which no clusters.match entry matches."


def _scopes(book: Configuration) -> Iterator[str]:
    """Patterns of clusters that fit nothing, or nothing that is left."""
    taken: set[str] = set()
    for scope in book.scopes:
        patterns = {pattern.lower() for pattern in scope.match}
        for pattern in sorted(patterns):
            if not (_may_fit_name(pattern) or _may_fit_id(pattern)):
                yield f"clusters.match: no cluster name or id can match “{pattern}”."
            elif taken & {"*", pattern}:
                yield f"clusters.match: “{pattern}” has no effect, because an earlier entry matches the same clusters."
        taken |= patterns


def _may_fit_name(pattern: str) -> bool:
    is_short = "[" in pattern or len(pattern.replace("*", "")) <= _LONGEST_NAME
    return _NAME.fullmatch(pattern) is not None and is_short


def _may_fit_id(pattern: str) -> bool:
    return "/" in pattern and pattern[:1] in "/*?[" and not re.search(r"\s", pattern)


def _is_nobodys(name: str, scopes: Iterable[ClusterScope]) -> bool:
    """Whether a name without any placeholder belongs to no scope; unknown, and so no, where scopes go by ids."""
    patterns = [pattern for scope in scopes for pattern in scope.match]
    if not patterns or re.search(r"[*?\[]", name) or any("/" in pattern for pattern in patterns):
        return False
    return not any(scope.fits(name, "") for scope in scopes)


def _durations(book: Configuration) -> Iterator[str]:
    longest = book.durations.longest
    if longest is None:
        return
    most = f"the longest duration that can be requested is {duration_text(longest)}"
    for offered in book.durations.offered:
        if offered is None or offered > longest:
            yield f"durations.offered includes {duration_text(offered)}, but {most}."
    for rule in book.policy.rules:
        if rule.longer_than is not None and rule.longer_than >= longest:
            yield f"{place(rule)}: nothing is longer_than {duration_text(rule.longer_than)}; {most}."


def _levels(book: Configuration) -> Iterator[str]:
    risk = book.risk
    if not risk.medium <= risk.high <= risk.critical:
        yield (
            "risk.medium, risk.high and risk.critical must rise in this order; "
            f"they are {risk.medium}, {risk.high} and {risk.critical}."
        )


def _scales(book: Configuration) -> Iterator[str]:
    for rule in book.policy.rules:
        if "allowance" in rule.subjects:
            continue
        if rule.bundles:
            yield f"{place(rule)} can never hold: a scale has no destinations, so no bundle is about it."
        if rule.risks and Level.LOW not in rule.risks:
            yield f"{place(rule)} can never hold: the risk of a scale is always low."


def _unasked(book: Configuration) -> Iterator[str]:
    for rule in book.policy.rules:
        if rule.opens_at_once and (rule.stages or rule.needed > 1 or rule.escalate_to):
            yield f"{place(rule)}: one of its approvers reviews: remove needed, stages and escalate_to."
        elif rule.then is not VerdictKind.ASK and not rule.opens_at_once and says_who(rule):
            yield f'{place(rule)} asks nobody: remove approvers, people, needed and stages, or write then = "ask".'


def _break_glass(book: Configuration) -> Iterator[str]:
    for rule in book.policy.rules:
        if rule.opens_at_once and not rule.requesters:
            yield f"{place(rule)} lets everybody break glass: name the groups that may in requesters."
        if rule.break_glass and "allowance" not in rule.subjects:
            yield f"{place(rule)} can never hold: only allowances are opened by break-glass."
    longest, most = book.durations.longest, book.break_glass.longest
    if longest is not None and most > longest:
        yield (
            f"break_glass.longest is {duration_text(most)}, but the longest duration that can be requested is "
            f"{duration_text(longest)}."
        )


def _reminders(book: Configuration) -> Iterator[str]:
    window, known = book.reminders.window, ", ".join(sorted(book.windows)) or "none"
    if window and window not in book.windows:
        yield f"reminders.window names the unknown window {window}. Configured: {known}."
    wait, lapse = book.reminders.escalate_after, book.durations.lapse_after
    if wait >= lapse and any(quorum.more for _, quorum in _quorums(book)):
        yield (
            f"escalate_to has no effect: reminders.escalate_after is {duration_text(wait)}, but requests lapse after "
            f"{duration_text(lapse)} (durations.lapse_after)."
        )


def _probe(book: Configuration) -> Iterator[str]:
    if book.probe.after_live and not book.probe.enabled:
        yield "probe.after_live has no effect: set probe.enabled = true as well."


def _reserved(book: Configuration) -> Iterator[str]:
    if EVERYONE in book.groups:
        yield f"groups.{EVERYONE} needs another name: {EVERYONE} means each member of the workspace."


def _step_up(book: Configuration) -> Iterator[str]:
    provider = book.step_up
    needed = {"client_id": provider.client_id, "public_url": provider.public_url}
    missing = [name for name, value in needed.items() if not value]
    if provider.issuer and missing:
        yield f"step_up needs {' and '.join(missing)}."
    if provider.is_on and provider.claim != EMAIL and not provider.people:
        yield f"step_up.claim is {provider.claim}, which Slack does not know: say in step_up.people whose is whose."
    for rule in book.policy.rules:
        if rule.step_up and not provider.is_on:
            yield f"{place(rule)} has step_up, but no identity provider is configured: set step_up.issuer."
        if rule.step_up and rule.then is not VerdictKind.ASK:
            yield f'{place(rule)}: step_up is only for rules with then = "ask".'


def _listing(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
