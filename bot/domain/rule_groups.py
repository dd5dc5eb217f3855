"""The rule collection groups that hold our rules in a firewall policy: ``NAME``, ``NAME-2``, ``NAME-3`` and so on."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType

from bot.domain.firewall import Rule, RuleCollection, RuleKind
from bot.domain.rule_diff import Key, Limits, rendered_bytes, rule_bytes
from bot.domain.rule_rendering import MAX_NAME, allowance_id_from_rule
from bot.errors import UnsafePlan

Placed = tuple[RuleCollection, Rule]
"""A rule and its rule collection, of which only the facts count besides the rules."""


@dataclass(frozen=True)  # without slots, for what is computed once
class ObservedGroup:
    """What one write replaces: one of our rule collection groups, or a classic firewall.

    Args:
        number: 1 for the first, which has the configured name and is the only one in most policies.
        collections: Our own rule collections in it, as Azure returns them.
        foreign: A digest of everything in it that is not ours.
        foreign_bytes: The size of that as JSON.
        etag: For ``If-Match``; None where it does not exist yet.
        is_updating: Whether Azure works on it right now.
        has_failed: Whether Azure's last update of it failed.
        size_bytes: What Azure counts for it, where it says so.
        raw: Its body, for a read-modify-write, at least what is not ours; None where it does not exist.
        priority: Its priority, which a write sets; None where it does not exist.
        first_priority: From here upward our own rule collections take their priorities.
        taken: Priorities of foreign rule collections, by the kind of collection that cannot use them: a priority
            is unique in a rule collection group, and for each kind in a classic firewall.
    """

    number: int = 1
    collections: tuple[RuleCollection, ...] = ()
    foreign: str = ""
    foreign_bytes: int = 0
    etag: str | None = None
    is_updating: bool = False
    has_failed: bool = False
    size_bytes: int | None = None
    raw: str | None = None
    priority: int | None = None
    first_priority: int = 100
    taken: frozenset[tuple[RuleKind, int]] = frozenset()

    @property
    def exists(self) -> bool:
        """Whether Azure has it."""
        return self.raw is not None

    @cached_property
    def sizes(self) -> Mapping[str, int]:
        """Bytes of our rules in it as we render them, by the id of their allowance in lower case."""
        found: dict[str, int] = {}
        for _, rule in pairs_of(self.collections):
            id_ = allowance_id_from_rule(rule.name.lower())
            found[id_] = found.get(id_, 0) + rule_bytes(rule)
        return MappingProxyType(found)

    @property
    def filled_bytes(self) -> int:
        """How full it is: as Azure counts or as we render, whichever is more."""
        return max(self.size_bytes or 0, sum(self.sizes.values()) + self.foreign_bytes)


def group_name(first: str, number: int) -> str:
    """The name of one of our groups.

    Args:
        first: The configured name.
        number: 1 for the first.
    """
    suffix = "" if number == 1 else f"-{number}"
    return first[: MAX_NAME - len(suffix)] + suffix


def group_number(name: str, first: str) -> int | None:
    """The number of one of our groups by its name; None for a group of somebody else."""
    tail = re.search(r"-([1-9][0-9]{0,4})$", name)
    numbers = (1, int(tail[1])) if tail else (1,)
    return next((each for each in numbers if group_name(first, each).lower() == name.lower()), None)


def has_rule_of(group: ObservedGroup, ids: Collection[str]) -> bool:
    """Whether one of its rules belongs to one of these allowances."""
    return not group.sizes.keys().isdisjoint(ids)


def check_group(group: ObservedGroup, desired: Sequence[RuleCollection], limits: Limits, *, group_count: int) -> None:
    """Refuse a write of one group that would break a limit of Azure. One that is too large may not grow.

    Args:
        group: As it is.
        desired: Our part of it as it would be.
        limits: The bounds.
        group_count: How many rule collection groups the policy has.

    Raises:
        UnsafePlan: With the numbers.
    """
    if not group.exists and group_count >= limits.max_groups:
        raise UnsafePlan(
            f"The firewall policy has {group_count} rule collection groups; the limit is {limits.max_groups}."
        )
    ours = rendered_bytes(desired)
    size = ours + group.foreign_bytes
    if size > limits.max_bytes and ours > sum(group.sizes.values()):
        raise UnsafePlan(
            f"The rules would take {size:,} bytes; the limit for a rule collection group is {limits.max_bytes:,}."
        )
    for name in (name for each in desired for name in (each.name, *(rule.name for rule in each.rules))):
        if len(name) > MAX_NAME:
            raise UnsafePlan(f"The name {name} has {len(name)} characters; Azure's limit is {MAX_NAME}.")


def joined(collections: Iterable[RuleCollection]) -> tuple[RuleCollection, ...]:
    """Rule collections of several groups as if they were in one: those with one name become one."""
    return collected(pairs_of(collections))


def only(collections: Iterable[RuleCollection], keys: Collection[Key]) -> tuple[RuleCollection, ...]:
    """Rule collections with just these rules."""
    return collected(pair for pair in pairs_of(collections) if key_of_rule(*pair) in keys)


def without(collections: Iterable[RuleCollection], keys: Collection[Key]) -> tuple[RuleCollection, ...]:
    """Rule collections without these rules."""
    return (
        collected(pair for pair in pairs_of(collections) if key_of_rule(*pair) not in keys)
        if keys
        else tuple(collections)
    )


def collected(pairs: Iterable[Placed]) -> tuple[RuleCollection, ...]:
    """Rule collections with just these rules, by name."""
    found: dict[str, tuple[RuleCollection, list[Rule]]] = {}
    for collection, rule in pairs:
        found.setdefault(collection.name.lower(), (collection, []))[1].append(rule)
    return tuple(replace(head, rules=tuple(rules)) for _, (head, rules) in sorted(found.items()))


def pairs_of(collections: Iterable[RuleCollection]) -> Iterable[Placed]:
    """Every rule with its collection."""
    return ((collection, rule) for collection in collections for rule in collection.rules)


def key_of_rule(collection: RuleCollection, rule: Rule) -> Key:
    """The place of a rule."""
    return collection.name.lower(), rule.name.lower()
