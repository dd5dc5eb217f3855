"""A piece of work whose stored state cannot be read: it waits, the others go on, and nothing is lost."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from bot import estimates
from bot.domain.allowance import Status
from bot.domain.writer_state import VERSION
from bot.store import schema
from tests.build import World, make_world
from tests.flows.writer_stage import (
    ask,
    firewall_events,
    opened,
    state_of,
    stored,
    told,
    told_text,
    until_writing,
    writes,
)

MINUTE = timedelta(minutes=1)
DAMAGE = [
    pytest.param({"verified": ["x"]}, "cannot be read (verified_digest: ", id="damaged"),
    pytest.param({"version": VERSION + 1}, "was written by a newer version of the bot", id="newer"),
]


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def row_of(world: World, key: str) -> tuple[Any, Any]:
    """The stored state of one piece of work: the columns ``memo`` and ``parked``."""
    with world.store._engine.connect() as connection:
        found = connection.execute(select(schema.work.c.memo, schema.work.c.parked).filter_by(key=key)).one()
        return found.memo, found.parked


def put_memo(world: World, key: str, memo: dict[str, Any]) -> None:
    """Write it by hand."""
    with world.store._engine.begin() as connection:
        connection.execute(update(schema.work).filter_by(key=key).values(memo=memo))


def work_on(world: World, minutes: int) -> None:
    """Let time pass and work."""
    for _ in range(minutes):
        world.work(MINUTE)


@pytest.mark.parametrize(("damage", "words"), DAMAGE)
def test_a_firewall_whose_state_cannot_be_read_waits(world: World, damage: dict[str, Any], words: str) -> None:
    """Nothing is decided from it and it is not written over; it is logged, told once, and shown to who waits."""
    first = ask(world)
    world.settle()
    key = first.scope.target.key
    sound, sent = row_of(world, key)[0], len(writes(world))
    put_memo(world, key, sound | damage)
    second = ask(world, "second.example.com")
    with capture_logs() as lines:
        work_on(world, 60)
    logs = [line for line in lines if line["event"] != "clock_set"]  # the test's own clock, which it sets
    assert len(logs) > 4
    assert {(line["event"], line["kind"]) for line in logs} == {("run_failed", "UnreadableState")}
    assert [line for line in logs if words not in line["error"]] == []
    assert logs[0]["error"].startswith(f"The stored state of {key} ")
    assert told(world) == ["stuck"]
    assert words in told_text(world, "stuck")
    waits = estimates.estimate(world.store, stored(world, second), world.clock.now())
    assert waits is not None
    assert words in (waits.problem or "")
    assert state_of(world, second) is Status.APPROVED
    assert len(writes(world)) == sent
    assert row_of(world, key) == (sound | damage, None)
    put_memo(world, key, sound)
    work_on(world, 30)
    assert state_of(world, second) is Status.LIVE
    assert told(world) == ["stuck"], "What was remembered is remembered: nothing there is unknown."


@pytest.mark.parametrize(("damage", "words"), DAMAGE)
def test_an_operation_is_waited_for_as_soon_as_its_state_can_be_read(
    world: World, damage: dict[str, Any], words: str
) -> None:
    """It goes on in Azure meanwhile; its end is put on record when it is asked for, and nothing is sent twice."""
    asked = ask(world)
    until_writing(world)
    key = asked.scope.target.key
    sound, operation = row_of(world, key)
    assert operation is not None
    put_memo(world, key, sound | damage)
    work_on(world, 20)
    assert words in told_text(world, "stuck")
    assert row_of(world, key) == (sound | damage, operation)
    put_memo(world, key, sound)
    work_on(world, 20)
    assert state_of(world, asked) is Status.LIVE
    assert firewall_events(world) == ["begin", "accept", "fail", "done Succeeded"]


def test_other_work_goes_on_beside_it(world: World) -> None:
    """One row holds up nothing else: another firewall is written, and people are told."""
    broken = ask(world)
    put_memo(world, broken.scope.target.key, {"left": 5})
    fine = ask(world, cluster="aks-udr-classic")
    work_on(world, 20)
    assert state_of(world, fine) is Status.LIVE
    assert state_of(world, broken) is Status.APPROVED
    assert "live" in world.said.events(fine.id)


@pytest.mark.parametrize("key", ["notices", "timers"])
def test_work_that_decides_nothing_from_its_state_does_not_stop(world: World, key: str) -> None:
    """People are told, and time passes, whatever the row holds."""
    asked = ask(world)
    world.settle()
    assert row_of(world, key)
    put_memo(world, key, {"said": 5})
    work_on(world, 9 * 60)
    assert state_of(world, asked) is Status.EXPIRED
    assert "expired" in world.said.events(asked.id)
    assert not told(world)


def test_an_older_release_wrote_it(world: World) -> None:
    """It had no version: what was read back then is known now."""
    asked = ask(world)
    world.settle()
    key = asked.scope.target.key
    sound, _ = row_of(world, key)
    put_memo(world, key, {name: value for name, value in sound.items() if name != "version"})
    ask(world, "second.example.com")
    world.settle()
    assert not told(world)
    assert len(opened(world)) == 2
