"""Handing over and letting end, as people type and press."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.errors import InvalidInput, NotPermitted
from handlers import actions, commands
from handlers.blocks.allowance_card import allowance_card
from handlers.blocks.estimate import Waiting
from handlers.blocks.offers import offers
from tests.build import DEV, DEV2, World, make_world
from tests.flows.writer_stage import ask, stored
from tests.listeners.calling import pressed, text_of, typed


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


def test_two_are_handed_over_at_once(world: World) -> None:
    """Each by itself; the card names the owner beside whoever asked."""
    first, second = ask(world), ask(world, "example.org")
    world.settle()
    said = text_of(commands.transfer(world.ctx, typed(DEV, f"{first.id} {second.id} to <@UDEV0002|devi>", "transfer")))
    assert said.count("<@UDEV0002> owns it now") >= 2
    card = allowance_card(stored(world, first), world.ctx.config, world.clock.now(), Waiting(None))
    assert "owned by <@UDEV0002>" in str(card.blocks)
    assert "<@UDEV0001>" in str(card.blocks)


@pytest.mark.parametrize("words", ["", "a0 to", "a0 to <@U1> <@U2>", "a0 please to <@UDEV0002>"])
def test_what_is_not_clear_is_asked_back(world: World, words: str) -> None:
    """With the right form."""
    with pytest.raises(InvalidInput, match="/egress transfer ID to @x"):
        commands.transfer(world.ctx, typed(DEV, words, "transfer"))


def test_the_warning_offers_both_choices(world: World) -> None:
    """Renew and let it expire, as equal buttons; once it was left to expire, only renewing."""
    made = ask(world)
    world.settle()
    world.tick(timedelta(hours=7, minutes=30))
    now = world.clock.now()
    warned = stored(world, made)
    assert [b["action_id"] for b in offers(warned, "expiring", world.ctx.config, now)[0]["elements"]] == [
        "renew",
        "let_expire",
    ]
    said = text_of(actions.let_expire(world.ctx, pressed(DEV, id=made.id, digest=made.digest)))
    assert "won't be reminded again" in said
    card = allowance_card(stored(world, made), world.ctx.config, now, Waiting(None))
    assert "<@UDEV0001> lets it expire" in str(card.blocks)
    assert "let_expire" not in str(card.blocks)
    with pytest.raises(NotPermitted):
        actions.let_expire(world.ctx, pressed(DEV2, id=made.id, digest=made.digest))
