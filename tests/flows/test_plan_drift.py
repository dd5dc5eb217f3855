"""``plan`` and what somebody changed by hand: what the writer would find, what follows, and what it would write."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from bot.domain.forecast import ForecastResult
from tests.build import World, make_world
from tests.flows.plan_stage import comes_true, fates, looked, only
from tests.flows.writer_stage import Json, ask, by_hand, resource, told, until_writing, with_drift

GROUP = "/rulecollectiongroups/rcg-aks-egress"


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


def vanished(world: World) -> None:
    """Our rules were deleted by hand."""
    by_hand(world, GROUP, ruleCollections=[])


def altered(world: World) -> None:
    """A bot rule was opened for everybody by hand."""
    collections = resource(world, GROUP)["properties"]["ruleCollections"]
    collections[0]["rules"][0]["targetFqdns"] = ["*"]
    by_hand(world, GROUP, ruleCollections=collections)


def intruded(world: World) -> None:
    """Somebody put a rule into one of our collections."""
    collections = resource(world, GROUP)["properties"]["ruleCollections"]
    rule: Json = {**collections[0]["rules"][0], "name": "by-hand", "targetFqdns": ["other.example.net"]}
    collections[0]["rules"].append(rule)
    by_hand(world, GROUP, ruleCollections=collections)


DRIFTS: dict[tuple[str, Callable[[World], None]], tuple[str, str]] = {
    ("heal", vanished): ("removed", "puts it right"),
    ("heal", altered): ("altered", "puts it right"),
    ("heal", intruded): ("added", "puts it right"),
    ("adopt", vanished): ("removed", "as revoked"),
    ("adopt", altered): ("altered", "puts it right"),
    ("adopt", intruded): ("added", "puts it right"),
    ("report", vanished): ("removed", "leaves it"),
    ("report", altered): ("altered", "leaves it"),
    ("report", intruded): ("added", "leaves it"),
}


@pytest.mark.parametrize(("mode", "change"), DRIFTS)
def test_drift(world: World, mode: str, change: Callable[[World], None]) -> None:
    """A foreign change, the configured reaction, and the write that follows."""
    world = with_drift(world, mode)
    ask(world)
    ask(world, "two.example.com")
    world.settle()
    change(world)
    ask(world, "three.example.com")
    said = comes_true(world)
    did, next_ = DRIFTS[mode, change]
    assert {each.did for each in only(said).foreign} == {did}
    assert all(next_ in each.next for each in only(said).foreign)
    assert {"drift"} == set(told(world)) - {"healed"}


def test_drift_that_was_reported_is_still_said(world: World) -> None:
    """As long as it is left alone."""
    world = with_drift(world, "report")
    ask(world)
    world.settle()
    altered(world)
    world.tick(timedelta(minutes=13))
    world.settle()
    (each,) = only(looked(world)).foreign
    assert (each.did, "firewall.drift is set to report" in each.next) == ("altered", True)


def test_rules_of_a_lost_database(world: World, sqlite_url: str) -> None:
    """They are on no record: said, and left alone."""
    ask(world)
    world.settle()
    with world.store.write() as tx:
        tx._connection.exec_driver_sql("DELETE FROM work WHERE kind = 'rules'")
        tx._connection.exec_driver_sql("DELETE FROM allowance")
    said = looked(world, "hub-policy")
    assert (said.result, [each.did for each in only(said).foreign]) == (ForecastResult.UNCHANGED, ["added"])
    assert "does not know this rule" in only(said).foreign[0].next
    ask(world, "two.example.com")
    assert comes_true(world).result is ForecastResult.CHANGES


def test_a_failed_update_is_put_again(world: World) -> None:
    """The same rules, because Azure's last update ended as Failed."""
    world.arm.add_fault({"method": "PUT", "path": "rcg-aks-egress", "fail_operation": True, "code": "X"})
    ask(world)
    until_writing(world)
    while world.arm.has_running_operations():
        world.work(timedelta(seconds=5))
    said = looked(world)
    assert (said.result, "put again" in only(said).repeats) == (ForecastResult.CHANGES, True)
    assert set(fates(only(said)).values()) == {"keep"}


@pytest.mark.parametrize(("mode", "is_moved_back"), [("heal", True), ("report", False)])
def test_a_priority_that_somebody_moved(world: World, mode: str, is_moved_back: bool) -> None:
    """Moved back where drift is healed."""
    world = with_drift(world, mode)
    ask(world)
    world.settle()
    by_hand(world, GROUP, priority=4321)
    said = looked(world)
    assert said.has_changes == is_moved_back
    assert ("and is 4321" in only(said).repeats) == is_moved_back
