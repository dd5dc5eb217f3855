"""Finds changes that others made by hand, and keeps them where so configured."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.allowance import Allowance
from bot.domain.firewall import RuleCollection
from bot.domain.rule_diff import ChangeKind, Key, RuleChange, RuleDiff
from bot.domain.rule_rendering import allowance_id_from_rule, collection_name, rules_by_kind
from bot.domain.writer_state import WriterState


@dataclass(frozen=True, slots=True)
class Drift:
    """A change that somebody else made to the bot's rules, and the reaction.

    Args:
        changes: What we would have to do about it, rule by rule; empty where nothing new was found.
        mode: ``heal``, ``adopt`` or ``report`` as configured; ``unknown`` where this database never wrote.
        left: Everything that is left alone from now on.
    """

    changes: tuple[RuleChange, ...]
    mode: str
    left: frozenset[Key]


def drift_of(
    natural: RuleDiff, by_id: Mapping[str, Allowance], state: WriterState, *, configured: str, now: datetime
) -> Drift | None:
    """Find what somebody changed in the bot's part since the writer last looked; None where its content is known.

    Where nothing was ever read back, only rules that we never wrote are told apart. Where this database never wrote at
    all, they may be another bot's, or this one's from a database that was lost: they are left alone, whatever is
    configured.

    Args:
        natural: What is there against what should be there.
        by_id: Every open allowance of the target.
        state: What the writer remembers.
        configured: ``heal``, ``adopt`` or ``report``.
        now: The time: writes that were lost long ago no longer count as ours.
    """
    if state.knows(natural.before, now):
        return None
    mode = "unknown" if state.is_blank else configured
    found = unknown_rules(natural, by_id) if state.verified_digest is None else foreign_changes(natural, by_id)
    ignored = frozenset(state.ignored_drift)
    changes = tuple(change for change in found if key_of(change) not in ignored)
    is_left = mode in ("report", "unknown")
    return Drift(changes, mode, ignored | {key_of(change) for change in changes if is_left})


def taken_away(drift: Drift) -> frozenset[str]:
    """Ids of the allowances whose rules somebody removed."""
    return frozenset(allowance_id_from_rule(each.rule) for each in drift.changes if each.kind is ChangeKind.ADD)


def foreign_changes(plan: RuleDiff, by_id: Mapping[str, Allowance]) -> list[RuleChange]:
    """The differences that are not ours: a live rule gone or altered, or one in our place that we never wrote.

    Args:
        plan: What is there against what should be there.
        by_id: Every open allowance of the target.
    """
    return [change for change in plan.changes if _is_foreign(change, by_id.get(allowance_id_from_rule(change.rule)))]


def unknown_rules(plan: RuleDiff, by_id: Mapping[str, Allowance]) -> list[RuleChange]:
    """Of these only the rules that we never wrote: what can be said where nothing was read back before."""
    return [change for change in foreign_changes(plan, by_id) if change.kind is ChangeKind.REMOVE]


def _is_foreign(change: RuleChange, allowance: Allowance | None) -> bool:
    if allowance is None:
        return True
    if change.kind is ChangeKind.REMOVE:
        return key_of(change) not in keys_of(allowance)
    if change.kind is ChangeKind.ALTER and allowance.missing_since is not None:
        return False  # it has other ranges now, which we are about to write
    return allowance.live_at is not None


def key_of(change: RuleChange) -> Key:
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
