"""Rules spread over as many rule collection groups as they need, stay where they are, and no move closes one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.firewall import ApplicationRule, RuleAction, RuleCollection, RuleKind
from bot.domain.rule_diff import Limits, content_digest, diff, meaning_of, rendered_bytes
from bot.domain.rule_groups import (
    ObservedGroup,
    Placed,
    check_group,
    group_name,
    group_number,
    joined,
    key_of_rule,
    pairs_of,
)
from bot.domain.rule_spread import FILL, Room, spread
from bot.errors import UnsafePlan

MAX = 3000
"""Bytes of a group in these tests: six rules, five of them new."""

ROOM = Room(MAX, 20)
Groups = Mapping[int, tuple[RuleCollection, ...]]


def rules_of(wanted: Mapping[int, int], *, collections: int = 2) -> tuple[RuleCollection, ...]:
    """Rule collections for allowances with so many source ranges each; every third has two rules."""
    pairs = []
    for number, ranges in sorted(wanted.items()):
        sources = tuple(f"10.{number}.{each}.0/24" for each in range(ranges))
        name = f"egress-{number % collections}"
        for port in (443, 80)[: 1 + (number % 3 == 0)]:
            rule = ApplicationRule(
                name=f"a{number:04}-https-{port}",
                source_addresses=sources,
                protocols=(("https", port),),
                target_fqdns=("example.com",),
            )
            pairs.append((name, rule))
    names = sorted({name for name, _ in pairs})
    return tuple(collection(name, *(rule for of, rule in pairs if of == name)) for name in names)


def collection(name: str, *rules: ApplicationRule, action: RuleAction = RuleAction.ALLOW) -> RuleCollection:
    """One."""
    return RuleCollection(name=name, priority=100, action=action, kind=RuleKind.APPLICATION, rules=rules)


def observed(groups: Groups) -> list[ObservedGroup]:
    """The groups as Azure has them."""
    return [ObservedGroup(n, collections, raw="{}") for n, collections in sorted(groups.items())]


def meanings(collections: Sequence[RuleCollection]) -> list[tuple[object, ...]]:
    """Every rule and what it means."""
    return sorted((key_of_rule(*pair), meaning_of(*pair)) for pair in pairs_of(collections))


def opened(groups: Groups) -> set[tuple[str, str]]:
    """Each rule with each source that it opens."""
    rules = (rule for each in groups.values() for _, rule in pairs_of(each) if isinstance(rule, ApplicationRule))
    return {(rule.name, source) for rule in rules for source in rule.source_addresses}


WANTED = st.dictionaries(st.integers(0, 40), st.integers(1, 12), max_size=40)


@given(st.lists(WANTED, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_it_comes_to_rest_and_nothing_is_closed_on_the_way(steps: list[dict[int, int]], order: Random) -> None:
    """Groups are written one by one, in any order; each write is planned from what is there."""
    groups: dict[int, tuple[RuleCollection, ...]] = {}
    for wanted in steps:
        desired = rules_of(wanted)
        kept = opened(groups) & opened({1: desired})
        for _ in range(60):
            plan = spread(desired, observed(groups), ROOM)
            assert plan == spread(desired, observed(groups), ROOM)
            due = [n for n in {*groups, *plan.by_group} if differs(plan.by_group.get(n, ()), groups.get(n, ()))]
            if not due:
                break
            number = order.choice(due)
            groups[number] = plan.by_group.get(number, ())
            assert rendered_bytes(groups[number]) <= MAX
            assert kept <= opened(groups), "What was open and is wanted stays open."
        assert meanings([each for one in groups.values() for each in one]) == meanings(desired), "Each of them once."
        assert not spread(desired, observed(groups), ROOM).displaced


@given(WANTED, st.dictionaries(st.integers(1, 4), WANTED, max_size=4), st.sets(st.integers(1, 4)))
def test_what_differs_is_all_that_has_to_be_looked_at(
    wanted: dict[int, int], there: dict[int, dict[int, int]], closed: set[int]
) -> None:
    """Whatever is where, also twice or as it was before: each group holds what it holds where all are looked at."""
    desired = rules_of(wanted)
    groups = observed({number: rules_of(held) for number, held in there.items()})
    changes = diff([each for group in groups for each in group.collections], desired).changes
    room = Room(MAX, 3, closed)
    all_of_them = spread(desired, groups, room)
    found = spread(desired, groups, room, differing=[(each.collection, each.rule) for each in changes])
    assert found.displaced == all_of_them.displaced
    assert {n: meanings(each) for n, each in found.by_group.items()} == {
        n: meanings(each) for n, each in all_of_them.by_group.items()
    }


def differs(one: Sequence[RuleCollection], other: Sequence[RuleCollection]) -> bool:
    """Whether they mean something else."""
    return content_digest(one) != content_digest(other)


@given(WANTED, st.sets(st.integers(0, 40)), st.integers(41, 60))
def test_nothing_moves_that_does_not_have_to(wanted: dict[int, int], ended: set[int], fresh: int) -> None:
    """Whatever ends, and where something comes: the others stay, and what comes fills the first group with room."""
    before = spread(rules_of(wanted), (), ROOM).by_group
    rest = {number: ranges for number, ranges in wanted.items() if number not in ended} | {fresh: 1}
    after = spread(rules_of(rest), observed(before), ROOM).by_group
    was, is_ = (
        {rule.name: n for n, each in groups.items() for _, rule in pairs_of(each)} for groups in (before, after)
    )
    assert {name: is_[name] for name in is_.keys() & was.keys()} == {
        name: was[name] for name in is_.keys() & was.keys()
    }
    home, size = is_[f"a{fresh:04}-https-443"], rendered_bytes(rules_of({fresh: 1}))
    for number in range(1, home):
        assert rendered_bytes(after.get(number, ())) + size > MAX * FILL, "There is no room before."


def test_one_group_holds_everything_while_it_fits() -> None:
    """As it is in most policies: nothing is arranged anew."""
    desired = rules_of(dict.fromkeys(range(1, 4), 1))
    assert spread(desired, (), ROOM).by_group == {1: desired}
    assert spread((), (), ROOM).by_group == {}


def test_a_new_rule_goes_where_there_is_room() -> None:
    """First into the gap that another one left, in the lowest group; others' rules take room as well."""
    groups = spread(rules_of(dict.fromkeys(range(1, 27, 3), 1)), (), ROOM).by_group
    assert list(groups) == [1, 2]
    rest = {number: 1 for number in range(1, 27, 3) if number != 4}
    assert placed_in(rest | {50: 1}, observed(groups), 50) == 1
    full = [replace(each, foreign_bytes=MAX * (each.number == 1)) for each in observed(groups)]
    assert placed_in(rest | {50: 1}, full, 50) == 2
    assert placed_in({50: 1}, observed({2: ()}), 50) == 2, "A group that exists is used before another one is created."


