"""Bundles with parameters: what they are filled in with, what they could become, and mistakes at load."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.approval import PolicyQuery, PolicyRule, VerdictKind, evaluate
from bot.domain.bundles import BundleRef, suggest
from bot.domain.configuration import Configuration
from bot.domain.fqdn import Destination, parse_destination, parse_destinations
from bot.domain.risk import Level, Risk
from bot.errors import BadConfiguration, InvalidInput
from tests.test_config_names import GOOD, load

STORE = """
[bundles.store]
title = "Storage"
destinations = ["{account}.blob.core.windows.net", "{account}-secondary.table.core.windows.net", "login.example.com"]
[bundles.store.parameters.account]
title = "Storage account"
pattern = "[a-z0-9]{3,24}"
example = "mydata"
[bundles.arc]
title = "Flux"
destinations = [
    "{region}.dp.kubernetesconfiguration.azure.com",
    "*.{region}.{tier}-{zone}.example.com",
    "tcp:{region}.db.example.com:5432",
]
[bundles.arc.parameters.region]
title = "Region"
pattern = "[a-z0-9]+"
example = "westeurope"
from_cluster = "location"
[bundles.arc.parameters.tier]
title = "Tier"
pattern = "[a-z-]+"
example = "basic"
[bundles.arc.parameters.zone]
title = "Zone"
pattern = "[a-z]{1,3}"
example = "a"
[bundles.plain]
title = "Plain"
destinations = ["a.example.org", "*.b.example.org"]
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    """With two bundles that have parameters, and one that has none."""
    return load(tmp_path_factory.mktemp("book"), GOOD + STORE)


def names(book: Configuration, asked: str, location: str = "") -> list[str]:
    """The destinations of a bundle as somebody asks for it."""
    return [str(one) for one in book.fill_bundle(asked, location).destinations]


WAYS = ["store(account=mydata)", "store account=mydata", "store(account=MyData)", "store ( account='mydata' )"]


@pytest.mark.parametrize("asked", WAYS)
def test_every_way_to_write_a_value_is_the_same_bundle(book: Configuration, asked: str) -> None:
    """In parentheses or behind the name; host names have no case. Its name parses back to it."""
    made = book.fill_bundle(asked)
    assert (made.name, made.title) == ("store(account=mydata)", "Storage: account mydata")
    assert book.fill_bundle(made.name) == made
    hosts = ["login.example.com", "mydata-secondary.table.core.windows.net", "mydata.blob.core.windows.net"]
    assert names(book, asked) == hosts


def test_the_region_comes_from_the_cluster_unless_it_is_given(book: Configuration) -> None:
    """The stored name holds the value that was used."""
    assert book.fill_bundle("arc tier=basic zone=a", "westeurope").name == "arc(region=westeurope,tier=basic,zone=a)"
    assert "eastus.dp.kubernetesconfiguration.azure.com" in names(
        book, "arc(region=eastus,tier=x,zone=b)", "westeurope"
    )
    with pytest.raises(InvalidInput, match="arc needs a value for region"):
        book.fill_bundle("arc tier=basic zone=a")


REFUSED = [
    ("store", "bundle.account", "store needs a value for account .Storage account.: `bundle:store account=mydata`"),
    ("store account=my_data", "bundle.account", "“my_data” is not a valid account .* such as mydata"),
    ("store account=*", "bundle.account", "“\\*” is not a valid account"),
    ("store account=a.b", "bundle.account", "“a.b” is not a valid"),
    ("store account=evil.example%2F", "bundle.account", "is not a valid account"),
    ("store acount=mydata", "bundle", "store has no parameter acount. Its parameters: account"),
    ("plain x=y", "bundle", "plain has no parameter x. It takes none"),
    ("nothing x=y", "bundle", "Unknown bundle nothing. Configured: arc, plain, store"),
]


@pytest.mark.parametrize(("asked", "field", "sentence"), REFUSED)
def test_a_wrong_value_is_refused_at_its_field(book: Configuration, asked: str, field: str, sentence: str) -> None:
    """With what a right one looks like."""
    with pytest.raises(InvalidInput, match=sentence) as refused:
        book.fill_bundle(asked)
    assert refused.value.field == field


@given(st.text(max_size=70), st.text(alphabet="ab.*-/:% ,()=", max_size=12))
def test_no_value_makes_more_than_a_label(book: Configuration, text: str, close: str) -> None:
    """Whatever is filled in: refused, or names under the same domain with as many labels; and the name reads back."""
    for value in (text, close):
        asked = str(BundleRef.of("store", {"account": value}))
        try:
            made = book.fill_bundle(asked)
        except InvalidInput:
            continue
        assert book.fill_bundle(made.name) == made
        for one in set(made.destinations) - {parse_destination("login.example.com")}:
            assert (len(one.fqdn.split(".")), one.is_wildcard) == (5, False)
            assert one.fqdn.endswith(".core.windows.net")


COULD = [
    ("mydata.blob.core.windows.net", "store", ["store(account=mydata)"]),
    ("my-data.blob.core.windows.net", "store", []),
    ("http:mydata.blob.core.windows.net", "store", []),
    ("mydata-secondary.table.core.windows.net", "store", ["store(account=mydata)"]),
    ("x.eu.a-b-c.example.com", "arc", ["arc(region=eu,tier=a-b,zone=c)"]),
    ("y.x.eu.basic-a.example.com", "arc", ["arc(region=eu,tier=basic,zone=a)"]),
    ("*.eu.basic-a.example.com", "arc", ["arc(region=eu,tier=basic,zone=a)"]),
    ("eu.basic-a.example.com", "arc", []),
    ("tcp:eu.db.example.com:5432", "arc", ["arc(region=eu)"]),
]


