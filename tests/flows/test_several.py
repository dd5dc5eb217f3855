"""One request for several clusters: one card and one decision, an allowance for each, and every refusal said."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import allowances
from bot.allowances import Draft, Filed
from bot.allowances.filing import require_room
from bot.approvals import Decision
from bot.domain.allowance import Allowance, Status
from bot.domain.approval import PolicyRule, VerdictKind
from bot.domain.audit import Action
from bot.domain.batch import MOST_TOGETHER, Batch
from bot.domain.fqdn import parse_destination
from bot.errors import (
    AlreadyDecided,
    AlreadyRequested,
    CannotTakeEffect,
    InvalidInput,
    NotPermitted,
    RequestRefused,
    StaleView,
)
from bot.estimates import bytes_of
from bot.ports import Caller
from tests.build import APPROVER, APPROVER2, DEV, DEV2, OPERATOR, World, make_world
from tests.flows.azure_changes import direct
from tests.flows.policy_stage import configured
from tests.flows.writer_stage import HOUR, events, opened, state_of, stored

TWO_FIREWALLS = ("aks-udr", "aks-udr-agic", "aks-udr-classic")


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


def drafts(*clusters: str, host: str = "example.com", reason: str = "why") -> list[Draft]:
    """The same for each."""
    return [Draft(name, (parse_destination(host),), reason, 8 * HOUR) for name in clusters]


def file(world: World, *clusters: str, who: Caller = DEV) -> Filed:
    """Request the same for several."""
    return allowances.request_several(world.ctx, who, drafts(*clusters or TWO_FIREWALLS))


def batch(world: World, made: Filed) -> Batch:
    """All of it as it is now."""
    with world.store.read() as tx:
        found = allowances.batch_of(tx, tx.allowances.get(made.allowances[0].id))
    assert found is not None
    return found


def click(world: World, made: Filed, *, who: Caller = APPROVER, yes: bool = True) -> allowances.DoneTogether:
    """Decide on what the card shows now."""
    seen = batch(world, made).digest(world.clock.now())
    return allowances.decide_together(world.ctx, who, Decision(made.allowances[0].id, yes, seen=seen, reason="so"))


def threads(world: World, made: Filed) -> list[tuple[str, int]]:
    """The news in the thread, each with the number of requests that it is about."""
    card = made.allowances[0].id
    return [(n.body["event"], len(n.about)) for n in world.said.notices if n.kind == "thread" and n.subject == card]


def states(world: World, members: Sequence[Allowance]) -> set[Status]:
    """The statuses of all of them."""
    return {state_of(world, one) for one in members}


def test_one_click_opens_all_of_it(world: World) -> None:
    """Three clusters behind two firewalls: one card, one decision, an event and a rule for each, and merged news."""
    made = file(world)
    assert [one.scope.cluster_name for one in made.allowances] == list(TWO_FIREWALLS)
    assert len({one.scope.target for one in made.allowances}) == 2
    world.settle()
    cards = {notice.subject for notice in world.said.notices if notice.kind == "card"}
    assert cards == {made.allowances[0].id}
    done = click(world, made)
    assert len(done.done) == 3
    assert not done.refused
    world.settle()
    assert states(world, made.allowances) == {Status.LIVE}
    assert len(opened(world)) >= 2
    for one in made.allowances:
        (filed,) = events(world, one.id, Action.ALLOWANCE_REQUEST)
        assert dict(filed.detail)["batch"] == made.allowances[0].id
        assert len(events(world, one.id, Action.ALLOWANCE_APPROVE)) == 1
    said = threads(world, made)
    assert [each for each in said if each[0] == "approved"] == [("approved", 3)]
    assert sorted(count for event, count in said if event == "live") == [1, 2]
    assert {n.subject for n in world.said.notices if n.kind == "card"} == {made.allowances[0].id}


def test_the_requester_hears_each_moment_once(world: World) -> None:
    """A direct message for each moment, not for each cluster; progress that is overtaken is dropped for it alone."""
    made = file(world)
    click(world, made, yes=False)
    world.settle()
    told = [n for n in world.said.notices if n.kind == "direct" and n.recipient == DEV.identity.user]
    assert [(n.body["event"], len(n.about)) for n in told] == [("denied", 3)]
    assert direct(world, made.allowances[0], "denied") == {DEV.identity.user}


def test_what_cannot_be_filed_is_left_out_and_said(world: World) -> None:
    """A cluster without a managed firewall, and one that is open already, do not hold up the others."""
    only = allowances.request(world.ctx, DEV2, drafts("aks-udr-classic")[0])
    made = file(world, "aks-udr", "aks-lb", "aks-udr-classic", "aks-udr-agic", "aks-udr")
    assert [one.scope.cluster_name for one in made.allowances] == ["aks-udr", "aks-udr-agic"]
    assert [one.place for one in made.left_out] == ["aks-lb", "aks-udr-classic"]
    lead = stored(world, made.allowances[0])
    assert [place for place, _why in lead.left_out] == ["aks-lb", "aks-udr-classic"]
    assert only.id in lead.left_out[1][1]
    assert stored(world, only).followers == (DEV.identity,)
    assert stored(world, made.allowances[1]).left_out == ()


def test_one_that_is_left_is_filed_by_itself(world: World) -> None:
    """No batch of one; its card still says what was left out."""
    made = file(world, "aks-lb", "aks-udr")
    (one,) = made.allowances
    assert (one.batch, one.card_id) == ((), one.id)
    assert [place for place, _why in one.left_out] == ["aks-lb"]
    with pytest.raises(AlreadyRequested, match=r"aks-lb: .*aks-udr: .*already requested"):
        file(world, "aks-lb", "aks-udr")


def test_a_cluster_that_one_may_not_see_is_named_to_the_requester_alone(world: World) -> None:
    """It is not there for them: the channel does not learn its name, or whether there is one."""
    made = file(world, "aks-udr", "aks-udr-agic", "aks-secret")
    assert [one.place for one in made.left_out] == ["aks-secret"]
    assert stored(world, made.allowances[0]).left_out == ()
    with pytest.raises(RequestRefused, match=r"aks-secret.*aks-lb"):
        file(world, "aks-secret", "aks-lb")


def test_what_is_wrong_for_all_files_nothing(world: World) -> None:
    """A missing reason, break-glass for several, and too many of them."""
    emergency = [replace(one, is_break_glass=True) for one in drafts(*TWO_FIREWALLS)]
    for wrong, field in (
        (drafts(*TWO_FIREWALLS, reason=" "), "reason"),
        (emergency, "break_glass"),
        (drafts(*[f"aks-{number}" for number in range(MOST_TOGETHER + 1)]), "also"),
    ):
        with pytest.raises(InvalidInput) as refused:
            allowances.request_several(world.ctx, DEV, wrong)
        assert refused.value.field == field
    assert allowances.own(world.ctx, DEV) == []


def test_a_member_that_changed_makes_the_click_stale(world: World) -> None:
    """Nothing is decided: neither the one that changed nor the others."""
    made = file(world)
    seen = batch(world, made).digest(world.clock.now())
    edited = drafts("aks-udr-agic", host="other.example.com")[0]
    one = made.allowances[1]
    allowances.edit(world.ctx, DEV, allowances.Edit(one.id, one.digest, edited))
    with pytest.raises(StaleView):
        allowances.decide_together(world.ctx, APPROVER, Decision(made.allowances[0].id, True, seen=seen))
    assert states(world, made.allowances) == {Status.WAITING}
    allowances.end(world.ctx, DEV, one.id)
    with pytest.raises(StaleView):
        allowances.decide_together(world.ctx, APPROVER, Decision(made.allowances[0].id, True, seen=seen))
    done = click(world, made)
    assert [each.id for each in done.done] == [made.allowances[0].id, made.allowances[2].id]


def asking_others(world: World) -> World:
    """Who may decide differs: operators for one cluster, the platform group for the rest."""
    other = PolicyRule("agic", VerdictKind.ASK, "Operators.", clusters=("aks-udr-agic",), approvers=("operators",))
    mine = ("aks-udr", "aks-udr-classic")
    rest = PolicyRule("rest", VerdictKind.ASK, "Platform.", clusters=mine, approvers=("platform",))
    return configured(world, other, rest)


def test_what_somebody_may_not_decide_is_left_and_said(world: World) -> None:
    """Their approval counts where it may; the rest still waits for those who are asked there."""
    world = asking_others(world)
    made = file(world)
    done = click(world, made)
    refused = [(one.scope.cluster_name, type(error)) for one, error in done.refused]
    assert refused == [("aks-udr-agic", NotPermitted)]
    assert {one.scope.cluster_name for one in done.done} == {"aks-udr", "aks-udr-classic"}
    with pytest.raises(NotPermitted):
        click(world, made)
    assert [one.scope.cluster_name for one in click(world, made, who=OPERATOR).done] == ["aks-udr-agic"]
    with pytest.raises(AlreadyDecided):
        click(world, made, who=APPROVER2)


def test_nobody_decides_what_they_asked_for(world: World) -> None:
    """The requester is refused for all of it."""
    made = file(world, who=APPROVER)
    with pytest.raises(NotPermitted):
        click(world, made)
    assert len(click(world, made, who=APPROVER2).done) == 3


def test_all_of_it_is_withdrawn_or_revoked_at_once(world: World) -> None:
    """By the requester, in one act; somebody else ends none of it."""
    made = file(world)
    lead = made.allowances[0].id
    with pytest.raises(NotPermitted):
        allowances.end_together(world.ctx, DEV2, lead)
    click(world, made)
    world.settle()
    allowances.end(world.ctx, DEV, made.allowances[1].id)
    assert len(allowances.end_together(world.ctx, DEV, lead, reason="done").done) == 2
    world.settle()
    assert states(world, made.allowances) == {Status.REVOKED}
    assert opened(world) == {}
    with pytest.raises(AlreadyDecided):
        allowances.end_together(world.ctx, DEV, lead)


def test_reminders_and_the_lapse_are_said_once(world: World) -> None:
    """What time does to all of it is one message each."""
    made = file(world)
    for _ in range(4):
        world.work(timedelta(days=1))
        world.settle()
    said = threads(world, made)
    assert states(world, made.allowances) == {Status.LAPSED}
    assert {count for _event, count in said} == {3}
    assert ("lapsed", 3) in said
    assert ("reminded", 3) in said


def test_the_room_counts_all_of_it(world: World) -> None:
    """Two clusters behind one firewall that has room for one: the second is left out, and why is said."""
    room = bytes_of(file(world, "aks-udr").allowances[0].scope, drafts("aks-udr")[0].destinations)
    firewall = replace(world.ctx.config.firewall, max_bytes=room + room // 2, max_groups=1)
    world = replace(world, ctx=replace(world.ctx, config=replace(world.ctx.config, firewall=firewall)))
    made = allowances.request_several(world.ctx, DEV, drafts("aks-udr", "aks-udr-agic", host="b.example.com"))
    assert [one.scope.cluster_name for one in made.allowances] == ["aks-udr"]
    assert [one.place for one in made.left_out] == ["aks-udr-agic"]
    with pytest.raises(CannotTakeEffect, match="limit"):
        require_room(world.ctx, *_previews(world))


def _previews(world: World) -> tuple[allowances.Preview, list[allowances.Preview]]:
    """Two that do not fit together."""
    who = world.ctx.directory.person(DEV.identity)
    first, second = (allowances.preview(world.ctx, who, one) for one in drafts("aks-udr", "aks-udr-agic", host="c.com"))
    return first, [second]
