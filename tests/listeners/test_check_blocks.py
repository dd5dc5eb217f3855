"""Whatever the rules are, Slack takes what is drawn of an evaluation, and foreign names never become markup."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.allowances import Preview
from bot.checking import Check, CheckResult, Query
from bot.domain.egress import ClusterEgress
from bot.domain.egress_filter import EgressFilter, FilterKind
from bot.domain.firewall import Evaluation, Evaluator, Flow, RuleSet
from handlers.blocks.check import allowed_lines, check_card, narrower_lines, trace_loading, trace_view
from tests.blockkit import assert_valid
from tests.listeners import facts
from tests.listeners.test_blocks import mrkdwn_of
from tests.rulesets import flows, rule_sets

thorough = settings(max_examples=12, suppress_health_check=list(HealthCheck))
HOSTILE = "<!channel>*`_&" * 30


def hostile(evaluation: Evaluation) -> Evaluation:
    """The same, with every name that somebody else gave replaced."""
    trace = tuple(
        replace(step, policy=HOSTILE, collection=step.collection and HOSTILE, group=HOSTILE, why=HOSTILE)
        for step in evaluation.trace
    )
    return replace(evaluation, trace=trace * 30, deciding=trace[-1] if evaluation.deciding else None)


@st.composite
def checks(draw: st.DrawFn) -> Check:
    """An answer of any size over any rules."""
    rules: RuleSet = draw(rule_sets())
    evaluator, asked = Evaluator(rules), draw(st.lists(flows, min_size=1, max_size=3))
    change = hostile if draw(st.booleans()) else lambda same: same
    owner = st.none() | facts.allowances
    found = [CheckResult(flow.destination, change(_evaluated(evaluator, flow)), draw(owner)) for flow in asked]
    found *= draw(st.sampled_from([1, 1, 30]))
    egress: ClusterEgress = draw(facts.clusters)
    barrier = draw(st.sampled_from(FilterKind))
    way = EgressFilter(
        barrier, draw(facts.words(600, 1)), draw(facts.targets), ("10.0.0.0/8",) * draw(st.integers(1, 200))
    )
    query = Query(egress.ref.id, tuple(one.destination for one in found), draw(st.none() | facts.names))
    return Check(egress, query, way, tuple(found) if barrier is FilterKind.FIREWALL else (), facts.NOW)


def _evaluated(evaluator: Evaluator, flow: Flow) -> Evaluation:
    return evaluator.evaluate(flow)


@thorough
@given(checks())
def test_a_check_is_valid_and_calls_nobody(found: Check) -> None:
    """One host or ninety, any outcome, any names."""
    drawn = check_card(found, facts.NOW)
    assert_valid(drawn, "message")
    assert not [text for text in mrkdwn_of(drawn) if "<!channel>" in text]


@thorough
@given(checks())
def test_a_trace_is_valid(found: Check) -> None:
    """However long."""
    one = replace(found, findings=found.findings[:1])
    view = trace_view(one)
    assert_valid(view, "modal")
    assert "<!channel>" not in str([block for block in view["blocks"] if block["type"] == "section"])
    assert_valid(trace_loading(HOSTILE), "modal")


@thorough
@given(checks(), facts.previews, st.lists(st.just("a.example.com"), max_size=200))
def test_lines_of_the_form_hold_no_markup(found: Check, preview: Preview, names: list[str]) -> None:
    """Hosts that are allowed already, and narrower ones."""
    lines = [*allowed_lines(replace(preview, allowed=found.findings)), *narrower_lines(names)]
    assert not [line for line in lines if "<!channel>" in line]
