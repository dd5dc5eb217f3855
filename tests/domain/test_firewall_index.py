"""The parts that make the evaluator fast, against what they stand for."""

from ipaddress import ip_address
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.firewall.names import Match, NameIndex
from bot.domain.firewall.ranges import overlap, spans_from_text, text_from_spans, union, without
from bot.domain.fqdn import covers
from tests.rulesets import NAMES, PATTERNS, WILDCARDS

_labels = st.sampled_from(("a", "b", "contoso", "evilcontoso", "com", "io"))
_names = st.one_of(st.sampled_from(NAMES), st.lists(_labels, min_size=1, max_size=4).map(".".join))
_patterns = st.one_of(st.sampled_from(PATTERNS), _names, _names.map("*.{}".format), _names.map("*{}".format))
_spans = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 6)), max_size=5).map(
    lambda found: union((low, low + length) for low, length in found)
)


@given(patterns=st.lists(_patterns, max_size=12), name=_names)
def test_index_finds_what_covers_says(patterns: list[str], name: str) -> None:
    """For a plain name: exactly the patterns that cover it, each as often as it was put in."""
    found = sorted(
        owner for owner, match in NameIndex((text, text) for text in patterns).find(name) if match is Match.YES
    )
    assert found == sorted(text for text in patterns if "*" not in text[1:] and covers(text, name))


@given(
    patterns=st.lists(_patterns, max_size=12), wildcard=st.one_of(st.sampled_from(WILDCARDS), _names.map("*.{}".format))
)
@example(patterns=["*a.contoso.com"], wildcard="*.contoso.com")
@example(patterns=["*.docker.io", "*contoso.io"], wildcard="*.docker.io")
def test_index_finds_parts_of_a_wildcard(patterns: list[str], wildcard: str) -> None:
    """For a wildcard: what covers all of it, and what matches some name below it."""
    usable = [text for text in patterns if "*" not in text[1:]]
    found = list(NameIndex((text, text) for text in patterns).find(wildcard))
    whole = sorted(owner for owner, match in found if match is Match.YES)
    part = sorted(owner for owner, match in found if match is Match.PART)
    assert whole == sorted(text for text in usable if covers(text, wildcard))
    below = [text for text in usable if covers(wildcard, text.replace("*", "other"))]
    assert part == sorted(text for text in below if not covers(text, wildcard))


@given(left=_spans, right=_spans)
def test_spans_are_sets(left: tuple[tuple[int, int], ...], right: tuple[tuple[int, int], ...]) -> None:
    """Union, overlap and difference are those of sets, and stay sorted and apart."""

    def members(spans: tuple[tuple[int, int], ...]) -> set[int]:
        return {each for low, high in spans for each in range(low, high + 1)}

    assert members(overlap(left, right)) == members(left) & members(right)
    assert members(without(left, right)) == members(left) - members(right)
    assert members(union((*left, *right))) == members(left) | members(right)
    for spans in (overlap(left, right), without(left, right), union((*left, *right))):
        assert all(low <= high for low, high in spans)
        assert all(before[1] < after[0] for before, after in pairwise(spans))


@given(low=st.ip_addresses(v=4), count=st.integers(0, 500))
def test_a_range_is_written_as_it_is_read(low: object, count: int) -> None:
    """CIDR ranges in a sentence are the addresses of the span."""
    first = ip_address(str(low))
    last = ip_address(min(int(first) + count, 2**32 - 1))
    spans = spans_from_text(f"{first}-{last}")
    assert spans is not None
    written = text_from_spans(spans, at_most=100).split(", ")
    assert union(span for text in written for span in spans_from_text(text) or ()) == spans


def test_texts_that_are_no_addresses() -> None:
    """Service tags and ranges that end before they begin are None; a family never meets the other."""
    assert [spans_from_text(text) for text in ("AzureCloud", "10.0.0.9-10.0.0.1", "10.0.0.1-fd00::1", "")] == [None] * 4
    ipv4, ipv6 = spans_from_text("0.0.0.0/0"), spans_from_text("::/0")
    assert ipv4 is not None
    assert ipv6 is not None
    assert overlap(ipv4, ipv6) == ()
    assert text_from_spans(ipv6) == "::/0"
