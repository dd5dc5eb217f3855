"""URLs in a pasted text: those that failed, and those that are only mentioned.

An error names more than what failed: pages that explain it, the index that a package was looked for in, what was
fetched before. A URL counts as failed on a line that tells of a failure; any other counts only where nothing better is
found.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from bot.domain.error_parsing.clients import HOST, PORT
from bot.domain.error_parsing.values import Mention
from bot.domain.fqdn import SCHEMES

_URL = re.compile(
    rf"\b(?P<protocol>[a-z][a-z0-9+]{{1,15}})://(?:[^\s/@\"']{{0,200}}@)?{HOST}(?::{PORT})?(?P<path>[^\s\"'`<>]{{0,500}})",
    re.IGNORECASE,
)
_KNOWN = frozenset({"http", "https", "ws", "wss", *SCHEMES})
_HELP = re.compile(
    r"\[help [0-9]+\]|\b(?:see|visit|refer to|read (?:more|the)|learn more|"
    r"more (?:info|information|details|help|about)|"
    r"documentation|documented|docs|troubleshoot\w{0,10}|guide|guidance|help|hint|instructions|issue tracker|faq|go to|"
    r"check out|(?:can be|be) found|follow(?:ing)? (?:the|this|these)|browse|upgrade|notice|changelog|release notes?|"
    r"new (?:major |minor |patch )?(?:version|release)|looking in (?:indexes|links)|home ?page|"
    r"report (?:this|it|the|a|an|bugs?|issues?|at|to)|file (?:a bug|an issue)|wiki|support)\b",
    re.IGNORECASE,
)
_HELP_HOST = re.compile(
    r"^(?:docs?|help|support|learn|wiki|cwiki|developers?|aka|faq)\.|^(?:go\.microsoft\.com|curl\.haxx\.se|curl\.se|"
    r"stackoverflow\.com|errors\.pydantic\.dev|pip\.pypa\.io|www\.rfc-editor\.org)$|^www\.w3\.org$|^portal\.azure\.|^schemas?\.",
    re.IGNORECASE,
)
_HELP_PATH = re.compile(
    r"^/(?:[^?#]{0,200}/)?(?:docs?|documentation|troubleshoot\w{0,10}|help|issues|wiki|faq|errors?|fwlink|discussions)"
    r"(?:[/?#.]|$)",
    re.IGNORECASE,
)
_FETCHED = re.compile(r"\b(?:Hit|Get|Ign):[0-9]{1,6}\s|\[following\]|\b200 OK\b|HTTP/[0-9.]{1,3}\"? 2[0-9]{2}\b")
FAILED = re.compile(
    r"\berr\b|error|fail|fatal|unable|could ?n[o']t|can ?not\b|can't|time[d ]{0,2} ?out|timeout|refused|reset|denied|"
    r"deny|"
    r"unreachable|no such host|not known|enotfound|eai_again|econn|\beof\b|exception|closed|\b470\b|hang up|"
    r"not resolve|blocked|dial tcp|temporary",
    re.IGNORECASE,
)
"""Words of a failure."""
_BREAK = re.compile(r"[.!?;)\]](?=\s)|\n")
_SEGMENT = 160
"""Characters before a URL in which a word can say what it is for."""


_LINE = 300
"""Characters on each side of a URL that count as its line."""


class Rank(IntEnum):
    """The strength of the evidence that a URL failed, by its place in the text."""

    HELP = 0
    MENTIONED = 1
    FAILED = 2


@dataclass(frozen=True, slots=True)
class Link:
    """One URL.

    Attributes:
        mention: Its host, with scheme and port.
        rank: How much says that it failed.
    """

    mention: Mention
    rank: Rank


def read_links(text: str) -> Iterator[Link]:
    """Every URL of a text whose scheme is known."""
    last = 0
    for match in _URL.finditer(text):
        if match["protocol"].lower() not in _KNOWN:
            continue
        mention = Mention(match.start("host"), match["host"], match["port"], match["protocol"])
        start = max(text.rfind("\n", 0, match.start()) + 1, match.start() - _LINE)
        end = text.find("\n", match.end())
        line = text[start : min(end if end >= 0 else len(text), match.end() + _LINE)]
        before = text[max(last, match.start() - _SEGMENT) : match.start()]
        yield Link(mention, _rank(match, line, _BREAK.split(before)[-1]))
        last = match.end()


def _rank(match: re.Match[str], line: str, before: str) -> Rank:
    if _HELP.search(before) or _HELP_HOST.search(match["host"]) or _HELP_PATH.search(match["path"]):
        return Rank.HELP
    if _FETCHED.search(line):
        return Rank.HELP
    return Rank.FAILED if FAILED.search(line) else Rank.MENTIONED
