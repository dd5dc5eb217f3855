"""Properties of an API token's budget and reach."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.api_token import Token, TokenAct
from bot.domain.budget import Budget
from bot.domain.people import Identity

PER_MINUTE = st.integers(1, 6_000)
STEPS = st.lists(st.floats(-5, 90, allow_nan=False), min_size=1, max_size=60)


@given(per_minute=PER_MINUTE, steps=STEPS)
def test_no_more_calls_than_a_burst_and_what_flows_in(per_minute: int, steps: list[float]) -> None:
    """Whatever the clock does: a minute's worth at once, and as many as fill up meanwhile; never more."""
    budget, now, first, taken, gone = Budget(0, 0), 1e9, 1e9, 0, 0.0
    for step in steps:
        now += step
        gone += max(0.0, step)
        budget, wait_s = budget.spend(per_minute, now)
        taken += wait_s == 0
        assert 0 <= budget.left <= per_minute
    assert taken <= per_minute + gone * per_minute / 60 + 1e-6 * (now - first + 1) + 1


@given(per_minute=PER_MINUTE, calls=st.integers(0, 50))
def test_who_waits_as_long_as_told_is_let_in(per_minute: int, calls: int) -> None:
    """Rounded up, as ``Retry-After`` is."""
    budget, now = Budget(0, 0), 1e9
    for _ in range(calls):
        budget, _ = budget.spend(per_minute, now)
    budget, wait_s = budget.spend(per_minute, now)
    if wait_s:
        assert budget.spend(per_minute, now + -(-wait_s // 1))[1] == 0


@given(names=st.lists(st.sampled_from(["aks-*", "aks-lb", "*", "prod-?", "aks"]), min_size=1), name=st.text(max_size=9))
def test_more_patterns_never_cover_less(names: list[str], name: str) -> None:
    """And case means nothing."""

    def token(patterns: list[str]) -> Token:
        now = datetime(2026, 11, 1, tzinfo=UTC)
        who = Identity("T1", "U1")
        return Token("n", "d", who, tuple(patterns), frozenset(TokenAct), now, who, now + timedelta(days=1))

    if token(names[:1]).covers(name, ""):
        assert token(names).covers(name, "")
    assert token(["aks-*"]).covers("AKS-UDR", "") is True
