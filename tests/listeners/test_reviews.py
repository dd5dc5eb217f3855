"""Answers in a review campaign: who gives them when, what they do, and who is reminded."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest

from bot import allowances, auditing
from bot.domain.allowance import Allowance, Status
from bot.domain.approval import TimeWindow
from bot.domain.audit import Action
from bot.domain.campaign import ItemState
from bot.domain.configuration import ClusterScope
from bot.errors import (
    AlreadyDecided,
    InvalidInput,
    NotPermitted,
)
from bot.ports import Caller
from bot.reconciler import Reconciler
from bot.store import SqlStore
from handlers import reviews
from handlers.replies import UpdateModal
from tests.blockkit import assert_valid
from tests.build import APPROVER, APPROVER2, AUDITOR, DEV, World, make_world
from tests.flows.writer_stage import events, opened, state_of, stored
from tests.listeners.calling import pressed
from tests.listeners.review_stage import (
    DAY,
    card,
    keep,
    live,
    newest,
    offered,
    pass_time,
    remove,
    shown,
    started,
    states,
    told,
)


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def test_an_owner_answers_first(world: World) -> None:
    """They hear of it, see their own with the facts, keep one and remove one; the card and the log follow."""
    kept, gone = live(world, "kept.example.com", "gone.example.com")
    campaign = started(world, "aks-udr")
    assert told(world) == [("UDEV0001", "started")]
    view = shown(world, DEV)
    assert offered(view) == ["review_keep", "review_remove"] * 2 + ["review_other"]
    for fact in ("kept.example.com", "29 days left", "last use unknown", "risk ", "<@UDEV0001>", "Reason: why"):
        assert fact in str(view)
    assert "unused" not in str(view)
    for reply, words in ((keep(world, DEV, kept), "Kept"), (remove(world, DEV, gone), "Removed")):
        assert isinstance(reply, UpdateModal)
        assert_valid(reply.view, "modal")
        assert words in reply.view["blocks"][0]["text"]["text"]
    assert states(world) == {kept.id: ItemState.KEPT, gone.id: ItemState.REMOVED}
    world.settle()
    assert list(opened(world).values()) == [["kept.example.com"]]
    assert (state_of(world, kept), state_of(world, gone)) == (Status.LIVE, Status.REVOKED)
    ended = stored(world, gone).revoked
    assert ended is not None
    assert (ended.by, ended.reason) == (DEV.identity, "not used")
    assert [e.action for e in events(world, campaign.id)] == ["review:start", "review:keep", "review:remove"]
    assert [e.action for e in events(world, gone.id)][-2:] == [Action.ALLOWANCE_REVOKE, Action.ALLOWANCE_GONE]
    assert events(world, kept.id)[-1].action is Action.ALLOWANCE_KEEP
    assert ("UAUD0001", "complete") in told(world)
    assert "All done, waiting for sign-off" in card(world)
    assert auditing.prove(world.ctx, AUDITOR).end.seq > 10


def test_an_approver_answers_once_the_owner_had_the_time(world: World) -> None:
    """Before, they are told who answers and until when; afterwards both may, and nobody answers twice."""
    (one,) = live(world, "example.com")
    started(world)
    assert "review_keep" not in offered(shown(world, APPROVER))
    with pytest.raises(NotPermitted, match=r"Only <@UDEV0001>, its owner, answers for .* until 2026-"):
        keep(world, APPROVER, one)
    assert states(world) == {one.id: ItemState.OPEN}
    pass_time(world, 7 * DAY)
    assert ("CEGRESS01", "escalated") in told(world, "thread")
    assert "review_keep" in offered(shown(world, APPROVER))
    assert "review_keep" in offered(shown(world, DEV))
    remove(world, APPROVER, one)
    for who in (DEV, APPROVER, APPROVER2):
        with pytest.raises(AlreadyDecided, match=r"already removed \(<@UAPP0001> at 2026-"):
            keep(world, who, one)
        with pytest.raises(AlreadyDecided, match="UAPP0001"):
            reviews.keep_form(world.ctx, pressed(who, id=newest(world).id, of=one.id))
    world.settle()
    assert opened(world) == {}


def test_keeping_for_a_shorter_time(world: World) -> None:
    """The end comes earlier, its owner hears it, and the rule goes then; never later: that is a renewal."""
    (one,) = live(world, "example.com", hours=24 * 10)
    started(world)
    pass_time(world, 7 * DAY)
    with pytest.raises(InvalidInput, match=r"never makes it longer.*renew") as raised:
        keep(world, APPROVER, one, until="30d")
    assert raised.value.field == "until"
    assert states(world) == {one.id: ItemState.OPEN}
    keep(world, APPROVER, one, until="1d", reason="migration ends")
    ends = stored(world, one).expires_at
    assert ends == world.clock.now() + DAY
    world.settle()
    assert world.said.events(one.id)[-1] == "shortened"
    assert [n.recipient for n in world.said.notices if n.body.get("event") == "shortened" and n.kind == "direct"] == [
        "UDEV0001"
    ]
    (event,) = events(world, one.id, Action.ALLOWANCE_SHORTEN)
    assert dict(event.detail)["expires_at"] == ends.isoformat()
    assert "1 (1 for a shorter time)" in card(world)
    pass_time(world, timedelta(hours=23.5))
    assert len(opened(world)) == 1
    world.tick(timedelta(hours=0.5))
    world.settle()
    assert state_of(world, one) is Status.EXPIRED
    assert opened(world) == {}
    assert world.said.events(one.id)[-2:] == ["expiring", "expired"]


def test_what_ended_meanwhile_is_done_by_itself(world: World) -> None:
    """And says how; the card follows without anybody pressing anything."""
    revoked, expired = live(world, "one.example.com", hours=9 * 24)[0], live(world, "two.example.com", hours=48)[0]
    started(world)
    allowances.end(world.ctx, DEV, revoked.id)
    with pytest.raises(AlreadyDecided, match=r"has ended meanwhile: it is revoked \(<@UDEV0001>"):
        remove(world, DEV, revoked)
    world.work(timedelta(hours=1))
    assert "1 of 2 done" in card(world)
    drawn = len([n for n in world.said.notices if n.subject == newest(world).id and n.kind == "card"])
    pass_time(world, 2 * DAY)
    pass_time(world, 8 * DAY)
    assert set(states(world).values()) == {ItemState.ENDED}
    assert state_of(world, expired) is Status.EXPIRED
    assert len([n for n in world.said.notices if n.subject == newest(world).id and n.kind == "card"]) > drawn
    assert ("CEGRESS01", "complete") in told(world, "thread")
    text = str(shown(world, AUDITOR, which="answered"))
    assert "Done by itself" in text
    assert "it is expired" in text


def test_reminders_come_with_growing_waits_and_survive_a_restart(world: World, database_url: str) -> None:
    """To whom it waits for; what a process that was away has missed is one reminder, not many."""
    one, other = live(world, "one.example.com", "two.example.com", hours=24 * 365)
    started(world)
    days = []
    for day in range(1, 17):
        seen = len(told(world))
        pass_time(world, DAY)
        days += [day] * (len(told(world)) - seen)
    assert days == [1, 3, 7, 14]
    assert [event for _, event in told(world, "thread")] == ["escalated", "still-open", "still-open"]
    world.tick(60 * DAY)
    store = SqlStore(database_url, offset_s=world.clock.ahead_s)
    ctx = replace(world.ctx, store=store)
    again = replace(world, store=store, ctx=ctx, reconciler=Reconciler(ctx, world.said, workers=0))
    seen = len(told(again))
    pass_time(again, timedelta(seconds=5))
    assert told(again)[seen:] == [("UDEV0001", "reminder")]
    keep(again, DEV, one)
    assert states(again) == {one.id: ItemState.KEPT, other.id: ItemState.OPEN}
    store.close()


def test_two_people_at_once(world: World) -> None:
    """One answer counts, the other person hears whose; different allowances do not disturb each other."""
    made = live(world, *(f"host{number}.example.com" for number in range(6)), hours=24 * 90)
    started(world)
    pass_time(world, 7 * DAY)
    barrier = Barrier(2)

    def answer(who: Caller, one: Allowance) -> str:
        barrier.wait(30)
        try:
            (keep if who is DEV else remove)(world, who, one)
        except AlreadyDecided as error:
            return str(error)
        return "done"

    with ThreadPoolExecutor(2) as pool:
        for one in made[:4]:
            results = list(pool.map(answer, (DEV, APPROVER), (one, one)))
            assert min(map(len, results)) == len("done")
            loser = next(each for each in results if each != "done")
            assert "already kept (<@UDEV0001>" in loser or "already removed (<@UAPP0001>" in loser
        assert list(pool.map(answer, (DEV, APPROVER), made[4:])) == ["done", "done"]
    assert ItemState.OPEN not in states(world).values()
    answers = [e for e in events(world, newest(world).id) if e.action in (Action.REVIEW_KEEP, Action.REVIEW_REMOVE)]
    assert len(answers) == len(made)


def test_an_owner_without_access_may_only_remove(world: World) -> None:
    """Approvers answer at once; what an approver kept for them stays."""
    kept, gone = live(world, "kept.example.com", "gone.example.com")
    started(world)
    closed = replace(world.ctx.config, scopes=(ClusterScope(("*",), developers=("operators",)),))
    ctx = replace(world.ctx, config=closed)
    world = replace(world, ctx=ctx, reconciler=Reconciler(ctx, world.said, workers=0))
    with pytest.raises(NotPermitted, match="no longer have access to aks-udr"):
        keep(world, DEV, kept)
    keep(world, APPROVER, kept)  # before anybody has looked for owners who left
    pass_time(world, timedelta(hours=1))
    assert "no access to aks-udr any more" in card(world)
    assert ("CEGRESS01", "owner-left") in told(world, "thread")
    remove(world, DEV, gone)
    assert states(world) == {kept.id: ItemState.KEPT, gone.id: ItemState.REMOVED}


def test_an_end_in_minutes_is_kept(world: World) -> None:
    """The writer comes at the new end, although it had planned to look later."""
    (one,) = live(world, "one.example.com")
    started(world)
    keep(world, DEV, one, until="5m")
    world.settle()
    ends = stored(world, one).expires_at
    assert ends is not None
    world.work(ends - world.clock.now() + timedelta(seconds=1))
    assert world.arm.has_running_operations()
    world.settle()
    assert opened(world) == {}


def test_reminders_keep_to_the_hours_of_reminders(world: World) -> None:
    """What is due at night waits for the morning."""
    window = TimeWindow("office", hours="09:00-17:00")
    book = replace(world.ctx.config, reminders=replace(world.ctx.config.reminders, hours=window))
    ctx = replace(world.ctx, config=book)
    world = replace(world, ctx=ctx, reconciler=Reconciler(ctx, world.said, workers=0))
    live(world, "one.example.com")
    world.tick(timedelta(hours=(20 - world.clock.now().hour) % 24))
    started(world)
    hours = []
    for _ in range(16):
        seen = len(told(world))
        pass_time(world, timedelta(hours=5))
        hours += [world.clock.now().hour] * (len(told(world)) - seen)
    assert hours
    assert all(9 <= hour <= 17 for hour in hours)
