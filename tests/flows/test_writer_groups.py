"""The writer where one rule collection group does not hold all rules of a firewall policy."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot import allowances, estimates
from bot.domain.allowance import Allowance, Status, status
from bot.domain.audit import Action
from bot.domain.configuration import Configuration
from bot.domain.rule_diff import MAX_GROUPS
from bot.domain.writer_state import WriterState
from bot.errors import CannotTakeEffect
from bot.sandbox.clock import ManualClock
from tests.build import DEV, World, config, make_world
from tests.flows.plan_stage import comes_true, looked, only
from tests.flows.test_writer_killed import approve, kill_after
from tests.flows.writer_stage import (
    ask,
    by_hand,
    events,
    firewall_events,
    foreign,
    numbered,
    opened,
    resource,
    state_of,
    stored,
    told,
    told_text,
    until_writing,
    writes,
)
from tests.histories.mortal import rules_in
from tests.histories.stage import build, open_store
from tests.histories.test_histories import is_gate

BYTES = 1200
"""Bytes of a group: two rules, which fill it so far that no third one is added."""

FIRST, SECOND, THIRD = (f"/rulecollectiongroups/rcg-aks-egress{suffix}" for suffix in ("", "-2", "-3"))


def small(max_groups: int = MAX_GROUPS, max_bytes: int = BYTES) -> Configuration:
    """The configuration with groups that hold two rules each."""
    book = config()
    return replace(book, firewall=replace(book.firewall, max_bytes=max_bytes, max_groups=max_groups))


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world with small groups."""
    made = make_world(sqlite_url, book=small())
    yield made
    made.store.close()


def groups(world: World) -> dict[str, set[str]]:
    """The ids of the allowances in each of our groups, by the end of its name."""
    found = {k: b for k, b in world.arm.state()["resources"].items() if "/rulecollectiongroups/rcg-aks-egress" in k}
    return {key.rpartition("rcg-aks-egress")[2]: members(body) for key, body in found.items()}


def members(body: dict[str, Any]) -> set[str]:
    """The ids of the allowances whose rules a group has."""
    return {rule["name"].split("-")[0] for each in body["properties"]["ruleCollections"] for rule in rules_in(each)}


def filled(world: World, count: int = 5) -> list[Allowance]:
    """So many live allowances, by id: two in each group."""
    asked = [ask(world, host) for host in numbered(count)]
    settle(world)
    assert {state_of(world, each) for each in asked} == {Status.LIVE}
    return sorted((stored(world, each) for each in asked), key=lambda each: each.id)


def state(world: World) -> WriterState:
    """The state of the writer."""
    with world.store.read() as tx:
        (target,) = tx.allowances.targets()
        work = tx.work.peek(target.key)
    assert work is not None
    assert isinstance(work.state, WriterState)
    return work.state


def settle(world: World) -> None:
    """Work until nothing moves, in larger steps."""
    world.settle(step=timedelta(seconds=40))


def ids(*rows: Allowance) -> set[str]:
    """Their ids."""
    return {row.id for row in rows}


def test_rules_spread_over_as_many_groups_as_they_need(world: World) -> None:
    """Live as soon as their own group is written; then they stay where they are, and gaps are filled."""
    before = foreign(world)
    a, b, c = filled(world, 3)
    assert groups(world) == {"": ids(a, b), "-2": ids(c)}
    begun = [dict(each.detail) for each in events(world, "", Action.FIREWALL_BEGIN)]
    assert [each["allowances"].split() for each in begun] == [sorted(ids(a, b)), [c.id]]
    assert begun[0]["after"] == begun[1]["before"]
    lived = [each.live_at for each in (a, b, c) if each.live_at is not None]
    assert lived[0] == lived[1] < lived[2]
    assert firewall_events(world) == 2 * ["begin", "accept", "done Succeeded"]
    assert resource(world, FIRST)["properties"]["priority"] < resource(world, SECOND)["properties"]["priority"]
    allowances.end(world.ctx, DEV, a.id)
    d = ask(world, "later.example.com")
    settle(world)
    world.tick(timedelta(hours=1))
    settle(world)
    assert groups(world) == {"": ids(b, d), "-2": ids(c)}
    assert (state_of(world, a), state_of(world, d)) == (Status.REVOKED, Status.LIVE)
    assert len(writes(world)) == 3, "The other group is not touched."
    assert (foreign(world), told(world)) == (before, [])
    room = estimates.gauge(world.store, world.ctx.config.firewall, b.scope, b.destinations)
    others = len(resource(world, "/firewallpolicies/hub-policy")["properties"]["ruleCollectionGroups"]) - 2
    assert room.limit == BYTES * (MAX_GROUPS - others)
    assert room.after > sum(estimates.bytes_of(each.scope, each.destinations) for each in (b, c, d))
    draft = allowances.Draft("aks-udr", b.destinations, "why", timedelta(hours=9))
    with pytest.raises(CannotTakeEffect, match=f"limit is {2 * BYTES:,}"):
        allowances.request(replace(world.ctx, config=small(max_groups=2 + others)), DEV, draft)


