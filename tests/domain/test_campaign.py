"""Review campaigns as values: what belongs to one, what became of an item, and ends that only get earlier."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.allowance import Allowance, Status, status
from bot.domain.approval import Ending
from bot.domain.campaign import (
    AnswerKind,
    Campaign,
    ItemState,
    ReviewAnswer,
    ReviewItem,
    ReviewSheet,
    SignOff,
    with_answer,
    with_owners,
)
from bot.domain.dates import end_from_text
from bot.domain.review_scope import ReviewScope, scope_from_words
from bot.domain.shortening import shorten
from bot.errors import AlreadyDecided, InvalidInput
from tests.domain.values import APPROVER, HOUR, NOW, SCOPE, a_live_allowance, an_allowance

DAY = timedelta(days=1)
LIVE, ENDLESS = a_live_allowance(), a_live_allowance(duration=None)


def a_sheet(*allowances: Allowance, after: timedelta = timedelta()) -> ReviewSheet:
    """A campaign about these that began at ``NOW``."""
    campaign = Campaign(
        id="r0s560gxpd",
        version=1,
        scope=ReviewScope(),
        started_by=APPROVER,
        started_at=NOW,
        owners_until=NOW + 7 * DAY,
        items=tuple(ReviewItem(one.id) for one in allowances),
    )
    return ReviewSheet(campaign, {one.id: one for one in allowances}, NOW + after)


@pytest.mark.parametrize(
    ("words", "fits"),
    [
        ("", True),
        ("all", True),
        ("AKS", True),
        ("ak?", True),
        ("prod-*", False),
        ("prod-* aks", True),
        (SCOPE.cluster_id.upper(), True),
        ("env:TEST", True),
        ("aks environment:production", False),
        ("tag:Team=Web", True),
        ("tag:team=db", False),
        ("tag:team=db tag:team=web", True),
        ("bundle:npm", False),
        ("bundle:quay bundle:npm", True),
    ],
)
def test_a_scope(words: str, fits: bool) -> None:
    """One of each kind that is named must fit; nothing named means all; written again it means the same."""
    scope = scope_from_words(words)
    bundle = "quay" if "quay" in words else None
    assert scope.fits(SCOPE, bundle, {"team": "web"}) is fits
    assert scope_from_words(scope.words) == scope


@pytest.mark.parametrize(
    "words", ["tag:team", "tag:=web", "tag:team=", "bundle:", "colour:red", ":", " ".join("abcdefghijklmnopqrstu")]
)
def test_a_scope_that_is_not_understood(words: str) -> None:
    """It is said, and what would be right."""
    with pytest.raises(InvalidInput, match="bundle:NAME"):
        scope_from_words(words)


@given(st.timedeltas(timedelta(minutes=-600), timedelta(hours=20)), st.sampled_from([LIVE, ENDLESS, an_allowance()]))
def test_an_end_only_gets_earlier(until: timedelta, one: Allowance) -> None:
    """Whatever is asked for: it ends as asked, in the future and no later than before, or nothing is changed."""
    now = NOW + HOUR
    before = one.expires_at or (now + one.ask.duration if one.ask.duration else None)
    try:
        made = shorten(one, now + until, now)
    except InvalidInput:
        assert until <= timedelta() or (before is not None and now + until > before)
        return
    after = made.expires_at or now + (made.ask.duration or timedelta())
    assert now < after
    assert before is None or after <= before
    assert abs(after - (now + until)) < timedelta(minutes=1)
    assert made.live_at is None or made.expires_at == now + until
    assert replace(made, expires_at=one.expires_at) == one or made.live_at is None
    assert replace(made, ask=one.ask, expires_at=one.expires_at) == one


def test_a_shortened_allowance_warns_and_expires_by_its_new_end() -> None:
    """Also one that had no end."""
    made = shorten(ENDLESS, NOW + 10 * HOUR, NOW)
    states = [status(made, NOW + hours * HOUR) for hours in (1, 9.5, 10)]
    assert states == [Status.LIVE, Status.EXPIRING, Status.EXPIRED]


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("", None),
        ("no end", None),
        ("30d", NOW + 30 * DAY),
        ("5 hours", NOW + 5 * HOUR),
        ("tomorrow", NOW.replace(day=4, hour=0)),
        ("Friday", NOW.replace(day=7, hour=0)),
        ("2026-11-30", NOW.replace(month=12, day=1, hour=0)),
        (" 2026-11-30T14:30 ", NOW.replace(day=30, hour=14, minute=30)),
    ],
)
def test_an_end_as_people_type_it(text: str, end: object) -> None:
    """A duration from now, a day with all its hours, a minute, or none."""
    assert end_from_text(text, NOW) == end


@pytest.mark.parametrize("text", ["soon", "0d", "2026-13-01", "-3d", "9999-12-31"])
def test_an_end_that_is_none(text: str) -> None:
    """The field is named, so that the form shows it there."""
    with pytest.raises(InvalidInput) as raised:
        end_from_text(text, NOW)
    assert raised.value.field == "until"


def test_what_became_of_an_item() -> None:
    """By its answer, else by its allowance, and after the sign-off by what was unanswered then."""
    others = [replace(LIVE, id=f"a00000010{number}") for number in range(3)]
    ended = replace(others[0], revoked=Ending(APPROVER, NOW))
    answered = with_answer(
        a_sheet(LIVE, ended, *others[1:]).campaign,
        LIVE.id,
        ReviewAnswer(AnswerKind.KEEP, APPROVER, NOW, "needed"),
    )
    sheet = replace(a_sheet(LIVE, ended, *others[1:]), campaign=answered)
    assert [sheet.state(one) for one in answered.items] == [ItemState.KEPT, ItemState.ENDED, "open", "open"]
    signed = replace(answered, signed=SignOff(APPROVER, NOW, "done", (others[1].id,)))
    later = replace(sheet, campaign=signed, now=NOW + 9 * DAY)
    assert [later.state(one) for one in answered.items] == [ItemState.KEPT, ItemState.ENDED, "open", "ended"]
    for one in sheet.campaign.items[:2]:
        with pytest.raises(AlreadyDecided, match="UAPP1"):
            sheet.require_open(one)


def test_owners_who_left_are_marked_until_it_is_known_that_they_are_back() -> None:
    """What could not be asked changes nothing."""
    marked, fresh = with_owners(a_sheet(LIVE), {LIVE.id: "deactivated"})
    assert [one.owner_left for one in fresh] == ["deactivated"]
    sheet = replace(a_sheet(LIVE), campaign=marked)
    assert with_owners(sheet, {LIVE.id: None}) == with_owners(sheet, {}) == (marked, ())
    assert sheet.for_approvers
    back, fresh = with_owners(sheet, {LIVE.id: ""})
    assert (back, fresh) == (a_sheet(LIVE).campaign, ())


def test_reminders_wait_longer_each_time() -> None:
    """Twice as long, a week at most."""
    campaign = a_sheet(LIVE).campaign
    waits = [replace(campaign, reminders=count, reminded_at=NOW).reminds_at(DAY) - NOW for count in range(6)]
    assert waits == [DAY, 2 * DAY, 4 * DAY, 7 * DAY, 7 * DAY, 7 * DAY]
