"""Several destinations at a time, and what documentation leaves open in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.fqdn import Destination, fill_region, parse_destinations, parse_many
from bot.errors import InvalidFqdn


def test_a_messy_list() -> None:
    """Bullets, Slack's links, defanged dots, quotes, brackets and conjunctions in one text."""
    text = '• a.example\n* b[.]example, <http://c.example|c.example>; (d.example) and "e.example"\n1. http:f.example.'
    assert [str(found) for found in parse_many(text).destinations] == [
        *["a.example", "b.example", "c.example", "d.example", "e.example"],
        "http:f.example",
    ]


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("*.hcp.<region>.azmk8s.io", "*.hcp.westeurope.azmk8s.io"),
        ("$REGION.a.example, ${AWS_LOCATION}.b.example", "westeurope.a.example, ${AWS_LOCATION}.b.example"),
        ("{{ .Values.region }}.a.example", "westeurope.a.example"),
        ("a.REGION.example", "a.westeurope.example"),
        ("<account>.blob.core.windows.net", "<account>.blob.core.windows.net"),
    ],
)
def test_only_the_region_is_filled_in(text: str, filled: str) -> None:
    """A placeholder that means the region takes the cluster's; any other stays to be asked back."""
    assert fill_region(text, "westeurope")[0] == filled


@given(
    st.sampled_from(["<{}>", "{{{}}}", "${}", "${{{}}}", "{{{{ {} }}}}"]),
    st.sampled_from(["region", "account", "name"]),
)
def test_a_placeholder_is_never_taken_literally(form: str, word: str) -> None:
    """Wherever it stands in a list, it is a problem that says so."""
    parsed = parse_many(f"a.example, x.{form.format(word)}.example.com b.example")
    assert [str(found) for found in parsed.destinations] == ["a.example", "b.example"]
    assert ["placeholder" in problem.sentence for problem in parsed.problems] == [True]


def test_a_list_with_problems() -> None:
    """The first problem is told with the number of the others; an empty list is a problem of its own."""
    with pytest.raises(InvalidFqdn, match=r"is a URL.* 1 more from this list") as refused:
        parse_destinations("good.example https://bad.example/x *")
    assert refused.value.suggestion == "bad.example"
    with pytest.raises(InvalidFqdn, match="No destination given"):
        parse_destinations(" , ")
    assert parse_destinations("a.example, b.example") == (Destination("a.example"), Destination("b.example"))
