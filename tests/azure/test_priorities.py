"""Our rule collections among those of others: different priorities, and nothing looks changed."""

from hypothesis import given
from hypothesis import strategies as st

from bot.azure.priorities import FIRST, free_place, wanted_place

PLACES = st.integers(FIRST, FIRST + 60)


@given(wanted=st.sets(PLACES), taken=st.sets(PLACES))
def test_places_are_free_ordered_and_found_again(wanted: set[int], taken: set[int]) -> None:
    """No place is taken or given twice, the order stays, and the way back leads to what was wanted."""
    places = [free_place(priority, taken) for priority in sorted(wanted)]

    assert not set(places) & taken
    assert places == sorted(set(places))
    assert [wanted_place(place, taken) for place in places] == sorted(wanted)


@given(count=st.integers(1, 30), taken=st.sets(PLACES))
def test_no_free_place_is_left_out(count: int, taken: set[int]) -> None:
    """The first wanted gets the first free, and so on."""
    places = [free_place(FIRST + n, taken) for n in range(count)]

    assert places == [p for p in range(FIRST, FIRST + 200) if p not in taken][:count]
