"""Hypothesis strategies; each cites the limit that it encodes."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from bot.domain.fqdn import DEFAULT_PORTS, Destination, Protocol

LETTERS = "abcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"


def labels() -> SearchStrategy[str]:
    """A host name label: letters, digits, single inner hyphens, 1 to 63 characters (RFC 1123 2.1, RFC 1035 2.3.4)."""
    return st.text(f"{LETTERS}{DIGITS}-", min_size=1, max_size=63).map(_label)


def _label(text: str) -> str:
    """The text without hyphens at its ends, and none beside another."""
    return "-".join(filter(None, text.split("-"))) or "x"


def fqdns() -> SearchStrategy[str]:
    """A canonical name of 2 to 6 labels, at most 253 characters (RFC 1035 2.3.4), under a top level that exists."""
    tops = st.sampled_from(["com", "net", "io", "de", "co.uk", "intern", "xn--p1ai"])
    names = st.builds(lambda parts, top: ".".join([*parts, top]), st.lists(labels(), min_size=1, max_size=5), tops)
    return names.filter(lambda name: len(name) <= 251)


def wildcards() -> SearchStrategy[str]:
    """A left-most wildcard below a domain that somebody registered (never over a public suffix)."""
    tops = st.sampled_from(["example.com", "contoso.co.uk", "corp.example", "blob.core.windows.net"])
    return st.builds(lambda parts, top: ".".join(["*", *parts, top]), st.lists(labels(), max_size=3), tops)


def destinations() -> SearchStrategy[Destination]:
    """A destination by name: port 1 to 64000, "cannot be greater than 64000" (Azure's rule API); or by address."""
    protocols, ports = st.sampled_from(list(DEFAULT_PORTS)), st.none() | st.integers(1, 64_000)
    return st.builds(_by_name, fqdns() | wildcards(), protocols, ports) | network_destinations()


def _by_name(name: str, protocol: Protocol, port: int | None) -> Destination:
    return Destination(name, protocol, port or DEFAULT_PORTS[protocol])


def network_destinations() -> SearchStrategy[Destination]:
    """Destinations for network rules: an exact name, port 1 to 65535, and none that application rules match by name."""
    ports = st.sampled_from([22, 123, 5432]) | st.integers(1, 65_535).filter(lambda port: port not in (80, 443, 1433))
    return st.builds(Destination, fqdns(), st.sampled_from([Protocol.TCP, Protocol.UDP]), ports)


def durations() -> SearchStrategy[timedelta | None]:
    """Return how long an allowance may be asked for: a minute to ten years, or without an end."""
    return st.none() | st.timedeltas(timedelta(minutes=1), timedelta(days=3650))


def pasted_texts() -> SearchStrategy[str]:
    """Arbitrary text, and text made of the pieces that names, URLs and log lines are made of."""
    urls = [
        "http",
        "s",
        ":",
        "//",
        ".",
        "*",
        "*.",
        "@",
        "/",
        "[.]",
        "xn--",
        "-",
        "--",
        "_",
        ":443",
        "%",
        "#",
        "?",
        "\\",
    ]
    hosts = ["example", "com", "1", "0x7f", "::1", "\u200d", "\u3002", "\u05d0", "\u0430", "\uff0e", "\u00df"]
    marks = [" ", "\n", ",", "<", "|", ">", "{", "}", '"', "\t"]
    logs = ["lookup ", "Fqdn", "request from 1:2 to ", "Action: Deny", 'image "', "host='", "port="]
    pieces = st.sampled_from([*urls, *hosts, *marks, *logs])
    return st.text(max_size=80) | st.lists(pieces, max_size=14).map("".join)
