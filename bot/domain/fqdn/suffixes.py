"""Public suffixes: under which names anybody registers, and what one registered (https://publicsuffix.org/list/)."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

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


@cache
def _extractor() -> tldextract.TLDExtract:
    # Neither network nor cache files: the list that ships with the package is the only source.
    return tldextract.TLDExtract(cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True)


@cache
def _above_suffixes() -> frozenset[str]:
    """Every domain above a suffix of the list, private section included."""
    return frozenset(parent for suffix in _extractor().tlds for parent in lineage(suffix.partition(".")[2]))


def lineage(name: str) -> Iterator[str]:
    """The name itself, then each domain above it."""
    while name:
        yield name
        name = name.partition(".")[2]


def spans_suffix(base: str) -> bool:
    """Whether suffixes of the list lie below a canonical domain, as ``s3.amazonaws.com`` below ``amazonaws.com``."""
    return base in _above_suffixes()


@lru_cache(maxsize=16_384)
def suffix_of(fqdn: str) -> Suffix:
    """The public suffixes of a canonical name (of the part after ``*.`` for a wildcard)."""
    base = fqdn.removeprefix("*.")
    found = _extractor().extract_str(base)
    registry = found.registry_suffix or base.rpartition(".")[2]
    return Suffix(registry=registry, private=found.suffix if found.is_private else None)


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
    return top != "arpa" and bool(_extractor().extract_str(f"name.domain.{top}").registry_suffix)
