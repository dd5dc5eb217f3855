"""Asking once more for what was denied, lapsed, revoked or closed: one click, and the form is filled."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from bot import allowances, scaling
from bot.allowances import Draft
from bot.approvals import Decision
from bot.domain.allowance import Allowance, Status, status
from bot.domain.fqdn import parse_destinations
from bot.domain.scale_proposal import Scale, ScaleStatus, scale_status
from bot.domain.snat import CountGoal
from bot.errors import UserError
from bot.ports import Caller
from bot.scaling import Wish
from handlers import actions, views
from handlers.blocks.allowance_card import allowance_card
from handlers.blocks.estimate import Waiting
from handlers.blocks.scale_card import scale_card
from handlers.replies import OpenModal
from tests.blockkit import assert_valid
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


def expire(world: World, made: Allowance) -> None:
    """It ran its time."""
    allowances.decide(world.ctx, APPROVER, Decision(made.id, is_approved=True))
    world.settle()
    world.work(timedelta(days=8))


ENDS: list[tuple[Callable[[World, Allowance], None], Status]] = [
    (deny, Status.DENIED),
    (lapse, Status.LAPSED),
    (withdraw, Status.REVOKED),
    (expire, Status.EXPIRED),
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
    renewal = ["renew"] if state is Status.EXPIRED else []
    assert buttons(world, made.id) == [*renewal, "request_again", "details", "story"]
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


def deny_scale(world: World, made: Scale) -> None:
    """Somebody says no."""
    scaling.decide(world.ctx, APPROVER, Decision(made.id, is_approved=False, reason="not now"))


def lapse_scale(world: World, _made: Scale) -> None:
    """Nobody says anything."""
    world.work(timedelta(days=4))


def withdraw_scale(world: World, made: Scale) -> None:
    """Its proposer takes it back."""
    scaling.withdraw(world.ctx, DEV, made.id)


def fail_scale(world: World, made: Scale) -> None:
    """Azure refuses it."""
    scaling.decide(world.ctx, APPROVER, Decision(made.id, is_approved=True))
    world.arm.add_fault({"method": "PUT", "path": "aks-lb$", "status": 400, "code": "QuotaExceeded"})
    world.settle()


SCALE_ENDS: list[tuple[Callable[[World, Scale], None], ScaleStatus]] = [
    (deny_scale, ScaleStatus.DENIED),
    (lapse_scale, ScaleStatus.LAPSED),
    (withdraw_scale, ScaleStatus.WITHDRAWN),
    (fail_scale, ScaleStatus.FAILED),
]


@pytest.mark.parametrize(("end", "state"), SCALE_ENDS)
def test_a_scale_is_proposed_again(world: World, end: Callable[[World, Scale], None], state: ScaleStatus) -> None:
    """Its form is filled with the count and the reason; it is planned from the cluster as it is then."""
    made = scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(3), "more room"))
    end(world, made)
    with world.store.read() as tx:
        ended = tx.scales.get(made.id)
    assert scale_status(ended, world.clock.now()) is state
    card = scale_card(ended, world.ctx.config, world.clock.now())
    assert_valid(card, "message")
    button, _details, _story = (one for block in card.blocks if block["type"] == "actions" for one in block["elements"])
    assert button["action_id"] == "propose_again"
    opened = actions.propose_again(world.ctx, pressed(DEV, **json.loads(button["value"])))
    assert isinstance(opened, OpenModal)
    form = fields_of(opened.view)
    assert form == {"knob": "count", "count": "3", "reason": "more room"}
    views.scale(world.ctx, submitted(DEV, form, **json.loads(opened.view["private_metadata"])))
    (again,) = scaling.proposals(world.ctx, DEV, "mine", fits=lambda one: one.is_waiting(world.clock.now()))
    assert (again.plan.change.ends[1], again.reason) == ("3", "more room")