def placed_in(wanted: Mapping[int, int], groups: Sequence[ObservedGroup], number: int, room: Room = ROOM) -> int:
    """The group of an allowance."""
    found = spread(rules_of(wanted), groups, room).by_group
    (home,) = {n for n, each in found.items() for _, rule in pairs_of(each) if rule.name.startswith(f"a{number:04}")}
    return home


def test_where_no_group_may_be_created_the_head_room_is_used() -> None:
    """And what does not fit there either is alone in the group that is refused."""
    groups = observed(spread(rules_of(dict.fromkeys(range(1, 16, 3), 1)), (), ROOM).by_group)
    wanted = dict.fromkeys(range(1, 16, 3), 1)
    assert placed_in(wanted | {50: 1}, groups, 50) == 2
    assert placed_in(wanted | {50: 1}, groups, 50, Room(MAX, 0)) == 1
    found = spread(rules_of(wanted | {50: 1, 52: 1}), groups, Room(MAX, 0)).by_group
    assert {n: [rule.name for _, rule in pairs_of(each)] for n, each in found.items()}[2] == ["a0052-https-443"]


def test_what_fits_nowhere_holds_up_nobody() -> None:
    """One with more than a group holds gets one of its own, after the others."""
    wanted = {1: 400, 2: 1, 4: 1}
    assert (placed_in(wanted, (), 2), placed_in(wanted, (), 4), placed_in(wanted, (), 1)) == (1, 1, 2)


