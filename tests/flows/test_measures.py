"""What ``/metrics`` counts: updates in Azure and what they saved, answers and acks, drift, transactions."""

from collections.abc import Iterator, Mapping

import pytest
from prometheus_client import REGISTRY

from tests.build import World, make_world
from tests.flows.writer_stage import ask, by_hand, opened
from tests.listeners.test_workspace import Town, settled
from tests.sandbox.slack_stage import until


def read(name: str, **labels: str) -> float:
    """The value of a sample; 0 where there is none yet."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


class Growth:
    """By how much samples have grown since it was made."""

    def __init__(self, **samples: tuple[str, Mapping[str, str]]) -> None:
        self._samples = samples
        self._before = self._now()

    def _now(self) -> dict[str, float]:
        return {key: read(name, **labels) for key, (name, labels) in self._samples.items()}

    def seen(self) -> dict[str, float]:
        """The growth of each."""
        return {key: value - self._before[key] for key, value in self._now().items()}


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


def test_updates_and_what_they_saved_are_counted(world: World) -> None:
    """Two allowances in one update save one."""
    growth = Growth(
        updates=("egress_operation_seconds_count", {"kind": "rules", "result": "Succeeded"}),
        seconds=("egress_operation_seconds_sum", {"kind": "rules", "result": "Succeeded"}),
        saved=("egress_updates_saved_total", {}),
        writes=("egress_arm_requests_total", {"method": "PUT", "status": "201"}),
    )
    ask(world, "a.example.com")
    ask(world, "b.example.com")
    world.settle()
    seen = growth.seen()
    assert (seen["updates"], seen["saved"], seen["writes"]) == (1, 1, 1)
    assert 200 < seen["seconds"] < 300


def test_drift_is_counted(world: World) -> None:
    """Once for each time that it is said."""
    growth = Growth(drifts=("egress_drifts_total", {"mode": "heal"}))
    ask(world)
    world.settle()
    assert opened(world)
    by_hand(world, "/rulecollectiongroups/rcg-aks-egress", ruleCollections=[])
    world.settle()
    world.work(world.ctx.pace.resync)
    world.settle()
    assert growth.seen() == {"drifts": 1}


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Town]:
    """The bot is reached through signed HTTP."""
    with settled(sqlite_url) as made:
        made.stage.serve_http(made.app.bolt)
        yield made


def test_answers_and_acks_are_counted_by_outcome(town: Town) -> None:
    """What was answered, what the person had to correct, and how long each ack took."""
    growth = Growth(
        ok=("egress_answers_total", {"entry": "whoami", "kind": "command", "outcome": "ok"}),
        wrong=("egress_answers_total", {"entry": "revoke", "kind": "command", "outcome": "UserError"}),
        unknown=("egress_answers_total", {"entry": "unknown", "kind": "command", "outcome": "UserError"}),
        acks=("egress_ack_seconds_count", {"kind": "command"}),
        late=("egress_answers_total", {"entry": "show", "kind": "command", "outcome": "ok"}),
    )
    for words in ("whoami", "revoke a1", "shwo", "show aks-udr"):
        town.command("UDEV0001", words)
    until(lambda: growth.seen()["late"] == 1)
    assert growth.seen() == {"ok": 1, "wrong": 1, "unknown": 1, "acks": 4, "late": 1}
