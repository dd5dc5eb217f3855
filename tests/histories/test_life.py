"""Random lives of allowances over the real store, the real reconciler, a simulated Azure and a simulated Slack."""

from hypothesis.stateful import run_state_machine_as_test

from tests.histories.life import Life
from tests.histories.test_histories import bounds

GATE_EXAMPLES, GATE_STEPS = 4, 25


def test_lives(database_url: str) -> None:
    """Requests, stages, questions, edits, absences, renewals, reviews; acts and replicas killed at any step."""

    class Here(Life):
        url = database_url

    run_state_machine_as_test(Here, settings=bounds(examples=GATE_EXAMPLES, steps=GATE_STEPS))
