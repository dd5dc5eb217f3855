"""The parser of destinations: what it takes, what it refuses with which sentence, and how names are matched."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.fqdn import (
    Destination,
    Protocol,
    covers,
    homograph_reasons,
    parse_destination,
    parse_fqdn,
    parse_many,
    registrable,
    skeleton,
    suffix_of,
    unicode_form,
)
from bot.domain.fqdn.scripts import is_mixed_script
from bot.errors import InvalidFqdn
from tests.parsing import check_text
from tests.strategies import destinations, fqdns, labels, pasted_texts, wildcards


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("example.com", Destination("example.com")),
        ("  Example.COM. ", Destination("example.com")),
        ("*.example.com", Destination("*.example.com")),
        ("http:example.com", Destination("example.com", Protocol.HTTP, 80)),
        ("HTTPS:example.com:8443", Destination("example.com", Protocol.HTTPS, 8443)),
        ("mssql:db.database.windows.net", Destination("db.database.windows.net", Protocol.MSSQL, 1433)),
        ("example.com:8443", Destination("example.com", Protocol.HTTPS, 8443)),
        ("example.com:80", Destination("example.com", Protocol.HTTP, 80)),
        ("example.com:1433", Destination("example.com", Protocol.MSSQL, 1433)),
        ("example[.]com", Destination("example.com")),
        ("example(dot)com", Destination("example.com")),
        ('"example.com"', Destination("example.com")),
        ("bücher.example", Destination("xn--bcher-kva.example")),
        ("faß.example", Destination("xn--fa-hia.example")),
        ("xn--bcher-kva.example", Destination("xn--bcher-kva.example")),
        ("example\u3002com", Destination("example.com")),
        ("\uff45xample.com", Destination("example.com")),
        ("exam\u200bple.com", Destination("example.com")),
        ("*.github.io", Destination("*.github.io")),
        ("*.blob.core.windows.net", Destination("*.blob.core.windows.net")),
        ("*.corp.example", Destination("*.corp.example")),
        ("a" * 63 + ".com", Destination("a" * 63 + ".com")),
        (
            "a.tr1.westeurope1-a.worker.database.windows.net:11149",
            Destination("a.tr1.westeurope1-a.worker.database.windows.net", Protocol.MSSQL, 11149),
        ),
        ("https:example.com:22", Destination("example.com", Protocol.HTTPS, 22)),
        ("REGION-x.example.com", Destination("region-x.example.com")),
        ("storage.example", Destination("storage.example")),
        ("https:example.com:64000", Destination("example.com", Protocol.HTTPS, 64000)),
        ("http:example.com:8080", Destination("example.com", Protocol.HTTP, 8080)),
        ("tcp:db.example.com:5432", Destination("db.example.com", Protocol.TCP, 5432)),
        ("TCP:DB.example.com:65535", Destination("db.example.com", Protocol.TCP, 65535)),
        ("udp:ntp.example.com:123", Destination("ntp.example.com", Protocol.UDP, 123)),
        ("ntp.example.com:123", Destination("ntp.example.com", Protocol.UDP, 123)),
        ("ssh.dev.azure.com:22", Destination("ssh.dev.azure.com", Protocol.TCP, 22)),
        ("x.example.com:5671", Destination("x.example.com", Protocol.TCP, 5671)),
        ("ssh:example.com", Destination("example.com", Protocol.TCP, 22)),
        ("tcp:cache.example.com:11211", Destination("cache.example.com", Protocol.TCP, 11211)),
        ("tcp:api.example.com:8443", Destination("api.example.com", Protocol.TCP, 8443)),
    ],
)
def test_takes(text: str, expected: Destination) -> None:
    """Destinations are read as people mean them."""
    assert parse_destination(text) == expected


@pytest.mark.parametrize(
    ("text", "part_of_sentence", "suggestion"),
    [
        ("", "No host given", None),
        ("https://example.com/x", "is a URL", "example.com"),
        ("http://example.com", "is a URL", "http:example.com"),
        ("https://user:secret@example.com:8443/x?y#z", "is a URL", "https:example.com:8443"),
        ("hxxps://example[.]com/x", "is a URL", "example.com"),
        ("wss://example.com/socket", "is a URL", "example.com"),
        ("https://*contoso.com/", "end the same way", "*.contoso.com"),
        ("ftp://example.com", "is a URL", "tcp:example.com:21"),
        ("ssh://git@example.com:2222/a.git", "is a URL", "tcp:example.com:2222"),
        ("postgres://u:p@db.example.com/x", "is a URL", "tcp:db.example.com:5432"),
        ("tcp://db.example.com:9999", "is a URL", "tcp:db.example.com:9999"),
        ("mongodb+srv://u:p@c0.example.net", "an SRV record", None),
        ("gopher://example.com", "not a protocol that", None),
        ("gopher://example.com:70", "not a protocol that", "tcp:example.com:70"),
        ("ou:example.com:443", "tcp or udp: https:example.com.", "example.com"),
        ("ou:example.com:80", "not a protocol that", "http:example.com"),
        ("ou:x.database.windows.net:11005", "not a protocol that", "mssql:x.database.windows.net:11005"),
        ("ou:*.example.com:22", "not a protocol that", None),
        ("tcp:example.com", "has no port", None),
        ("tcp:*.example.com:22", "exact names only", None),
        ("*.example.com:22", "exact names only", None),
        ("tcp:example.com:443", "is opened by name", "example.com"),
        ("udp:example.com:443", "HTTP/3", "example.com"),
        ("tcp:example.com:80", "is opened by name", "http:example.com"),
        ("tcp:db.example.com:1433", "is opened by name", "mssql:db.example.com"),
        ("tcp:x.database.windows.net:11005", "is opened by name", "mssql:x.database.windows.net:11005"),
        ("tcp:10.0.0.1:22", "IP address", None),
        ("example.com:9999", "write https:example.com:9999", None),
        ("gopher:example.com", "is not a protocol", None),
        ("example.com/path", "more than a host", "example.com"),
        ("example.com:8443/path", "more than a host", "https:example.com:8443"),
        ("me@example.com", "more than a host", "example.com"),
        ("git@github.com:org/repo", "more than a host", "github.com"),
        ("a b.com", "contains a space", None),
        ("example.com:0", "is not a destination port", None),
        ("https:example.com:64001", "is not a destination port", None),
        ("tcp:example.com:65536", "is not a destination port", None),
        ("example.com:https", "is not a destination port", None),
        ("example.com:0443", "is not a destination port", None),
        ("https:a.com:1:2", "contains a colon", None),
        ("10.0.0.1", "IP address", None),
        ("10.0.0.1:443", "IP address", None),
        ("10.0.0.0/8", "IP address", None),
        ("http:1.2.3.4:80", "IP address", None),
        ("2130706433", "IP address", None),
        ("0x7f.1", "IP address", None),
        ("0177.0.0.1", "IP address", None),
        ("\uff11.\uff12.\uff13.\uff14", "IP address", None),
        ("::1", "IP address", None),
        ("[fe80::1]:443", "IP address", None),
        ("fe80::1%eth0", "IP address", None),
        ("*", "every destination", None),
        ("*.", "every destination", None),
        ("*contoso.com", "end the same way", "*.contoso.com"),
        ("www.*.com", "wrong place", None),
        ("*.*.example.com", "wrong place", None),
        ("contoso.*", "wrong place", None),
        ("*.com", "every domain under com", None),
        ("*.co.uk", "every domain under co.uk", None),
        ("*.intern", "every domain under intern", None),
        ("*.xn--p1ai", "every domain under", None),
        (".example.com", "begins with a dot", "example.com"),
        ("example..com", "empty label", "example.com"),
        ("a_b.example.com", "underscore", None),
        ("a--b.example.com", "two hyphens", None),
        ("-a.example.com", "begins or ends with a hyphen", None),
        ("a-.example.com", "begins or ends with a hyphen", None),
        ("a!b.example.com", "other than letters", None),
        ("a" * 64 + ".com", "longer than 63", None),
        (".".join(["a" * 60] * 5) + ".com", "the limit is 253", None),
        ("a" * 2000, "too long", None),
        ("redis://x.example.com:6380/0", "is a URL", "tcp:x.example.com:6380"),
        ("pay.shop.svc", "inside the cluster", None),
        ("pay.shop.svc.cluster.local", "inside the cluster", None),
        ("*.cluster.local", "inside the cluster", None),
        ("AzureCloud", "service tag", None),
        ("Storage.WestEurope", "service tag", None),
        ("git.corp.internal", "ends in .internal", None),
        ("nas.local", "ends in .local", None),
        ("router.home.arpa", "ends in .home.arpa", None),
        ("x.privatelink.blob.core.windows.net", "private-link zone", "x.blob.core.windows.net"),
        ("*.hcp.<region>.azmk8s.io", "contains a placeholder", None),
        ("{region}.api.example.com", "contains a placeholder", None),
        ("$REGION.api.example.com", "contains a placeholder", None),
        ("*.execute-api.REGION.amazonaws.com", "contains a placeholder", None),
        ("%s.blob.core.windows.net", "contains a placeholder", None),
        ("{{ .Values.region }}.api.example.com", "contains a placeholder", None),
        ("\u2026.azmk8s.io", "contains a placeholder", None),
        ("localhost", "inside the cluster", None),
        ("web:8080", "single label", None),
        ("example.123", "not a top-level domain", None),
        ("example.0x1", "not a top-level domain", None),
        ("xn--a.example", "does not decode", None),
        ("xn--.example", "does not decode", None),
        ("\u2603.example", "a character that host names do not allow", None),
        ("a\u200db.example", "invisible joiner", None),
        ("\u05d0a.example", "right-to-left", None),
        ("1a.\u05d0\u05d1", "right-to-left", None),
        ("\u00fc" * 60 + ".example", "longer than 63", None),
        ("\u0301a.example", "not a valid internationalised name", None),
    ],
)
def test_refuses_with_its_own_sentence(text: str, part_of_sentence: str, suggestion: str | None) -> None:
    """Each wrong form has a sentence that says what is wrong, and the corrected form where there is one."""
    with pytest.raises(InvalidFqdn) as refused:
        parse_destination(text)
    assert part_of_sentence in refused.value.sentence
    assert refused.value.suggestion == suggestion


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("example.com:443", "example.com"),
        ("https://example.com", "example.com"),
        ("me@example.com", "example.com"),
        ("example.com/x", "example.com"),
        ("https:https:https:https:a", None),
    ],
)
def test_a_bare_name_has_neither_port_nor_scheme(text: str, suggestion: str | None) -> None:
    """``parse_fqdn`` takes the name alone."""
    with pytest.raises(InvalidFqdn) as refused:
        parse_fqdn(text)
    assert refused.value.suggestion == suggestion


@given(destinations())
def test_rendering_parses_back(destination: Destination) -> None:
    """The text of a destination is read as the same destination."""
    assert parse_destination(str(destination)) == destination


@given(pasted_texts())
def test_any_text_is_taken_or_refused_within_the_family(text: str) -> None:
    """An accepted destination is valid for the firewall, stable, and never wider than it is shown."""
    check_text(text)


@given(pasted_texts())
def test_lists_never_raise(text: str) -> None:
    """A pasted list is split into destinations and problems, whatever it is."""
    parsed = parse_many(text)
    assert len(set(parsed.destinations)) == len(parsed.destinations)
    assert all(problem.sentence for problem in parsed.problems)


@given(
    st.lists(destinations(), max_size=6), st.sampled_from([" ", ",", "; ", "\n- ", "\n* ", "\n2. ", '"', " | ", ">, <"])
)
def test_lists_keep_order_and_drop_repeats(wanted: list[Destination], separator: str) -> None:
    """Whatever separates them, the destinations come out in order and once."""
    parsed = parse_many(separator.join(map(str, wanted)))
    assert parsed.destinations == tuple(dict.fromkeys(wanted))
    assert parsed.problems == ()


def by_definition(pattern: str, name: str) -> bool:
    """Azure's rule, spelt out label by label."""
    if not pattern.startswith("*."):
        return pattern == name
    below, wanted = name.split("."), pattern.split(".")[1:]
    return len(below) > len(wanted) and below[-len(wanted) :] == wanted


