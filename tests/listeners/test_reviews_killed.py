"""A review campaign goes on where it was when processes die between any two steps."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.domain.allowance import Status
from bot.domain.audit import Action
from bot.domain.campaign import ItemState
from bot.reconciler import Reconciler
from bot.reconciler.run import LEASE
from tests.build import DEV, World, make_world
from tests.flows.writer_stage import ask, events, opened, state_of
from tests.histories.mortal import Fuse, Killed, MortalStore
from tests.listeners.review_stage import DAY, newest, pass_time, remove, started, states, told


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def mortal(world: World, steps: int) -> tuple[World, Fuse]:
    """The same world, in a process that dies after so many steps."""
    fuse = Fuse(steps)
    ctx = replace(world.ctx, store=MortalStore(world.store, fuse))
    return replace(world, ctx=ctx, reconciler=Reconciler(ctx, world.said, workers=0)), fuse


def test_time_passes_once(world: World) -> None:
    """Each day a process dies at another step, and the next one goes on: nothing is lost or done twice."""
    one = ask(world, hours=24 * 90)
    world.settle()
    started(world)
    deaths = 0
    for day in range(15):
        doomed, fuse = mortal(world, day)
        world.tick(DAY)
        try:
            while doomed.reconciler.run_one():
                pass
        except Killed:
            deaths += 1
        assert fuse.is_burnt or fuse.left is not None
        pass_time(world, LEASE)
    assert deaths > 8
    assert newest(world).reminders == 4
    assert set(told(world)) == {("UDEV0001", "started"), ("UDEV0001", "reminder")}
    assert {("CEGRESS01", "escalated"), ("CEGRESS01", "still-open")} == set(told(world, "thread"))
    assert len(events(world, newest(world).id, Action.REVIEW_ESCALATE)) == 1
    assert states(world) == {one.id: ItemState.OPEN}


def test_an_answer_is_recorded_whole_or_not_at_all(world: World) -> None:
    """The answer, the end of the allowance, both audit events and the writer's wake-up are one transaction."""
    one = ask(world, hours=24)
    world.settle()
    started(world)
    for steps in range(3):
        doomed, _ = mortal(world, steps)
        with pytest.raises(Killed):
            remove(doomed, DEV, one)
        is_answered = states(world)[one.id] is ItemState.REMOVED
        assert is_answered is (steps == 2)
        assert (state_of(world, one) is Status.REVOKED) is is_answered
        recorded = {event.action for event in events(world)} & {Action.REVIEW_REMOVE, Action.ALLOWANCE_REVOKE}
        assert len(recorded) == (2 if is_answered else 0)
    world.settle()
    assert opened(world) == {}
