"""Waiting requests are assessed by the current policy, groups and people."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import pytest

from bot import allowances, scaling
from bot.approvals import Decision
from bot.domain.allowance import Status
from bot.domain.approval import PolicyRule, VerdictKind
from bot.domain.audit import Action
from bot.domain.configuration import Configuration, Group
from bot.domain.people import Identity, Person, Role, Unread
from bot.domain.scale_proposal import ScaleStatus, scale_status
from bot.domain.snat import CountGoal
from bot.domain.work import WorkKind
from bot.errors import (
    AlreadyDecided,
    MembershipUnknown,
    NotPermitted,
    RequestRefused,
    UnknownAllowance,
    UnknownScale,
)
from bot.scaling import Wish
from tests.build import APPROVER, APPROVER2, DEV, DEV2, OPERATOR, People, World, make_world
from tests.flows.azure_changes import direct
from tests.flows.policy_stage import asking, configured, started, wait
from tests.flows.writer_stage import ask, events, state_of, stored


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


REFUSE = PolicyRule("freeze", VerdictKind.REFUSE, "No new ways out during the freeze.")
GRANT = PolicyRule("open", VerdictKind.GRANT, "Everything is fine.")
TWO = PolicyRule("two", VerdictKind.ASK, "Two people.", approvers=("platform",), needed=2)


def test_a_new_refusal_closes_what_waits(world: World) -> None:
    """After the start with it, with its reason, and whoever asked is told."""
    asked = wait(world)
    world = configured(world, REFUSE)
    world.settle()
    assert state_of(world, asked) is Status.CLOSED
    assert direct(world, asked, "closed") == {DEV.identity.user}
    (closed,) = events(world, asked.id, Action.ALLOWANCE_CLOSE)
    assert "No new ways out during the freeze" in closed.reason
    assert "freeze" in closed.reason
    with pytest.raises(AlreadyDecided, match=r"already closed .*freeze"):
        allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=True))


def test_a_new_refusal_counts_at_the_click(world: World) -> None:
    """Before any timer ran."""
    asked = wait(world)
    world = configured(world, REFUSE)
    with pytest.raises(RequestRefused, match="freeze"):
        allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=True))
    assert state_of(world, asked) is Status.CLOSED


def test_what_is_approved_stays_and_its_renewal_is_weighed(world: World) -> None:
    """A refusal of later does not close what is open; asking for more of it is refused."""
    live = ask(world)
    world.settle()
    world = configured(world, REFUSE)
    world.settle()
    assert state_of(world, live) is Status.LIVE
    with pytest.raises(RequestRefused, match="freeze"):
        allowances.renew(world.ctx, DEV, live.id)


def test_a_renamed_group_strands_nothing(world: World) -> None:
    """The card names the new group, and its people decide."""
    asked = wait(world)
    book = world.ctx.config
    groups = {name: group for name, group in book.groups.items() if name not in asked.verdict.approvers}
    groups["gatekeepers"] = Group("gatekeepers", None, frozenset({"UOPS0001"}), frozenset({Role.APPROVER}))
    policy = replace(book.policy, rules=(asking("gatekeepers"),), default_approvers=("gatekeepers",))
    world = started(world, replace(book, groups=MappingProxyType(groups), policy=policy))
    world.settle()
    assert stored(world, asked).verdict.approvers == ("gatekeepers",)
    assert direct(world, asked, "reweighed") == {DEV.identity.user}
    with pytest.raises(NotPermitted):
        allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=True))
    allowances.decide(world.ctx, OPERATOR, Decision(asked.id, is_approved=True))
    world.settle()
    assert state_of(world, asked) is Status.LIVE


def test_approvals_that_do_not_count_any_more_are_dropped(world: World) -> None:
    """One of two has approved; others are asked now."""
    before, world = world, configured(world, TWO)
    asked = wait(world)
    allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=True))
    gatekeepers = Group("gatekeepers", None, frozenset({"UOPS0001", "UDEV0002"}))
    world = configured(before, asking("gatekeepers", 3), gatekeepers=gatekeepers)
    world.settle()
    assert stored(world, asked).approvals == ()
    assert direct(world, asked, "reweighed") == {DEV.identity.user, APPROVER.identity.user}


def test_fewer_are_needed_now(world: World) -> None:
    """The approval that there is counts on, and is enough."""
    world = configured(world, TWO)
    asked = wait(world)
    allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=True))
    book = world.ctx.config
    world = started(world, replace(book, policy=replace(book.policy, rules=book.policy.rules[1:])))
    world.settle()
    assert state_of(world, asked) is Status.LIVE, "one is enough by the shipped policy, and there is one"


def test_a_no_never_becomes_a_yes(world: World) -> None:
    """One approval became enough meanwhile; whoever denies before the timers saw it denies."""
    world = configured(world, TWO)
    asked = wait(world)
    allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=True))
    book = world.ctx.config
    ctx = replace(world.ctx, config=replace(book, policy=replace(book.policy, rules=book.policy.rules[1:])))
    allowances.decide(ctx, APPROVER2, Decision(asked.id, is_approved=False, reason="no"))
    assert state_of(world, asked) is Status.DENIED


def test_what_is_granted_now_is_granted(world: World) -> None:
    """It would be if it were requested now."""
    asked = wait(world)
    book = world.ctx.config
    world = started(world, replace(book, policy=replace(book.policy, rules=(GRANT,))))
    world.settle()
    assert state_of(world, asked) is Status.LIVE
    assert [event.action for event in events(world, asked.id)][1] is Action.ALLOWANCE_GRANT


class Leaver(People):
    """A directory after somebody left, or that cannot be asked about them."""

    def __init__(self, config: Configuration, left: Identity, *, is_away: bool = False) -> None:
        super().__init__(config)
        self._left, self._is_away = left, is_away
        self._unread = tuple(
            Unread(name, group.roles, "Slack does not answer.") for name, group in config.groups.items()
        )

    def person(self, identity: Identity, **_options: object) -> Person:
        """Nobody in particular, for who left."""
        if identity == self._left:
            return Person(identity, frozenset(), unread=self._unread if self._is_away else ())
        return super().person(identity)

    def members(self, group: str) -> tuple[Identity, ...]:
        """Everybody but who left."""
        return tuple(one for one in super().members(group) if one != self._left)


def only_for_a_team(world: World) -> Configuration:
    """Developers of one group may ask."""
    book = world.ctx.config
    team = Group("team-a", None, frozenset({"UDEV0001"}))
    scopes = tuple(replace(scope, developers=("team-a",)) for scope in book.scopes)
    return replace(book, groups=MappingProxyType({**book.groups, "team-a": team}), scopes=scopes)


def with_leaver(world: World, left: Identity, *, is_away: bool = False) -> World:
    """The same world after somebody left."""
    ctx = replace(world.ctx, directory=Leaver(world.ctx.config, left, is_away=is_away))
    return replace(world, ctx=ctx, reconciler=type(world.reconciler)(ctx, world.said, workers=0))


def test_who_may_not_ask_any_more_gets_nothing(world: World) -> None:
    """At the decision the request is closed with the reason."""
    world = started(world, only_for_a_team(world))
    asked = wait(world)
    left = with_leaver(world, DEV.identity)
    with pytest.raises(RequestRefused, match="no longer has access to aks-udr"):
        allowances.decide(left.ctx, APPROVER, Decision(asked.id, is_approved=True))
    assert state_of(world, asked) is Status.CLOSED


def test_who_may_not_see_a_cluster_does_not_see_what_was_asked_for_it(world: World) -> None:
    """Not by its id either; whoever asked does, also after they left the team."""
    world = started(world, only_for_a_team(world))
    asked = wait(world)
    proposed = scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(2), "more"))
    for get, subject, unknown in (
        (allowances.get, asked.id, UnknownAllowance),
        (scaling.get, proposed.id, UnknownScale),
    ):
        assert get(world.ctx, APPROVER, subject).id == subject
        with pytest.raises(unknown, match=f"No .* {subject} that you can see"):
            get(world.ctx, DEV2, subject)
        left = with_leaver(world, DEV.identity)
        assert get(left.ctx, DEV, subject).id == subject
    away = with_leaver(world, DEV2.identity, is_away=True)
    with pytest.raises(MembershipUnknown):
        allowances.get(away.ctx, DEV2, asked.id)


def test_who_could_not_be_asked_about_may_ask(world: World) -> None:
    """“Could not ask” is no “no”."""
    world = started(world, only_for_a_team(world))
    asked = wait(world)
    away = with_leaver(world, DEV.identity, is_away=True)
    allowances.decide(away.ctx, APPROVER, Decision(asked.id, is_approved=True))
    assert state_of(world, asked) is Status.APPROVED


def test_an_earlier_approver_who_left_does_not_count(world: World) -> None:
    """The second of two approves after the first has left: one more must."""
    world = configured(world, TWO)
    asked = wait(world)
    allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=True))
    left = with_leaver(world, APPROVER.identity)
    allowances.decide(left.ctx, APPROVER2, Decision(asked.id, is_approved=True))
    assert state_of(world, asked) is Status.WAITING
    assert [one.by for one in stored(world, asked).approvals] == [APPROVER2.identity]


def test_an_earlier_approver_who_cannot_be_asked_about_holds_up_only_a_yes(world: World) -> None:
    """Whether their yes still counts is not known: nothing is approved. A no needs nobody else's yes."""
    world = configured(world, TWO)
    asked = wait(world)
    allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=True))
    away = with_leaver(world, APPROVER.identity, is_away=True)
    with pytest.raises(MembershipUnknown):
        allowances.decide(away.ctx, APPROVER2, Decision(asked.id, is_approved=True))
    assert [one.by for one in stored(world, asked).approvals] == [APPROVER.identity]
    allowances.decide(away.ctx, APPROVER2, Decision(asked.id, is_approved=False, reason="no"))
    assert state_of(world, asked) is Status.DENIED


