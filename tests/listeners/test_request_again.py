"""Asking once more for what was denied, lapsed, revoked or closed: one click, and the form is filled."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from bot import allowances
from bot.allowances import Draft
from bot.approvals import Decision
from bot.domain.allowance import Allowance, Status, status
from bot.domain.fqdn import parse_destinations
from bot.errors import UserError
from bot.ports import Caller
from handlers import actions, views
from handlers.blocks.allowance_card import allowance_card
from handlers.blocks.estimate import Waiting
from handlers.replies import OpenModal
from tests.build import APPROVER, DEV, World, make_world
from tests.listeners.calling import pressed, submitted
from tests.listeners.test_whole_input import fields_of

DRAFT = Draft(
    "aks-udr",
    parse_destinations("one.example.com *.two.example.com"),
    "billing",
    timedelta(days=7),
    pool="nodepool1",
    ticket="OPS-7",
    bundle="quay",
)


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


def deny(world: World, made: Allowance) -> None:
    """Somebody says no."""
    allowances.decide(world.ctx, APPROVER, Decision(made.id, is_approved=False, reason="not now"))


def lapse(world: World, _made: Allowance) -> None:
    """Nobody says anything."""
    world.work(timedelta(days=4))


def withdraw(world: World, made: Allowance) -> None:
    """The requester takes it back."""
    allowances.end(world.ctx, DEV, made.id)


ENDS: list[tuple[Callable[[World, Allowance], None], Status]] = [
    (deny, Status.DENIED),
    (lapse, Status.LAPSED),
    (withdraw, Status.REVOKED),
]


def buttons(world: World, subject: str) -> list[str]:
    """The actions that a card offers."""
    card = allowance_card(stored(world, subject), world.ctx.config, world.clock.now(), Waiting())
    return [one["action_id"] for block in card.blocks if block["type"] == "actions" for one in block["elements"]]


def stored(world: World, subject: str) -> Allowance:
    """As it is now."""
    with world.store.read() as tx:
        return tx.allowances.get(subject)


@pytest.mark.parametrize(("end", "state"), ENDS)
def test_the_same_is_asked_again(world: World, end: Callable[[World, Allowance], None], state: Status) -> None:
    """Hosts, reason, duration, ticket, node pool and bundle are there; submitted as it is, it is the same request."""
    made = allowances.request(world.ctx, DEV, DRAFT)
    assert "request_again" not in buttons(world, made.id)
    end(world, made)
    assert status(stored(world, made.id), world.clock.now()) is state
    assert buttons(world, made.id) == ["request_again", "details"]
    opened = actions.request_again(world.ctx, pressed(DEV, id=made.id, digest=made.digest))
    assert isinstance(opened, OpenModal)
    views.request(world.ctx, submitted(DEV, fields_of(opened.view)))
    (again,) = (one for one in allowances.requests(world.ctx, DEV, "mine") if one.id != made.id)
    assert isinstance(again, Allowance)
    assert (again.scope, again.ask) == (made.scope, made.ask)


def test_a_stranger_to_the_cluster_reads_nothing(world: World) -> None:
    """As for every other question about it."""
    made = allowances.request(world.ctx, DEV, DRAFT)
    deny(world, made)
    stranger = Caller(type(DEV.identity)("TOTHER", "UX0000001"), "slack:button")
    with pytest.raises(UserError):
        actions.request_again(world.ctx, pressed(stranger, id=made.id, digest=made.digest))