@pytest.mark.parametrize(("host", "name", "found"), COULD)
def test_the_values_are_read_back_from_a_name(book: Configuration, host: str, name: str, found: list[str]) -> None:
    """Where more than one placeholder stands in a label, every split counts."""
    bundle, part = book.bundles[name], parse_destination(host)
    assert [str(one) for one in bundle.fillings(part)] == found
    assert bundle.could_contain(part) is bool(found)


@pytest.mark.parametrize(
    ("host", "is_around"),
    [
        ("*.blob.core.windows.net", True),
        ("*.windows.net", True),
        ("*.core.example.net", False),
        ("mydata.blob.core.windows.net", False),
        ("*.mydata.blob.core.windows.net", False),
        ("http:*.blob.core.windows.net", False),
    ],
)
def test_a_wildcard_around_what_it_could_contain(book: Configuration, host: str, is_around: bool) -> None:
    """Whatever the values are."""
    assert book.bundles["store"].could_lie_in(parse_destination(host)) is is_around


def verdict(book: Configuration, then: VerdictKind, hosts: str, asked: str | None = None) -> VerdictKind:
    """The verdict with one rule about the bundle, for hosts and what a bundle adds."""
    policy = book.policy.__class__(
        (PolicyRule("r", then, "r", bundles=frozenset({"store"}), approvers=("security",)),),
        ("platform",),
        bundles=book.policy.bundles,
        templates=book.policy.templates,
    )
    filled = book.bundle_of(asked)
    parts: set[Destination] = {*(parse_destinations(hosts) if hosts else ()), *(filled.destinations if filled else ())}
    risk = Risk(0, Level.LOW, ())
    query = PolicyQuery("allowance", "aks", "test", risk, tuple(sorted(parts)), filled=book.filled(asked))
    found = evaluate(policy, query)
    assert then is not VerdictKind.ASK or any("security" in quorum.groups for quorum in found.asks)
    return found.kind


def test_a_grant_is_for_exactly_the_names_with_the_values(book: Configuration) -> None:
    """Not for another account's, not for the same without asking for the bundle, not for a wildcard around them."""
    grant, mine = VerdictKind.GRANT, "store(account=mydata)"
    assert verdict(book, grant, "", mine) is VerdictKind.GRANT
    for more in ("other.blob.core.windows.net", "*.blob.core.windows.net", "mydata.blob.core.windows.net:8443"):
        assert verdict(book, grant, more, mine) is VerdictKind.ASK
    assert verdict(book, grant, "mydata.blob.core.windows.net") is VerdictKind.ASK
    assert verdict(book, grant, "mydata.blob.core.windows.net", "store(account=other)") is VerdictKind.ASK


@pytest.mark.parametrize("asked", [None, "store(account=other)", "plain"])
def test_nobody_escapes_a_question_or_a_refusal_by_not_naming_the_bundle(book: Configuration, asked: str) -> None:
    """Whatever it could contain counts, and for a refusal a wildcard around it."""
    host = "mydata.blob.core.windows.net"
    assert verdict(book, VerdictKind.REFUSE, host, asked) is VerdictKind.REFUSE
    assert verdict(book, VerdictKind.REFUSE, "*.core.windows.net", asked) is VerdictKind.REFUSE
    verdict(book, VerdictKind.ASK, host, asked)


def test_typed_hosts_suggest_the_bundle_with_its_values(book: Configuration) -> None:
    """Plain ones by what they contain; one whose values cannot all be known is not suggested."""
    typed = parse_destinations("mydata.blob.core.windows.net x.b.example.org tcp:eu.db.example.com:5432 z.example")
    assert [one.name for one in suggest(book.bundles.values(), typed)] == ["store(account=mydata)", "plain"]


WRONG = [
    ("destinations = ['{a}.x.example.com', '{b}.x.example.com']", r"bundles.b.destinations name \{b\}, which is not"),
    ("destinations = ['y.x.example.com']", r"bundles.b.parameters.a has no effect: no destination names \{a\}"),
    ("destinations = ['{a}.com']", r"bundles.b.destinations: \{a\}.com leaves open whose domain it is"),
    ("destinations = ['*.{a}.co.uk']", "leaves open whose domain it is"),
    ("destinations = ['x.example.{a}']", "leaves open whose domain it is"),
]


@pytest.mark.parametrize(("keys", "sentence"), WRONG)
def test_what_is_wrong_with_parameters_is_said_at_load(tmp_path: Path, keys: str, sentence: str) -> None:
    """Each with its place."""
    parameter = "[bundles.b.parameters.a]\ntitle = 'A'\npattern = '[a-z]+'\nexample = 'ab'\n"
    with pytest.raises(BadConfiguration, match=sentence):
        load(tmp_path, f"{GOOD}\n[bundles.b]\ntitle = 'B'\n{keys}\n{parameter}")


@pytest.mark.parametrize("example", ["A1", "a.b", "*", "-a"])
def test_an_example_that_does_not_fit_is_named(tmp_path: Path, example: str) -> None:
    """Also one that the pattern takes and no host name does."""
    bundle = "[bundles.b]\ntitle = 'B'\ndestinations = ['{a}.x.example.com']\n"
    parameter = f"[bundles.b.parameters.a]\ntitle = 'A'\npattern = '.*'\nexample = '{example}'\n"
    with pytest.raises(BadConfiguration, match=r"parameters\.a\.example"):
        load(tmp_path, f"{GOOD}\n{bundle}{parameter}")
