"""Decisions that never stop coming: what an update has done is announced although the next one is wanted already."""

from datetime import timedelta

import pytest

from bot import allowances, estimates
from bot.domain.allowance import Status
from bot.ports import NoticeEvent
from tests.build import DEV, make_world
from tests.flows.writer_stage import ask, disliking, state_of, stored, told, until_writing, writes


def test_each_update_is_announced_before_the_next_begins(sqlite_url: str) -> None:
    """Somebody approves another one during each update; nobody waits for the end of it all."""
    world = make_world(sqlite_url)
    rows = [ask(world, "host0.example.com")]
    for number in (1, 2):
        until_writing(world)
        rows.append(ask(world, f"host{number}.example.com"))
        while len(writes(world)) == number:
            world.work(timedelta(seconds=20))
        assert [state_of(world, row) for row in rows] == [Status.LIVE] * number + [Status.APPLYING]
        assert all(stored(world, row).expires_at for row in rows[:-1])
    world.settle()
    assert len(writes(world)) == len(rows)
    world.store.close()


def test_what_an_update_took_away_is_announced_before_the_next_begins(sqlite_url: str) -> None:
    """Somebody revokes another one during each update; whoever revoked the first hears that it is gone."""
    world = make_world(sqlite_url)
    rows = [ask(world, f"host{number}.example.com") for number in range(4)]
    world.settle()
    allowances.end(world.ctx, DEV, rows[0].id)
    for number in (1, 2, 3):
        until_writing(world)
        allowances.end(world.ctx, DEV, rows[number].id)
        begun = len(writes(world))
        while len(writes(world)) == begun:
            world.work(timedelta(seconds=20))
        gone = [stored(world, row).gone_at is not None for row in rows]
        assert gone == [True] * number + [False] * (4 - number)
    world.settle()
    assert all(stored(world, row).gone_at for row in rows)
    assert [world.said.events(row.id).count(NoticeEvent.GONE) for row in rows] == [1] * 4
    world.store.close()


@pytest.mark.parametrize("refused", range(4))
def test_who_waits_for_a_refused_one_has_a_turn_before_who_comes_later(sqlite_url: str, refused: int) -> None:
    """Two more are asked for during each update: the refused one of the first four is found, and the others open."""
    world = make_world(sqlite_url)
    rows = [ask(world, f"host{number}.example.com") for number in range(4)]
    world = disliking(world, rows[refused].id)
    for number in range(3):
        until_writing(world)
        for more in range(2):
            ask(world, f"more{number}-{more}.example.com")
        while world.arm.has_running_operations():
            world.work(timedelta(seconds=20))
    assert [state_of(world, row) for row in rows] == [
        Status.FAILED if number == refused else Status.LIVE for number in range(4)
    ]
    world.store.close()


def test_a_problem_is_over_once_an_update_has_landed(sqlite_url: str) -> None:
    """Not only when no further one is due; and the same problem is said again when it is there again."""
    world = make_world(sqlite_url)
    fails = {"method": "PUT", "path": "rcg-aks-egress$", "fail_operation": True, "code": "UpdateFailed"}
    for number in (1, 2):
        world.arm.add_fault(fails)
        ask(world, f"host{number}.example.com")
        while told(world) != ["stuck", "healed"] * (number - 1) + ["stuck"]:
            world.work(timedelta(seconds=20))
        until_writing(world)
        rows = [ask(world, f"more{number}.example.com"), ask(world, f"last{number}.example.com")]
        begun = len(writes(world))
        while len(writes(world)) == begun:
            world.work(timedelta(seconds=20))
        assert told(world) == ["stuck", "healed"] * number
        found = estimates.estimate(world.store, rows[0], world.clock.now())
        assert found is not None
        assert found.problem is None
    world.settle()
    assert told(world) == ["stuck", "healed"] * 2
    world.store.close()
