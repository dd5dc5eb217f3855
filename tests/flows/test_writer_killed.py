"""The writer of rules, killed between any two steps: one update lands, its end is on record once, and it is live.

Found by the histories: killed after the end of an operation was on record and before its row was given back, the next
replica met an operation whose end had been recorded already, and stumbled over it for ever.
"""

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


@pytest.mark.parametrize("steps", range(24))
def test_killed_at_any_step(stage: Stage, steps: int) -> None:
    """Wherever it dies, another one goes on from what is there."""
    subject = approve(stage)
    stage.replicas[0].fuse.left = steps
    stage.settle()
    stage.replicas[0].fuse.left = None
    with stage.store.read() as tx:
        assert status(tx.allowances.get(subject), stage.clock.now()) is Status.LIVE
    landed = [each for each in stage.arm.state()["operations"] if "rcg-aks-egress" in each["resource"].lower()]
    assert len(landed) == 1
    assert recorded(stage).count(Action.FIREWALL_DONE) == 1
    assert recorded(stage)[0] is Action.FIREWALL_BEGIN
