"""Approvals that never stop coming: what an update has opened is announced although the next one is wanted already."""

from datetime import timedelta

from bot.domain.allowance import Status
from tests.build import make_world
from tests.flows.writer_stage import ask, state_of, stored, until_writing, writes


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
