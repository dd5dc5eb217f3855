"""Which of our rule collection groups each rule belongs to.

One group holds 2 MiB, so the rules spread over as many as they need. Where a rule belongs is derived from where it is,
and nothing about it is stored.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import count

from bot.domain.firewall import Rule, RuleAction, RuleCollection
from bot.domain.grouping import grouped
from bot.domain.rule_diff import Key, Meaning, meaning_of, rendered_bytes, rule_bytes
from bot.domain.rule_groups import ObservedGroup, Placed, collected, key_of_rule, pairs_of
from bot.domain.rule_rendering import allowance_id_from_rule

FILL = 0.9
"""New rules fill a group up to this share, so that there is room for the ones in it to grow."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much our groups hold.

    Args:
        max_bytes: In one group.
        may_create: How many groups may be created beside those that exist.
        closed: The numbers of groups that take nothing new: their last write was refused, or another bot writes them.
    """

    max_bytes: int
    may_create: int
    closed: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Placement:
    """Which rules each group holds.

    Args:
        by_group: Our rule collections by the number of their group; no entry where there are none.
        displaced: Rules that some group has and does not keep, or that it is to take over from another.
    """

    by_group: Mapping[int, tuple[RuleCollection, ...]]
    displaced: frozenset[Key] = frozenset()


@dataclass(slots=True)
class _Unit:
    """The rules of one allowance. They stay together, so that it is live after one write.

    Args:
        rules: With the collection of each, as wanted.
        there: The same rules as they are, by the number of the group that has them.
        size: Bytes as wanted.
    """

    rules: list[Placed] = field(default_factory=list)
    there: dict[int, list[Placed]] = field(default_factory=dict)
    size: int = 0

    def homes(self) -> list[int]:
        """The groups that have any of it, the best first: one that has all of it as it is wanted, then by number."""
        if len(self.there) < 2:
            return list(self.there)
        return sorted(self.there, key=lambda number: (not self.is_whole_in(number), number))

    def is_whole_in(self, number: int) -> bool:
        """Whether a group has all of it as it is wanted."""
        return _meanings(self.rules) <= _meanings(self.there.get(number, ()))


def spread(
    desired: Sequence[RuleCollection],
    groups: Sequence[ObservedGroup],
    room: Room,
    *,
    left: Collection[Key] = (),
    differing: Collection[Key] | None = None,
) -> Placement:
    """Decide which group each rule belongs to.

    A rule stays in the group that has it. A new one goes to the first group with room, and a group is created where
    none has any. A rule moves only where its group has no room for what it grew to, or where the rules of its allowance
    are apart; until it is read back in its new place, the old one keeps it.

    Args:
        desired: All our rules as they should be.
        groups: Our groups that exist, by number.
        room: What they hold.
        left: Rules that stay as somebody made them; they are not in ``desired``.
        differing: The places of all rules that are not in these groups as desired; None where that is not known. Of
            thousands, only the allowances of these are looked at.
    """
    if _fit_in_one(desired, groups, room, left):
        return Placement({1: tuple(desired)} if desired else {})
    settled = {} if differing is None or left else _settled(groups, differing)
    units = _units([pair for pair in pairs_of(desired) if _id_of(pair) not in settled], groups)
    used = {group.number: group.foreign_bytes + _kept_bytes(group, left, settled) for group in groups}
    home = settled | _homes(units, used, room)
    held = _held(units, home)
    there = {
        group.number: group.collections for group in groups if group.sizes and group.sizes.keys() <= settled.keys()
    }
    as_before = there.keys() - {home[id_] for id_ in units} - held.keys()
    placed = grouped((n, pair) for pair in pairs_of(desired) if (n := home[_id_of(pair)]) not in as_before)
    for number, pairs in held.items():
        placed.setdefault(number, []).extend(pairs)
    found = {n: collected(pairs) for n, pairs in placed.items()} | {n: there[n] for n in as_before}
    return Placement(dict(sorted(found.items())), _displaced(units, home))


def _settled(groups: Sequence[ObservedGroup], differing: Collection[Key]) -> dict[str, int]:
    """The group of each allowance that one group has, all of it as desired."""
    found: dict[str, int] = {}
    moving = {allowance_id_from_rule(rule) for _, rule in differing}
    for group in groups:
        moving |= found.keys() & group.sizes.keys()
        found |= dict.fromkeys(group.sizes, group.number)
    return {id_: number for id_, number in found.items() if id_ not in moving} if moving else found


def _id_of(pair: Placed) -> str:
    return allowance_id_from_rule(pair[1].name)


def _fit_in_one(
    desired: Sequence[RuleCollection], groups: Sequence[ObservedGroup], room: Room, left: Collection[Key]
) -> bool:
    """The usual case: nothing but the first group, and room in it for everything."""
    if left or any(group.number != 1 or group.number in room.closed for group in groups):
        return False
    return rendered_bytes(desired) + sum(group.foreign_bytes for group in groups) <= room.max_bytes * FILL


def _units(desired: Sequence[Placed], groups: Sequence[ObservedGroup]) -> dict[str, _Unit]:
    found: dict[str, _Unit] = {}
    keys: dict[Key, _Unit] = {}
    for collection, rule in desired:
        unit = found.setdefault(allowance_id_from_rule(rule.name), _Unit())
        unit.rules.append((collection, rule))
        unit.size += rule_bytes(rule)
        keys[key_of_rule(collection, rule)] = unit
    for group in groups:
        if found.keys().isdisjoint(group.sizes):
            continue
        for collection, rule in pairs_of(group.collections):
            if (unit_of := keys.get(key_of_rule(collection, rule))) is not None:
                unit_of.there.setdefault(group.number, []).append((collection, rule))
    return dict(sorted(found.items()))


def _homes(units: Mapping[str, _Unit], used: dict[int, int], room: Room) -> dict[str, int]:
    """The group of each allowance: those that are somewhere first, then those that have grown, then the new ones.

    Args:
        units: The allowances.
        used: Bytes by group of what is there beside them; what they take is added.
        room: What the groups hold.
    """
    home = {id_: unit.homes()[0] for id_, unit in units.items() if unit.there}
    kept = {id_: min(units[id_].size, _bytes(units[id_].there[number])) for id_, number in home.items()}
    for id_, number in home.items():
        used[number] += kept[id_]
    fresh = [id_ for id_ in units if id_ not in home]
    for id_ in (each for each in kept if units[each].size > kept[each] or len(units[each].there) > 1):
        fitting = _grown_in(units[id_], (home[id_], kept[id_]), used, room)
        if fitting is None:
            fresh.append(id_)
        else:
            home[id_] = fitting
    shelf = _Shelf(used, room)
    for id_ in sorted(fresh, key=lambda each: (units[each].size > room.max_bytes, each)):
        home[id_] = shelf.place(units[id_].size)
    return home


def _grown_in(unit: _Unit, kept: tuple[int, int], used: dict[int, int], room: Room) -> int | None:
    """The group among those that have it where it may grow to what is wanted; None where none has room.

    Args:
        unit: The rules of one allowance.
        kept: The group where its present size is counted, and that size.
        used: Bytes by group.
        room: What they hold.
    """
    for number in unit.homes():
        growth = unit.size - (kept[1] if number == kept[0] else 0)
        if growth == 0 or used[number] + growth <= room.max_bytes:
            used[number] += growth
            return number
    return None


@dataclass(slots=True)
class _Shelf:
    """Groups with room for what is new.

    Args:
        used: Bytes by group; those that are to be created appear as they are needed.
        room: What they hold.
        created: How many of them do not exist yet.
    """

    used: dict[int, int]
    room: Room
    created: int = 0

    def place(self, size: int) -> int:
        """The group for something of this size; one too many where there is no room anywhere."""
        number = self._with_room(size, self.room.max_bytes * FILL)
        if number is None and self.created >= self.room.may_create:
            number = self._with_room(size, self.room.max_bytes)
        if number is None:
            number = self._new()
        self.used[number] += size
        return number

    def _with_room(self, size: int, limit: float) -> int | None:
        """The first group that is empty, or holds this as well."""
        numbers = sorted(number for number in self.used if number not in self.room.closed)
        return next((n for n in numbers if not self.used[n] or self.used[n] + size <= limit), None)

    def _new(self) -> int:
        self.created += 1
        number = next(n for n in count(1) if n not in self.used and n not in self.room.closed)
        self.used[number] = 0
        return number


def _held(units: Mapping[str, _Unit], home: Mapping[str, int]) -> dict[int, list[Placed]]:
    """What groups keep of allowances that belong elsewhere, until it is there: never more than is wanted."""
    return grouped(
        (number, (collection, rule))
        for id_, unit in units.items()
        if unit.there.keys() - {home[id_]} and not unit.is_whole_in(home[id_])
        for number, pairs in unit.there.items()
        if number != home[id_]
        for collection, rule in pairs
        if _is_within(collection, rule, unit)
    )


def _is_within(collection: RuleCollection, rule: Rule, unit: _Unit) -> bool:
    """Whether a rule opens nothing beyond what is wanted of it."""
    (head, wanted) = next(pair for pair in unit.rules if key_of_rule(*pair) == key_of_rule(collection, rule))
    if collection.action is not RuleAction.ALLOW or collection.kind is not head.kind or type(rule) is not type(wanted):
        return False
    pairs = ((getattr(rule, each.name), getattr(wanted, each.name)) for each in fields(rule) if each.name not in _WORDS)
    return all(_is_part(is_, should) for is_, should in pairs)


_WORDS = ("name", "description")


def _is_part(value: object, whole: object) -> bool:
    if not isinstance(value, tuple) or not isinstance(whole, tuple):
        return value == whole
    return bool(value) == bool(whole) and set(value) <= set(whole)


def _displaced(units: Mapping[str, _Unit], home: Mapping[str, int]) -> frozenset[Key]:
    return frozenset(
        key_of_rule(*pair) for id_, unit in units.items() if unit.there.keys() - {home[id_]} for pair in unit.rules
    )


def _meanings(pairs: Iterable[Placed]) -> set[tuple[Key, Meaning]]:
    return {(key_of_rule(*pair), meaning_of(*pair)) for pair in pairs}


def _bytes(pairs: Iterable[Placed]) -> int:
    return sum(rule_bytes(rule) for _, rule in pairs)


def _kept_bytes(group: ObservedGroup, left: Collection[Key], settled: Collection[str]) -> int:
    """What stays in a group whatever moves: rules that are left as they are, or those of settled allowances."""
    if left:
        return _bytes(pair for pair in pairs_of(group.collections) if key_of_rule(*pair) in left)
    return sum(size for id_, size in group.sizes.items() if id_ in settled)
