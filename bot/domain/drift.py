"""Finds changes that others made by hand, and keeps them where so configured."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from bot.domain.allowance import Allowance
from bot.domain.firewall import RuleCollection
from bot.domain.plan import Change, ChangeKind, Plan
from bot.domain.rules import allowance_id_from_rule, collection_name, rules_by_kind

Key = tuple[str, str]
"""A rule's place: its collection's name and its own, both in lower case."""


def foreign_changes(plan: Plan, by_id: Mapping[str, Allowance]) -> list[Change]:
    """The differences that are not ours: a live rule gone or altered, or one in our place that we never wrote.

    Args:
        plan: What is there against what should be there.
        by_id: Every open allowance of the target.
    """
    return [change for change in plan.changes if _is_foreign(change, by_id.get(allowance_id_from_rule(change.rule)))]


def unknown_rules(plan: Plan, by_id: Mapping[str, Allowance]) -> list[Change]:
    """Of these only the rules that we never wrote: what can be said where nothing was read back before."""
    return [change for change in foreign_changes(plan, by_id) if change.kind is ChangeKind.REMOVE]


def _is_foreign(change: Change, allowance: Allowance | None) -> bool:
    if allowance is None:
        return True
    if change.kind is ChangeKind.REMOVE:
        return key_of(change) not in keys_of(allowance)
    return allowance.live_at is not None


def key_of(change: Change) -> Key:
    """The key of a change: its collection and rule."""
    return change.collection, change.rule


def keys_of(allowance: Allowance) -> frozenset[Key]:
    """The keys of an allowance's rules."""
    kinds = rules_by_kind(allowance).items()
    return frozenset(
        (collection_name(allowance, kind).lower(), rule.name.lower()) for kind, rules in kinds for rule in rules
    )


def leave_alone(
    desired: Iterable[RuleCollection], observed: Sequence[RuleCollection], left: Collection[Key]
) -> tuple[RuleCollection, ...]:
    """The desired collections, with the rules in ``left`` kept as someone made them: altered, added or gone."""
    if not left:
        return tuple(desired)
    there = {each.name.lower(): each for each in observed}
    wanted = {each.name.lower(): each for each in desired}
    merged = (_merged(name, wanted.get(name), there.get(name), left) for name in sorted({*wanted, *there}))
    return tuple(each for each in merged if each.rules)


def _merged(
    name: str, wanted: RuleCollection | None, there: RuleCollection | None, left: Collection[Key]
) -> RuleCollection:
    ours = [rule for rule in (wanted.rules if wanted else ()) if (name, rule.name.lower()) not in left]
    theirs = [rule for rule in (there.rules if there else ()) if (name, rule.name.lower()) in left]
    base = there if there and theirs else wanted or there
    if base is None:
        raise ValueError(f"Nobody has a collection {name}.")
    return replace(base, rules=(*ours, *theirs))
