"""Everybody whose outcome changed hears it, and acts on several, on others' allowances and on proposals."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import allowances, auditing, scaling
from bot.allowances import Draft
from bot.approvals import Decision
from bot.domain.allowance import Allowance, Status, status
from bot.domain.approval import PolicyRule, VerdictKind
from bot.domain.audit import Action, AuditFilter, Event
from bot.domain.fqdn import parse_destination, parse_destinations
from bot.domain.scale_proposal import ScaleStatus, scale_status
from bot.errors import AlreadyAllowed, AlreadyDecided, AlreadyRequested, InvalidInput, NotPermitted
from bot.ports import Caller
from bot.reconciler import Reconciler
from handlers import actions, commands, home, views
from handlers.blocks.allowance_card import allowance_news
from handlers.calls import Call
from handlers.replies import Ephemeral, OpenModal, PublishHome, UpdateModal
from tests.blockkit import assert_valid
from tests.build import APPROVER, APPROVER2, AUDITOR, DEV, DEV2, EXAMPLE, World, caller, make_world
from tests.listeners.calling import FORM, all_text, pressed, submitted, text_of, typed

DRAFT = Draft("aks-udr", (EXAMPLE, parse_destination("example.net")), "why", timedelta(hours=8))


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def told(world: World, user: str, subject: str) -> list[dict[str, str]]:
    """The events that a person was told of a subject, in order."""
    found = world.said.notices
    return [dict(n.body) for n in found if n.kind == "direct" and n.recipient == user and n.subject == subject]


def opened(world: World, draft: Draft = DRAFT, who: Caller = DEV) -> Allowance:
    """An allowance that is live."""
    made = allowances.request(world.ctx, who, draft)
    allowances.decide(world.ctx, APPROVER, Decision(made.id, is_approved=True))
    world.settle()
    return current(world, made.id)


def current(world: World, subject: str) -> Allowance:
    """As it is stored."""
    return allowances.get(world.ctx, DEV, subject)


def needing_two(world: World) -> World:
    """The same world, where everything needs two approvals."""
    book = world.ctx.config
    two = PolicyRule("two", VerdictKind.ASK, "Two people.", approvers=("platform",), needed=2)
    ctx = replace(world.ctx, config=replace(book, policy=replace(book.policy, rules=(two,))))
    return replace(world, ctx=ctx, reconciler=Reconciler(ctx, world.said, workers=0))


def test_a_narrowing_is_told_with_what_was_cut(world: World) -> None:
    """To the requester and to who had approved more; with the hosts that are left out, the time and the reason."""
    world = needing_two(world)
    made = allowances.request(world.ctx, DEV, DRAFT)
    allowances.decide(world.ctx, APPROVER, Decision(made.id, is_approved=True))
    less = Decision(made.id, True, reason="No need.", destinations=(EXAMPLE,), duration=timedelta(hours=1))
    allowances.decide(world.ctx, APPROVER2, less)
    world.settle()
    last: list[dict[str, str]] = []
    for user in ("UDEV0001", "UAPP0001"):
        last = [body for body in told(world, user, made.id) if body.get("cut")]
        assert [(body["event"], body["cut"], body["why"]) for body in last] == [("seconded", "example.net", "No need.")]
    shown = all_text(allowance_news(current(world, made.id), last[0], world.ctx.config))
    assert_valid(allowance_news(current(world, made.id), last[0], world.ctx.config), "message")
    for words in ("example.net", "1 hour", "No need.", "do not count"):
        assert words in shown


def test_a_second_asker_is_told_and_hears_the_end(world: World) -> None:
    """Which request waits, by whom and until when; then each outcome once."""
    made = allowances.request(world.ctx, DEV, DRAFT)
    for _ in range(2):
        with pytest.raises(
            AlreadyRequested,
            match=f"<@UDEV0001> already requested this: {made.id} is waiting for a decision until 20.* UTC",
        ):
            allowances.request(world.ctx, DEV2, DRAFT)
    assert [one.user for one in current(world, made.id).followers] == ["UDEV0002"]
    allowances.decide(world.ctx, APPROVER, Decision(made.id, is_approved=False, reason="Use the mirror."))
    world.settle()
    assert [body["event"] for body in told(world, "UDEV0002", made.id)] == ["denied"]
    assert [body["event"] for body in told(world, "UDEV0001", made.id)] == ["denied"]


def test_who_asked_it_themselves_follows_nothing(world: World) -> None:
    """A form sent twice adds nobody."""
    made = allowances.request(world.ctx, DEV, DRAFT)
    with pytest.raises(AlreadyRequested, match="You already requested this"):
        allowances.request(world.ctx, DEV, DRAFT)
    assert current(world, made.id) == made


def test_what_is_open_says_by_whom_and_until_when(world: World) -> None:
    """And offers more time, in the answer to a check and in the form."""
    made = opened(world)
    check = commands.check(world.ctx, typed(DEV2, "aks-udr example.com"))
    assert "renew_form" in text_of(check)
    with pytest.raises(AlreadyAllowed, match=f"{made.id}, owned by <@UDEV0001>, open until 20") as refused:
        allowances.request(world.ctx, DEV2, DRAFT)
    assert refused.value.allowances == (made.id,)
    form = views.preview(world.ctx, submitted(DEV2, FORM | {"destinations": "example.com"}))
    assert isinstance(form, UpdateModal)
    assert "renew_form" in str(form.view)
    assert "owned by <@UDEV0001>" in str(form.view)


def test_more_time_can_be_asked_for_by_whoever_depends_on_it(world: World) -> None:
    """A request of their own, for as long as they say, that is decided like any other."""
    made = opened(world)
    button = actions.renew_form(world.ctx, pressed(DEV2, id=made.id))
    assert isinstance(button, OpenModal)
    assert_valid(button.view, "modal")
    in_modal = actions.renew_form(world.ctx, Call(replace(DEV2, via="slack:modal"), value={"id": made.id}))
    assert isinstance(in_modal, UpdateModal)
    views.renew(world.ctx, submitted(DEV2, {"duration": "7d", "reason": ""}, id=made.id))
    (mine,) = allowances.requests(world.ctx, DEV2, "mine")
    assert (mine.ask.renews, mine.ask.duration, mine.requester) == (made.id, timedelta(days=7), DEV2.identity)
    assert status(mine, world.clock.now()) is Status.WAITING


def test_a_duration_is_typed_behind_renew(world: World) -> None:
    """``renew ID 7d``, with or without a reason; too long is refused as in the form."""
    made = opened(world)
    with pytest.raises(InvalidInput, match="The longest duration"):
        commands.renew(world.ctx, typed(DEV, f"{made.id} 9000d"))
    commands.renew(world.ctx, typed(DEV, f"{made.id} 7d still needed"))
    again = allowances.newest(world.ctx, made.id)
    assert (again.ask.duration, again.ask.reason) == (timedelta(days=7), "still needed")


def test_a_chain_is_continued_at_its_end(world: World) -> None:
    """Whichever of it is named: one renewal at a time, and the third continues the second."""
    first = opened(world)
    second = allowances.renew(world.ctx, DEV, first.id)
    with pytest.raises(AlreadyRequested, match=second.id):
        allowances.renew(world.ctx, DEV2, first.id)
    allowances.decide(world.ctx, APPROVER, Decision(second.id, is_approved=True))
    with pytest.raises(AlreadyRequested, match=second.id):
        allowances.renew(world.ctx, DEV, first.id)
    world.settle()
    third = allowances.renew(world.ctx, DEV, first.id)
    assert third.ask.renews == second.id
    with pytest.raises(AlreadyRequested, match=third.id):
        allowances.renew(world.ctx, DEV, second.id)
    allowances.end(world.ctx, DEV, third.id)
    assert allowances.renew(world.ctx, DEV, first.id).ask.renews == second.id


def test_an_approver_who_renews_does_not_become_the_requester(world: World) -> None:
    """It stays the requester's; who filed it is on record, does not decide it, and the requester is told."""
    made = opened(world)
    again = allowances.renew(world.ctx, APPROVER, made.id)
    assert (again.requester, again.filed_by) == (DEV.identity, APPROVER.identity)
    with pytest.raises(NotPermitted, match="filed"):
        allowances.decide(world.ctx, APPROVER, Decision(again.id, is_approved=True))
    drawn = home.opened(world.ctx, Call(APPROVER))
    assert isinstance(drawn, PublishHome)
    assert again.id not in str(drawn.view)
    allowances.decide(world.ctx, APPROVER2, Decision(again.id, is_approved=True))
    world.settle()
    assert told(world, "UDEV0001", again.id)[0]["event"] == "renewed"
    assert allowances.requests(world.ctx, APPROVER, "mine") == []