NAMES = st.lists(st.sampled_from(["a", "b", "evila", "com"]), min_size=1, max_size=5).map(".".join)


@given(NAMES | NAMES.map("*.{}".format), NAMES)
def test_covers_as_defined(pattern: str, name: str) -> None:
    """Any depth, not the apex, never across a label's middle."""
    assert covers(pattern, name) == by_definition(pattern, name)


@given(NAMES | NAMES.map("*.{}".format), NAMES)
def test_a_wildcard_is_covered_if_all_its_names_are(pattern: str, base: str) -> None:
    """Wildcard within wildcard is inclusion of the sets of names."""
    samples = [f"{prefix}.{base}" for prefix in ("a", "b", "com", "a.b", "zz")]
    assert covers(pattern, f"*.{base}") == all(by_definition(pattern, sample) for sample in samples)


@given(wildcards(), labels())
def test_wildcards_cover_below_and_not_the_apex(wildcard: str, label: str) -> None:
    """``*.contoso.com`` covers what is below, itself, and not ``contoso.com``."""
    base = wildcard.removeprefix("*.")
    assert covers(wildcard, f"{label}.{base}")
    assert covers(wildcard, f"{label}.{label}.{base}")
    assert covers(wildcard, wildcard)
    assert not covers(wildcard, base)
    assert not covers(wildcard, f"{label}{base}")


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("*", "anything.example", True),
        ("*contoso.com", "evilcontoso.com", True),
        ("*contoso.com", "contoso.com", True),
        ("*contoso.com", "*.contoso.com", True),
        ("*.contoso.com", "*contoso.com", False),
        ("*.contoso.com", "*", False),
        ("*.CONTOSO.com", "www.contoso.com.", True),
        ("contoso.com", "*.contoso.com", False),
    ],
)
def test_covers_foreign_forms(pattern: str, name: str, expected: bool) -> None:
    """Rules that others wrote may hold what we refuse; they are read as Azure reads them."""
    assert covers(pattern, name) is expected


