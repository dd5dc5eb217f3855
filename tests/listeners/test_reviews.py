"""Review campaigns as people use them: who answers when, what an answer does, reminders, sign-off."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from bot import allowances, auditing
from bot.allowances import Draft, campaigns
from bot.approvals import Decision
from bot.domain.allowance import Allowance, Status
from bot.domain.audit import Action
from bot.domain.campaign import Campaign, ItemState, ReviewSheet
from bot.domain.fqdn import parse_destination
from bot.domain.people import Identity
from bot.errors import (
    AlreadyDecided,
    AlreadyRequested,
    InvalidInput,
    NotPermitted,
    StaleView,
    UnknownAllowance,
    UnknownReview,
    UserError,
)
from bot.ports import Caller
from bot.reconciler import Reconciler
from bot.store import SqlStore
from handlers import home, reviews
from handlers.blocks.review_card import review_card, review_news
from handlers.calls import Call, Values
from handlers.replies import OpenModal, PublishHome, UpdateModal
from tests.blockkit import assert_valid
from tests.build import APPROVER, APPROVER2, AUDITOR, DEV, DEV2, OPERATOR, World, make_world
from tests.flows.writer_stage import ask, events, opened, state_of, stored
from tests.listeners.calling import all_text, pressed, submitted, text_of, typed

DAY = timedelta(days=1)
NOBODY = Caller(Identity("TOTHER", "UX0000001"), "slack:command")


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def live(world: World, *hosts: str, hours: int = 24 * 30) -> list[Allowance]:
    """Allowances of the first developer that are live."""
    made = [ask(world, host, hours=hours) for host in hosts]
    world.settle()
    return [stored(world, one) for one in made]


def started(world: World, scope: str = "", by: Caller = AUDITOR) -> Campaign:
    """A review that somebody started."""
    reviews.review(world.ctx, typed(by, f"start {scope}"))
    world.settle()
    return newest(world)


def newest(world: World) -> Campaign:
    """The open review, as it is stored."""
    with world.store.read() as tx:
        return tx.campaigns.find(only_open=False)[0]


def sheet_of(world: World) -> ReviewSheet:
    """The same beside its allowances."""
    with world.store.read() as tx:
        return campaigns.sheet_of(tx, newest(world), world.clock.now())


def keep(world: World, who: Caller, one: Allowance, until: str = "", reason: str = "still used") -> Any:
    """Fill in the form and submit it."""
    form = {"reason": reason, "until": until}
    return reviews.keep(world.ctx, submitted(who, form, id=newest(world).id, of=one.id))


def remove(world: World, who: Caller, one: Allowance, reason: str = "not used") -> Any:
    """Fill in the form and submit it."""
    return reviews.remove(world.ctx, submitted(who, {"reason": reason}, id=newest(world).id, of=one.id))


def shown(world: World, who: Caller, **more: str) -> dict[str, Any]:
    """The modal with the items, as somebody sees it."""
    reply = reviews.show(world.ctx, pressed(who, id=newest(world).id, **more))
    assert isinstance(reply, OpenModal)
    assert_valid(reply.view, "modal")
    return reply.view


def offered(view: dict[str, Any]) -> list[str]:
    """The buttons of a view, by action and the allowance that they are about."""
    rows = [block["elements"] for block in view["blocks"] if block["type"] == "actions"]
    return [element["action_id"] for row in rows for element in row if element["action_id"].startswith("review_")]


def told(world: World, kind: str = "direct") -> list[tuple[str, str]]:
    """What was said about the review: to whom, and which event."""
    found = [n for n in world.said.notices if n.subject == newest(world).id and n.kind == kind]
    for notice in found:
        assert_valid(review_news(sheet_of(world), notice.body, notice.recipient, world.ctx.config), "message")
    return [(n.recipient, n.body["event"].removeprefix("review-")) for n in found]


def card(world: World) -> str:
    """Everything that the card says."""
    drawn = review_card(sheet_of(world))
    assert_valid(drawn, "message")
    return all_text(drawn)


def states(world: World) -> dict[str, ItemState]:
    """What became of each allowance."""
    sheet = sheet_of(world)
    return {one.allowance: sheet.state(one) for one in sheet.campaign.items}


def pass_time(world: World, by: timedelta) -> None:
    """Let time pass, and a little more, in which what was owed is said."""
    world.work(by)
    world.work(timedelta(seconds=5))


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
    assert auditing.prove(world.ctx, AUDITOR) > 10


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


def test_signing_off(world: World) -> None:
    """Only when everything is answered, or what is not is stated; then nothing can be answered any more."""
    one, other = live(world, "one.example.com", "two.example.com")
    campaign = started(world)
    keep(world, DEV, one)
    with pytest.raises(InvalidInput, match=f"{other.id} is unanswered"):
        reviews.sign(world.ctx, submitted(AUDITOR, {"reason": "fine"}, id=campaign.id))
    form = reviews.review(world.ctx, typed(AUDITOR, f"sign {campaign.id} good enough"))
    assert isinstance(form, OpenModal)
    assert_valid(form.view, "modal")
    assert "1 unanswered" in str(form.view)
    assert "good enough" in str(form.view)
    reviews.sign(world.ctx, submitted(AUDITOR, {"reason": "good enough"}, id=campaign.id, open="1"))
    signed = newest(world).signed
    assert signed is not None
    assert (signed.by, signed.reason, signed.unanswered) == (AUDITOR.identity, "good enough", (other.id,))
    (event,) = events(world, campaign.id, Action.REVIEW_SIGN)
    assert (event.reason, dict(event.detail)["unanswered"]) == ("good enough", other.id)
    for act in (lambda: keep(world, DEV, other), lambda: remove(world, APPROVER, other)):
        with pytest.raises(AlreadyDecided, match=r"signed off by <@UAUD0001>"):
            act()
    with pytest.raises(AlreadyDecided, match="UAUD0001"):
        reviews.sign(world.ctx, submitted(OPERATOR, {"reason": "me too"}, id=campaign.id))
    with pytest.raises(AlreadyDecided, match="UAUD0001"):
        reviews.sign_form(world.ctx, pressed(OPERATOR, id=campaign.id))
    seen = len(told(world))
    pass_time(world, 30 * DAY)
    assert len(told(world)) == seen
    assert "Signed off" in card(world)
    assert other.id in card(world)


def test_signing_off_what_is_complete(world: World) -> None:
    """By command, at once."""
    (one,) = live(world, "one.example.com")
    campaign = started(world, by=OPERATOR)
    keep(world, DEV, one)
    said = text_of(reviews.review(world.ctx, typed(AUDITOR, f"SIGN {campaign.id.upper()} all needed")))
    assert campaign.id in said
    signed = newest(world).signed
    assert signed is not None
    assert signed.unanswered == ()


@pytest.mark.parametrize("who", [DEV, DEV2, APPROVER, NOBODY])
def test_who_may_not_run_reviews(world: World, who: Caller) -> None:
    """Auditors and operators do; an attempt changes nothing."""
    (one,) = live(world, "one.example.com")
    with pytest.raises(NotPermitted):
        reviews.review(world.ctx, typed(who, "start"))
    campaign = started(world)
    keep(world, DEV, one)
    with pytest.raises((NotPermitted, UnknownReview)):
        reviews.review(world.ctx, typed(who, f"sign {campaign.id} done"))
    with pytest.raises(NotPermitted):
        reviews.sign(world.ctx, submitted(who, {"reason": "done"}, id=campaign.id))
    assert newest(world).signed is None


def test_who_sees_what(world: World) -> None:
    """Owners what is theirs, strangers nothing; auditors and approvers all of it."""
    (own,) = live(world, "one.example.com")
    campaign = started(world)
    assert campaign.id in text_of(reviews.review(world.ctx, typed(DEV)))
    assert campaign.id not in text_of(reviews.review(world.ctx, typed(DEV2)))
    for who in (DEV2, NOBODY):
        with pytest.raises(UserError):
            shown(world, who)
        with pytest.raises(UserError):
            keep(world, who, own)
    for who in (AUDITOR, APPROVER, OPERATOR, DEV):
        assert own.id in str(shown(world, who))
    with pytest.raises(NotPermitted):
        remove(world, AUDITOR, own)
    opened_home = home.opened(world.ctx, pressed(replace(DEV, via="slack:home")))
    assert isinstance(opened_home, PublishHome)
    assert_valid(opened_home.view, "home")
    assert "*1 for you to answer.*" in str(opened_home.view)
    assert campaign.id not in str(home.opened(world.ctx, pressed(DEV2)))


def test_what_is_refused(world: World) -> None:
    """A scope that nothing fits, a second review of the same, no reason, another's allowance, other words."""
    (one,) = live(world, "one.example.com")
    for words in ("start prod-*", "start tag:team=", "start bundle:quay", "begin", "sign"):
        with pytest.raises(InvalidInput):
            reviews.review(world.ctx, typed(AUDITOR, words))
    campaign = started(world, "aks-*")
    with pytest.raises(AlreadyRequested, match=campaign.id):
        reviews.review(world.ctx, typed(OPERATOR, "start AKS-*"))
    other = ask(world, "late.example.com")
    with pytest.raises(UnknownAllowance, match="not part of"):
        keep(world, DEV, other)
    with pytest.raises(UnknownReview):
        reviews.show(world.ctx, pressed(DEV, id="r0s560gxpd"))
    for act in (reviews.keep, reviews.remove, reviews.sign, reviews.keep_form, reviews.show):
        with pytest.raises(StaleView):
            act(world.ctx, Call(DEV, value=Values(), form={"reason": "why"}))
    for reason in ("", " ", "x" * 1001):
        with pytest.raises(InvalidInput):
            remove(world, DEV, one, reason=reason)
    with pytest.raises(InvalidInput):
        keep(world, DEV, one, until="some day")
    assert states(world) == {one.id: ItemState.OPEN}


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


