"""Random histories over the real store, the real reconciler and a simulated Azure; each found failure is an example."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.histories.machine import Histories

GATE_EXAMPLES, GATE_STEPS, LONG_STEPS = 4, 20, 30


def is_gate() -> bool:
    """Return whether this run has to be short."""
    return settings().max_examples <= settings.get_profile("gate").max_examples


def bounds(*, examples: int = GATE_EXAMPLES, steps: int = GATE_STEPS) -> settings:
    """A few short histories in the gate, and as many long ones as the profile says otherwise."""
    profile = settings()
    return settings(
        profile,
        max_examples=examples if is_gate() else profile.max_examples,
        stateful_step_count=steps if is_gate() else LONG_STEPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def test_histories(database_url: str) -> None:
    """Crashes, zombies, throttling, lost answers, failed operations, drift and drafts, in any order."""

    class Here(Histories):
        url = database_url

    run_state_machine_as_test(Here, settings=bounds())
