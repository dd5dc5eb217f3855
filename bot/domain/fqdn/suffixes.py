"""Public suffixes: under which names anybody registers, and what one registered (https://publicsuffix.org/list/)."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache, partial

import idna
import tldextract


@dataclass(frozen=True, slots=True)
class Suffix:
    """The public suffixes of a name, by the Public Suffix List (https://publicsuffix.org/list/, bundled snapshot).

    Attributes:
        registry: The part that a registry runs (``com``, ``co.uk``); the last label under an unlisted top level.
        private: The part that a host shares among its customers (``github.io``, ``blob.core.windows.net``), or None.
    """

    registry: str
    private: str | None


@dataclass(frozen=True, slots=True)
class _Rules:
    """The rules of the list in ASCII: names, ``*.NAME`` for everything directly below one, ``!NAME`` for exceptions."""

    public: frozenset[str]
    private: frozenset[str]


@cache
def _rules() -> _Rules:
    """The snapshot that tldextract ships; its own index of it is let go again, because it takes 5 MB."""
    # Neither network nor cache files: the list that ships with the package is the only source.
    read = partial(tldextract.TLDExtract, cache_dir=None, suffix_list_urls=())
    public = frozenset(map(_ascii, read().tlds))
    return _Rules(public, frozenset(map(_ascii, read(include_psl_private_domains=True).tlds)) - public)


def _ascii(rule: str) -> str:
    return rule if rule.isascii() else ".".join(map(_ascii_label, rule.split(".")))


def _ascii_label(label: str) -> str:
    return label if label.isascii() else idna.encode(label).decode()


def _found(name: str, rules: frozenset[str]) -> str:
    """The longest suffix of a name by these rules, empty for none (https://publicsuffix.org/list/, "Algorithm")."""
    for suffix in lineage(name):
        above = suffix.partition(".")[2]
        if f"!{suffix}" in rules:
            return above
        if suffix in rules or (above and f"*.{above}" in rules):
            return suffix
    return ""


@cache
def _above_suffixes() -> frozenset[str]:
    """Every domain above a suffix of the list, private section included."""
    rules = _rules()
    return frozenset(up for rule in rules.public | rules.private for up in lineage(rule.partition(".")[2]))


def lineage(name: str) -> Iterator[str]:
    """The name itself, then each domain above it."""
    while name:
        yield name
        name = name.partition(".")[2]


def spans_suffix(base: str) -> bool:
    """Whether suffixes of the list lie below a canonical domain, as ``s3.amazonaws.com`` below ``amazonaws.com``."""
    return base in _above_suffixes()


@lru_cache(maxsize=1024)
def suffix_of(fqdn: str) -> Suffix:
    """The public suffixes of a canonical name (of the part after ``*.`` for a wildcard)."""
    base = fqdn.removeprefix("*.")
    registry, private = (_found(base, rules) for rules in (_rules().public, _rules().private))
    is_private = private.count(".") > registry.count(".")
    return Suffix(registry=registry or base.rpartition(".")[2], private=private if is_private else None)


def registrable(fqdn: str) -> str:
    """The domain that somebody registered: one label below the registry's suffix (``example.co.uk``)."""
    base = fqdn.removeprefix("*.")
    below = base.removesuffix(suffix_of(base).registry).rstrip(".")
    label = below.rpartition(".")[2]
    return f"{label}.{suffix_of(base).registry}" if label else base


def has_registry(fqdn: str) -> bool:
    """Whether anybody registers names under its top level: not under ``.internal``, ``.local`` or ``home.arpa``."""
    base = fqdn.removeprefix("*.")
    return "." in base and _is_public_top(base.rpartition(".")[2])


@lru_cache(maxsize=4096)
def _is_public_top(top: str) -> bool:
    return top != "arpa" and bool(_found(f"name.domain.{top}", _rules().public))