def test_a_group_that_is_refused_holds_up_nobody_else(world: World) -> None:
    """What can be written is written, and people hear of the rest."""
    a, *_ = filled(world, 3)
    world.arm.add_fault({"method": "PUT", "path": "egress$", "times": 99, "status": 400, "code": "GroupLimitExceeded"})
    allowances.end(world.ctx, DEV, a.id)
    other = ask(world, "other.example.com")
    for _ in range(8):
        world.work(timedelta(seconds=40))
    assert state_of(world, other) is Status.LIVE, "It does not wait for the group that would have room."
    assert "GroupLimitExceeded" in told_text(world, "stuck")
    world.arm.clear_faults()
    world.arm.add_fault({"method": "PUT", "path": "egress-3$", "times": 2, "status": 400, "code": "InvalidRule"})
    last = [ask(world, host) for host in ("x.example.com", "y.example.com")]
    settle(world)
    assert sorted(state_of(world, each) for each in last) == [Status.FAILED, Status.LIVE]
    assert a.id not in groups(world)[""]
    assert told(world) == ["stuck", "healed"]


def test_where_no_group_may_be_created_others_go_on(world: World) -> None:
    """Whoever does not fit waits, and people are told why."""
    count = len(resource(world, "/firewallpolicies/hub-policy")["properties"]["ruleCollectionGroups"]) + 1
    asked = sorted((ask(world, host) for host in numbered(4)), key=lambda each: each.id)
    ctx = replace(world.ctx, config=small(max_groups=count, max_bytes=1600))
    world = replace(world, ctx=ctx, reconciler=type(world.reconciler)(ctx, world.said, workers=0))
    until_writing(world)
    for _ in range(15):
        world.work(timedelta(seconds=40))
    assert [state_of(world, each) for each in asked[:3]] == [Status.LIVE] * 3, "The head room is used as well."
    assert state_of(world, asked[3]) is Status.APPROVED
    assert f"the limit is {count}" in told_text(world, "stuck")
    assert any(f"the limit is {count}" in each for each in only(looked(world)).obstacles)
    assert state(world).refused_groups == (), "No number is used up by a group that never was."
    allowances.end(world.ctx, DEV, asked[0].id)
    settle(world)
    assert state_of(world, asked[3]) is Status.LIVE


def test_what_somebody_does_to_any_group_is_found(world: World) -> None:
    """A wider rule is put right, a copy of one goes, groups are moved back or created again, what others add stays."""
    a, _, c = filled(world, 3)
    (there,) = resource(world, SECOND)["properties"]["ruleCollections"]
    (first,) = resource(world, FIRST)["properties"]["ruleCollections"]
    copy = [rule for rule in first["rules"] if a.id in rule["name"]]
    theirs = {**first, "name": "by-hand", "priority": 4000, "rules": [{**first["rules"][0], "name": "theirs"}]}
    by_hand(world, FIRST, ruleCollections=[first, theirs])
    wide = [{**rule, "sourceAddresses": ["*"]} for rule in there["rules"]]
    by_hand(world, SECOND, ruleCollections=[{**there, "rules": [*wide, *copy]}], priority=64001)
    before = foreign(world)
    world.tick(timedelta(hours=1))
    comes_true(world)
    (there,) = resource(world, SECOND)["properties"]["ruleCollections"]
    assert [rule["sourceAddresses"] != ["*"] for rule in there["rules"]] == [True]
    assert foreign(world) == before
    assert told(world) == ["drift", "drift", "healed"], "The rules, and the priority."
    assert "rcg-aks-egress-2 in hub-policy was 302 and is 64001." in told_text(world, "drift")
    taken, platform = resource(world, SECOND)["properties"]["priority"], resource(world, "/rcg-platform")
    world.arm.delete_resource(resource(world, SECOND)["id"])
    world.arm.put_resource(f"{platform['id']}-2", {"properties": {"priority": taken, "ruleCollections": []}})
    by_hand(world, FIRST, priority=64000)
    world.tick(timedelta(hours=1))
    comes_true(world)
    assert groups(world)["-2"] == ids(c)
    assert resource(world, FIRST)["properties"]["priority"] < taken
    assert resource(world, SECOND)["properties"]["priority"] > taken
    assert (told(world)[3:], state_of(world, c)) == (["drift", "drift", "healed"], Status.LIVE)