def turn(view: dict[str, Any]) -> dict[str, str]:
    """What the button to the next page carries."""
    rows = [block["elements"] for block in view["blocks"] if block["type"] == "actions"]
    (found,) = (json.loads(one["value"]) for row in rows for one in row if one["action_id"] == "review_next")
    return {name: text for name, text in found.items() if name != "id"}


def test_pages(world: World) -> None:
    """The reader's own first; each allowance once, also if others answer while somebody turns pages."""
    made = [ask(world, f"host{number}.example.com") for number in range(16)]
    theirs = request(world, DEV2, "theirs.example.com")
    started(world)
    first = shown(world, DEV)
    keep(world, DEV, next(one for one in made if one.id in str(first)))
    last = shown(world, DEV, **turn(first))
    found = [one.id for one in made if (one.id in str(first)) != (one.id in str(last))]
    assert found == [one.id for one in made]
    assert offered(last).count("review_keep") == 1
    of_all = shown(world, replace(DEV2, identity=APPROVER.identity))
    assert theirs.id in str(of_all) + str(shown(world, APPROVER, **turn(of_all)))
    assert theirs.id in str(shown(world, DEV2))


def request(world: World, who: Caller, host: str) -> Allowance:
    """A request that an approver said yes to."""
    made = allowances.request(world.ctx, who, Draft("aks-udr", (parse_destination(host),), "why", DAY))
    return allowances.decide(world.ctx, APPROVER, Decision(made.id, is_approved=True))


def test_only_what_is_open_is_reviewed(world: World) -> None:
    """Approved and live ones; neither what waits nor what has ended."""
    (one,) = live(world, "one.example.com")
    ended = ask(world, "two.example.com")
    allowances.end(world.ctx, DEV, ended.id)
    allowances.request(world.ctx, DEV, Draft("aks-udr", (parse_destination("three.example.com"),), "waits", DAY))
    approved = request(world, DEV2, "four.example.com")
    campaign = started(world, f"environment:{one.scope.environment} aks-udr")
    assert {item.allowance for item in campaign.items} == {one.id, approved.id}
    assert sorted(told(world)) == [("UDEV0001", "started"), ("UDEV0002", "started")]
