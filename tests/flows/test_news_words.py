"""Lists, cards and news of what has ended: nothing is said to be open, or gone, that is not, or never was."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot import allowances, checking
from bot.checking import Query
from bot.domain.allowance import Status
from handlers.blocks.allowance_card import allowance_card, allowance_news
from handlers.blocks.clusters import allowance_line
from handlers.blocks.estimate import Waiting
from tests.build import DEV, EXAMPLE, World, make_world
from tests.flows.azure_changes import HUB
from tests.flows.writer_stage import ask, by_hand, resource, state_of, stored, told


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def test_what_was_revoked_is_not_called_open(world: World) -> None:
    """Its list line and late news name no end of a time that does not run any more."""
    live = ask(world)
    world.settle()
    allowances.end(world.ctx, DEV, live.id)
    ended, now = stored(world, live), world.clock.now()
    assert "revoked" in allowance_line(ended, now, world.ctx.config)
    assert "Open" not in allowance_line(ended, now, world.ctx.config)
    assert "Open" not in allowance_news(ended, {"event": "live"}, world.ctx.config).text


def test_what_was_never_open_is_not_called_gone(world: World) -> None:
    """Azure refused it, and it is withdrawn: nothing was opened."""
    fault = {"method": "PUT", "path": "rcg-aks-egress", "times": 3, "status": 400, "code": "BadRule"}
    world.arm.add_fault(fault)
    asked = ask(world)
    world.settle()
    assert state_of(world, asked) is Status.FAILED
    allowances.end(world.ctx, DEV, asked.id)
    world.settle()
    ended = stored(world, asked)
    said = [
        allowance_news(ended, notice.body, world.ctx.config).text
        for notice in world.said.notices
        if notice.subject == asked.id
    ]
    card = allowance_card(ended, world.ctx.config, world.clock.now(), Waiting())
    assert not [text for text in [*said, str(card)] if "gone from" in text or "no longer in the firewall" in text]
    assert "Nothing was opened" in str(card)
    assert "gone" not in world.said.events(asked.id)


def test_whoever_checks_first_announces_other_outbound_ips(world: World) -> None:
    """``check`` reads the cluster: what it sees is on record and said, like what the refresh sees."""
    world.tick(timedelta(minutes=1))
    configurations = resource(world, HUB)["properties"]["ipConfigurations"][:1]
    by_hand(world, HUB, ipConfigurations=configurations)
    checking.check(world.ctx, DEV, Query("aks-udr", (EXAMPLE,)))
    world.settle()
    assert "egress-change" in told(world)