def test_a_narrowed_bundle_renews_as_narrowed(world: World) -> None:
    """A destination that an approver took out does not come back."""
    made = allowances.request(world.ctx, DEV, replace(DRAFT, destinations=(), bundle="docker-hub"))
    left = made.destinations[:2]
    if made.approved_at is None:
        less = Decision(made.id, True, destinations=left, duration=made.ask.duration)
        allowances.decide(world.ctx, APPROVER, less)
    else:
        with world.store.write() as tx:
            tx.allowances.save(replace(made, ask=replace(made.ask, destinations=left)), is_open=True)
    world.settle()
    assert allowances.renew(world.ctx, DEV, made.id).destinations == left


def test_a_proposal_is_withdrawn_by_its_proposer(world: World) -> None:
    """By its button or by typing; nobody else, and only while it waits."""
    commands.scale(world.ctx, typed(DEV, "aks-lb 3 more"))
    (made,) = scaling.proposals(world.ctx, DEV, "mine")
    with pytest.raises(NotPermitted, match="can withdraw"):
        commands.revoke(world.ctx, typed(APPROVER, made.id))
    assert "Withdrawn" in text_of(commands.revoke(world.ctx, typed(DEV, f"{made.id} changed my mind")))
    gone = scaling.get(world.ctx, DEV, made.id)
    assert scale_status(gone, world.clock.now()) is ScaleStatus.WITHDRAWN
    with pytest.raises(AlreadyDecided, match="withdrawn"):
        actions.revoke(world.ctx, pressed(DEV, id=made.id))
    assert recorded(world, Action.SCALE_WITHDRAW)[0].reason == "changed my mind"
    world.settle()
    assert world.said.events(made.id) == ["withdrawn"]
    commands.scale(world.ctx, typed(DEV, "aks-lb 4 more"))


