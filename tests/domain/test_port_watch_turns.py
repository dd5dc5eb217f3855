"""Which sources one look of the watch reads: as many as fit, the longest unread first."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.measured import Source, SourceKind, due_sources, longest_prefix

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NEVER = datetime.min.replace(tzinfo=UTC)


@given(ages=st.lists(st.none() | st.integers(0, 48), max_size=120), most=st.integers(0, 130))
def test_the_longest_unread_come_first(ages: list[int | None], most: int) -> None:
    """Whoever is left out was read later than everybody who is chosen; what was read within the hour is not due."""
    sources = [Source(f"/subscriptions/s/{at}", SourceKind.FIREWALL, "westeurope") for at in range(len(ages))]
    tried = {one.id: NOW - age * HOUR for one, age in zip(sources, ages, strict=True) if age is not None}
    due = due_sources(sources, tried, NOW - HOUR)
    assert set(due) == {one for one in sources if one.id not in tried or tried[one.id] <= NOW - HOUR}
    chosen = longest_prefix(due, lambda several: len(several) <= most)
    assert len(chosen) == min(most, len(due))
    left = [tried.get(one.id, NEVER) for one in due if one not in chosen]
    assert all(tried.get(one.id, NEVER) <= min(left) for one in chosen if left)
