"""An allowance's status follows from its facts and the time, and its acts from its status."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import allowance as domain
from bot.domain import write_results
from bot.domain.allowance import MAY_ACT, WANTED, Act, Allowance, Ask, Status, digest, is_open, is_wanted, status
from bot.domain.approval import Approval, Ending, add_approval, deny, require_same
from bot.domain.fqdn import parse_destination
from bot.domain.narrowing import narrow
from bot.errors import AlreadyDecided, InvalidInput, StaleView
from tests.domain.values import APPROVER, APPROVER2, DEV, HOUR, NOW, SCOPE, a_live_allowance, an_allowance

ENDING = Ending(APPROVER, NOW, "why not")
WAITING, LIVE = an_allowance(), a_live_allowance()

STATES: list[tuple[Allowance, timedelta, Status]] = [
    (WAITING, timedelta(), Status.WAITING),
    (WAITING, timedelta(days=3), Status.LAPSED),
    (replace(WAITING, denied=ENDING), timedelta(days=9), Status.DENIED),
    (replace(WAITING, revoked=ENDING), timedelta(), Status.REVOKED),
    (replace(WAITING, approved_at=NOW), timedelta(days=9), Status.APPROVED),
    (replace(WAITING, approved_at=NOW, applying_at=NOW), timedelta(), Status.APPLYING),
    (LIVE, timedelta(), Status.LIVE),
    (LIVE, 7.2 * HOUR, Status.EXPIRING),
    (LIVE, 8 * HOUR, Status.EXPIRED),
    (replace(LIVE, missing_since=NOW), HOUR, Status.APPLYING),
    (replace(LIVE, failure="no"), HOUR, Status.FAILED),
    (replace(LIVE, suspended="no way out"), HOUR, Status.SUSPENDED),
    (replace(LIVE, closed=ENDING), HOUR, Status.CLOSED),
    (replace(LIVE, revoked=ENDING), 9 * HOUR, Status.REVOKED),
    (a_live_allowance(duration=None), timedelta(days=900), Status.LIVE),
]


@pytest.mark.parametrize(("allowance", "after", "expected"), STATES)
def test_status(allowance: Allowance, after: timedelta, expected: Status) -> None:
    """Facts and a time give one status."""
    assert status(allowance, NOW + after) is expected
    assert is_wanted(allowance, NOW + after) == (expected in WANTED)


@given(st.timedeltas(min_value=timedelta(), max_value=timedelta(days=30)))
def test_a_time_limited_allowance_is_never_wanted_after_its_end(after: timedelta) -> None:
    """Expiry is not an event: nobody has to do anything for it."""
    assert is_wanted(LIVE, NOW + after) == (after < 8 * HOUR)


def test_an_ended_allowance_stays_open_until_its_rules_were_seen_gone() -> None:
    """Otherwise nobody would look whether they are."""
    ended = replace(LIVE, revoked=ENDING)
    assert is_open(ended, NOW)
    assert not is_open(write_results.mark_gone(ended, NOW), NOW)
    assert not is_open(replace(WAITING, revoked=ENDING), NOW)


@pytest.mark.parametrize("act", list(Act))
@pytest.mark.parametrize(("allowance", "after", "state"), STATES)
def test_acts_are_refused_where_the_table_does_not_allow_them(
    act: Act, allowance: Allowance, after: timedelta, state: Status
) -> None:
    """The table is the whole state machine."""
    if state in MAY_ACT[act]:
        domain.require(allowance, act, NOW + after)
    else:
        with pytest.raises(AlreadyDecided, match=state):
            domain.require(allowance, act, NOW + after)


def test_a_request_that_lapsed_names_nobody_who_decided() -> None:
    """One of two approvals decided nothing; whoever ended a request is named."""
    half = add_approval(an_allowance(needed=2), Approval(APPROVER, NOW, groups=("platform",)))
    with pytest.raises(AlreadyDecided, match=r" is already lapsed; nothing was changed\.$"):
        domain.require(half, Act.APPROVE, half.lapses_at)
    with pytest.raises(AlreadyDecided, match=r" is already denied \(<@\w+> at .* UTC\); nothing was changed\.$"):
        domain.require(replace(half, denied=ENDING), Act.APPROVE, NOW)


def test_two_of_two_must_be_two_people() -> None:
    """One person twice is one approval."""
    mine, other = (Approval(who, NOW, groups=("platform",)) for who in (APPROVER, APPROVER2))
    once = add_approval(an_allowance(needed=2), mine)
    assert once.approved_at is None
    with pytest.raises(AlreadyDecided, match="another approver"):
        add_approval(once, mine)
    assert add_approval(once, other).approved_at == NOW


def test_the_clock_starts_when_it_is_first_seen_live_and_only_then() -> None:
    """Waiting for Azure costs nobody a minute; being healed gives nobody one."""
    applying = replace(WAITING, approved_at=NOW, applying_at=NOW)
    live = write_results.mark_live(applying, NOW + HOUR)
    assert live.expires_at == NOW + 9 * HOUR
    again = write_results.mark_live(write_results.mark_missing(live, NOW + 2 * HOUR), NOW + 3 * HOUR)
    assert (again.live_at, again.expires_at, again.missing_since) == (live.live_at, live.expires_at, None)


def test_the_digest_covers_what_the_rule_is_made_of_and_nothing_else() -> None:
    """A click approves exactly this."""
    ask = WAITING.ask
    seen = digest(SCOPE, ask)
    assert digest(SCOPE, replace(ask, reason="another", ticket="T-1")) == seen
    others = [
        digest(SCOPE, replace(ask, destinations=(parse_destination("example.org"),))),
        digest(SCOPE, replace(ask, duration=9 * HOUR)),
        digest(replace(SCOPE, sources=("10.2.0.0/16",)), ask),
        digest(replace(SCOPE, pool="blue"), ask),
    ]
    assert seen not in others
    with pytest.raises(StaleView):
        require_same(WAITING, others[0])


NARROWER = [("*.example.com", "a.example.com"), ("*.example.com", "*.b.example.com"), ("example.com", "example.com")]
WIDER = [("a.example.com", "*.example.com"), ("example.com", "http:example.com"), ("*.example.com", "example.com")]


@pytest.mark.parametrize(("asked", "given_"), NARROWER)
def test_an_approver_may_narrow(asked: str, given_: str) -> None:
    """Fewer names, a shorter time."""
    narrowed = narrow(an_allowance(asked), (parse_destination(given_),), HOUR)
    assert narrowed.ask == Ask((parse_destination(given_),), HOUR, "why")


@pytest.mark.parametrize(("asked", "given_"), WIDER)
def test_an_approver_may_never_widen(asked: str, given_: str) -> None:
    """Not by a name, nor by time."""
    with pytest.raises(InvalidInput, match="not widen"):
        narrow(an_allowance(asked), (parse_destination(given_),), HOUR)
    with pytest.raises(InvalidInput, match="not extend"):
        narrow(an_allowance(asked), (parse_destination(asked),), 9 * HOUR)


def test_who_comes_late_is_told_who_was_faster() -> None:
    """With name and time."""
    denied = deny(WAITING, ENDING)
    with pytest.raises(AlreadyDecided, match=f"<@{APPROVER.user}>"):
        domain.revoke(denied, Ending(DEV, NOW))
