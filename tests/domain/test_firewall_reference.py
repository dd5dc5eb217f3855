"""The evaluator against a naive one, on generated rule sets: the same outcome, the same trace, the same dead rules."""

from itertools import product

from hypothesis import event, given, settings
from hypothesis import strategies as st

from bot.domain.firewall import Evaluator, Flow, Outcome, RuleAction, RulePosition, RuleSet, about
from tests.domain.reference_destination import NO, PART, UNKNOWN, YES
from tests.domain.reference_firewall import (
    Walk,
    collections_in_order,
    is_managed_disk,
    outcome_of,
    reference_evaluate,
    reference_obstacle,
    target_matches,
)
from tests.rulesets import flows, rule_sets

CASES = settings(max_examples=max(150, settings().max_examples), deadline=None)
MOST_OPEN_QUESTIONS = 8


def every_resolution(rules: RuleSet, flow: Flow, *, at_most: int) -> Outcome | None:
    """The outcome by trying every combination of yes and no for what is unknown; None if there are too many."""
    walk, ended = Walk(rules, flow), set()
    for source in walk.sources:
        verdicts = [
            ("allow" if collection.action is RuleAction.ALLOW else "deny", verdict)
            for _, _, collection in collections_in_order(rules)
            for rule in collection.rules
            for verdict in walk.verdicts(rule, target_matches(rules, rule, flow), source)
        ]
        verdicts += [("allow", UNKNOWN if is_managed_disk(flow) else NO), ("default", YES)]
        open_questions = sum(verdict in (UNKNOWN, PART) for _, verdict in verdicts)
        if open_questions > at_most:
            return None
        for answers in product((True, False), repeat=open_questions):
            ended.add(first_end(verdicts, answers))
    return outcome_of(ended)


def first_end(verdicts: list[tuple[str, str]], answers: tuple[bool, ...]) -> str:
    """The first rule that matches, if the unknown ones are answered so."""
    left = iter(answers)
    for end, verdict in verdicts:
        if verdict == YES or (verdict in (UNKNOWN, PART) and next(left)):
            return end
    raise AssertionError("the default ends everything")


@CASES
@given(rules=rule_sets(), several=st.lists(flows, min_size=1, max_size=3))
def test_indexed_equals_naive(rules: RuleSet, several: list[Flow]) -> None:
    """Outcome, the collections that are reached and what each of them does, for several flows in a row."""
    evaluator = Evaluator(rules)
    partial = Evaluator(about(rules, {flow.destination.fqdn for flow in several}))
    for flow in several:
        found = evaluator.evaluate(flow)
        assert partial.evaluate(flow) == found, "What only names others changes nothing."
        steps = [(step.collection, step.result.value) for step in found.trace if step.collection]
        assert (found.outcome, steps) == reference_evaluate(rules, flow)
        event(found.outcome)
        last = found.trace[-1]
        assert (found.deciding is None) == (found.outcome is Outcome.DEPENDS) == bool(found.depends_on)
        assert (found.open_question is not None) == (found.outcome is Outcome.DEPENDS)
        assert found.deciding in (None, last)


@CASES
@given(rules=rule_sets(), flow=flows)
def test_definite_means_every_resolution_agrees(rules: RuleSet, flow: Flow) -> None:
    """An outcome is definite exactly if each way to answer the open questions gives it."""
    expected = every_resolution(rules, flow, at_most=MOST_OPEN_QUESTIONS)
    if expected is not None:
        assert Evaluator(rules).evaluate(flow).outcome is expected


@CASES
@given(rules=rule_sets(), flow=flows, data=st.data())
def test_dead_rules_are_found(rules: RuleSet, flow: Flow, data: st.DataObject) -> None:
    """The rules that precede a rule at any position are those that the naive evaluator finds."""
    layer = data.draw(st.sampled_from([policy.id for policy in rules.layers]))
    group = data.draw(st.sampled_from((100, 150, 200, 300, 400)))
    priority = data.draw(st.sampled_from((100, 200, 250, 400, 500)))
    step = Evaluator(rules).stands_in_the_way(flow, RulePosition(layer, group, priority))
    expected = reference_obstacle(rules, flow, layer=layer, group_priority=group, collection_priority=priority)
    event("dead" if step else "alive")
    assert (step.collection if step else None) == expected