def test_a_group_that_somebody_else_created_first_is_theirs(world: World) -> None:
    """The bot's own creation was refused; what is there under that name is left as it is, and people are told."""
    filled(world, 2)
    world.arm.add_fault({"method": "PUT", "path": "egress-2$", "times": 1, "status": 412, "code": "PreconditionFailed"})
    last = ask(world, "last.example.com")
    while not writes(world, "egress-2"):
        world.work(timedelta(seconds=1))
    first = resource(world, FIRST)
    (ours,) = first["properties"]["ruleCollections"]
    theirs = {**ours, "rules": [{**ours["rules"][0], "name": "a0000theirs-https-443"}]}
    world.arm.put_resource(f"{first['id']}-2", {"properties": {"priority": 5000, "ruleCollections": [theirs]}})
    settle(world)
    assert groups(world)["-2"] == {"a0000theirs"}
    assert groups(world)["-3"] == ids(last)
    assert (state_of(world, last), told(world)) == (Status.LIVE, ["unknown"])


def test_a_group_that_was_deleted_may_be_anothers_later(world: World) -> None:
    """Nothing of ours belonged there any more; what another bot then writes under its name is not healed away."""
    *_, last = filled(world, 3)
    first, second = resource(world, FIRST), resource(world, SECOND)
    allowances.end(world.ctx, DEV, last.id, reason="over")
    settle(world)
    world.arm.delete_resource(second["id"])
    world.tick(timedelta(hours=1))
    settle(world)
    (ours,) = first["properties"]["ruleCollections"]
    theirs = {**ours, "rules": [{**ours["rules"][0], "name": "a0000theirs-https-443"}]}
    world.arm.put_resource(second["id"], {"properties": {"priority": 5000, "ruleCollections": [theirs]}})
    world.tick(timedelta(hours=1))
    settle(world)
    assert (groups(world)["-2"], told(world)) == ({"a0000theirs"}, ["unknown"])


def test_rules_that_the_database_does_not_know_are_left_in_every_group(world: World) -> None:
    """They may be another bot's."""
    filled(world, 3)
    before = opened(world)
    with world.store.write() as tx:
        tx.work.forget_writers()
    with world.store._engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM allowance")
    world.tick(timedelta(hours=1))
    new = ask(world, "new.example.com")
    settle(world)
    texts = [notice.body["text"] for notice in world.said.notices if notice.body.get("event") == "unknown"]
    assert [text.split(" in hub-policy")[0] for text in texts] == ["rcg-aks-egress-2", "The bot's rule collections"]
    assert before.items() < opened(world).items()
    assert groups(world)["-3"] == ids(new), "A second bot may be at work in the other one."
    by_hand(world, SECOND, ruleCollections=[])
    world.tick(timedelta(hours=1))
    settle(world)
    assert (groups(world)["-2"], told(world)) == (set(), ["unknown", "unknown"])


DEATHS = (Action.FIREWALL_BEGIN, Action.FIREWALL_ACCEPT, Action.FIREWALL_DONE)[: 1 if is_gate() else 3]
"""What was put on record last by whoever dies."""


@pytest.mark.parametrize("action", DEATHS)
def test_killed_between_two_groups(sqlite_url: str, action: Action) -> None:
    """Each group is written once, whoever dies when; and nobody is accused of what the bot did itself."""
    clock = ManualClock()
    stage = build(open_store(sqlite_url, clock), clock, book=small(), replicas=1)
    subjects = [approve(stage, host) for host in numbered(3)]
    for count in (1, 2):
        kill_after(stage, action, count, within=timedelta(minutes=12))
    stage.settle()
    with stage.store.read() as tx:
        assert {status(tx.allowances.get(each), clock.now()) for each in subjects} == {Status.LIVE}
    written = [each["resource"].rpartition("/")[2] for each in stage.arm.state()["operations"]]
    assert sorted(each for each in written if "egress" in each) == ["rcg-aks-egress", "rcg-aks-egress-2"]
    assert [notice.body["event"] for notice in stage.said.notices if notice.kind == "channel"] == []
    stage.close()
