"""An operation whose URL cannot be read is over when the resource says so."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot import scaling
from bot.approvals import Decision
from bot.domain.allowance import Status
from bot.domain.scale_proposal import ScaleStatus, scale_status
from bot.domain.snat import CountGoal
from bot.scaling import Wish
from tests.build import APPROVER, DEV, World, make_world
from tests.flows.writer_stage import ask, state_of, writes

LONG = timedelta(minutes=40)


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world in which no operation can be asked about."""
    made = make_world(database_url)
    fault = {"method": "GET", "path": "(?i)operations/", "times": 1_000_000}
    made.arm.add_fault({**fault, "status": 503, "code": "ServiceUnavailable", "message": "No such host."})
    yield made
    made.store.close()


def test_an_allowance_goes_live_all_the_same(world: World) -> None:
    """Its rule is read back; it was written once."""
    allowance = ask(world)
    for _ in range(80):
        world.work(LONG / 80)
    assert state_of(world, allowance) is Status.LIVE
    assert len(writes(world)) == 1


def test_a_scale_is_done_all_the_same(world: World) -> None:
    """Its addresses are read back."""
    proposed = scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(2), "more ports"))
    if proposed.approved_at is None:
        proposed = scaling.decide(world.ctx, APPROVER, Decision(proposed.id, is_approved=True))
    for _ in range(80):
        world.work(LONG / 80)
    with world.store.read() as tx:
        found = tx.scales.get(proposed.id)
    assert scale_status(found, world.clock.now()) is ScaleStatus.DONE
