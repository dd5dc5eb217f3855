"""Random lives of allowances over the real store, the real reconciler, a simulated Azure and a simulated Slack."""

from hypothesis.stateful import run_state_machine_as_test

from bot.domain.audit import Action
from tests.histories.life import Life
from tests.histories.rights import Judge
from tests.histories.test_histories import bounds, is_gate

OTHERS = (Action.REVIEW_START, Action.REVIEW_KEEP, Action.REVIEW_REMOVE, Action.REVIEW_SIGN, Action.PERSON_AWAY)
"""What people do beside what they do to allowances."""

GATE_EXAMPLES, GATE_STEPS = 4, 25


def test_lives(database_url: str) -> None:
    """Requests, stages, questions, edits, absences, renewals, reviews; acts and replicas killed at any step."""

    class Here(Life):
        url = database_url

    run_state_machine_as_test(Here, settings=bounds(examples=GATE_EXAMPLES, steps=GATE_STEPS))
    missed = {*Judge.may, *OTHERS} - set(Here.done)
    assert is_gate() or not missed, f"In no history anybody did {missed}."
