"""Talking before deciding: a question pauses the lapse, an answer goes on, an edit begins anew."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import allowances, approvals, scaling
from bot.allowances import ALLOWANCES, Draft, Edit
from bot.approvals import Decision, Inquiry
from bot.domain.allowance import Allowance, Status
from bot.domain.approval import PolicyRule, VerdictKind
from bot.domain.audit import Action
from bot.domain.fqdn import parse_destination
from bot.domain.snat import CountGoal
from bot.errors import AlreadyDecided, AlreadyRequested, InvalidInput, NotPermitted, RequestRefused, StaleView
from bot.ports import Caller
from bot.scaling import SCALES, Wish
from tests.build import APPROVER, APPROVER2, DEV, DEV2, World, make_world
from tests.flows.azure_changes import direct
from tests.flows.policy_stage import configured, wait
from tests.flows.writer_stage import HOUR, events, state_of, stored


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def ask(world: World, one: Allowance, who: Caller = APPROVER, text: str = "For which service?") -> Allowance:
    """An approver wants to know something."""
    return approvals.ask_question(world.ctx, who, Inquiry(one.id, text), ALLOWANCES)


def answer(world: World, one: Allowance, who: Caller = DEV, text: str = "For billing.") -> Allowance:
    """The requester answers."""
    return approvals.answer_question(world.ctx, who, Inquiry(one.id, text), ALLOWANCES)


def later(world: World, after: timedelta) -> None:
    """Let time pass, and everything happen that is due by then."""
    world.work(after)
    world.settle()


def test_a_question_goes_to_the_requester_and_its_answer_back(world: World) -> None:
    """Both are told, both are on record, and the decision follows."""
    asked = wait(world)
    ask(world, asked)
    world.settle()
    assert direct(world, asked, "asked") == {DEV.identity.user}
    answer(world, asked)
    world.settle()
    assert direct(world, asked, "answered") == {APPROVER.identity.user}
    said = [e.reason for e in events(world, asked.id, Action.ALLOWANCE_QUESTION, Action.ALLOWANCE_ANSWER)]
    assert said == ["For which service?", "For billing."]
    assert allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=True)).approved_at is not None


def test_a_question_pauses_the_lapse(world: World) -> None:
    """What is left of the time for a decision is what was left when it was asked."""
    asked = wait(world)
    left = asked.lapses_at - world.clock.now()
    later(world, timedelta(days=2, hours=20))
    ask(world, asked)
    later(world, timedelta(days=1))
    assert state_of(world, asked) is Status.WAITING
    answered = answer(world, asked)
    assert abs(answered.lapses_at - world.clock.now() - (left - timedelta(days=2, hours=20))) < timedelta(minutes=2)
    later(world, timedelta(hours=5))
    assert state_of(world, asked) is Status.LAPSED


def test_a_question_without_an_answer_lapses_in_the_end(world: World) -> None:
    """The requester is reminded, the approvers are left alone, and nothing waits for ever."""
    asked = wait(world)
    ask(world, asked)
    for _ in range(3):
        later(world, timedelta(days=1))
    assert "unanswered" in world.said.events(asked.id)
    assert "reminded" not in world.said.events(asked.id)
    assert direct(world, asked, "unanswered") == {DEV.identity.user}
    assert state_of(world, asked) is Status.WAITING
    later(world, timedelta(days=3, hours=1))
    assert state_of(world, asked) is Status.LAPSED


def test_several_questions_are_answered_at_once(world: World) -> None:
    """The pause begins with the first and is counted once."""
    asked = wait(world)
    ask(world, asked)
    world.tick(HOUR)
    ask(world, asked, APPROVER2, "Until when?")
    world.tick(HOUR)
    answered = answer(world, asked)
    assert [one.answer.reason for one in answered.questions if one.answer] == ["For billing."] * 2
    assert abs(answered.lapses_at - asked.lapses_at - 2 * HOUR) < timedelta(minutes=1)
    world.settle()
    assert direct(world, asked, "answered") == {APPROVER.identity.user, APPROVER2.identity.user}


def test_who_may_ask_and_answer(world: World) -> None:
    """Only who may decide asks, only who requested answers, only while it waits."""
    asked = wait(world)
    for who in (DEV, DEV2):
        with pytest.raises(NotPermitted):
            ask(world, asked, who)
    with pytest.raises(InvalidInput):
        ask(world, asked, text="  ")
    with pytest.raises(AlreadyDecided, match="No question"):
        answer(world, asked)
    ask(world, asked)
    for who in (DEV2, APPROVER):
        with pytest.raises(NotPermitted):
            answer(world, asked, who)
    answer(world, asked)
    with pytest.raises(AlreadyDecided, match="No question"):
        answer(world, asked)
    allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=True))
    with pytest.raises(AlreadyDecided, match="already approved"):
        ask(world, asked)


def test_a_decision_does_not_need_the_answer(world: World) -> None:
    """Another approver knows enough; the question is moot then."""
    asked = wait(world)
    ask(world, asked)
    allowances.decide(world.ctx, APPROVER2, Decision(asked.id, is_approved=False, reason="no"))
    with pytest.raises(AlreadyDecided, match="already denied"):
        answer(world, asked)


def test_proposals_are_talked_about_too(world: World) -> None:
    """The same for a change in the number of outbound IPs."""
    made = scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(3)))
    approvals.ask_question(world.ctx, APPROVER, Inquiry(made.id, "Why three?"), SCALES)
    answered = approvals.answer_question(world.ctx, DEV, Inquiry(made.id, "Traffic."), SCALES)
    assert [one.text for one in answered.questions] == ["Why three?"]
    assert len(events(world, made.id, Action.SCALE_QUESTION, Action.SCALE_ANSWER)) == 2


def change(one: Allowance, *hosts: str, reason: str = "why") -> Edit:
    """Other hosts."""
    draft = Draft("aks-udr", tuple(parse_destination(host) for host in hosts), reason, 8 * HOUR)
    return Edit(one.id, one.digest, draft)


def test_an_edit_begins_the_decision_anew(world: World) -> None:
    """The same id, a new version; the approval that was given is void, and its giver told."""
    two = PolicyRule("two", VerdictKind.ASK, "Two.", approvers=("platform",), needed=2)
    world = configured(world, two)
    asked = wait(world)
    allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=True))
    ask(world, asked, APPROVER2)
    world.tick(HOUR)
    edited = allowances.edit(world.ctx, DEV, change(asked, "v.example.com"))
    assert (edited.id, edited.approvals, edited.open_questions) == (asked.id, (), ())
    assert [str(one) for one in edited.destinations] == ["v.example.com"]
    assert edited.lapses_at == world.clock.now() + world.ctx.config.durations.lapse_after
    world.settle()
    assert direct(world, asked, "edited") == {APPROVER.identity.user, APPROVER2.identity.user}
    (event,) = events(world, asked.id, Action.ALLOWANCE_EDIT)
    assert dict(event.detail)["digest_before"] == asked.digest
    with pytest.raises(StaleView):
        allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=True, seen=asked.digest))
    for who in (APPROVER, APPROVER2):
        allowances.decide(world.ctx, who, Decision(asked.id, is_approved=True, seen=edited.digest))
    world.settle()
    assert state_of(world, asked) is Status.LIVE


def test_an_edit_is_assessed_like_a_request(world: World) -> None:
    """What would be refused as a request is refused as a change, and nothing is changed."""
    asked = wait(world)
    freeze = PolicyRule("no-wildcards", VerdictKind.REFUSE, "No wildcards.", wildcard=True)
    world = configured(world, freeze)
    for edit, error in (
        (change(asked, "*.example.org"), RequestRefused),
        (change(asked, "w.example.com"), InvalidInput),
        (change(asked, "v.example.com", reason=" "), InvalidInput),
        (replace(change(asked, "v.example.com"), seen="0" * 16), StaleView),
    ):
        with pytest.raises(error):
            allowances.edit(world.ctx, DEV, edit)
    with pytest.raises(NotPermitted):
        allowances.edit(world.ctx, DEV2, change(asked, "v.example.com"))
    assert stored(world, asked).ask == asked.ask
    assert events(world, asked.id, Action.ALLOWANCE_EDIT) == []


def test_an_edit_may_be_granted_at_once(world: World) -> None:
    """The policy grants what it asks for now."""
    asked = wait(world)
    easy = PolicyRule("short", VerdictKind.GRANT, "Fine.", wildcard=False)
    world = configured(world, easy)
    edited = allowances.edit(world.ctx, DEV, change(asked, "v.example.com"))
    assert edited.approved_at is not None
    world.settle()
    assert state_of(world, asked) is Status.LIVE


def test_an_edit_never_makes_two_of_one(world: World) -> None:
    """Another request for the same waits already; what is decided cannot be changed."""
    asked = wait(world)
    other = allowances.request(world.ctx, DEV, change(asked, "v.example.com").draft)
    with pytest.raises(AlreadyRequested, match=other.id):
        allowances.edit(world.ctx, DEV, change(asked, "v.example.com"))
    allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=True))
    with pytest.raises(AlreadyDecided):
        allowances.edit(world.ctx, DEV, change(asked, "u.example.com"))