def test_a_copy_goes_and_a_rule_of_both_groups_is_kept_where_it_is_right() -> None:
    """Somebody copied it, or a move was cut off half-way."""
    (good,), (old,) = rules_of({1: 2}), rules_of({1: 1})
    for groups in ({1: (good,), 2: (good,)}, {1: (old,), 2: (good,)}):
        found = spread((good,), observed(groups), ROOM)
        assert list(found.by_group) == [2 if groups[1] == (old,) else 1]
        assert found.displaced == {("egress-1", "a0001-https-443")}


def test_the_old_place_keeps_no_more_than_is_wanted() -> None:
    """A copy that opens more, or denies, does not stay until the other one is right."""
    (good,) = rules_of({1: 2})
    (old,), (wide,) = rules_of({1: 1}), rules_of({1: 3})
    denies = replace(old, action=RuleAction.DENY)
    for copy, is_kept in ((old, True), (wide, False), (denies, False)):
        found = spread((good,), observed({1: (wide,), 2: (copy,)}), ROOM).by_group
        assert (found[1], found.get(2)) == ((good,), (copy,) if is_kept else None)


def test_what_is_left_as_somebody_made_it_takes_room() -> None:
    """It is not moved, and not written anew."""
    (theirs,) = rules_of(dict.fromkeys(range(1, 13, 2), 1))
    left = {key_of_rule(*pair) for pair in pairs_of((theirs,))}
    assert list(spread(rules_of({50: 1}), observed({1: (theirs,)}), ROOM, left=left).by_group) == [2]


@pytest.mark.parametrize("first", ["rcg-aks-egress", "r" * 80, "rcg-2"])
def test_a_group_is_ours_by_its_name(first: str) -> None:
    """The first has the configured name, and no name is longer than Azure takes."""
    names = [group_name(first, number) for number in range(1, 91)]
    assert len(set(names)) == 90
    assert names[0] == first
    assert max(map(len, names)) <= 80
    assert [group_number(name.upper(), first) for name in names] == list(range(1, 91))
    for other in ("other", f"{first[:70]}-x", f"{first[:70]}-02", f"{first[:70]}-1", f"{first[:70]}-0"):
        assert group_number(other, first) is None


def test_limits_of_azure_are_refused_with_numbers() -> None:
    """Before Azure would; a group that is too large may become smaller."""
    desired, none = rules_of({1: 1, 2: 1}), ObservedGroup()
    with pytest.raises(UnsafePlan, match="bytes"):
        check_group(none, desired, Limits(max_bytes=500), group_count=0)
    with pytest.raises(UnsafePlan, match="90 rule collection groups"):
        check_group(none, desired, Limits(), group_count=90)
    check_group(none, desired, Limits(), group_count=89)
    large = ObservedGroup(collections=rules_of({1: 1, 2: 1, 3: 1}), raw="{}")
    check_group(large, desired, Limits(max_bytes=500), group_count=90)
    with pytest.raises(UnsafePlan, match="characters"):
        check_group(none, [replace(desired[0], name="x" * 81)], Limits(), group_count=0)


def test_collections_of_one_name_are_shown_as_one() -> None:
    """Each group may have one for the same cluster."""
    whole = rules_of(dict.fromkeys(range(1, 30, 3), 1), collections=1)
    groups = spread(whole, (), ROOM).by_group
    pairs: list[Placed] = [pair for each in groups.values() for pair in pairs_of(each)]
    assert len(groups) > 1
    assert meanings(joined(c for each in groups.values() for c in each)) == meanings(whole)
    assert len(pairs) == 10
