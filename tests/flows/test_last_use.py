"""Which allowances are used: from a pod's requests to what people read before they renew, keep or remove."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.allowance import Allowance
from bot.domain.feature_settings import Logs
from bot.domain.work import WorkKind
from handlers import commands
from handlers.blocks.use import used_text
from tests.azure.test_firewall_logs import SETTING
from tests.build import DEV, World, config, make_world
from tests.flows.writer_stage import ask
from tests.listeners.calling import text_of, typed

EVERY = timedelta(hours=6)
BOOK = replace(config(), logs=Logs(enabled=True, uses_every=EVERY))


@pytest.fixture
def world(database_url: str) -> Any:
    """A world whose firewall logs are read, and in which other pods ask all the time."""
    made = make_world(database_url, book=BOOK)
    made.arm.add_traffic({"cluster": "aks-udr", "host": "api.github.com", "log_delay_s": 0})
    yield made
    made.store.close()


def noted(world: World, allowance: Allowance) -> Allowance:
    """The allowance after the logs were asked."""
    with world.store.write() as tx:
        tx.work.schedule(WorkKind.LAST_USE, within=timedelta())
    world.settle()
    with world.store.read() as tx:
        return tx.allowances.get(allowance.id)


def test_used_and_unused_are_told_apart(world: World) -> None:
    """By the rule's name in the log; the card, the list and the event log's facts follow."""
    used, unused = ask(world, "api.example.com"), ask(world, "cdn.example.org")
    world.settle()
    world.arm.add_traffic({"cluster": "aks-udr", "host": "api.example.com", "log_delay_s": 0})
    world.clock.advance(timedelta(hours=3))
    found, silent = noted(world, used).used, noted(world, unused).used
    assert found is not None
    assert silent is not None
    assert found.last is not None
    assert world.clock.now() - found.last < timedelta(minutes=10)
    assert (silent.last, silent.unknown) == (None, "")
    said = text_of(commands.show(world.ctx, typed(DEV, "aks-udr", "show")))
    assert "(last used " in said
    assert "(not used in the 3 hours since it went live)" in said
    assert "card" in {one.kind for one in world.said.notices if one.subject == used.id}


def test_what_cannot_be_known_is_not_called_unused(world: World) -> None:
    """The setting was taken away: the last use that was seen stays, with why no more is known."""
    used = ask(world, "api.example.com")
    world.settle()
    world.arm.add_traffic({"cluster": "aks-udr", "host": "api.example.com", "log_delay_s": 0})
    world.clock.advance(timedelta(hours=1))
    assert "Last used" in used_text(noted(world, used))
    world.arm.delete_resource(SETTING)
    world.clock.advance(timedelta(hours=2))
    said = used_text(noted(world, used))
    assert "Last seen used" in said
    assert "hub-firewall keeps no logs: it has no diagnostic setting." in said


def test_the_question_is_asked_again_by_itself(world: World) -> None:
    """As often as configured, one query for each firewall, whatever the number of allowances."""
    made = [ask(world, f"h{number}.example.com") for number in range(5)]
    world.settle()
    noted(world, made[0])
    before = queries(world)
    world.clock.advance(EVERY)
    world.settle()
    assert queries(world) - before == 1


def queries(world: World) -> int:
    """How often logs were queried."""
    return sum(request["path"].endswith("/query") for request in world.arm.state()["requests"])
