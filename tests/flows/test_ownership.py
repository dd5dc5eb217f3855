"""The life of an allowance: warned in its owner's working hours, renewed or left to end, and handed over."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import allowances
from bot.domain.allowance import Allowance, Status
from bot.domain.approval import TimeWindow
from bot.domain.approval.windows import Day
from bot.domain.audit import Action
from bot.domain.configuration import ClusterScope, Configuration
from bot.domain.people import AccountStatus, Identity, Person
from bot.errors import AlreadyDecided, InvalidInput, NotPermitted
from bot.ports import Caller
from tests.build import APPROVER, DEV, DEV2, OPERATOR, People, World, make_world
from tests.flows.azure_changes import direct
from tests.flows.policy_stage import started, wait
from tests.flows.writer_stage import HOUR, ask, events, state_of, stored

DAY = timedelta(days=1)


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


def live(world: World, days: int = 10) -> Allowance:
    """One that is open."""
    made = ask(world, hours=days * 24)
    world.settle()
    return made


def later(world: World, after: timedelta) -> None:
    """Let time pass, and everything happen that is due by then."""
    world.work(after)
    world.settle()


class Abroad(People):
    """Everybody lives in Tokyo."""

    def zone(self, _identity: Identity) -> str:
        """Nine hours ahead."""
        return "Asia/Tokyo"


WORKDAYS: frozenset[Day] = frozenset({"mon", "tue", "wed", "thu", "fri"})


def with_hours(world: World, days: frozenset[Day], hours: str, people: type[People] = People) -> World:
    """The same world with working hours, in another part of the world perhaps."""
    window = TimeWindow("work", "UTC", days, hours)
    book = replace(world.ctx.config, reminders=replace(world.ctx.config.reminders, hours=window))
    made = started(world, book)
    ctx = replace(made.ctx, directory=people(book))
    return replace(made, ctx=ctx, reconciler=type(made.reconciler)(ctx, made.said, workers=0))


def warned(world: World, one: Allowance) -> int:
    """How often its owner was warned."""
    return world.said.events(one.id).count("expiring")


def cards(world: World, one: Allowance) -> int:
    """How often its card was drawn."""
    return sum(notice.kind == "card" and notice.subject == one.id for notice in world.said.notices)


def test_a_warning_comes_in_working_hours_before(world: World) -> None:
    """It would come on Wednesday night; Wednesday's working hours end at two in the afternoon."""
    world = with_hours(world, WORKDAYS, "10:00-14:00")
    made = live(world)  # Monday 09:00: ends on Thursday of next week, warned 24 hours before, on Wednesday at 09:00
    due = stored(world, made).expires_at
    assert due is not None
    later(world, due - DAY - world.clock.now() - 20 * HOUR)  # Tuesday 13:00
    assert warned(world, made) == 0
    later(world, HOUR)
    assert warned(world, made) == 1, "Tuesday 14:00 is the last moment of working hours before"
    assert state_of(world, made) is Status.LIVE, "it is not called expiring before its last day"
    drawn = cards(world, made)
    later(world, 19 * HOUR)
    assert (warned(world, made), state_of(world, made)) == (1, Status.EXPIRING)
    assert cards(world, made) == drawn + 1, "the card says when it begins to be called expiring"


def test_working_hours_are_those_of_the_owner(world: World) -> None:
    """Nine in Tokyo is midnight in London."""
    world = with_hours(world, WORKDAYS, "00:00-05:00", Abroad)
    made = live(world)  # warned by Tuesday 20:00 UTC, when it is Wednesday 05:00 in Tokyo
    due = stored(world, made).expires_at
    assert due is not None
    later(world, due - DAY - world.clock.now() - 14 * HOUR)
    assert warned(world, made) == 0
    later(world, 2 * HOUR)
    assert warned(world, made) == 1


def test_a_short_one_is_warned_at_its_last_tenth(world: World) -> None:
    """There are no working hours in its whole life: then at any time."""
    world = with_hours(world, frozenset({"sat"}), "10:00-14:00")
    made = ask(world, hours=10)
    world.settle()
    later(world, 8 * HOUR)
    assert warned(world, made) == 0
    later(world, HOUR)
    assert warned(world, made) == 1


