"""The story of a request: from the request through decisions and writes to the end, and nothing of others."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot import allowances, scaling
from bot.approvals import Decision
from bot.domain.audit import Action
from bot.domain.snat import CountGoal
from bot.domain.story import Story
from bot.reporting import read_story
from bot.scaling import Wish
from handlers.blocks.story import WORDS, relative, story_message, story_view
from tests.blockkit import assert_valid
from tests.build import APPROVER, AUDITOR, DEV, World, make_world
from tests.flows.writer_stage import HOUR, ask, by_hand


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


def told(story: Story) -> list[str]:
    """What happened, in order."""
    return [str(step.chained.event.action) for step in story.steps]


WRITE = ["firewall:begin", "firewall:accept", "firewall:done"]
"""A write that went well."""


def test_a_life_from_request_to_expiry(world: World) -> None:
    """Each write that carried it is told, and none that did not."""
    asked = ask(world, hours=8)
    world.settle()
    other = ask(world, "other.example.com", hours=24)
    world.settle()
    world.work(8 * HOUR)
    world.settle()
    story = read_story(world.ctx, DEV, asked.id)
    assert told(story) == [
        "allowance:request",
        "allowance:approve",
        *WRITE,
        "allowance:live",
        *WRITE,
        "allowance:expire",
    ]
    assert story.steps[0].since_start == timedelta()
    assert story.steps[-1].since_start > 8 * HOUR
    assert told(read_story(world.ctx, AUDITOR, other.id))[-1] == "allowance:live"
    assert_valid(story_message(story), "message")
    assert_valid(story_view(story), "modal")


def test_what_others_did_to_its_rules_belongs_to_it(world: World) -> None:
    """Removed by hand, put back, revoked."""
    asked = ask(world)
    world.settle()
    by_hand(world, "/rulecollectiongroups/rcg-aks-egress", ruleCollections=[])
    world.work(timedelta(minutes=15))
    world.settle()
    allowances.end(world.ctx, APPROVER, asked.id)
    world.settle()
    after = told(read_story(world.ctx, DEV, asked.id))[6:]
    healed = ["firewall:drift", *WRITE, "allowance:live"]
    assert after == [*healed, "allowance:revoke", *WRITE, "allowance:gone"]


def test_a_refused_write_is_part_of_it(world: World) -> None:
    """With Azure's code."""
    world.arm.add_fault({"method": "PUT", "path": "rcg-aks-egress$", "times": 1, "status": 400, "code": "Wrong"})
    asked = ask(world)
    world.settle()
    story = read_story(world.ctx, DEV, asked.id)
    assert told(story)[2:] == ["firewall:begin", "firewall:fail", "allowance:fail", "allowance:gone"]
    assert "(Refused Wrong)" in str(story_message(story).blocks)


def test_a_proposal_has_a_story_too(world: World) -> None:
    """From the proposal to the addresses."""
    made = scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(2), "more ports"))
    if made.approved_at is None:
        scaling.decide(world.ctx, APPROVER, Decision(made.id, is_approved=True))
    world.settle()
    story = read_story(world.ctx, DEV, made.id)
    assert told(story)[-3:] == ["scale:begin", "scale:accept", "scale:done"]
    assert "from 1 to 2" in str(story_message(story).blocks)


def test_each_action_of_a_request_has_words() -> None:
    """A timeline never shows a bare name."""
    told_of = {action for action in Action if action.partition(":")[0] in ("allowance", "scale", "firewall")}
    assert told_of - WORDS.keys() == {Action.FIREWALL_DRAFT, Action.SCALE_CHANGE}


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "+0s"), (59, "+59s"), (200, "+3m 20s"), (7500, "+2h 5m"), (1_051_200, "+12d 4h"), (3600, "+1h")],
)
def test_relative_times_are_short(seconds: int, said: str) -> None:
    """Two units at the most."""
    assert relative(timedelta(seconds=seconds)) == said
