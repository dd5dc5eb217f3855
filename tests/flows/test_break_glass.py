"""Break-glass: opened at once by whom the policy lets, announced, short, and reviewed by somebody else."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import allowances
from bot.allowances import AfterReview, Draft
from bot.domain.allowance import Allowance, Status
from bot.domain.approval import PolicyRule, VerdictKind
from bot.domain.audit import Action
from bot.domain.break_glass import ReviewOutcome
from bot.domain.configuration import Group
from bot.domain.fqdn import parse_destination
from bot.domain.people import AccountStatus, Identity, Person, Unread
from bot.errors import AlreadyDecided, InvalidInput, NotPermitted, RequestRefused, StaleView
from bot.ports import Caller, NoticeKind
from tests.build import APPROVER, APPROVER2, DEV, OPERATOR, People, World, make_world
from tests.flows.azure_changes import direct
from tests.flows.policy_stage import configured, started, wait
from tests.flows.writer_stage import HOUR, events, opened, state_of, stored


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def draft(host: str = "emergency.example.com", hours: int = 4) -> Draft:
    """An emergency."""
    return Draft("aks-udr", (parse_destination(host),), "payments are down", hours * HOUR, is_break_glass=True)


def broken(world: World, who: Caller = OPERATOR) -> Allowance:
    """Somebody breaks the glass."""
    return allowances.request(world.ctx, who, draft())


def reviewed(
    world: World, one: Allowance, outcome: ReviewOutcome = ReviewOutcome.CONFIRM, who: Caller = APPROVER
) -> Allowance:
    """Somebody reviews it."""
    left = HOUR if outcome is ReviewOutcome.SHORTEN else None
    return allowances.review_break_glass(world.ctx, who, AfterReview(one.id, outcome, "I looked at it.", left))


def test_it_opens_at_once_and_says_so(world: World) -> None:
    """No approval, no batch: live after one update; an event of its own, and the news to whoever opened it."""
    made = broken(world)
    assert (made.approved_at, made.needs_review) == (world.clock.now(), True)
    world.settle()
    assert state_of(world, made) is Status.LIVE
    (event,) = events(world, made.id, Action.ALLOWANCE_BREAK_GLASS)
    assert (event.actor, event.reason, event.policy_rule) == (OPERATOR.identity, "payments are down", "break-glass")
    assert dict(event.detail)["break_glass"] == "yes"
    assert world.said.events(made.id)[0] == "broke-glass"
    assert events(world, made.id, Action.ALLOWANCE_GRANT) == []


@pytest.mark.parametrize("who", [DEV, APPROVER])
def test_nobody_else_breaks_the_glass(world: World, who: Caller) -> None:
    """Not even approvers: only whom a rule lets. Nothing is filed."""
    with pytest.raises(RequestRefused, match="No rule lets you open this by break-glass; request it normally"):
        broken(world, who)
    with world.store.read() as tx:
        assert tx.allowances.targets() == []


def test_what_is_refused_is_refused_here_too(world: World) -> None:
    """Refuse wins over break-glass, unless the rule says that it is about other requests only."""
    freeze = PolicyRule("freeze", VerdictKind.REFUSE, "Frozen.")
    with pytest.raises(RequestRefused, match="Frozen"):
        broken(configured(world, freeze))
    assert broken(configured(world, replace(freeze, break_glass=False))).needs_review


def test_it_is_short(world: World) -> None:
    """At the field of the duration, with the longest that is possible; no end is too long, too."""
    for hours in (5, 0):
        asked = draft(hours=hours) if hours else replace(draft(), duration=None)
        with pytest.raises(InvalidInput, match="lasts 4 hours at most") as caught:
            allowances.request(world.ctx, OPERATOR, asked)
        assert caught.value.field == "duration"


class Unreadable(People):
    """Slack does not say who is in a group."""

    def person(self, identity: Identity, **options: object) -> Person:
        """Nothing is known of the operators."""
        who = super().person(identity, **options)
        unread = Unread("operators", frozenset(), "Slack does not answer.")
        groups = who.groups - {"operators"}
        return replace(who, groups=groups, unread=(unread,), standing=AccountStatus.ACTIVE)


def test_an_unknown_membership_asks_a_human(world: World) -> None:
    """Could not ask is neither yes nor no: the approvers decide, and then nothing is left to review."""
    blind = replace(world, ctx=replace(world.ctx, directory=Unreadable(world.ctx.config)))
    made = broken(blind)
    assert (state_of(world, made), made.needs_review) == (Status.WAITING, False)
    assert "could not be read" in made.verdict.reason


def test_it_does_not_wait_for_the_same_request_that_waits(world: World) -> None:
    """An ordinary request for the same is waiting: the emergency is opened all the same."""
    ordinary = allowances.request(world.ctx, DEV, replace(draft(), is_break_glass=False))
    made = broken(world)
    assert (ordinary.id != made.id, made.needs_review) == (True, True)


def test_it_needs_somebody_who_could_review_it(world: World) -> None:
    """Nobody but the one who opens it is asked: refused, with whom to tell."""
    alone = Group("alone", None, frozenset({"UOPS0001"}))
    rule = next(rule for rule in world.ctx.config.policy.rules if rule.name == "break-glass")
    book = world.ctx.config
    policy = replace(book.policy, rules=(replace(rule, approvers=("alone",)),))
    world = configured(started(world, replace(book, policy=policy)), alone=alone)
    with pytest.raises(RequestRefused, match=r"nobody in alone.*Nothing was filed"):
        broken(world)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (ReviewOutcome.CONFIRM, Status.LIVE),
        (ReviewOutcome.SHORTEN, Status.LIVE),
        (ReviewOutcome.REVOKE, Status.REVOKED),
    ],
)
def test_somebody_else_reviews_it(world: World, outcome: ReviewOutcome, state: Status) -> None:
    """With a reason; the outcome is carried out, recorded and told."""
    made = broken(world)
    world.settle()
    expires = stored(world, made).expires_at
    reviewed(world, made, outcome)
    world.settle()
    after = stored(world, made)
    assert state_of(world, made) is state
    assert not after.needs_review
    (event,) = events(world, made.id, Action.ALLOWANCE_REVIEW)
    assert (event.actor, event.reason, dict(event.detail)["review"]) == (APPROVER.identity, "I looked at it.", outcome)
    assert direct(world, made, "reviewed") == {OPERATOR.identity.user}
    assert bool(opened(world)) is (state is Status.LIVE)
    assert after.expires_at is not None
    assert expires is not None
    assert (after.expires_at < expires) is (outcome is ReviewOutcome.SHORTEN)
    world.work(HOUR)
    world.settle()
    gone = Status.EXPIRED if outcome is ReviewOutcome.SHORTEN else state
    assert state_of(world, made) is gone


@pytest.mark.parametrize("who", [OPERATOR, DEV])
def test_only_somebody_else_who_is_asked(world: World, who: Caller) -> None:
    """Neither whoever opened it nor somebody outside of the group."""
    made = broken(world)
    with pytest.raises(NotPermitted):
        reviewed(world, made, who=who)
    assert stored(world, made).needs_review


def test_it_is_reviewed_once(world: World) -> None:
    """The second reviewer is told who was faster, and when; what was no break-glass has no review."""
    made = broken(world)
    reviewed(world, made)
    with pytest.raises(AlreadyDecided, match=r"already reviewed by <@UAPP0001> at 2026"):
        reviewed(world, made, ReviewOutcome.REVOKE, APPROVER2)
    assert len(events(world, made.id, Action.ALLOWANCE_REVIEW)) == 1
    with pytest.raises(AlreadyDecided):
        reviewed(world, wait(world))


def test_bad_answers_change_nothing(world: World) -> None:
    """No reason, a longer time, an old card."""
    made = broken(world)
    world.settle()
    for answer, error in (
        (AfterReview(made.id, ReviewOutcome.CONFIRM, "  "), InvalidInput),
        (AfterReview(made.id, ReviewOutcome.SHORTEN, "why", 9 * HOUR), InvalidInput),
        (AfterReview(made.id, ReviewOutcome.CONFIRM, "why", seen="0" * 16), StaleView),
    ):
        with pytest.raises(error):
            allowances.review_break_glass(world.ctx, APPROVER, answer)
    assert stored(world, made).needs_review
    assert events(world, made.id, Action.ALLOWANCE_REVIEW) == []


def nagged(world: World, one: Allowance) -> list[str]:
    """Who was reminded of the review, in order."""
    said = (n for n in world.said.notices if n.subject == one.id and n.body.get("event") == "review-due")
    return [n.recipient for n in said if n.kind is NoticeKind.DIRECT]


def later(world: World, after: timedelta) -> None:
    """Let time pass, and everything happen that is due by then."""
    world.work(after)
    world.settle()


def test_reviewers_are_reminded_until_it_is_reviewed(world: World) -> None:
    """Also after it has expired, also after the time for the review is over, at least daily; then never again."""
    made = broken(world)
    world.settle()
    later(world, 5 * HOUR)
    assert nagged(world, made) == ["UAPP0001", "UAPP0002"]
    assert state_of(world, made) is Status.EXPIRED
    for _ in range(5):
        later(world, 24 * HOUR)
    assert len(nagged(world, made)) >= 2 * 5
    reviewed(world, made)
    world.settle()
    count = len(nagged(world, made))
    later(world, 72 * HOUR)
    assert len(nagged(world, made)) == count


def test_what_has_ended_can_only_be_confirmed(world: World) -> None:
    """Its rule is gone; the review is still owed."""
    made = broken(world)
    world.settle()
    later(world, 5 * HOUR)
    with pytest.raises(AlreadyDecided, match="can only be confirmed"):
        reviewed(world, made, ReviewOutcome.REVOKE)
    assert not reviewed(world, made).needs_review


def test_its_renewal_is_decided_normally(world: World) -> None:
    """Break-glass is never prolonged without an approval."""
    made = broken(world)
    world.settle()
    again = allowances.renew(world.ctx, OPERATOR, made.id)
    assert (state_of(world, again), again.ask.is_break_glass) == (Status.WAITING, False)


def test_whoever_took_it_over_does_not_review_it(world: World) -> None:
    """It is theirs now: somebody else still has to look, and only others are reminded."""
    made = broken(world)
    allowances.transfer(world.ctx, OPERATOR, made.id, APPROVER.identity)
    with pytest.raises(NotPermitted):
        reviewed(world, made)
    later(world, 5 * HOUR)
    assert nagged(world, made) == ["UAPP0002"]
    assert not reviewed(world, made, who=APPROVER2).needs_review