def test_a_scale_that_is_granted_is_on_record_as_granted(world: World) -> None:
    """Filed under such a policy, or waiting when it came: nobody seems to have approved it."""
    waiting = scaling.propose(world.ctx, DEV, Wish("aks-natgateway", CountGoal(3), "more"))
    book = world.ctx.config
    world = started(world, replace(book, policy=replace(book.policy, rules=(GRANT,))))
    filed = scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(2), "more"))
    world.settle()
    for subject in (waiting.id, filed.id):
        actions = [event.action for event in events(world, subject)]
        assert Action.SCALE_GRANT in actions
        assert Action.SCALE_APPROVE not in actions


def test_a_scale_is_weighed_again(world: World) -> None:
    """By the policy of now, at the start and at the click."""
    first = scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(2), "more"))
    second = scaling.propose(world.ctx, DEV2, Wish("aks-natgateway", CountGoal(3), "more"))
    world = configured(world, REFUSE)
    with pytest.raises(RequestRefused, match="freeze"):
        scaling.decide(world.ctx, APPROVER, Decision(first.id, is_approved=True))
    world.settle()
    with world.store.read() as tx:
        rows = [tx.scales.get(one.id) for one in (first, second)]
    assert {scale_status(row, world.clock.now()) for row in rows} == {ScaleStatus.FAILED}
    assert all("freeze" in (row.failure or "") for row in rows)


class Joiner(People):
    """People of whom everybody joins a group while the bot runs."""

    joined = False

    def person(self, identity: Identity, **_options: object) -> Person:
        """In the group once they have joined it."""
        known = super().person(identity)
        return replace(known, groups=known.groups | {"contractors"}) if self.joined else known


def test_what_came_out_as_it_was_is_weighed_again_once_its_grounds_differ(world: World) -> None:
    """By the same process, with the same policy: the requester joined a group that it refuses."""
    freeze = replace(REFUSE, requesters=("contractors",))
    world = configured(world, freeze, contractors=Group("contractors", None, frozenset()))
    people = Joiner(world.ctx.config)
    ctx = replace(world.ctx, directory=people)
    world = replace(world, ctx=ctx, reconciler=type(world.reconciler)(ctx, world.said, workers=0))
    asked = wait(world)
    for _ in range(2):
        look_again(world)
        assert state_of(world, asked) is Status.WAITING
    people.joined = True
    look_again(world)
    assert state_of(world, asked) is Status.CLOSED


def look_again(world: World) -> None:
    """Let the timers run."""
    with world.store.write() as tx:
        tx.work.wake(WorkKind.TIMERS, within=timedelta())
    world.settle()