@given(fqdns())
def test_registrable_is_part_of_the_name(fqdn: str) -> None:
    """The registrable domain ends the name and is one label longer than the registry's suffix."""
    domain = registrable(fqdn)
    assert f".{fqdn}".endswith(f".{domain}")
    assert domain.count(".") == suffix_of(fqdn).registry.count(".") + 1


def test_suffixes() -> None:
    """Registry and private suffixes are told apart."""
    assert registrable("a.b.example.co.uk") == "example.co.uk"
    assert suffix_of("me.github.io").private == "github.io"
    assert suffix_of("*.blob.core.windows.net").private == "blob.core.windows.net"
    assert suffix_of("example.com").private is None


def test_look_alikes() -> None:
    """Mixed scripts and whole-script imitations are told; honest names in any script are not."""
    mixed, whole = parse_fqdn("g\u043e\u043egle.com"), parse_fqdn("\u0430\u0440\u0440\u04cf\u0435.com")
    assert is_mixed_script(mixed)
    assert not is_mixed_script(whole)
    assert homograph_reasons(mixed)
    assert homograph_reasons(whole)
    assert skeleton(whole) == skeleton("apple.com")
    assert skeleton("rnicr0soft.com") == skeleton("microsoft.com")
    assert unicode_form(whole) == "\u0430\u0440\u0440\u04cf\u0435.com"
    for honest in (
        "example.com",
        "b\u00fccher.example",
        "\u043f\u0440\u0438\u0432\u0435\u0442.example",
        "\u65e5\u672cabc\u30a2.example",
    ):
        assert homograph_reasons(parse_fqdn(honest)) == ()


@given(st.text(string.ascii_lowercase + "-." + string.digits, max_size=20))
def test_unicode_form_never_raises(text: str) -> None:
    """Names from foreign rules may not decode; they are shown as they are."""
    assert unicode_form(f"xn--{text}")
