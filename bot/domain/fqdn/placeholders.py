"""Placeholders of documentation and templates in names: ``<region>``, ``{account}``, ``$REGION``, ``%s``.

A placeholder is refused or, where it means the region and the region is known, filled in; those of a bundle's
templates are its parameters. It is never part of a name.
"""

import re
from collections.abc import Iterator, Mapping

_MARKED = re.compile(
    r"""
      \{\{[^{}\n]{0,60}\}\}                                # {{ .Values.region }}
    | \$\{[^{}\n]{1,60}\} | \$\([^()\n]{1,60}\)            # ${REGION}, $(region)
    | \$[A-Za-z_]\w{0,60}                                  # $REGION
    | %[A-Za-z_]\w{0,60}%(?=[.:/]|$) | %\(\w{1,60}\)s      # %REGION%, %(region)s
    | %[sdv](?=[.-]) | (?<=[.-])%[sdv]                     # %s
    | (?:<[\w\ -]{1,60}>|\{[\w\ -]{0,60}\}|\[[\w\ -]{1,60}\])(?=[.-])
    | (?<=[.-])(?:<[\w\ -]{1,60}>|\{[\w\ -]{0,60}\}|\[[\w\ -]{1,60}\])
    | (?:\u2026|\.{3})(?=\.[A-Za-z]) | (?<=\w\.)\u2026      # ….example.com
    """,
    re.VERBOSE,
)
_WORDS = (
    "REGION|LOCATION|ZONE|ACCOUNT|ACCOUNT[_-]?ID|ACCOUNT[_-]?NAME|NAME|NAMESPACE|TENANT|TENANT[_-]?ID|PROJECT|"
    "PROJECT[_-]?ID|CLUSTER|CLUSTER[_-]?NAME|REGISTRY|SUBDOMAIN|BUCKET|ENV|ENVIRONMENT|HOST|HOSTNAME|SERVER|DOMAIN|"
    "CUSTOMER|ORG|INSTANCE|WORKSPACE|WORKSPACE[_-]?ID|RESOURCE|RESOURCE[_-]?NAME|X{3,8}"
)
_SHOUTED = re.compile(rf"(?<![\w-])(?:{_WORDS}|YOUR[_-]?[A-Z][A-Z_-]{{0,40}}|MY[_-][A-Z][A-Z_-]{{0,40}})(?![\w-])")
_REGION = re.compile(
    r"\W{0,4}(?:\.?\w{1,20}\.)?(?:aks[_ -]?|azure[_ -]?|cluster[_ -]?)?(?:region|location|loc)\W{0,4}", re.IGNORECASE
)
_BREAK = re.compile(r"[\s,;|\"'`]")
_REACH = 300
"""Characters on each side of a placeholder that can belong to its name."""


def find_placeholder(text: str) -> str | None:
    """The first placeholder of a name as it was typed (its case counts), if there is one."""
    marked = _MARKED.search(text)
    if marked:
        return marked[0]
    shouted = _SHOUTED.search(text) if "." in text and re.search("[a-z]", text) else None
    return shouted[0] if shouted else None


def split_placeholders(text: str) -> tuple[str, tuple[str, ...]]:
    """A text without the words that hold a marked placeholder, and these words, whole."""
    spans = list(_spans(text))
    words = tuple(text[start:end] for start, end in spans)
    kept, at = [], 0
    for start, end in spans:
        kept.append(text[at:start])
        at = end
    return " ".join((*kept, text[at:])), words


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """The spans of words with a placeholder, without overlaps."""
    last = 0
    for match in _MARKED.finditer(text):
        if match.start() < last:
            continue
        before = text[max(last, match.start() - _REACH) : match.start()]
        breaks = [one.end() for one in _BREAK.finditer(before)]
        start = match.start() - len(before) + (breaks[-1] if breaks else 0)
        last = _end(text, match.end())
        yield start, last


def _end(text: str, at: int) -> int:
    """The end of the word that continues at a position, across further placeholders."""
    while True:
        following = _MARKED.match(text, at)
        if following:
            at = following.end()
        elif at < len(text) and not _BREAK.match(text, at):
            at += 1
        else:
            return at


_NAMED = re.compile(r"\{([A-Za-z]\w{0,60})\}", re.ASCII)


def parts_of_template(text: str) -> list[str]:
    """A template's text and the names of its placeholders (``{account}``) in turn; it begins and ends with text."""
    return _NAMED.split(text)


def fill_named(text: str, values: Mapping[str, str]) -> str:
    """A template with values in place of the placeholders that have one."""
    return _NAMED.sub(lambda match: values.get(match[1], match[0]), text)


def fill_region(text: str, region: str) -> tuple[str, tuple[str, ...]]:
    """A typed text with the placeholders that mean a region filled in, and the placeholders as they were written.

    Args:
        text: One or many names.
        region: Azure's name of the region, for example ``westeurope``.
    """
    filled: dict[str, None] = {}

    def put(match: re.Match[str]) -> str:
        if not _REGION.fullmatch(match[0]):
            return match[0]
        filled[match[0]] = None
        return region

    return _SHOUTED.sub(put, _MARKED.sub(put, text)), tuple(filled)
