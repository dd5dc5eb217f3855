"""The chain shows every change, removal and move."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.audit import GENESIS, Action, ChainedEvent, Event, link, verify
from bot.errors import ChainBroken
from tests.domain.values import DEV, NOW


def a_chain(length: int = 6) -> list[ChainedEvent]:
    """Some events in a chain."""
    events: list[ChainedEvent] = []
    for number in range(1, length + 1):
        event = Event(NOW, Action.ALLOWANCE_REQUEST, DEV, "cli", subject=f"a{number}", detail=(("n", str(number)),))
        events.append(link(event, number, events[-1].hash if events else GENESIS))
    return events


def test_an_untouched_chain_verifies() -> None:
    """And can be verified in parts."""
    events = a_chain()
    assert verify(events) == (7, events[-1].hash)
    following, after = verify(events[:3])
    assert verify(events[3:], after=after, first=following) == (7, events[-1].hash)


TEXTS = ["action", "via", "subject", "cluster", "reason", "policy_rule"]


@given(st.integers(0, 5), st.sampled_from(TEXTS), st.text(min_size=1))
def test_a_changed_field_is_found(place: int, field: str, text: str) -> None:
    """Whichever it is, wherever it stands, even if its hash was made anew."""
    events = a_chain()
    event = events[place].event
    altered: Any = {field: str(getattr(event, field)) + text}
    changed = replace(event, **altered)
    events[place] = link(changed, place + 1, events[place].previous)
    if place < 5:
        with pytest.raises(ChainBroken) as found:
            verify(events)
        assert found.value.seq == place + 2
    else:
        assert verify(events)[1] != a_chain()[-1].hash


@given(st.integers(0, 4))
def test_a_removed_or_moved_event_is_found(place: int) -> None:
    """The number says where."""
    removed = a_chain()
    del removed[place]
    with pytest.raises(ChainBroken):
        verify(removed)
    moved = a_chain()
    moved[place], moved[place + 1] = moved[place + 1], moved[place]
    with pytest.raises(ChainBroken):
        verify(moved)


def test_texts_cannot_run_into_each_other() -> None:
    """Two events whose fields would join to the same text have different hashes."""
    one = Event(NOW, Action.ACT_REFUSE, DEV, "cli", subject="ab", cluster="c")
    other = replace(one, subject="a", cluster="bc")
    assert link(one, 1, GENESIS).hash != link(other, 1, GENESIS).hash