def recorded(world: World, action: Action) -> list[Event]:
    """Events of one kind, the newest first."""
    found = auditing.search(world.ctx, AUDITOR, AuditFilter(action=str(action)), limit=50).events
    return [each.event for each in found]


def three(world: World) -> list[Allowance]:
    """Three requests that wait."""
    hosts = ("one.example.com", "two.example.com", "three.example.com")
    drafts = [replace(DRAFT, destinations=(parse_destination(host),)) for host in hosts]
    return [allowances.request(world.ctx, DEV, draft) for draft in drafts]


@pytest.mark.parametrize("joint", [" ", ", ", ","])
def test_several_are_approved_at_once(world: World, joint: str) -> None:
    """Each by itself: what is refused is said and on record, the others are done; the reason follows the ids."""
    first, second, third = three(world)
    allowances.end(world.ctx, DEV, second.id)
    reply = commands.approve(
        world.ctx, typed(APPROVER, f"{joint.join(o.id for o in (first, second, third))} fine", "approve")
    )
    assert isinstance(reply, Ephemeral)
    lines = reply.message.text.splitlines()
    assert [one.id in line for one, line in zip((first, second, third), lines, strict=True)] == [True] * 3
    assert "already revoked" in lines[1]
    assert [current(world, one.id).approved_at is not None for one in (first, second, third)] == [True, False, True]
    assert {each.reason for each in recorded(world, Action.ALLOWANCE_APPROVE)} == {"fine"}
    (refused,) = recorded(world, Action.ACT_REFUSE)
    assert (refused.subject, refused.cluster, refused.destinations) == (second.id, "aks-udr", ("two.example.com",))


