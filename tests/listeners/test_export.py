"""``/egress export``: the bot's rules as code, for whoever may see the cluster; and what a waiting card says."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot import allowances
from bot.allowances import Draft
from bot.approvals import Decision
from bot.domain.allowance import Allowance
from bot.domain.rule_diff import Limits
from bot.errors import CannotTakeEffect, InvalidInput
from bot.estimates import estimate, gauge
from handlers import commands
from handlers.blocks.estimate import Waiting
from handlers.replies import File
from tests.build import APPROVER, DEV, EXAMPLE, World, make_world
from tests.listeners.calling import typed


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


def approved(world: World) -> Allowance:
    """One allowance on its way."""
    asked = allowances.request(world.ctx, DEV, Draft("aks-udr", (EXAMPLE,), "Mirror", timedelta(hours=8)))
    return allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=True))


@pytest.mark.parametrize(("form", "ending"), [("terraform", ".tf"), ("bicep", ".bicep"), ("Bicep", ".bicep")])
def test_rules_come_as_a_file(world: World, form: str, ending: str) -> None:
    """With the destination and the id that leads back."""
    made = approved(world)
    file, _ = commands.export(world.ctx, typed(DEV, f"aks-udr {form}"))
    assert isinstance(file, File)
    assert file.name.endswith(ending)
    assert made.id in file.content
    assert "example.com" in file.content
    assert file.comment.startswith("1 rule ")


def test_bad_exports_are_refused(world: World) -> None:
    """Another form, no form, no name, a cluster without a firewall."""
    for text in ("aks-udr ansible", "aks-udr", ""):
        with pytest.raises(InvalidInput):
            commands.export(world.ctx, typed(DEV, text))
    with pytest.raises(CannotTakeEffect):
        commands.export(world.ctx, typed(DEV, "aks-lb bicep"))


def test_a_waiting_card_says_place_time_and_room(world: World) -> None:
    """From the work row and the rows themselves."""
    made = approved(world)
    ahead = Waiting(
        estimate(world.store, made, world.clock.now()),
        gauge(world.store, Limits(), made.scope, made.destinations),
    )
    assert ahead.wait == "Next in line; live in about 4 minutes."
    assert ahead.room == " The bot's rules would then take 1 kB of 180 MB."
