"""Lists in sentences and events: what is left out is counted."""

import re
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.audit import Action, ChainedEvent, Event
from bot.domain.firewall_log.next_step import AskedBefore
from bot.domain.fqdn import Destination, is_within
from bot.domain.phrases import counted, listed, within
from bot.domain.story import carries
from tests.domain.values import DEV, NOW, an_allowance
from tests.strategies import destinations


@given(st.lists(st.text("abc:-", min_size=1, max_size=80), max_size=60), st.integers(20, 500))
def test_what_is_left_out_is_counted(texts: list[str], room: int) -> None:
    """No text is cut, none is lost."""
    text = within(texts, room)
    found = re.search(r"(?:^| )and (\d+) more$", text)
    kept = text[: found.start()].split() if found else text.split()
    assert len(text) <= max(room, len("and 60 more"))
    assert kept == texts[: len(kept)]
    assert len(kept) + int(found[1] if found else 0) == len(texts)
    assert listed(texts, 3).count(" more") == (len(texts) > 3)


def written(carried: int, *named: str) -> ChainedEvent:
    """A write that names some of what it carries."""
    detail = (("allowances", " ".join(named)), ("carried", str(carried)))
    return ChainedEvent(1, Event(NOW, Action.FIREWALL_BEGIN, DEV, "bot", "/p", detail=detail), "", "")


def test_a_write_that_only_counts_an_allowance_is_in_its_story() -> None:
    """It names the first five hundred in order; whoever comes after them may be among the others."""
    assert [carries(written(2, "a1", "a3"), one) for one in ("a1", "a2", "a3", "a4")] == [True, False, True, False]
    assert [carries(written(9, "a1", "a3"), one) for one in ("a1", "a2", "a3", "a4")] == [True, False, True, True]
    assert not carries(written(9), "a1")


wide = destinations() | st.builds(lambda end: Destination(f"*{end}"), st.sampled_from(["", ".com", ".example.com"]))


@settings(max_examples=25)
@given(st.lists(wide, min_size=1, max_size=4), destinations() | wide)
def test_what_opens_a_destination_is_found_among_any_number(some: list[Destination], asked: Destination) -> None:
    """The same as by looking at each."""
    rows = [an_allowance(number=at) for at in range(len(some))]
    rows = [replace(row, ask=replace(row.ask, destinations=(one,))) for row, one in zip(rows, some, strict=True)]
    expected = [row for row, one in zip(rows, some, strict=True) if is_within(asked, one)]
    assert AskedBefore(rows).opening(asked) == expected


def test_a_number_has_its_unit() -> None:
    """One way for all: the plural, and thousands apart."""
    assert [counted(count, "node") for count in (0, 1, 2, 1000)] == ["0 nodes", "1 node", "2 nodes", "1,000 nodes"]