def test_several_are_denied_and_revoked_at_once(world: World) -> None:
    """With the reason behind the ids; without one nothing is denied, and a plain word is not an id."""
    first, second, third = three(world)
    with pytest.raises(InvalidInput, match="reason"):
        commands.deny(world.ctx, typed(APPROVER, f"{first.id} {second.id}", "deny"))
    commands.deny(world.ctx, typed(APPROVER, f"{first.id} {second.id} acceptable elsewhere", "deny"))
    ended = [current(world, one.id).denied for one in (first, second)]
    assert [one.reason for one in ended if one] == ["acceptable elsewhere"] * 2
    commands.revoke(world.ctx, typed(DEV, third.id))
    with pytest.raises(InvalidInput, match="Too many"):
        commands.revoke(world.ctx, typed(DEV, " ".join(f"a0s560gx{n:02}" for n in range(11)), "revoke"))


def test_a_live_allowance_is_not_hidden_by_newer_requests(world: World) -> None:
    """A hundred and five newer ended ones: the open one is on the first page, and every one is on some page."""
    live = opened(world)
    with world.store.write() as tx:
        for _ in range(105):
            world.tick(timedelta(seconds=1))
            copy = replace(live, id=tx.allowances.new_id(world.clock.now()), version=1, gone_at=world.clock.now())
            tx.allowances.add(copy)
            tx.allowances.save(replace(copy, expires_at=world.clock.now()), is_open=False)
    for which in ("mine", "aks-udr"):
        first = commands.requests(world.ctx, typed(DEV, which))
        assert live.id in text_of(first)
        assert len(set(paged(world, first))) == 106
    drawn = home.opened(world.ctx, Call(DEV))
    assert isinstance(drawn, PublishHome)
    assert live.id in str(drawn.view)


def paged(world: World, reply: object) -> list[str]:
    """The lines of a list and of everything older, by pressing its button."""
    import json

    lines: list[str] = []
    while True:
        assert isinstance(reply, Ephemeral)
        assert_valid(reply.message, "message")
        lines += [b["text"]["text"] for b in reply.message.blocks if b["type"] == "section"]
        rows = [block for block in reply.message.blocks if block["type"] == "actions"]
        if not rows:
            return lines
        reply = actions.older_requests(world.ctx, Call(DEV, value=json.loads(rows[0]["elements"][0]["value"])))


def test_lists_hold_allowances_and_proposals_in_one_order(world: World) -> None:
    """Pages go through both; what others may not decide or see does not use up a page."""
    made = three(world)
    commands.scale(world.ctx, typed(DEV, "aks-lb 3"))
    (scale,) = scaling.proposals(world.ctx, DEV, "mine")
    page, seen = allowances.browse(world.ctx, APPROVER, "pending", rows=1), list[str]()
    while True:
        seen += [one.id for one in page.found]
        if page.last is None:
            break
        page = allowances.browse(world.ctx, APPROVER, "pending", rows=1, after=page.last)
    assert sorted(seen) == sorted([*(one.id for one in made), scale.id])


def test_a_page_of_a_list_reads_what_it_shows(world: World) -> None:
    """And one more, which says whether there are older ones; the third is not read for it."""
    three(world)
    world.store._parsed.forget()
    page = allowances.browse(world.ctx, DEV, "mine", rows=1)
    assert (len(page.found), page.is_more) == (1, True)
    assert len(world.store._parsed._asked) == 2


def test_narrower_wins_over_the_old_card(world: World) -> None:
    """Narrowing to the same is not narrowing: nobody is told of a cut."""
    made = allowances.request(world.ctx, DEV, DRAFT)
    same = Decision(made.id, True, destinations=parse_destinations("example.com example.net"), duration=DRAFT.duration)
    allowances.decide(world.ctx, APPROVER, same)
    world.settle()
    assert all("cut" not in body for body in told(world, "UDEV0001", made.id))


def test_a_renewal_for_whoever_may_not_ask_any_more_is_refused(world: World) -> None:
    """An approver gives nobody what they may not ask for themselves."""
    made = opened(world)
    gone = caller("UGONE001").identity
    with world.store.write() as tx:
        tx.allowances.save(replace(made, requester=replace(gone, team="TOTHER")), is_open=True)
    with pytest.raises(NotPermitted):
        allowances.renew(world.ctx, APPROVER, made.id)
