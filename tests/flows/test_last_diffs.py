"""A round takes from the one before only what follows from equal values; anything else is compared anew."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.allowance import Allowance
from bot.domain.approval import Ending
from bot.domain.firewall import RuleAction
from bot.domain.rule_diff import ChangeKind, Limits, content_digest, diff
from bot.domain.rule_groups import ObservedGroup
from bot.domain.rule_rendering import placed, render, rules_of
from bot.domain.writer_state import WriterState
from bot.ports import ObservedTarget
from bot.reconciler.last_diffs import LastDiffs
from bot.reconciler.observation import Observation, Stored, observation_of
from tests.domain.values import APPROVER, NOW, TARGET, a_live_allowance

ROWS = tuple(a_live_allowance(f"host{number}.example.com", number=number) for number in range(6))
WIDE = replace(ROWS[0].scope, sources=("10.1.0.0/16", *(f"10.1.{number}.0/24" for number in range(20))))
GROWN = tuple(replace(row, scope=WIDE) for row in ROWS)
"""The same with so many ranges that a group which is full of them has no room for one more."""

OTHER = replace(TARGET, id=f"{TARGET.id}2")


def test_only_an_equal_comparison_is_taken_from_before() -> None:
    """Somebody's change by hand, another row, another version of a row and another target are all seen."""
    diffs, there = LastDiffs(), render(ROWS)
    first = diffs.of(TARGET, there, ROWS)
    assert first.is_empty
    assert diffs.of(TARGET, render(ROWS), tuple(map(replace, ROWS))) is first, "Equal, if not the same."

    (head, *tail) = there[0].rules
    by_hand = (replace(there[0], rules=(replace(head, source_addresses=("*",)), *tail)),)
    newer = (replace(ROWS[0], version=2, scope=replace(ROWS[0].scope, sources=("10.9.0.0/16",))), *ROWS[1:])
    moved = (replace(there[0], priority=there[0].priority + 1),)
    looks = [(by_hand, ROWS), (there, newer), (there, ROWS[1:]), ((), ROWS), (moved, ROWS), (there, ROWS)]
    for observed, wanted in looks:
        assert diffs.of(TARGET, observed, wanted) == diff(observed, render(wanted))
    assert diffs.of(OTHER, (), ROWS).count(ChangeKind.ADD) == len(ROWS)
    kept = diffs.of(TARGET, there, ROWS)
    assert kept == first
    diffs.forget(TARGET)
    assert diffs.of(TARGET, there, ROWS) is not kept, "Of what is gone nothing is kept."


LOOKS = st.lists(st.tuples(*[st.sets(st.integers(0, 5))] * 3, st.sampled_from(RuleAction)), min_size=1, max_size=5)
"""Which rows have rules in each round, which of those somebody altered, which rows are wanted, and what ours do."""


@given(looks=LOOKS)
def test_a_comparison_with_the_meanings_of_earlier_ones_equals_the_whole(
    looks: list[tuple[set[int], set[int], set[int], RuleAction]],
) -> None:
    """Whatever the rounds before have seen; the same rule in a collection that denies means something else."""
    diffs, rules = LastDiffs(), {n: rule for n, row in enumerate(ROWS) for rule in rules_of(row)}
    altered_rules = {n: replace(rule, source_addresses=("*",)) for n, rule in rules.items()}
    for there, altered, wanted, action in looks:
        held = tuple((altered_rules if n in altered else rules)[n] for n in sorted(there))
        observed = tuple(replace(each, rules=held, action=action) for each in render(ROWS))
        rows = tuple(ROWS[n] for n in sorted(wanted))
        assert diffs.of(TARGET, observed, rows) == diff(observed, render(rows))


PLACES = st.dictionaries(st.integers(0, 5), st.sets(st.integers(1, 3), min_size=1, max_size=2))
"""The groups that have the rule of each row."""


@given(places=PLACES, ended=st.sets(st.integers(0, 5)), altered=st.sets(st.integers(0, 5)))
def test_what_is_there_after_a_write_is_what_the_groups_then_hold(
    places: Mapping[int, set[int]], ended: set[int], altered: set[int]
) -> None:
    """Whether one write closes the whole gap or other groups differ as well, and wherever copies are."""
    seen = ObservedTarget(groups=tuple(_group(number, places, altered) for number in (1, 2, 3)), spare=ObservedGroup())
    found = observation_of(TARGET, seen, Stored(_rows(ended), WriterState()), Limits(max_bytes=2000), NOW)
    for plan in found.groups:
        assert found.after(plan) == _digest_after(found, plan.group.number)


def _group(number: int, places: Mapping[int, set[int]], altered: set[int]) -> ObservedGroup:
    """Its rules; those of some allowances before they grew."""
    there = [(ROWS if n in altered else GROWN)[n] for n, groups in places.items() if number in groups]
    return ObservedGroup(number=number, collections=placed(render(there), ()), raw="{}")


def _rows(ended: set[int]) -> tuple[Allowance, ...]:
    ending = Ending(APPROVER, NOW - timedelta(hours=1), "over")
    return tuple(replace(row, revoked=ending) if n in ended else row for n, row in enumerate(GROWN))


def _digest_after(found: Observation, written: int) -> str:
    """Of every rule in every group, counted one by one."""
    plans = {plan.group.number: plan for plan in found.groups}
    held = (plan.desired if number == written else plan.group.collections for number, plan in sorted(plans.items()))
    return content_digest([collection for each in held for collection in each])
