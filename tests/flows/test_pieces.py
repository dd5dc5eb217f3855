"""What happens to many allowances at once is written in pieces, and people act in between."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from bot import allowances
from bot.domain.allowance import Allowance, Status
from bot.domain.fqdn import parse_destination
from bot.domain.ids import make_id
from bot.ports.deadline import within
from bot.reconciler.pieces import PIECE
from tests.build import DEV, World, make_world
from tests.flows.writer_stage import ask, opened, state_of, stored, until_writing
from tests.sandbox.slack_stage import until

MANY = PIECE + 2


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


def waiting(world: World) -> list[Allowance]:
    """Many requests of one person, filed at the same moment."""
    first = ask(world)
    made = [first]
    with world.store.write() as tx:
        for number in range(1, MANY):
            destinations = (parse_destination(f"host{number}.example.com"),)
            asked = replace(first.ask, destinations=destinations)
            row = replace(first, id=make_id("a", first.requested_at, number), version=1, ask=asked)
            tx.allowances.add(row)
            made.append(row)
    return made


class Transactions:
    """Counts the allowances that each transaction changes.

    Args:
        world: Where.
        act: Called right before the first commit that changes some.
    """

    def __init__(self, world: World, act: Callable[[], object] = int) -> None:
        self._act = act
        self.sizes = list[int]()
        self._now = 0
        event.listen(world.store._engine, "before_cursor_execute", self._count)
        event.listen(world.store._engine, "commit", self._end)

    def _count(self, *call: Any) -> None:
        self._now += call[2].startswith("UPDATE allowance SET")

    def _end(self, _connection: Any) -> None:
        changed, self._now = self._now, 0
        if changed:
            self.sizes.append(changed)
            if len(self.sizes) == 1:
                self._act()


def test_many_go_live_in_pieces(world: World) -> None:
    """No transaction changes more than a piece of them, and all of them are told and live."""
    rows = waiting(world)
    counted = Transactions(world)
    world.settle()
    assert {state_of(world, row) for row in rows} == {Status.LIVE}
    assert max(counted.sizes) <= PIECE
    assert sum(counted.sizes) == 2 * MANY
    assert len(opened(world)) == MANY


def test_many_lapse_in_pieces(world: World) -> None:
    """Nobody decided."""
    rows = waiting(world)
    with world.store.write() as tx:
        for row in rows:
            tx.allowances.save(replace(tx.allowances.get(row.id), approved_at=None, approvals=()), is_open=True)
        tx.work.wake("timers", within=timedelta())
    counted = Transactions(world)
    world.tick(timedelta(days=4))
    world.settle()
    assert {state_of(world, row) for row in rows} == {Status.LAPSED}
    assert max(counted.sizes) <= PIECE


def test_people_act_between_two_pieces(world: World) -> None:
    """Revoked when the first piece is live: its turn comes next, so it never goes live, and the others do."""
    last = min(waiting(world), key=lambda row: row.id)
    until_writing(world)
    turns = world.store._database._writers

    def revoke() -> Allowance:
        with within(timedelta(seconds=10)):
            return allowances.end(world.ctx, DEV, last.id, reason="wrong host")

    def act() -> None:
        acts.append(threads.submit(revoke))
        until(lambda: turns._acts)

    acts = list["Future[Allowance]"]()
    Transactions(world, act)
    with ThreadPoolExecutor(1) as threads:
        world.settle()
    assert acts[0].result().revoked is not None
    assert stored(world, last).live_at is None
    assert len(opened(world)) == MANY - 1
