"""Random lives of allowances over the real store, the real reconciler, a simulated Azure and a simulated Slack."""

from hypothesis.stateful import run_state_machine_as_test

from bot.ports import NoticeEvent
from tests.histories.heard import REMINDED, TOLD, UNTOLD
from tests.histories.life import Life
from tests.histories.test_histories import bounds

GATE_EXAMPLES, GATE_STEPS = 4, 25


def test_lives(database_url: str) -> None:
    """Requests, stages, questions, edits, absences, renewals, reviews; acts and replicas killed at any step."""

    class Here(Life):
        url = database_url

    run_state_machine_as_test(Here, settings=bounds(examples=GATE_EXAMPLES, steps=GATE_STEPS))


def test_every_event_has_its_hearers() -> None:
    """Whoever adds an event says who hears of it, or why a history does not look for it."""
    assert sorted([*TOLD, *REMINDED, *UNTOLD]) == sorted(NoticeEvent)