def test_it_may_be_left_to_end(world: World) -> None:
    """A choice that everybody sees, and nobody is warned any more; renewing stays possible."""
    made = live(world)
    later(world, 9 * DAY)
    assert warned(world, made) == 1
    allowances.let_expire(world.ctx, DEV, made.id)
    (event,) = events(world, made.id, Action.ALLOWANCE_LET_EXPIRE)
    assert event.actor == DEV.identity
    with pytest.raises(AlreadyDecided, match="left to expire already"):
        allowances.let_expire(world.ctx, DEV, made.id)
    later(world, 23 * HOUR + timedelta(minutes=30))
    assert warned(world, made) == 1, "the second warning is not given"
    assert state_of(world, made) is Status.EXPIRING
    again = allowances.renew(world.ctx, DEV, made.id)
    assert again.ask.renews == made.id
    later(world, HOUR)
    assert state_of(world, made) is Status.EXPIRED


def test_who_may_let_it_end(world: World) -> None:
    """Its owner and approvers; not what waits, nor what has no end to wait for."""
    made = live(world)
    with pytest.raises(NotPermitted):
        allowances.let_expire(world.ctx, DEV2, made.id)
    allowances.let_expire(world.ctx, APPROVER, made.id)
    world.settle()
    assert direct(world, made, "let-expire") == {DEV.identity.user}
    with pytest.raises(AlreadyDecided):
        allowances.let_expire(world.ctx, DEV, wait(world).id)


def test_it_is_handed_over(world: World) -> None:
    """The new owner is told, may revoke and renew it, and hears how it goes; who asked stays on record."""
    made = live(world)
    allowances.transfer(world.ctx, DEV, made.id, DEV2.identity)
    world.settle()
    after = stored(world, made)
    assert (after.requester, after.owner) == (DEV.identity, DEV2.identity)
    assert direct(world, made, "transferred") == {DEV2.identity.user}
    (event,) = events(world, made.id, Action.ALLOWANCE_TRANSFER)
    assert event.reason == "From UDEV0001 to UDEV0002."
    assert [one.id for one in allowances.own(world.ctx, DEV2)] == [made.id]
    assert allowances.own(world.ctx, DEV) == []
    renewed = allowances.renew(world.ctx, DEV2, made.id)
    assert renewed.requester == DEV2.identity
    allowances.end(world.ctx, DEV2, made.id)
    world.settle()
    assert direct(world, made, "revoked") == {DEV2.identity.user}


def test_an_approver_hands_over_what_somebody_left_behind(world: World) -> None:
    """Both the old and the new owner are told; whoever asked once may still revoke it."""
    made = live(world)
    allowances.transfer(world.ctx, APPROVER, made.id, DEV2.identity)
    world.settle()
    assert direct(world, made, "transferred") == {DEV.identity.user, DEV2.identity.user}
    allowances.end(world.ctx, DEV, made.id)
    assert state_of(world, made) is Status.REVOKED


class Gone(People):
    """One of the developers has left."""

    def person(self, identity: Identity, **options: object) -> Person:
        """Deactivated."""
        who = super().person(identity, **options)
        return replace(who, standing=AccountStatus.DEACTIVATED) if identity == DEV2.identity else who


@pytest.mark.parametrize("by", [DEV2, OPERATOR])
def test_only_owners_and_approvers_hand_over(world: World, by: Caller) -> None:
    """Nobody takes what is not theirs."""
    made = live(world)
    with pytest.raises(NotPermitted):
        allowances.transfer(world.ctx, by, made.id, by.identity)
    assert stored(world, made).owner == DEV.identity


def blind(book: Configuration) -> Configuration:
    """Nobody but approvers may see the clusters."""
    return replace(book, scopes=(ClusterScope(("*",), "production", ("platform",)),))


def test_only_somebody_who_could_have_asked_owns_it(world: World) -> None:
    """Who left, who owns it already, who may not see the cluster; nor is a waiting request handed over."""
    made = live(world)
    gone = replace(world, ctx=replace(world.ctx, directory=Gone(world.ctx.config)))
    with pytest.raises(InvalidInput, match="deactivated"):
        allowances.transfer(gone.ctx, DEV, made.id, DEV2.identity)
    with pytest.raises(InvalidInput, match="already"):
        allowances.transfer(world.ctx, DEV, made.id, DEV.identity)
    closed = started(world, blind(world.ctx.config))
    with pytest.raises(NotPermitted, match="does not have access"):
        allowances.transfer(closed.ctx, APPROVER, made.id, DEV2.identity)
    with pytest.raises(AlreadyDecided):
        allowances.transfer(world.ctx, DEV, wait(world).id, DEV2.identity)
    assert stored(world, made).owner == DEV.identity
