"""Review campaigns as a whole: who starts, sees and signs off which, and what is refused."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot import allowances
from bot.allowances import Draft
from bot.domain.audit import Action
from bot.domain.campaign import ItemState
from bot.domain.fqdn import parse_destination
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
from handlers import home, reviews
from handlers.calls import Call, Values
from handlers.replies import OpenModal, PublishHome, UpdateModal
from tests.blockkit import assert_valid
from tests.build import APPROVER, AUDITOR, DEV, DEV2, OPERATOR, World, make_world
from tests.flows.writer_stage import ask, events
from tests.listeners.calling import pressed, submitted, text_of, typed
from tests.listeners.review_stage import (
    DAY,
    NOBODY,
    card,
    keep,
    live,
    newest,
    offered,
    pass_time,
    remove,
    request,
    shown,
    started,
    states,
    told,
    turn,
)


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


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
    for answer, who in ((keep, DEV), (remove, APPROVER)):
        with pytest.raises(AlreadyDecided, match=r"signed off by <@UAUD0001>"):
            answer(world, who, other)
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


def test_who_may_not_run_reviews(world: World) -> None:
    """Auditors and operators do; an attempt changes nothing."""
    others = (DEV, DEV2, APPROVER, NOBODY)
    (one,) = live(world, "one.example.com")
    for who in others:
        with pytest.raises(NotPermitted):
            reviews.review(world.ctx, typed(who, "start"))
    campaign = started(world)
    keep(world, DEV, one)
    for who in others:
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


def test_a_list_of_owners_who_left_is_started_once(world: World) -> None:
    """By whoever may, as long as it is stored, and only what is still open of it."""
    one, other = live(world, "one.example.com", "two.example.com")
    with world.store.write() as tx:
        listed = tx.drafts.keep(f"{one.id} {other.id}")
    for who in (DEV, APPROVER, NOBODY):
        with pytest.raises(NotPermitted):
            reviews.start_left(world.ctx, pressed(who, list=listed))
    with pytest.raises(StaleView):
        reviews.start_left(world.ctx, pressed(AUDITOR, list="gone"))
    with pytest.raises(InvalidInput, match="review left"):
        reviews.review(world.ctx, typed(AUDITOR, "start owner:left"))
    allowances.end(world.ctx, DEV, other.id)
    assert isinstance(reviews.start_left(world.ctx, pressed(AUDITOR, list=listed)), UpdateModal)
    assert states(world) == {one.id: ItemState.OPEN}
    with pytest.raises(AlreadyRequested):
        reviews.start_left(world.ctx, pressed(OPERATOR, list=listed))
