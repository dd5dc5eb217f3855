"""Whoever has not decided is reminded, further people are asked, and people who are away are represented."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import allowances, approvals, scaling
from bot.approvals import Decision
from bot.domain.allowance import Allowance, Status
from bot.domain.approval import PolicyRule, Reminders, TimeWindow, VerdictKind
from bot.domain.audit import Action
from bot.domain.configuration import Group
from bot.domain.people import Role
from bot.domain.snat import CountGoal
from bot.errors import InvalidInput, NotPermitted
from bot.ports import Caller, NoticeKind
from bot.scaling import Wish
from tests.build import APPROVER, APPROVER2, AUDITOR, DEV, DEV2, OPERATOR, World, make_world
from tests.flows.policy_stage import configured, started, wait
from tests.flows.writer_stage import HOUR, events, state_of, stored

LEADS = Group("leads", None, frozenset({"UOPS0001"}), frozenset({Role.APPROVER}))
OFFICER = PolicyRule("officer", VerdictKind.ASK, "The officer looks.", people=("UAUD0001",))


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def later(world: World, after: timedelta) -> None:
    """Let time pass, and everything happen that is due by then."""
    world.work(after)
    world.settle()


def reminded(world: World, one: Allowance | str) -> list[str]:
    """Who got a reminder as a direct message, in order of name for each round."""
    subject = one if isinstance(one, str) else one.id
    events = ("reminded", "unanswered")
    said = (n for n in world.said.notices if n.subject == subject and n.body.get("event") in events)
    return [n.recipient for n in said if n.kind is NoticeKind.DIRECT]


def with_leads(world: World) -> World:
    """The same world in which the leads are asked after a day."""
    book = world.ctx.config
    policy = replace(book.policy, escalate_to=("leads",))
    return configured(started(world, replace(book, policy=policy)), leads=LEADS)


def test_those_who_have_not_decided_are_reminded(world: World) -> None:
    """Once each time, with twice the wait, never whoever asked, and nobody once it is decided."""
    two = PolicyRule("two", VerdictKind.ASK, "Two.", approvers=("platform",), needed=2)
    world = configured(world, two)
    asked = wait(world)
    later(world, 3 * HOUR)
    assert reminded(world, asked) == []
    later(world, 2 * HOUR)
    assert reminded(world, asked) == ["UAPP0001", "UAPP0002"]
    later(world, 1 * HOUR)
    assert len(reminded(world, asked)) == 2, "a timer that runs again says nothing again"
    allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=True))
    later(world, 5 * HOUR)
    assert reminded(world, asked)[2:] == ["UAPP0002"], "who has approved is left alone"
    allowances.decide(world.ctx, APPROVER2, Decision(asked.id, is_approved=True))
    later(world, 20 * HOUR)
    assert len(reminded(world, asked)) == 3
    assert [event.actor.user for event in events(world, asked.id, Action.ALLOWANCE_REMIND)] == ["bot", "bot"]


def test_a_restart_loses_no_reminder_and_repeats_none(world: World) -> None:
    """The bot was down while two were due: one goes out at its start."""
    asked = wait(world)
    world.tick(13 * HOUR)
    world = started(world, world.ctx.config)
    later(world, timedelta())
    world = started(world, world.ctx.config)
    later(world, timedelta(minutes=1))
    assert reminded(world, asked) == ["UAPP0001", "UAPP0002"]


def test_nobody_is_reminded_outside_of_working_hours(world: World) -> None:
    """A window that opens in two days: until then nobody is disturbed, and nothing is forgotten."""
    begin = world.clock.now() + timedelta(days=2)
    window = TimeWindow("later", dates=f"{begin:%Y-%m-%d}/2099-01-01")
    world = started(world, replace(world.ctx.config, reminders=Reminders(hours=window)))
    asked = wait(world)
    later(world, 20 * HOUR)
    assert reminded(world, asked) == []
    later(world, begin.replace(hour=0, minute=1) - world.clock.now())
    assert reminded(world, asked) == ["UAPP0001", "UAPP0002"]


def test_a_scale_proposal_is_reminded_of_too(world: World) -> None:
    """Both kinds of request wait the same way."""
    made = scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(3)))
    later(world, 5 * HOUR)
    assert reminded(world, made.id) == ["UAPP0001", "UAPP0002"]
    assert len(events(world, made.id, Action.SCALE_REMIND)) == 1


def test_further_people_are_asked_after_a_day(world: World) -> None:
    """They may decide then and not before; who asked hears it once, and it is on record."""
    world = with_leads(world)
    asked = wait(world)
    with pytest.raises(NotPermitted):
        allowances.decide(world.ctx, OPERATOR, Decision(asked.id, is_approved=True))
    later(world, 25 * HOUR)
    assert stored(world, asked).verdict.approvers == ("leads", "platform")
    (event,) = events(world, asked.id, Action.ALLOWANCE_ESCALATE)
    assert event.reason == "Nobody decided within 1 day."
    assert world.said.events(asked.id).count("escalated") == 1
    later(world, 5 * HOUR)
    assert "UOPS0001" in reminded(world, asked)
    allowances.decide(world.ctx, OPERATOR, Decision(asked.id, is_approved=True))
    world.settle()
    assert state_of(world, asked) is Status.LIVE


def test_a_click_of_theirs_counts_before_any_timer_ran(world: World) -> None:
    """The time decides, not whether the bot was awake."""
    world = with_leads(world)
    asked = wait(world)
    world.tick(25 * HOUR)
    made = allowances.decide(world.ctx, OPERATOR, Decision(asked.id, is_approved=True))
    assert made.approved_at is not None


def test_then_it_lapses(world: World) -> None:
    """After the last reminder, with one click to ask again."""
    asked = wait(world)
    later(world, timedelta(days=3, hours=1))
    assert state_of(world, asked) is Status.LAPSED
    assert world.said.events(asked.id)[-1] == "lapsed"


def away(world: World, who: Caller = APPROVER, to: Caller = APPROVER2, days: int = 3) -> None:
    """Somebody leaves."""
    approvals.leave(world.ctx, who, to.identity, world.clock.now() + timedelta(days=days))


def test_whoever_is_away_is_not_reminded(world: World) -> None:
    """Their delegate is, once, as long as they are away."""
    away(world)
    asked = wait(world)
    later(world, 5 * HOUR)
    assert reminded(world, asked) == ["UAPP0002"]
    approvals.come_back(world.ctx, APPROVER)
    later(world, 8 * HOUR)
    assert reminded(world, asked)[1:] == ["UAPP0001", "UAPP0002"]


def officer(world: World) -> World:
    """The same world in which one person is asked by name, who shares a group with a colleague."""
    crew = Group("crew", None, frozenset({"UAUD0001", "UDEV0002"}))
    return configured(world, OFFICER, crew=crew)


def test_a_delegate_decides_for_who_is_asked_by_name(world: World) -> None:
    """In their place, as long as they are away; the card and the approval say so."""
    world = officer(world)
    asked = wait(world)
    with pytest.raises(NotPermitted):
        allowances.decide(world.ctx, DEV2, Decision(asked.id, is_approved=True))
    away(world, AUDITOR, DEV2)
    with pytest.raises(NotPermitted):
        allowances.decide(world.ctx, OPERATOR, Decision(asked.id, is_approved=True))
    allowances.decide(world.ctx, DEV2, Decision(asked.id, is_approved=True))
    (given, *_) = stored(world, asked).approvals
    assert (given.by, given.stands_for) == (DEV2.identity, ("UAUD0001",))


def test_two_in_one_seat_count_once(world: World) -> None:
    """The officer is back and approves as well: their seat is taken."""
    world = officer(world)
    both = replace(OFFICER, name="both", people=("UAUD0001", "UOPS0001"), needed=2)
    world = configured(world, both)
    asked = wait(world)
    away(world, AUDITOR, DEV2)
    allowances.decide(world.ctx, DEV2, Decision(asked.id, is_approved=True))
    approvals.come_back(world.ctx, AUDITOR)
    with pytest.raises(Exception, match="already approved"):
        allowances.decide(world.ctx, AUDITOR, Decision(asked.id, is_approved=True))
    assert stored(world, asked).approved_at is None


def test_an_absence_that_is_over_gives_nothing(world: World) -> None:
    """The date decides, without anybody doing anything."""
    world = officer(world)
    away(world, AUDITOR, DEV2, days=1)
    asked = wait(world)
    world.tick(timedelta(days=1, minutes=1))
    with pytest.raises(NotPermitted):
        allowances.decide(world.ctx, DEV2, Decision(asked.id, is_approved=True))


@pytest.mark.parametrize(
    ("to", "why"),
    [(APPROVER, "cannot decide for yourself"), (DEV, "in none of your groups")],
)
def test_only_a_colleague_can_be_named(world: World, to: Caller, why: str) -> None:
    """Of the same group, and somebody else."""
    with pytest.raises(InvalidInput, match=why):
        away(world, APPROVER, to)


def test_nobody_is_delegated_to_who_is_away(world: World) -> None:
    """Nor is a time that has passed accepted, and nobody who is there comes back."""
    away(world, APPROVER2, APPROVER)
    with pytest.raises(InvalidInput, match="is away until"):
        away(world)
    with pytest.raises(InvalidInput, match="has passed"):
        away(world, days=-1)
    with pytest.raises(InvalidInput, match="You are not away"):
        approvals.come_back(world.ctx, APPROVER)


def test_absences_are_on_record(world: World) -> None:
    """Who, for whom, until when, and the end."""
    away(world)
    approvals.come_back(world.ctx, APPROVER)
    gone, back = (events(world, "", action)[-1] for action in (Action.PERSON_AWAY, Action.PERSON_BACK))
    assert (gone.actor, back.actor) == (APPROVER.identity, APPROVER.identity)
    assert dict(gone.detail)["delegate"] == "UAPP0002"
