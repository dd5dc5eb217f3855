"""The writer of rules, killed once at each step of beginning and of ending an update: it lands once and is live."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot import allowances
from bot.allowances import Decision, Draft
from bot.domain.allowance import Status, status
from bot.domain.audit import Action
from bot.sandbox.clock import ManualClock
from tests.build import APPROVER, DEV, EXAMPLE
from tests.histories.stage import Stage, build, open_store


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    """One replica that can be killed."""
    clock = ManualClock()
    made = build(open_store(database_url, clock), clock, replicas=1)
    yield made
    made.close()


def approve(stage: Stage) -> str:
    """Ask, and have it approved."""
    asked = allowances.request(stage.ctx, DEV, Draft("aks-udr", (EXAMPLE,), "Mirror", timedelta(hours=8)))
    allowances.decide(stage.ctx, APPROVER, Decision(asked.id, is_approved=True))
    return asked.id


def recorded(stage: Stage) -> list[Action]:
    """What the audit log says of the firewall."""
    with stage.store.read() as tx:
        actions = [chained.event.action for chained in tx.audit.chain(after=0, limit=1000)]
    return [action for action in actions if action.startswith("firewall:")]


def check(stage: Stage, subject: str) -> None:
    """Live, by one update, whose end is on record once; and nobody was told of a defect."""
    with stage.store.read() as tx:
        assert status(tx.allowances.get(subject), stage.clock.now()) is Status.LIVE
    landed = [each for each in stage.arm.state()["operations"] if "rcg-aks-egress" in each["resource"].lower()]
    assert len(landed) == 1
    assert recorded(stage).count(Action.FIREWALL_DONE) == 1
    assert recorded(stage)[0] is Action.FIREWALL_BEGIN
    assert not [notice for notice in stage.said.notices if notice.body.get("event") == "stuck"], "a kill is no defect"


@pytest.mark.parametrize("steps", range(24))
def test_killed_while_it_begins(stage: Stage, steps: int) -> None:
    """Wherever it dies, another one goes on from what is there."""
    subject = approve(stage)
    stage.replicas[0].fuse.left = steps
    stage.settle()
    stage.replicas[0].fuse.left = None
    check(stage, subject)


@pytest.mark.parametrize("steps", range(16))
def test_killed_while_it_ends(stage: Stage, steps: int) -> None:
    """The operation is over, and whoever finds that out dies at any step of putting it on record."""
    subject = approve(stage)
    stage.clock.advance(timedelta(seconds=6))
    while stage.replicas[0].reconciler.run_one():
        pass
    stage.clock.advance(timedelta(seconds=300))
    stage.replicas[0].fuse.left = steps
    stage.settle()
    stage.replicas[0].fuse.left = None
    check(stage, subject)
