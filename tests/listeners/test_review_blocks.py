"""Whatever the facts of a review campaign are, Slack takes what is drawn from them, and words of people stay text."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from bot.allowances.campaigns import CampaignList, Glance, Ownerless
from bot.approvals import MAX_REASON
from bot.domain.campaign import AnswerKind, Campaign, ReviewAnswer, ReviewItem, ReviewSheet, SignOff
from bot.domain.people import Person, Role
from bot.domain.review_scope import ReviewScope
from bot.ports import Place
from handlers.blocks.home import Desktop, home_view
from handlers.blocks.review_card import REVIEW_NEWS, review_card, review_list, review_news
from handlers.blocks.review_left import left_view
from handlers.blocks.review_sheet import ANSWERED, Page, answered_line, review_view, subject_line
from handlers.review_forms import KeepForm, RemoveForm, SignForm
from tests.blockkit import assert_valid
from tests.listeners import facts
from tests.listeners.test_blocks import BOOK, mrkdwn_of, thorough

answers = st.builds(
    ReviewAnswer, st.sampled_from(AnswerKind), facts.people, facts.times, facts.words(MAX_REASON, 1), facts.maybe_times
)
scopes = st.builds(ReviewScope, st.lists(facts.words(200, 1), max_size=20).map(tuple))


def ids(count: int) -> list[str]:
    """So many ids."""
    return [f"a0s56{number:05d}" for number in range(count)]


@st.composite
def sheets(draw: st.DrawFn) -> ReviewSheet:
    """A campaign about many allowances, which are few different ones, answered or not."""
    some = draw(st.lists(facts.allowances, min_size=1, max_size=3))
    count = draw(st.sampled_from([1, 14, 60, 400]))
    found = {one: replace(some[at % len(some)], id=one) for at, one in enumerate(ids(count))}
    few = draw(st.lists(st.tuples(st.none() | answers, facts.words(80)), min_size=1, max_size=4))
    items = tuple(ReviewItem(one, *few[at % len(few)]) for at, one in enumerate(found))
    left = tuple(ids(draw(st.sampled_from([0, count]))))
    signed = st.none() | st.builds(SignOff, facts.people, facts.times, facts.words(MAX_REASON, 1), st.just(left))
    campaign = Campaign(
        id="r0s560gxpd",
        version=1,
        scope=draw(scopes),
        started_by=draw(facts.people),
        started_at=facts.NOW,
        owners_until=facts.NOW + timedelta(days=draw(st.sampled_from([-1, 7]))),
        items=items,
        signed=draw(signed),
    )
    return ReviewSheet(campaign, found, facts.NOW)


def glances() -> SearchStrategy[Glance]:
    """A campaign as somebody sees it."""
    who = st.builds(Person, facts.people, st.frozensets(st.sampled_from(Role)))
    return st.builds(lambda sheet, who: Glance(sheet, who, sheet), sheets(), who)


@thorough
@given(sheets(), st.sampled_from([*REVIEW_NEWS, "never-heard-of"]), st.sampled_from(["UDEV0001", "CEGRESS01"]))
def test_a_card_and_its_news_are_valid(sheet: ReviewSheet, event: str, recipient: str) -> None:
    """Whatever was answered; nobody is called who was typed."""
    drawn = [review_card(sheet), review_news(sheet, {"event": event}, recipient, BOOK)]
    for each in drawn:
        assert_valid(each, "message")
        assert not any("<!channel>" in text for text in mrkdwn_of(each))


@thorough
@given(glances(), st.sampled_from(["", ANSWERED, "else"]), st.sampled_from(["", "a0s5600013", "gone"]))
def test_what_is_opened_is_valid(glance: Glance, which: str, after: str) -> None:
    """Pages, forms, lists and the Home tab."""
    item = glance.sheet.campaign.items[0]
    found = glance.sheet.allowances[item.allowance]
    note, about = answered_line(item, found, BOOK) or "note", subject_line(glance, item, BOOK)
    for view in (
        review_view(glance, BOOK, Page(which, after), note),
        KeepForm.build(glance.sheet.campaign.id, item.allowance, about),
        RemoveForm.build(glance.sheet.campaign.id, item.allowance, about),
        SignForm.build(glance, about, "why"),
        left_view(Ownerless(((found, "deactivated"),) * 99, 2, facts.NOW, glance.who), BOOK, "list"),
    ):
        assert_valid(view, "modal")
    assert_valid(review_list(CampaignList((glance,) * 10, Place(False, "r0s560gxpd"))), "message")
    assert_valid(home_view(Desktop((), (), (), (), facts.NOW, BOOK, reviews=(glance,) * 5)), "home")
